"""What a self-test says of a run that is to come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from loadgen.profile.model import Profile


class Ceiling(NamedTuple):
    """The most a second on one worker, 0 if there was none; `at_least` where more was not tried; `beyond` is the least
    that was too much."""

    rate: float
    at_least: bool
    beyond: float


@dataclass(frozen=True, slots=True)
class Trusted:
    """The part of a `loadgen.selftest/1` that runs are held against: by scheme the highest rate that stayed VALID, and
    the most new connections. A scheme that was not measured is left out."""

    day: str
    cpus: int
    rates: dict[str, Ceiling]
    connections: dict[str, Ceiling]

    @classmethod
    def of(cls, told: dict[str, Any]) -> Self:
        """Raises ValueError, LookupError or TypeError for what no self-test wrote."""
        rates = {
            str(row["scheme"]): Ceiling(
                _number(row["rate"] or 0), bool(row["at_least"]), _number(row["failed_at"] or row["rate"])
            )
            for row in told["capacity"]
            if row["trials"]
        }
        opened = {
            str(row["scheme"]): Ceiling(most := _number(row["per_second"]), bool(row["at_least"]), most)
            for row in told["connections"]
        }
        day = str(told["at"])[:10]
        return cls(day if day.isascii() and day.isprintable() else "", int(told["machine"]["cpus"]), rates, opened)

    def warnings(self, profile: Profile, workers: int) -> list[str]:
        """Why a run of the profile would go beyond what was found, a line each; none if it would not."""
        scheme, each = scheme_of(profile), requests(profile) / workers
        told = [self._beyond(self.rates.get(scheme), each, workers, f"{scheme} requests", "stayed VALID up to")]
        new = opened(profile) / workers
        told.append(self._beyond(self.connections.get(scheme), new, workers, f"new {scheme} connections", "made"))
        return [line for line in told if line]

    def _beyond(self, ceiling: Ceiling | None, each: float, workers: int, what: str, found: str) -> str:
        if ceiling is None or each <= ceiling.rate or (not ceiling.rate and each < ceiling.beyond):
            return ""
        asked = f"{each:,.0f} {what} a second are asked of {'each' if workers > 1 else 'one'} worker"
        by = f"the self-test of {self.day}"
        if not ceiling.rate:
            return f"{asked}, and in {by} not even {ceiling.beyond:,.0f} stayed VALID: this machine may make the tail"
        if ceiling.at_least:
            return f"{asked}: more than was ever tried, as {by} {found} {ceiling.rate:,.0f} or more"
        needed = -(-each * workers // ceiling.rate)
        room = f"--workers {needed:.0f}" if needed <= self.cpus else "more machines or CPUs"
        most = f"{by} {found} {ceiling.rate:,.0f}"
        return f"{asked}, and {most}: this machine may make the tail. Use {room}, or a lower rate"


def scheme_of(profile: Profile) -> str:
    """http or https; the sandbox is spoken to as API Gateway is."""
    return "https" if profile.target.sandbox else profile.target.url.partition(":")[0].lower()


def requests(profile: Profile) -> float:
    """Requests a second, on average, in the fastest of the phases that have a rate."""
    return _fastest(profile) * _mean((scenario.weight, len(scenario.steps)) for scenario in profile.scenarios)


def opened(profile: Profile) -> float:
    """New connections a second in that phase."""
    if profile.session.reuse == "shared":
        return 0.0
    return requests(profile) if profile.session.reuse == "per-request" else _fastest(profile)


def _fastest(profile: Profile) -> float:
    return max((phase.rate.highest for phase in profile.load if phase.rate), default=0.0)


def _mean(weighted: Iterable[tuple[float, int]]) -> float:
    pairs = list(weighted)
    return sum(weight * count for weight, count in pairs) / sum(weight for weight, _ in pairs)


def _number(value: Any) -> float:
    number = float(value)
    if not 0 <= number < 1e9:
        raise ValueError("not a rate")
    return number
