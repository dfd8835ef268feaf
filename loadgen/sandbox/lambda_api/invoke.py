"""Invoke: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from typing import NamedTuple, Self

from loadgen.clock import MILLISECOND
from loadgen.profile.sandbox import Lambda, SandboxSettings
from loadgen.sandbox.distributions import sampler
from loadgen.sandbox.function import Body
from loadgen.sandbox.invocation import Initialization, Invocation, Status
from loadgen.sandbox.lambda_api.configuration import Configuration
from loadgen.sandbox.lambda_api.functions import Functions, Version, found
from loadgen.sandbox.lambda_api.log import failure, tail
from loadgen.sandbox.lambda_api.names import Named
from loadgen.sandbox.lambda_api.records import Records
from loadgen.sandbox.lambda_api.refusals import Refused, conflict, invalid, throttled
from loadgen.sandbox.messages import Fate, Request
from loadgen.sandbox.simulation import Simulation

SYNCHRONOUS_LIMIT, EVENT_LIMIT = 6 * 2**20, 2**20
"""Bytes of a payload; Event has had 1 MB since 2025-10:
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
KINDS = ("Event", "RequestResponse", "DryRun")


class Answered(NamedTuple):
    """The fate of a request, with its status, and what it is answered."""

    fate: Fate
    body: bytes = b""
    head: bytes = b""

    @classmethod
    def refused(cls, refused: Refused, fate: Fate) -> Self:
        fate.status = refused.status
        return cls(fate, json.dumps(refused.body).encode(), refused.head)


class Invoke:
    """Calls of functions."""

    def __init__(
        self,
        simulation: Simulation,
        functions: Functions,
        records: Records,
        settings: SandboxSettings,
        wall: Callable[[], int],
    ) -> None:
        self._simulation, self._functions, self._records, self._wall = simulation, functions, records, wall
        self._settings = of = settings.function
        self._draw_overhead = sampler(of.overhead, settings.seed, "overhead")
        self._uniform = random.Random(f"function errors {settings.seed}").random
        self._body = Body(settings.body)

    def __call__(
        self, request: Request, request_id: str, name: Named, region: str, headers: Mapping[str, str]
    ) -> Answered:
        """Raises Refused."""
        kind = headers.get("x-amz-invocation-type", "RequestResponse")
        if kind not in KINDS:
            raise invalid("invocationType", kind, f"satisfy enum value set: [{', '.join(KINDS)}]")
        function = self._functions.get(name, region, request.received)
        version = found(function, name, region, self._functions.free)
        if kind == "DryRun":
            return Answered(_with(self._simulation.bypass(request.received), 204))
        payload = _payload(request, kind)
        if request.received < version.ready:
            message = "The function is currently in the following state: Pending"
            raise conflict(f"The operation cannot be performed at this time. {message}")
        fate = self._run(request, request_id, version, payload)
        call, end = fate.invocation, self._wall() + fate.ready - request.received
        if call:
            self._records.add(end, name.name, fate.environment, call, version.configuration)
            fate.ready += call.overhead
        if kind == "Event":
            fate.ready = request.received + fate.invocation.overhead if fate.invocation else fate.ready
            return Answered(_with(fate, 202))
        if fate.reason:
            refused = throttled(fate.reason)
            return Answered.refused(refused, fate)
        if fate.fault == "errors":
            refused = Refused(500, "ServiceException", "The simulated service failed, as the profile asks for")
            return Answered.refused(refused, fate)
        log_end = end if headers.get("x-amz-log-type") == "Tail" else None
        return self._answered(request, fate, version.configuration, log_end)

    def _run(self, request: Request, request_id: str, version: Version, payload: object) -> Fate:
        """Run the function. The fate has an invocation if it ran."""
        configuration = version.configuration
        kept = payload.get("keepAlive") if isinstance(payload, dict) else None
        fate = self._simulation.invoke(
            request.received,
            version.deployment,
            request.path,
            kept if isinstance(kept, bool) else None,
            configuration.timeout,
        )
        if fate.reason or fate.fault == "errors":
            return fate
        failed = self._uniform() < self._settings.errors
        status: Status = "timeout" if fate.fault == "timeout" else "error" if failed else "success"
        fate.invocation = Invocation(
            request_id,
            version.number,
            configuration.memory,
            min(self._settings.memory_used, configuration.memory),
            initialization(version, fate.environment),
            status,
            fate.service,
            *told(self._settings, version, fate),
            overhead=self._draw_overhead(),
        )
        if status == "error":
            fate.fault = fate.fault or "unhandled"
        return fate

    def _answered(self, request: Request, fate: Fate, configuration: Configuration, log_end: int | None) -> Answered:
        """The answer of a function that ran; with its log, which ends at `log_end`, wall ns."""
        call = fate.invocation
        assert call
        head = b"X-Amz-Executed-Version: %s\r\n" % call.version.encode()
        if log_end is not None:
            told = tail(call, configuration, self._settings.prints, log_end - call.duration, log_end)
            head += b"X-Amz-Log-Result: %s\r\n" % told
        _with(fate, 200)
        if call.status != "success":
            body = json.dumps(failure(call, configuration.timeout)).encode()
            return Answered(fate, body, head + b"X-Amz-Function-Error: Unhandled\r\n")
        more = b'"initialization_type": "%s", "cold": %s, "environment": %d, ' % (
            call.initialization.encode(),
            b"true" if fate.cold else b"false",
            fate.environment,
        )
        if fate.fetch:
            more += b'"fetched": %d, "fetch_ms": %.3f, ' % (fate.fetch.number, fate.fetch.time / MILLISECOND)
        return Answered(fate, self._body.make(request.body, more), head)


def _with(fate: Fate, status: int) -> Fate:
    fate.status = status
    return fate


def told(settings: Lambda, version: Version, fate: Fate) -> tuple[int, int, int]:
    """The init, the restore and its billed part that the report tells."""
    snap_start = settings.snap_start
    if snap_start and version.configuration.snap_start:
        return 0, fate.init, int(fate.init * snap_start.billed)
    return fate.init or fate.prepared, 0, 0


def initialization(version: Version, environment: int) -> Initialization:
    if 0 < environment <= version.deployment.provisioned:
        return "provisioned-concurrency"
    return "snap-start" if version.configuration.snap_start else "on-demand"


def _payload(request: Request, kind: str) -> object:
    """The event that a request carries. Raises Refused."""
    limit = EVENT_LIMIT if kind == "Event" else SYNCHRONOUS_LIMIT
    if request.size > limit:
        message = f"{request.size} byte payload is too large for the {kind} invocation type (limit {limit} bytes)"
        raise Refused(413, "RequestTooLargeException", message)
    if not request.body:
        return None
    try:
        payload: object = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        problem = str(error)[:100] if isinstance(error, json.JSONDecodeError) else "it is not JSON"
        message = f"Could not parse request body into json: {problem}"
        raise Refused(400, "InvalidRequestContentException", message) from None
    return payload
