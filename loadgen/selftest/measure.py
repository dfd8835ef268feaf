"""The measurements under load: noise, pacing, new connections, and the highest rate that stays VALID."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from loadgen.clock import SECOND, now
from loadgen.result.reason import Reason
from loadgen.result.resolution import Resolution
from loadgen.result.selftest import Capacity, NewConnections, Noise, Pacing, Scheme, Trial
from loadgen.selftest.loads import AT_ONCE, LATER, LOAD, LoadOutcome, Loads, Phases
from loadgen.selftest.repeatability import FIGURES, resolution, with_another
from loadgen.selftest.search import LOWEST, bounds, following

SCHEMES: tuple[Scheme, ...] = ("http", "https")
SATURATED = 0.85  # share of a core: a target that uses more may be the limit
MOST = 64  # connections of the load that is as fast as possible
OPENERS = 32  # users, each of whom opens a connection for each request
OF_CLOSED = 0.6  # the first guess of the rate that stays VALID, as a share of the highest possible rate
TLS_COSTS = 0.8  # the first guess for https, as a share of the rate for http


@dataclass(frozen=True, slots=True)
class Budget:
    """How long each part takes, in seconds, and how often and how fast it sends load."""

    name: Literal["full", "quick"]
    seconds: int  # of the whole self-test, about
    warm_up: float
    gentle: int
    processes: int  # that measure the noise,
    measurements: int  # so often each
    measurement: float
    rates: tuple[int, ...]
    paced: float
    opening: float
    trial: float
    search: float  # for each scheme

    def phases(self, rate: float, lasts: float, *names: str) -> Phases:
        """A warm-up, and a measured phase of each name."""
        return [
            {"name": "warm-up", "rate": f"{rate:g}/s", "for": f"{self.warm_up:g}s", "measure": False},
            *({"name": name, "rate": f"{rate:g}/s", "for": f"{lasts:g}s"} for name in names or (LOAD,)),
        ]


FULL = Budget("full", 120, 0.5, 1000, 6, 2, 1, (100, 1000, 5000, 10_000, 20_000), 3, 2, 2.5, 34)
QUICK = Budget("quick", 20, 0.2, 1000, 2, 3, 0.5, (100, 1000, 10_000), 0.6, 0.5, 0.8, 3)


@dataclass(slots=True)
class Measured:
    """What was measured so far."""

    stamps: bool | None = None
    noise: Noise | None = None
    resolution: Resolution | None = None
    pacing: list[Pacing] = field(default_factory=list)
    connections: list[NewConnections] = field(default_factory=list)
    capacity: dict[Scheme, Capacity] = field(default_factory=dict)


class Measurements:
    """Takes the measurements one by one, and keeps in `measured` what there is, however it ends; `show` shows each."""

    def __init__(self, loads: Loads, budget: Budget, cpus: int, show: Callable[[Reason], None]) -> None:
        self._loads, self._budget, self._alone, self._show = loads, budget, cpus == 1, show
        self.measured = Measured()
        self._guess = LOWEST

    async def noise(self) -> None:
        """The same measurement, made several times in each of several processes. A target's figures that differ by no
        more than these may well be the same."""
        budget, ticks = self._budget, list[Resolution]()
        names = [f"again-{number}" for number in range(1, budget.measurements + 1)]
        noise = Noise(budget.gentle, budget.measurement, dict.fromkeys(FIGURES, ()), {})
        for _ in range(budget.processes):
            outcome = await self._loads.run("http", AT_ONCE, budget.phases(budget.gentle, budget.measurement, *names))
            ticks += [outcome.result.resolution] if outcome.result.resolution else []
            for name in names:
                noise = with_another(noise, outcome.latency("response", name))
                p50, p99 = (noise.each_ms[figure][-1] for figure in ("p50", "p99"))
                self._show(Reason.of("noise_measured", p50_ms=p50, p99_ms=p99))
            self.measured.stamps, self.measured.noise = outcome.stamps(names[0]), noise
            self.measured.resolution = resolution(noise, ticks)

    async def pacing(self) -> None:
        """How late requests leave, at several rates. Before that, the highest possible rate, which gives the first
        guess for `capacity`."""
        rates = [
            {"name": f"at-{rate}", "rate": f"{rate}/s", "for": f"{self._budget.paced:g}s"}
            for rate in self._budget.rates
        ]
        most = {"name": "most", "users": MOST, "for": f"{self._budget.opening:g}s"}
        outcome = await self._loads.run("http", AT_ONCE, [most, *rates], resolution=self.measured.resolution)
        for rate in self._budget.rates:
            lag = outcome.latency("lag", f"at-{rate}")
            p50, p99 = _quantiles(outcome, "lag", f"at-{rate}")
            self.measured.pacing.append(Pacing(rate, lag.count, p50, p99, lag.max))
            self._show(Reason.of("pacing_measured", rate=rate, p50_ms=p50, p99_ms=p99))
        self._guess = OF_CLOSED * _answered(outcome, "most")

    async def connections(self) -> None:
        """The highest rate at which one worker opens new connections. Over TLS each of them takes a full handshake."""
        phases = [{"name": LOAD, "users": OPENERS, "for": f"{self._budget.opening:g}s"}]
        for scheme in SCHEMES:
            outcome = await self._loads.run(scheme, AT_ONCE, phases, "per-request", self.measured.resolution)
            rate = round(_answered(outcome, LOAD))
            in_the_way = self._alone or outcome.target_busy > SATURATED
            self.measured.connections.append(NewConnections(scheme, rate, in_the_way, round(outcome.target_busy, 3)))
            self._show(Reason.of("connections_measured", scheme=scheme, per_second=rate))

    async def capacity(self) -> None:
        """The highest rate that stays VALID on one worker, over http and https."""
        for scheme in SCHEMES:
            self.measured.capacity[scheme] = Capacity(scheme)
            await self._search(scheme)
            if rate := self.measured.capacity[scheme].rate:
                self._guess = TLS_COSTS * rate

    async def _search(self, scheme: Scheme) -> None:
        trials: list[Trial] = []
        highest, until = float("inf"), now() + round(self._budget.search * SECOND)
        while now() < until and (rate := following(trials, self._guess, highest)) is not None:
            phases = self._budget.phases(rate, self._budget.trial)
            outcome = await self._loads.run(scheme, LATER, phases, resolution=self.measured.resolution)
            why = outcome.why
            trials.append(Trial(rate, why, round(outcome.target_busy, 3)))
            if outcome.target_busy > SATURATED:
                highest = min(highest, rate)
            self.measured.capacity[scheme] = summary(scheme, trials, self._alone or highest < float("inf"))
            tried = why.with_values(why=why.code).values if why else {}
            self._show(Reason.of("rate_tried", **{**tried, "scheme": scheme, "rate": rate}))


def summary(scheme: Scheme, trials: Sequence[Trial], in_the_way: bool) -> Capacity:
    """The result of a search's trials. `in_the_way` says that the target was the limit, or had no core of its own: with
    another target a higher rate might be VALID."""
    so_far = bounds(trials)
    beyond = [trial for trial in trials if not trial.held and trial.rate > (so_far.held or 0)]
    lowest = min(beyond, key=lambda trial: trial.rate, default=None)
    return Capacity(
        scheme=scheme,
        rate=so_far.held,
        sure=so_far.sure,
        at_least=in_the_way or (so_far.held is not None and lowest is None),
        failed_at=lowest.rate if lowest else None,
        failed_why=lowest.why if lowest else None,
        trials=tuple(trials),
    )


def _quantiles(outcome: LoadOutcome, metric: str, phase: str) -> tuple[float | None, float | None]:
    """The p50 and p99 of a metric, in ms."""
    latency = outcome.latency(metric, phase)
    return latency.quantile("p50").value, latency.quantile("p99").value


def _answered(outcome: LoadOutcome, name: str) -> float:
    """The rate of ok answers per second."""
    phase = outcome.phase(name)
    assert phase.seconds  # every phase of the self-test has a planned end
    return phase.requests.outcomes.get("ok", 0) / phase.seconds
