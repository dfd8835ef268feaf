"""This machine's share of a figure (`record.lifted`), and the verdict on it.

This machine's part of an exchange is lag + sign + wait delay + connect delay + client delay. What the profile asks for
is none of it: making the SDK's client or session, what adaptive retries hold back, building and signing in
another client than ours, and making a connection (the CPU time of its handshake, and up to a moment of delay for the
messages on the way). A load without a schedule is timed from its first action, so that only the last two count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from loadgen.clock import MILLISECOND
from loadgen.record import attribution
from loadgen.record.lifted import Lift
from loadgen.record.share import Part, Shares
from loadgen.result import run as result
from loadgen.result.resolution import ASSUMED, Resolution
from loadgen.trust.finding import Limit, Verdict

SHARE = Limit("share", "%", 0.02, 0.10)
JUDGED = ("p50", "p99")  # of each step, where the profile asks for no figure
ALIKE = {"min": "p50", "max": "p99.9"}  # whose resolution such a figure has

# the parts of this machine that a metric's time contains; a metric that is not here contains none
WITHIN: dict[str, frozenset[str]] = {
    "service": frozenset(("connect_delay", "client_delay")),
    "connect": frozenset(("connect_delay",)),
    "wait": frozenset(("wait_delay",)),
} | dict.fromkeys(
    ("response", "operation", "iteration"), frozenset(part.name.lower() for part in attribution.OWN)
)  # fmt: skip


class Place(NamedTuple):
    """A step in a run of a phase. The step is empty if there is only one."""

    phase: str
    cycle: int
    step: str


def step_of(scenario: str, step: str, steps: int) -> str:
    """The step of a place in a plan of so many steps."""
    return f"{scenario}/{step}" if steps > 1 else ""


class Asked(NamedTuple):
    """A figure that a threshold or the primary figure of an experiment is about; no step: of each."""

    phase: str
    step: str
    metric: str
    quantile: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a step in a run of a phase, and this machine's share of it. Times in ns, shares from 0 to 1.

    `without` is the figure of the same exchanges without this machine's part of each; `parts` add up to this machine's
    part of the figure. A part below `resolution` is nobody's fault (`Resolution.part`). `decides`: the verdict on the
    run depends on the figure.
    """

    phase: str
    cycle: int
    step: str
    quantile: str
    value: float
    without: float
    share: float
    parts: dict[str, float]
    of: int  # exchanges
    at_least: bool
    resolution: float = 0.0
    decides: bool = False

    @property
    def part(self) -> float:
        return self.share * self.value

    @property
    def verdict(self) -> Verdict:
        return graded(self.share, self.part, self.resolution)

    def to_result(self) -> result.JudgedFigure:
        """As a result has it, in ms."""
        return result.JudgedFigure(
            phase=self.phase,
            cycle=self.cycle,
            step=self.step,
            quantile=self.quantile,
            value_ms=round(self.value / MILLISECOND, 6),
            without_ms=round(self.without / MILLISECOND, 6),
            share=round(self.share, 6),
            at_least=self.at_least,
            parts_ms={name: round(ns / MILLISECOND, 6) for name, ns in self.parts.items()},
            requests=self.of,
            resolution_ms=round(self.resolution / MILLISECOND, 6),
            verdict=self.verdict.word,
            decides=self.decides,
        )


def graded(share: float, part: float, resolution: float) -> Verdict:
    """The verdict on a figure of which this machine made such a share and part."""
    return SHARE.grade(share) if part >= resolution else Verdict.VALID


def figures_of(
    steps: Iterable[tuple[Place, Shares]],
    quantiles: Sequence[str],
    asked: Sequence[Asked] = (),
    of_profile: Mapping[Part, str] = attribution.NONE,
    resolution: Resolution = ASSUMED,
) -> list[Figure]:
    """The figures of the ok exchanges and the timeouts of each step of each run of a phase. The quantiles of `asked`
    are among them. `of_profile` are parts that are not this machine's."""
    names = tuple(dict.fromkeys((*quantiles, *(of.quantile for of in asked))))
    return [
        replace(
            figure,
            resolution=resolution.part(ALIKE.get(figure.quantile, figure.quantile)),
            decides=_decides(place, figure.quantile, asked),
        )
        for place, shares in steps
        if shares.count
        for figure in _figures(place, shares, names, of_profile)
    ]


def ranked(figures: Iterable[Figure]) -> list[Figure]:
    """The figures, the worst first; of those alike, such as decide."""
    return sorted(figures, key=lambda of: (-of.verdict, not of.decides, -of.share))


def _decides(place: Place, quantile: str, asked: Sequence[Asked]) -> bool:
    if not asked:
        return quantile in JUDGED
    return any(
        (of.phase, of.quantile) == (place.phase, quantile) and of.metric in WITHIN and is_of(of.step, place.step)
        for of in asked
    )


def is_of(asked: str, step: str) -> bool:
    """Whether a figure of `asked` (a step, a scenario, both, or nothing) is one of `step`, scenario/name or nothing."""
    return not (asked and step) or asked in (step, *step.split("/", 1))


def _figures(place: Place, shares: Shares, names: Sequence[str], of_profile: Mapping[Part, str]) -> Iterator[Figure]:
    lift = Lift(shares, of_profile)
    for name in names:
        if of := lift.of(name):
            yield Figure(*place, name, of.value, of.without, of.share, of.parts, lift.count, lift.at_least)
