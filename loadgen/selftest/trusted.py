"""How a run compares with a self-test, before it begins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

from loadgen.profile.model import Profile
from loadgen.result.selftest import Scheme, SelftestResult

HIGHEST = 1e9  # per second: no self-test tries as much


class Ceiling(NamedTuple):
    """The highest rate per second on one worker, 0 if there was none. `at_least`: higher rates were not tried. `beyond`
    is the lowest rate that was too much."""

    rate: float
    at_least: bool
    beyond: float


@dataclass(frozen=True, slots=True)
class Trusted:
    """The part of a self-test that runs are compared with: for each scheme the highest rate that stayed VALID, and the
    highest rate of new connections. A scheme that was not measured is missing."""

    day: str
    cpus: int
    rates: dict[Scheme, Ceiling]
    connections: dict[Scheme, Ceiling]

    @classmethod
    def of(cls, selftest: SelftestResult) -> Self:
        """Raises ValueError for values that no self-test can have measured."""
        rates = {
            capacity.scheme: Ceiling(
                _rate(capacity.rate or 0), capacity.at_least, _rate(capacity.failed_at or capacity.rate or 0)
            )
            for capacity in selftest.capacity
            if capacity.trials
        }
        opened = {
            row.scheme: Ceiling(most := _rate(row.per_second), row.at_least, most) for row in selftest.connections
        }
        day = selftest.at[:10]
        return cls(day if day.isascii() and day.isprintable() else "", selftest.machine.cpus, rates, opened)

    def warnings(self, profile: Profile, workers: int) -> list[str]:
        """Why a run of the profile would go beyond what was measured, a line for each reason; empty if it would not."""
        scheme = scheme_of(profile)
        asked, opened = requests(profile) / workers, new_connections(profile) / workers
        lines = (
            self._beyond(self.rates.get(scheme), asked, workers, f"{scheme} requests", "stayed VALID up to"),
            self._beyond(self.connections.get(scheme), opened, workers, f"new {scheme} connections", "made"),
        )
        return [line for line in lines if line]

    def _beyond(self, ceiling: Ceiling | None, rate: float, workers: int, what: str, did: str) -> str:
        """Why so high a rate on each worker is too much; empty if it is not."""
        if ceiling is None or rate <= ceiling.rate or (not ceiling.rate and rate < ceiling.beyond):
            return ""
        asked = f"{rate:,.0f} {what} a second are asked of {'each' if workers > 1 else 'one'} worker"
        by = f"the self-test of {self.day}"
        if not ceiling.rate:
            return f"{asked}, and in {by} not even {ceiling.beyond:,.0f} stayed VALID: this machine may make the tail"
        if ceiling.at_least:
            return f"{asked}: more than was ever tried, as {by} {did} {ceiling.rate:,.0f} or more"
        needed = -(-rate * workers // ceiling.rate)
        room = f"--workers {needed:.0f}" if needed <= self.cpus else "more machines or CPUs"
        most = f"{by} {did} {ceiling.rate:,.0f}"
        return f"{asked}, and {most}: this machine may make the tail. Use {room}, or a lower rate"


def scheme_of(profile: Profile) -> Scheme:
    """http or https. The sandbox is called over https, as API Gateway is."""
    plain = not profile.target.sandbox and profile.target.url.partition(":")[0].lower() == "http"
    return "http" if plain else "https"


def requests(profile: Profile) -> float:
    """The mean rate of requests per second, in the phase with the highest rate."""
    return _fastest(profile) * _mean((scenario.weight, len(scenario.steps)) for scenario in profile.scenarios)


def new_connections(profile: Profile) -> float:
    """The rate of new connections per second in that phase."""
    if profile.session.reuse == "shared":
        return 0.0
    return requests(profile) if profile.session.reuse == "per-request" else _fastest(profile)


def _fastest(profile: Profile) -> float:
    return max((phase.rate.highest for phase in profile.load if phase.rate), default=0.0)


def _mean(weighted: Iterable[tuple[float, int]]) -> float:
    pairs = list(weighted)
    return sum(weight * count for weight, count in pairs) / sum(weight for weight, _ in pairs)


def _rate(number: float) -> float:
    if not 0 <= number < HIGHEST:
        raise ValueError("not a rate")
    return number
