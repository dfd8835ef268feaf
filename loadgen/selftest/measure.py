"""What is measured under load: noise, pacing, new connections, and the highest rate that stays VALID."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from loadgen.clock import SECOND, now
from loadgen.selftest.loads import AT_ONCE, LATER, Loads, Outcome, Phases
from loadgen.selftest.search import LOWEST, Trial, bounds, following

SCHEMES = ("http", "https")
SATURATED = 0.85  # of a core: a target that is as busy may be what is in the way
MOST = 64  # connections that are asked for as much as they can
OPENERS = 32  # users who open a connection for each request
OF_CLOSED = 0.6  # a first guess of what stays VALID, as a share of what can be done at all
TLS_COSTS = 0.8  # the same for https, of what was found for http


@dataclass(frozen=True, slots=True)
class Budget:
    """How long each part takes, in seconds, and how often and how fast it loads."""

    name: str
    seconds: int  # that all of it takes, about
    warm_up: float
    gentle: int
    measurements: int
    measurement: float
    rates: tuple[int, ...]
    paced: float
    opening: float
    trial: float
    search: float  # for each scheme

    def phases(self, rate: float, lasts: float) -> Phases:
        return [
            {"name": "warm-up", "rate": f"{rate:g}/s", "for": f"{self.warm_up:g}s", "measure": False},
            {"name": "load", "rate": f"{rate:g}/s", "for": f"{lasts:g}s"},
        ]


FULL = Budget("full", 120, 0.5, 1000, 6, 2, (100, 1000, 5000, 10_000, 20_000), 3, 2, 2.5, 34)
QUICK = Budget("quick", 20, 0.2, 1000, 2, 1, (100, 1000, 10_000), 0.6, 0.5, 0.8, 3)


class Measurements:
    """Takes them one by one, and keeps in `found` what there is, however it ends; `say` hears each."""

    def __init__(self, loads: Loads, budget: Budget, cpus: int, say: Callable[[str], None]) -> None:
        self._loads, self._budget, self._alone, self._say = loads, budget, cpus == 1, say
        self.found: dict[str, Any] = {"stamps": None, "noise": None, "pacing": [], "connections": [], "capacity": []}
        self._guess = LOWEST

    async def noise(self) -> None:
        """The same measurement several times over: what two of them differ by is no difference of a target."""
        budget = self._budget
        told: dict[str, Any] = {"rate": budget.gentle, "seconds": budget.measurement, "p50_ms": [], "p99_ms": []}
        self.found["noise"] = told
        for number in range(budget.measurements):
            phases = budget.phases(budget.gentle, budget.measurement)
            outcome = await self._loads.run("http", AT_ONCE, phases)
            self.found["stamps"] = outcome.stamps
            for name in ("p50", "p99"):
                told[f"{name}_ms"].append(outcome.figures("response")[name])
            self._say(f"noise: p50 {_ms(told['p50_ms'][number])}, p99 {_ms(told['p99_ms'][number])}")

    async def pacing(self) -> None:
        """How late requests leave, at several rates; and before them as many as can be, which is a first guess."""
        rates = [
            {"name": f"at-{rate}", "rate": f"{rate}/s", "for": f"{self._budget.paced:g}s"}
            for rate in self._budget.rates
        ]
        most = {"name": "most", "users": MOST, "for": f"{self._budget.opening:g}s"}
        outcome = await self._loads.run("http", AT_ONCE, [most, *rates])
        for rate in self._budget.rates:
            lag = outcome.figures("lag", f"at-{rate}")
            told = {"rate": rate, "requests": lag["count"], **{f"{q}_ms": lag[q] for q in ("p50", "p99", "max")}}
            self.found["pacing"].append(told)
            self._say(f"pacing: {rate:,}/s left {_ms(told['p50_ms'])} late at p50, {_ms(told['p99_ms'])} at p99")
        self._guess = OF_CLOSED * _answered(outcome, "most")

    async def connections(self) -> None:
        """How many new connections one worker opens a second, at the most; over TLS each is a full handshake."""
        phases = [{"name": "load", "users": OPENERS, "for": f"{self._budget.opening:g}s"}]
        for scheme in SCHEMES:
            outcome = await self._loads.run(scheme, AT_ONCE, phases, "per-request")
            rate = round(_answered(outcome, "load"))
            told = {"scheme": scheme, "per_second": rate, "at_least": self._alone or outcome.busy > SATURATED}
            self.found["connections"].append(told | {"target_busy": round(outcome.busy, 3)})
            self._say(f"new connections: {scheme} {rate:,}/s")

    async def capacity(self) -> None:
        """The highest rate that stays VALID on one worker, over http and https."""
        for scheme in SCHEMES:
            told: dict[str, Any] = {"scheme": scheme, "rate": None, "trials": []}
            self.found["capacity"].append(told)
            await self._search(scheme, told)
            if told["rate"]:
                self._guess = TLS_COSTS * told["rate"]

    async def _search(self, scheme: str, told: dict[str, Any]) -> None:
        trials: list[Trial] = []
        highest, until = float("inf"), now() + round(self._budget.search * SECOND)
        while now() < until and (rate := following(trials, self._guess, highest)) is not None:
            outcome = await self._loads.run(scheme, LATER, self._budget.phases(rate, self._budget.trial))
            trials.append(Trial(rate, not outcome.why, outcome.why))
            if outcome.busy > SATURATED:
                highest = min(highest, rate)
            told["trials"].append({"rate": rate, "why": outcome.why, "target_busy": round(outcome.busy, 3)})
            told |= summary(trials, self._alone or highest < float("inf"))
            self._say(f"{scheme} at {rate:,.0f}/s: {outcome.why or 'VALID'}")


def summary(trials: list[Trial], in_the_way: bool) -> dict[str, Any]:
    """What the trials of a search come to. `in_the_way` says that the target had no more to give, or no core of its
    own: then a higher rate might be VALID with another."""
    found = bounds(trials)
    beyond = [trial for trial in trials if not trial.held and trial.rate > (found.held or 0)]
    lowest = min(beyond, key=lambda trial: trial.rate, default=None)
    return {
        "rate": found.held,
        "sure": found.sure,
        "at_least": in_the_way or (found.held is not None and lowest is None),
        "failed_at": lowest.rate if lowest else None,
        "failed_why": lowest.why if lowest else None,
    }


def _ms(value: float | None) -> str:
    return "not known" if value is None else f"{value:.3g} ms"


def _answered(outcome: Outcome, name: str) -> float:
    """ok answers a second."""
    phase = outcome.phase(name)
    return float(phase["requests"]["outcomes"].get("ok", 0) / phase["seconds"])
