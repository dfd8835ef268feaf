"""This machine's share of a figure: by how much it lifted a percentile, the mean or the maximum.

This machine's part of an exchange is lag + sign + wait delay + connect delay + client delay. What the profile asks for
is none of it: making the SDK's client or session, what adaptive retries hold back, building and signing in
another client than ours, and making a connection (the CPU time of its handshake, and up to `MOMENT` of delay for the
messages on the way). A load without a schedule is timed from
its first action, so that only the last two count.

Let w be the times in order, and l the times without this machine's part, put in order by themselves. The share of the
quantile at rank k is 1 - exp(mean of ln(l/w)), over the ranks within half of those beyond k at either side, and `LEAST`
at the least. Both are put in order, since the slowest exchanges without this machine's part need not be the same ones.
The logarithm makes a single far value weigh little: where 0.9 % of the answers take 10 s and others were lifted to
200 ms, the share of p99 is that of the lifted ones. `tests/simulations/test_figures.py` has how often it is right.

An exchange without this machine's part is taken as the mean over those that lasted as long (within 0.1 %). A timeout is
as slow as any exchange: it may have left late, and that may be the whole reason.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from loadgen.clock import MILLISECOND
from loadgen.record import attribution
from loadgen.record.share import MOSTLY_STAMPED, Part, Shares
from loadgen.result import run as result
from loadgen.result.resolution import ASSUMED, Resolution
from loadgen.stats import fewest, fraction, rank
from loadgen.trust.finding import Limit, Verdict

LEAST = 10  # ranks at either side: a single late exchange makes no percentile
SHARE = Limit("share", "%", 0.02, 0.10)
MOMENT = 1.0 * MILLISECOND  # that an operating system may take to let a process run
JUDGED = ("p50", "p99")  # of each step, where the profile asks for no figure
ALIKE = {"min": "p50", "max": "p99.9"}  # whose resolution such a figure has

Floats = NDArray[Any]

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


class _Ordered:
    """Times in ascending order, each of so many exchanges; to be read by rank, from 1."""

    def __init__(self, times: Floats, counts: Floats) -> None:
        order = np.argsort(times, kind="stable")
        self.times, self.counts = times[order], counts[order]
        self.above = np.cumsum(self.counts)

    def at(self, position: int) -> float:
        return float(self.times[np.searchsorted(self.above, position)])

    def log_mean(self, first: int, last: int) -> float:
        """The mean logarithm of the times from rank `first` to `last`."""
        inside = np.minimum(self.above, last) - np.maximum(self.above - self.counts, first - 1)
        return float(np.maximum(inside, 0) @ np.log(self.times)) / (last - first + 1)


def _figures(place: Place, shares: Shares, names: Sequence[str], of_profile: Mapping[Part, str]) -> Iterator[Figure]:
    count, sums = shares.count, shares.sums
    counts = sums[:, Part.COUNT]
    parts = _own_parts(attribution.net(sums, of_profile), counts)
    whole = np.maximum(sums[:, Part.WHOLE] / counts, 1)
    left = np.maximum(whole - parts.sum(axis=1) / counts, 1)
    measured, without = _Ordered(whole, counts), _Ordered(left, counts)
    at_least = int(sums[:, Part.STAMPED].sum()) < MOSTLY_STAMPED * count
    for name in names:
        if name == "mean":
            value = float(whole @ counts) / count
            least = float(left @ counts) / count
            share, first, last = 1 - least / value, 1, count
        else:
            if name.startswith("p") and count < fewest(name):
                continue
            position, reach = _position(name, count)
            value, least = measured.at(position), without.at(position)
            first, last = max(1, position - reach), min(count, position + reach)
            share = 1 - math.exp(without.log_mean(first, last) - measured.log_mean(first, last))
        share = max(0.0, share)
        made = _divided(parts, counts, (first, last), share * value)
        yield Figure(*place, name, value, least, share, made, count, at_least)


def _position(name: str, count: int) -> tuple[int, int]:
    """The rank of a quantile, and how far the ranks about it reach."""
    if name in ("min", "max"):
        return (1 if name == "min" else count), 0
    position = rank(fraction(name), count)
    return position, max(LEAST, min(position, count - position) // 2)


def _own_parts(net: Floats, counts: Floats) -> Floats:
    """This machine's parts of each counter's exchanges in the order of `attribution.OWN`, without what making a
    connection costs."""
    parts: Floats = net[:, attribution.OWN].astype(float)
    for column, part in enumerate(attribution.OWN):
        if part is Part.HANDSHAKE_CPU:
            parts[:, column] = 0
        elif part is Part.CONNECT_DELAY:
            parts[:, column] = np.maximum(parts[:, column] - MOMENT * counts, 0)
    return parts


def _divided(parts: Floats, counts: Floats, ranks: tuple[int, int], part: float) -> dict[str, float]:
    """`part` by what it is made of: as it is in the exchanges at these ranks, or at these and all above, if these have
    none."""
    above = np.cumsum(counts)
    for first, last in (ranks, (ranks[0], int(above[-1]))):
        inside = np.maximum(np.minimum(above, last) - np.maximum(above - counts, first - 1), 0) / counts
        sums = np.maximum(inside @ parts, 0)
        if total := float(sums.sum()):
            named = zip(attribution.OWN, sums, strict=True)
            return {of.name.lower(): float(ns) / total * part for of, ns in named if ns}
    return {}
