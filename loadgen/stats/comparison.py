"""Two variants, compared with each other over rounds.

Each round runs both, so that a drift between rounds affects both and cancels out. A round gives one difference of
logarithms, which is the ratio in that round. The requests within a round are not independent repetitions, and no number
of them makes up for a second round. Over the rounds the differences are independent and spread alike, and Student's t
judges their mean. (A bootstrap of so few differences gives too narrow an interval: docs/evidence.md.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from loadgen.result.reason import Reason
from loadgen.stats.blocks import Floats
from loadgen.stats.distributions import t_power, t_quantile, variance_bound
from loadgen.stats.looks import ALPHA, levels
from loadgen.stats.paired import Bounded, Evidence, Signs, Student, trend

ROUNDS = 6  # a verdict takes at least so many: with fewer, even all on one side is within chance (2 / 2^5 = 6 %)
MARGIN = 0.05
POWER = 0.8
CAUTION = 0.8  # the confidence of the upper bound of a standard deviation that is estimated from few rounds
TREND = 0.01  # a trend over the rounds counts as real if its probability by chance is smaller
MOST = 1000  # no more rounds than this are ever proposed


class Decision(StrEnum):
    """The verdict on the variant, compared with the baseline."""

    FASTER = "faster"  # the interval of the ratio is beyond the margin
    SLOWER = "slower"
    EQUIVALENT = "equivalent"  # the interval is inside the margin
    INCONCLUSIVE = "inconclusive"  # the interval is neither


class Value(NamedTuple):
    """A figure of one run in ns, as far as it is known: within bounds. `high` is infinite if the figure is censored."""

    low: float
    high: float

    @classmethod
    def exactly(cls, ns: float) -> Value:
        return cls(ns, ns)

    @classmethod
    def at_least(cls, ns: float) -> Value:
        return cls(ns, math.inf)


@dataclass(frozen=True, slots=True)
class Range:
    """An estimate with its interval. An end is infinite if it is not known, and nan without an interval."""

    value: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure of a variant compared with that of the baseline: their ratio, and their difference.

    Fewer than `ROUNDS` rounds have no interval and no verdict, and `why` is the reason. `p` is the smallest level at
    which the interval would decide as it does. `trend` is the probability of so strong a trend in the ratios by chance;
    None if values are censored. `away` is how far what was judged is from the nearer edge of the margin, in standard
    deviations of the rounds; None if that is not known. `more` is the number of further rounds that would decide at the
    level that the figure has, if the ratio stays the same; None if no number would. `by_resolution`: the difference was
    judged, and not the ratio.
    """

    ratio: Range
    difference: Range
    rounds: int
    verdict: Decision | None
    p: float
    why: Reason | None = None
    trend: float | None = None
    away: float | None = None
    more: int | None = None
    by_resolution: bool = False


def compare(
    rounds: Sequence[tuple[Value, Value]], margin: float = MARGIN, level: float = ALPHA, resolution: float = 0.0
) -> Comparison | None:
    """The comparison of (baseline, variant) over the rounds, with intervals of confidence 1 - level; None if there is
    no round, or if a figure is 0. The verdict is about the ratio and `margin`; or, if `resolution` is more than that
    share of the baseline, about the difference and `resolution`, which is in the unit of the values."""
    if not rounds or any(value.low <= 0 for pair in rounds for value in pair):
        return None
    base = np.array([pair[0] for pair in rounds])
    variant = np.array([pair[1] for pair in rounds])
    ratios, differences = _evidence(np.log(base), np.log(variant)), _evidence(base, variant)
    if len(rounds) < ROUNDS:
        why = Reason.of("too_few_rounds", needs=ROUNDS, rounds=len(rounds))
        return Comparison(Range(math.exp(ratios.centre)), Range(differences.centre), len(rounds), None, 1.0, why)
    by_resolution = resolution > margin * math.exp(np.log(base[:, 0]).mean())
    judged, edge = (differences, resolution) if by_resolution else (ratios, math.log1p(margin))
    low, high = ratios.interval(level)
    verdict, p = _judge(judged, edge)
    comparison = Comparison(
        Range(math.exp(ratios.centre), math.exp(low), math.exp(high)),
        _range(differences, level),
        len(rounds),
        verdict,
        p,
        trend=trend(np.log(variant[:, 0] / base[:, 0])) if isinstance(ratios, Student) else None,
        away=_away(judged, edge),
        by_resolution=by_resolution,
    )
    return comparison if p <= level else _undecided(comparison, level)


def level_at(looks: Sequence[int], rounds: int) -> float:
    """The error probability that a verdict after so many rounds may spend, with these planned looks. A look of too few
    rounds for a verdict spends nothing."""
    verdicts = [look for look in looks if look >= ROUNDS]
    return levels(verdicts)[verdicts.index(rounds)] if rounds in verdicts else ALPHA


def holm(comparisons: Mapping[str, Comparison], level: float = ALPHA) -> dict[str, Comparison]:
    """The same comparisons, with only the verdicts that are all right together with probability 1 - level (Holm 1979).
    The primary figure is not among them: it has the whole level for itself."""
    adjusted = dict(comparisons)
    tested = sorted((name for name, of in adjusted.items() if of.verdict), key=lambda name: adjusted[name].p)
    for number, name in enumerate(tested):
        share = level / (len(tested) - number)
        if adjusted[name].p > share:
            return adjusted | {rest: _demoted(adjusted[rest], share, len(tested)) for rest in tested[number:]}
    return adjusted


def _demoted(comparison: Comparison, level: float, figures: int) -> Comparison:
    """Without a verdict at `level`, which is what is left for it among so many figures."""
    if comparison.verdict is not Decision.INCONCLUSIVE:
        comparison = replace(comparison, why=Reason.of("could_be_chance", figures=figures))
    return _undecided(comparison, level)


def power(rounds: int, difference: float, level: float = ALPHA) -> float:
    """The probability that so many rounds find a difference beyond the margin, given in standard deviations of the
    rounds' differences."""
    return t_power(difference * math.sqrt(rounds), rounds - 1, t_quantile(1 - level / 2, rounds - 1))


def detectable(rounds: int, level: float = ALPHA) -> float:
    """The smallest difference beyond the margin that so many rounds find with probability `POWER`, in standard
    deviations of the rounds' differences."""
    low, high = 0.0, 100.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if power(rounds, middle, level) < POWER else (low, middle)
    return high


def rounds_for(difference: float, level: float = ALPHA, df: int | None = None) -> int | None:
    """The number of rounds that find a difference beyond the margin of so many standard deviations with probability
    `POWER`; None if it is over a thousand. `df` are the degrees of freedom of the standard deviation, if that is an
    estimate: it may be too small, and is so by luck where the difference seems large."""
    if df is not None:
        difference /= math.sqrt(variance_bound(df, CAUTION))
    if power(MOST, difference, level) < POWER:
        return None
    low, high = 1, MOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle, difference, level) >= POWER else (middle, high)
    return max(high, ROUNDS)


def _evidence(base: Floats, variant: Floats) -> Evidence:
    """The evidence from the rounds' differences. `base` and `variant` are rows of (low, high)."""
    low, high = variant[:, 0] - base[:, 1], variant[:, 1] - base[:, 0]
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        return Signs(low, high)
    return Student(low) if (low == high).all() else Bounded(low, high)


def _range(evidence: Evidence, level: float) -> Range:
    return Range(evidence.centre, *evidence.interval(level))


def _judge(judged: Evidence, edge: float) -> tuple[Decision, float]:
    """The verdict with the least probability of error, and that probability."""
    levels = {
        Decision.SLOWER: 2 * judged.above(edge),
        Decision.FASTER: 2 * judged.below(-edge),
        Decision.EQUIVALENT: 2 * max(judged.above(-edge), judged.below(edge)),
    }
    verdict = min(levels, key=lambda each: levels[each])
    return verdict, min(1.0, levels[verdict])


def _away(judged: Evidence, edge: float) -> float | None:
    if not isinstance(judged, Student) or not judged.sd:
        return None
    return min(abs(judged.centre - edge), abs(judged.centre + edge)) / judged.sd


def _undecided(comparison: Comparison, level: float) -> Comparison:
    """Inconclusive at `level`, with the number of rounds that a verdict at that level takes."""
    total = None if comparison.away is None else rounds_for(comparison.away, level, comparison.rounds - 1)
    more = None if total is None else max(1, total - comparison.rounds)
    return replace(comparison, verdict=Decision.INCONCLUSIVE, more=more)
