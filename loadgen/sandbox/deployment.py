"""Where one version of a function runs: its environments, and their connections to the service behind."""

from __future__ import annotations

from functools import partial

from loadgen.profile.sandbox import SandboxSettings
from loadgen.sandbox.distributions import sampler
from loadgen.sandbox.downstream import Service
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


class Deployment:
    """Without environments in the settings there are as many as are needed, and none starts cold."""

    def __init__(self, settings: SandboxSettings) -> None:
        environments, behind = settings.environments, settings.downstream
        snap_start = settings.function.snap_start
        if environments and snap_start:
            environments = environments.model_copy(update={"init": snap_start.restore})
        self.pool: Pool | None = None
        self.downstream: Service | None = None
        self.provisioned = 0
        if environments:
            self.pool = Pool(environments, settings.seed)
            self.downstream = Service(behind, environments.most, settings.seed) if behind else None
            self.provisioned = environments.provisioned
            self._draw_prepared = sampler(environments.init, settings.seed, "provisioned init")
        self._unused = set(range(1, self.provisioned + 1))
        self._reasons = RESERVED_REASONS if environments and environments.reserved is not None else REASONS

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
        visit, more = None, None
        if self.downstream and calls:
            visit = self.downstream.visit(keep_alive)
            more = partial(self.downstream.make, visit)
        place = self.pool.place(begin, service, more, limit)
        if not isinstance(place, Placement):
            return Fate(begin, 429, "overflow", reason=self._reasons[place])
        queued, service = place.start - now, place.end - place.start - place.init
        fate = Fate(place.end, 0, "", place.environment, place.cold, service, place.init, queued, visit)
        if place.cut:
            fate.fault = "timeout"
        if place.environment in self._unused:
            self._unused.remove(place.environment)
            fate.prepared = self._draw_prepared()
        return fate
