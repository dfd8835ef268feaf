"""How a run compares with a self-test, before it begins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Self

from loadgen.profile.model import Profile
from loadgen.result.reason import Reason
from loadgen.result.resolution import Resolution
from loadgen.result.selftest import Scheme, SelftestResult

HOLDS = timedelta(days=30)
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
    highest rate of new connections. A scheme that was not measured is missing. `measured` is the resolution, if enough
    was measured for it."""

    at: datetime
    boot: str | None
    measured: Resolution | None
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
        at, resolution = datetime.fromisoformat(selftest.at), selftest.resolution
        if at.tzinfo is None:
            raise ValueError("not an instant")
        measured = None
        if resolution and not selftest.warnings:  # beside other work, it would be the resolution with that work
            measured = Resolution.measured("selftest", resolution.measured_ms)
        return cls(at, selftest.boot, measured, selftest.machine.cpus, rates, opened)

    @property
    def day(self) -> str:
        """The day of the self-test."""
        return self.at.date().isoformat()

    def resolution(self, boot: str | None, at: datetime) -> Resolution | None:
        """The resolution, if it holds at that time, since that start of the system: a machine may change while it is
        off, and so do its neighbours as months go by. A container that was moved is on another system."""
        holds = boot is not None and boot == self.boot and timedelta() <= at - self.at <= HOLDS
        return self.measured if holds else None

    def warnings(self, profile: Profile, workers: int) -> list[Reason]:
        """Why a run of the profile would go beyond what was measured; empty if it would not."""
        scheme = scheme_of(profile)
        beyond = (
            self._beyond(self.rates.get(scheme), requests(profile), workers),
            self._beyond(self.connections.get(scheme), new_connections(profile), workers, connections=1),
        )
        return [warning.with_values(scheme=scheme) for warning in beyond if warning]

    def _beyond(self, ceiling: Ceiling | None, total: float, workers: int, **about: float) -> Reason | None:
        """Why so high a rate is too much for each worker; None if it is not."""
        rate = total / workers
        if ceiling is None or rate <= ceiling.rate or (not ceiling.rate and rate < ceiling.beyond):
            return None
        about = {**about, "rate": rate, "workers": workers}
        if not ceiling.rate:
            return Reason.of("none_was_valid", **about, day=self.day, ceiling=ceiling.beyond)
        if ceiling.at_least:
            return Reason.of("beyond_all_tried", **about, day=self.day, ceiling=ceiling.rate)
        needed = -(-total // ceiling.rate)
        room = needed if needed <= self.cpus else None
        return Reason.of("beyond_selftest", **about, day=self.day, ceiling=ceiling.rate, needed=room)


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
