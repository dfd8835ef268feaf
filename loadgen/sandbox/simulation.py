"""The fate of one request, decided when it comes. Pure: the instant is an argument."""

from __future__ import annotations

from collections import Counter
from itertools import cycle

from loadgen.profile.sandbox import Gateway, NamedFunction, SandboxSettings
from loadgen.sandbox.deployment import Deployment
from loadgen.sandbox.distributions import sampler, service_sampler
from loadgen.sandbox.downstream import Service
from loadgen.sandbox.faults import fault_sampler
from loadgen.sandbox.messages import Fate
from loadgen.sandbox.pool import NO_LIMIT
from loadgen.sandbox.stalls import Stalls
from loadgen.sandbox.throttle import TokenBucket


class Simulation:
    """The front's throttle, the network's round trips, the pool, the function's time, stalls and faults."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._rtt = settings.rtt
        self._draw_service = service_sampler(settings.service, settings.seed)
        self._draw_fault = fault_sampler(settings.faults, settings.seed)
        self._stalls = Stalls(settings.stalls)
        bucket, self._gateway = settings.bucket, settings.gateway
        self._bucket = TokenBucket(bucket.rate, bucket.tokens) if bucket else None
        self._draw_overhead = sampler(settings.function.overhead, settings.seed, "overhead")
        self._draw_gateway = sampler(settings.gateway.latency, settings.seed, "gateway") if settings.gateway else int
        self._settings = settings
        self._past: Counter[str] = Counter()  # the counts of deployments that are gone
        self.front = Deployment(settings, function=settings.function.first)
        self._deployments = [self.front]
        self._errors = cycle((502, 503, 504))

    @property
    def cold_starts(self) -> int:
        return self._past["cold_starts"] + sum(of.cold_starts for of in self._deployments)

    @property
    def queue_peak(self) -> int:
        return max(of.queue_peak for of in self._deployments)

    @property
    def downstream(self) -> Service | None:
        return self.front.downstream

    def downstream_counts(self) -> dict[str, int] | None:
        """The calls of the service behind that were made, and the connections opened for them."""
        if not self.downstream:
            return None
        services = [of.downstream for of in self._deployments if of.downstream]
        return {name: self._past[name] + sum(getattr(of, name) for of in services) for name in ("calls", "opened")}

    def deploy(self, name: str, function: NamedFunction | None, provisioned: int | None = None) -> Deployment:
        """Where another function, or version of one, runs: see `Deployment`."""
        deployment = Deployment(self._settings, name, function, provisioned)
        self._deployments.append(deployment)
        return deployment

    def remove(self, deployment: Deployment) -> None:
        """Forget a version; what it did still counts."""
        self._deployments.remove(deployment)
        self._past["cold_starts"] += deployment.cold_starts
        if behind := deployment.downstream:
            self._past.update({"calls": behind.calls, "opened": behind.opened})

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
        if not fate.status:
            fate.overhead = self._draw_overhead()
            fate.ready += fate.overhead
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
        fault, calls = self._draw_fault(), service is None
        if service is None:
            service = int(self._draw_service(method, path) * self.front.slowdown)
        fate = self.front.run(now, begin, service, keep_alive, calls)
        if not fate.status:
            fate.fault = fault
            if fault == "errors":
                fate.status = next(self._errors)
        return fate

    def invoke(
        self,
        now: int,
        deployment: Deployment,
        path: bytes,
        keep_alive: bool | None = None,
        limit: int = NO_LIMIT,
    ) -> Fate:
        """A call of a function through Lambda's own API, which knows no throttle of a front and no gateway. Its service
        time is that of `Invoke`, or of its path; it is cut off after `limit` ns."""
        begin = self._begin(now)
        fault = self._draw_fault()
        service = int(self._draw_service(b"POST", path, operation=b"Invoke") * deployment.slowdown)
        fate = deployment.run(now, begin, service, keep_alive, limit=limit)
        fate.fault = fate.fault or fault
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
