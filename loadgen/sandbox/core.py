"""What all connections of a sandbox share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from loadgen import clock as clocks
from loadgen.clock import Clock
from loadgen.profile.sandbox import SandboxSettings
from loadgen.sandbox.counters import Counters
from loadgen.sandbox.dynamodb.handler import DynamoDB, addressed
from loadgen.sandbox.function import Function
from loadgen.sandbox.heads import Heads
from loadgen.sandbox.idle import Idle
from loadgen.sandbox.lambda_api import cloudwatch
from loadgen.sandbox.lambda_api.behind import Behind
from loadgen.sandbox.lambda_api.cloudwatch import Logs
from loadgen.sandbox.lambda_api.handler import LambdaApi
from loadgen.sandbox.lambda_api.operations import PREFIXES
from loadgen.sandbox.messages import Handler, Request
from loadgen.sandbox.paths import Special, bad_request, body_too_large, headers_too_large, special_paths
from loadgen.sandbox.simulation import Simulation
from loadgen.sandbox.timers import Timers
from loadgen.sandbox.truth import Truth


class Core:
    """`wall` gives the time of day in nanoseconds, which signatures are checked against."""

    def __init__(
        self,
        settings: SandboxSettings,
        clock: Clock,
        truth: Truth | None = None,
        wall: Callable[[], int] = clocks.wall,
    ) -> None:
        self.settings, self.now = settings, clock.now
        self.simulation = simulation = Simulation(settings)
        self.timers = Timers(clock)
        self.idle = Idle(self.timers, settings.idle_close)
        self.counters = Counters()
        self.truth = truth
        heads = Heads()
        self.dynamodb = DynamoDB(simulation, heads, settings.dynamodb, settings.seed, wall)
        self.lambda_api = LambdaApi(simulation, heads, settings, wall)
        self.logs = Logs(simulation, heads, self.lambda_api, settings.function, wall)
        self.bad_request = Special(simulation, heads, bad_request)
        self.headers_too_large = Special(simulation, heads, headers_too_large)
        self.body_too_large = Special(simulation, heads, body_too_large)
        api = self.lambda_api
        behind = Behind(api.functions, api.records, settings, wall) if settings.gateway else None
        self._function = Function(simulation, heads, settings.body, behind)
        self._special = special_paths(simulation, heads, settings.body, behind)

    def is_signed(self, method: bytes, target: bytes) -> bool:
        """Whether a request may be for an AWS service, which needs its headers; `target` may be the beginning of it."""
        return target.startswith(PREFIXES) or (target == b"/" and method == b"POST")

    def choose(self, path: bytes, headers: Sequence[tuple[bytes, bytes]]) -> Handler:
        """The handler of a request. Only this method decides it."""
        if path.startswith(PREFIXES):
            return self.lambda_api
        if headers and addressed(headers):
            return self.dynamodb
        if headers and cloudwatch.addressed(headers):
            return self.logs
        return self._special.get(path[1:].partition(b"/")[0], self._function)

    def came(self, request: Request) -> None:
        """A whole request has come, and its fate is known."""
        self.counters.requests += 1
        match request.fate.fault:
            case "":
                return
            case "throttle":
                self.counters.throttled += 1
            case "overflow":
                self.counters.overflowed += 1
                self.counters.refused[request.fate.reason] += 1
            case fault:
                self.counters.faults[fault] += 1

    def went(self, request: Request) -> None:
        """`request` has been answered, or its fault has happened."""
        self.counters.answered += 1
        self.counters.status[request.status] += 1
        self.counters.late.record(request.sent - request.intended)
        if self.truth:
            self.truth.add(request)

    def lost(self, request: Request) -> None:
        """The connection of `request` ended before its answer did."""
        self.counters.unanswered += 1
        if self.truth:
            self.truth.add(request)

    def broke_off(self, request: Request) -> None:
        """Only a part of `request` came."""
        self.counters.partial += 1
        if self.truth:
            self.truth.add(request)
