"""The fate of one request, decided when it comes. Pure: the instant is an argument.

AWS lists the reasons of a TooManyRequestsException, and does not say which limit gives which. That of the scaling rate
is taken to be the one of the concurrency: the function has not got more of it yet.
https://docs.aws.amazon.com/botocore/latest/reference/services/lambda/client/exceptions/TooManyRequestsException.html
"""

from __future__ import annotations

from functools import partial
from itertools import cycle

from loadgen.profile.sandbox import Gateway, SandboxSettings
from loadgen.sandbox.distributions import sampler, service_sampler
from loadgen.sandbox.downstream import Service
from loadgen.sandbox.faults import fault_sampler
from loadgen.sandbox.messages import Fate
from loadgen.sandbox.pool import Placement, Pool, Refusal
from loadgen.sandbox.stalls import Stalls
from loadgen.sandbox.throttle import TokenBucket

REASONS = {
    Refusal.CONCURRENCY: "ConcurrentInvocationLimitExceeded",
    Refusal.SCALING: "ConcurrentInvocationLimitExceeded",
    Refusal.RATE: "FunctionInvocationRateLimitExceeded",
}
RESERVED_REASONS = {
    Refusal.CONCURRENCY: "ReservedFunctionConcurrentInvocationLimitExceeded",
    Refusal.SCALING: "ConcurrentInvocationLimitExceeded",
    Refusal.RATE: "ReservedFunctionInvocationRateLimitExceeded",
}


class Simulation:
    """The front's throttle, the network's round trips, the pool, the function's time, stalls and faults."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._rtt = settings.rtt
        self._draw_service = service_sampler(settings.service, settings.seed)
        self._draw_fault = fault_sampler(settings.faults, settings.seed)
        self._stalls = Stalls(settings.stalls)
        bucket, self._gateway = settings.bucket, settings.gateway
        self._bucket = TokenBucket(bucket.rate, bucket.tokens) if bucket else None
        self._draw_gateway = sampler(settings.gateway.latency, settings.seed, "gateway") if settings.gateway else int
        pool, behind = settings.environments, settings.downstream
        self._pool = Pool(pool, settings.seed) if pool else None
        self.downstream = Service(behind, pool.most, settings.seed) if pool and behind else None
        self._reasons = RESERVED_REASONS if pool and pool.reserved is not None else REASONS
        self._errors = cycle((502, 503, 504))

    @property
    def cold_starts(self) -> int:
        return self._pool.cold_starts if self._pool else 0

    @property
    def queue_peak(self) -> int:
        return self._pool.queue_peak if self._pool else 0

    def admit(
        self,
        now: int,
        service: int | None = None,
        keep_alive: bool | None = None,
        method: bytes = b"",
        path: bytes = b"",
    ) -> Fate:
        """A request for the function at `now`, which never goes back. `service` replaces the drawn time, and the
        service behind is then not called. `keep_alive` replaces the setting for the connection to the service
        behind."""
        begin = self._begin(now)
        if self._bucket and not self._bucket.admit(now):
            fate = Fate(begin, 429, "throttle")
        else:
            fate = self._invoke(now, begin, service, keep_alive, method, path)
        if self._gateway:
            self._pass_on(fate, begin, self._gateway)
        return fate

    def _pass_on(self, fate: Fate, begin: int, gateway: Gateway) -> None:
        """What the gateway makes of it: it hides why a function was throttled, waits for so long, and takes its own
        time."""
        rest, late = gateway.kind == "rest", fate.ready - begin > gateway.waits
        if fate.reason:
            fate.status = 500 if rest else 503
        elif late:
            fate.ready, fate.status, fate.fault = begin + gateway.waits, 504 if rest else 503, "timeout"
        fate.gateway = self._draw_gateway()
        fate.ready += fate.gateway

    def _invoke(
        self, now: int, begin: int, service: int | None, keep_alive: bool | None, method: bytes, path: bytes
    ) -> Fate:
        """The function's part of it, from `begin` on."""
        fault = self._draw_fault()
        visit, more = None, None
        if service is None:
            service = self._draw_service(method, path)
            if self.downstream:
                visit = self.downstream.visit(keep_alive)
                more = partial(self.downstream.make, visit)
        if self._pool is None:
            fate = Fate(begin + service, 0, fault, 0, False, service, 0, begin - now)
        else:
            place = self._pool.place(begin, service, more)
            if not isinstance(place, Placement):
                return Fate(begin, 429, "overflow", reason=self._reasons[place])
            queued, service = place.start - now, place.end - place.start - place.init
            fate = Fate(place.end, 0, fault, place.environment, place.cold, service, place.init, queued, visit)
        if fault == "errors":
            fate.status = next(self._errors)
        return fate

    def serve(self, now: int, operation: bytes = b"") -> Fate:
        """A request for a service that is always there. It takes its time, without the front's throttle and the
        pool."""
        begin = self._begin(now)
        fault, service = self._draw_fault(), self._draw_service(operation)
        return Fate(begin + service, 0, fault, service=service, queued=begin - now)

    def bypass(self, now: int) -> Fate:
        """A request that is answered at once, without throttle, pool and random faults."""
        return Fate(self._begin(now))

    def leaves(self, ready: int, round_trips: int = 1) -> int:
        """When a ready answer goes to the kernel, so that it has taken the network's round trips."""
        return self._stalls.after(ready + round_trips * self._rtt)

    def _begin(self, now: int) -> int:
        self._stalls.begin(now)
        return self._stalls.after(now)
