"""Where one version of a function runs: its environments, and their connections to the service behind.

AWS lists the reasons of a TooManyRequestsException, and does not say which limit gives which. That of the scaling rate
is taken to be the one of the concurrency: the function has not got more of it yet.
https://docs.aws.amazon.com/botocore/latest/reference/services/lambda/client/exceptions/TooManyRequestsException.html
"""

from __future__ import annotations

from functools import partial

from loadgen.profile.sandbox import Environments, NamedFunction, SandboxSettings
from loadgen.sandbox.distributions import sampler
from loadgen.sandbox.downstream import Service, Visit
from loadgen.sandbox.fetched import Fetch, Kept
from loadgen.sandbox.invocation import slowdown
from loadgen.sandbox.messages import Fate
from loadgen.sandbox.pool import NO_LIMIT, Placement, Pool, Refusal

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
ACCOUNT = Environments(max=1000, overflow="429")
"""The environments of a version that has provisioned ones, where the settings have none."""


class Deployment:
    """Without environments in the settings there are as many as are needed, and none starts cold.

    `slowdown` is how many times as long the function runs as with one vCPU; `restores`: a cold start restores a
    snapshot; `provisioned` is how many environments are.
    """

    def __init__(
        self,
        settings: SandboxSettings,
        name: str = "",
        function: NamedFunction | None = None,
        provisioned: int | None = None,
    ) -> None:
        """Each `name` draws from streams of its own. What `function` has of its own, and `provisioned`, replace what
        the settings have."""
        self._settings, seed, apart = settings, settings.seed, f" {name}" if name else ""
        environments, snap_start = settings.environments or ACCOUNT, settings.function.snap_start
        init = function.init if function and function.init else environments.init
        memory = function.memory if function and function.memory else settings.function.memory
        self._draw_cold = sampler(init, seed, f"init{apart}")
        self._draw_prepared = sampler(init, seed, f"provisioned init{apart}")
        self._draw_restore = sampler(snap_start.restore, seed, f"restore{apart}") if snap_start else self._draw_cold
        self._reasons = REASONS if environments.reserved is None else RESERVED_REASONS
        self._gone = 0
        of = settings.function
        self.slowdown, self.restores = slowdown(memory, of.cpu_bound, of.threads), bool(snap_start)
        self.most = environments.most
        self.pool: Pool | None = None
        self.downstream: Service | None = None
        self.kept: Kept | None = None
        self._name = apart
        self._unused: set[int] = set()
        self.provision(environments.provisioned if provisioned is None else provisioned)

    def provision(self, number: int) -> None:
        """Start anew with so many provisioned environments. The requests that run now go on, and count no more."""
        self._gone, self.provisioned = self.cold_starts, number
        environments = self._settings.environments
        self.pool = None
        if environments or number:
            provisioned = (environments or ACCOUNT).model_copy(update={"provisioned": number})
            self.pool = Pool(provisioned, draw_init=self._draw_init)
        if self._settings.fetched:
            self.kept = Kept(self._settings.fetched, self.most, self._settings.seed, self._name)
        if self._settings.downstream and self.downstream is None:
            self.downstream = Service(self._settings.downstream, self.most, self._settings.seed)
        self._unused = set(range(1, number + 1))

    def renew(self) -> None:
        """End all environments."""
        if self.pool:
            self.pool.renew()

    @property
    def cold_starts(self) -> int:
        return self._gone + (self.pool.cold_starts if self.pool else 0)

    @property
    def queue_peak(self) -> int:
        return self.pool.queue_peak if self.pool else 0

    def run(
        self,
        now: int,
        begin: int,
        service: int,
        keep_alive: bool | None = None,
        calls: bool = True,
        limit: int = NO_LIMIT,
    ) -> Fate:
        """Run a request for `service` ns that came at `now` and begins at `begin`, and its calls of the service behind,
        if it makes them; both at most for `limit` ns."""
        if self.pool is None:
            cut, service = service > limit, min(service, limit)
            return Fate(begin + service, 0, "timeout" if cut else "", service=service, queued=begin - now)
        visit = self.downstream.visit(keep_alive) if self.downstream and calls else None
        fetch = Fetch() if self.kept and calls else None
        more = partial(self._more, fetch, visit) if visit or fetch else None
        place = self.pool.place(begin, service, more, limit)
        if not isinstance(place, Placement):
            return Fate(begin, 429, "overflow", reason=self._reasons[place])
        queued, service = place.start - now, place.end - place.start - place.init
        fate = Fate(place.end, 0, "", place.environment, place.cold, service, place.init, queued, visit, fetch)
        if place.cut:
            fate.fault = "timeout"
        if place.environment in self._unused:
            self._unused.remove(place.environment)
            fate.prepared = self._draw_prepared()
        return fate

    def _more(self, fetch: Fetch | None, visit: Visit | None, environment: int, begin: int) -> int:
        """What a request does besides its own work, from `begin` on, in ns."""
        at = begin
        if fetch and self.kept:
            at += self.kept.make(fetch, environment, at)
        if visit and self.downstream:
            at += self.downstream.make(visit, environment, at)
        return at - begin

    def _draw_init(self) -> int:
        return self._draw_restore() if self.restores else self._draw_cold()
