"""Two variants, compared with each other over rounds.

Each round runs both, so that what drifts between rounds is in both and cancels out. A round gives one difference of
logarithms, which is the ratio in that round; requests within a round are no replicates of it, and all of them together
do not make up for a second round. Over the rounds the differences are independent, spread alike, and their mean is
judged by Student's t. (A bootstrap of so few finds them too certain: docs/statistics.md.)
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
from loadgen.stats.looks import ALPHA
from loadgen.stats.paired import Evidence, Signs, Student, trend

ROUNDS = 6  # for a verdict, at the least: of fewer, not even all on one side is beyond chance (2 / 2^5 = 6 %)
MARGIN = 0.05
POWER = 0.8
CAUTION = 0.8  # the confidence with which a standard deviation from few rounds is taken to be no greater
TREND = 0.01  # less probable than this by chance, a trend over the rounds is one
MOST = 1000  # rounds that are ever proposed


class Decision(StrEnum):
    """Of the variant against the baseline."""

    FASTER = "faster"  # the interval of the ratio is beyond the margin
    SLOWER = "slower"
    EQUIVALENT = "equivalent"  # it is inside the margin
    INCONCLUSIVE = "inconclusive"  # it is neither


class Value(NamedTuple):
    """A figure of one run in ns, as far as it is known: `high` is infinite where it is censored."""

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
    """An estimate with its interval, whose ends are infinite where they are unknown."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure of a variant against that of the baseline: their ratio, and their difference in ns.

    `verdict` is None where none can be given, and `why` says why. `p` is the least level at which the interval would
    have decided (as it did, or would do). `sd` is that of the rounds' log ratios, `trend` the probability of so much of
    a trend in them by chance; both None where values are censored. `more` are the further rounds that would decide, if
    the ratio is what it seems to be; None if no number would.
    """

    ratio: Range
    difference: Range
    rounds: int
    verdict: Decision | None
    p: float
    why: Reason | None = None
    sd: float | None = None
    trend: float | None = None
    more: int | None = None


def compare(rounds: Sequence[tuple[Value, Value]], margin: float = MARGIN, level: float = ALPHA) -> Comparison | None:
    """The comparison of (baseline, variant) in each round, with intervals of confidence 1 - level; None if there are
    fewer than two, or a figure is 0."""
    if len(rounds) < 2 or any(value.low <= 0 for pair in rounds for value in pair):
        return None
    base = np.array([pair[0] for pair in rounds])
    variant = np.array([pair[1] for pair in rounds])
    ratios = _evidence(np.log(base), np.log(variant))
    low, high = ratios.interval(level)
    verdict, p = _judge(ratios, math.log1p(margin))
    comparison = Comparison(
        Range(math.exp(ratios.centre), math.exp(low), math.exp(high)),
        _range(_evidence(base, variant), level),
        len(rounds),
        verdict if p <= level else Decision.INCONCLUSIVE,
        p,
    )
    return _qualified(comparison, ratios, np.log(variant[:, 0] / base[:, 0]), math.log1p(margin), level)


def holm(comparisons: Mapping[str, Comparison], level: float = ALPHA) -> dict[str, Comparison]:
    """The same, with the verdicts that stand when all of them are to be right together with probability 1 - level (Holm
    1979). The primary figure is not among them: it has the level to itself."""
    adjusted = dict(comparisons)
    tested = sorted((name for name, of in adjusted.items() if of.verdict), key=lambda name: adjusted[name].p)
    standing = True
    for number, name in enumerate(tested):
        standing = standing and adjusted[name].p <= level / (len(tested) - number)
        if not standing and adjusted[name].verdict is not Decision.INCONCLUSIVE:
            why = Reason.of("could_be_chance", figures=len(tested))
            adjusted[name] = replace(adjusted[name], verdict=Decision.INCONCLUSIVE, why=why)
    return adjusted


def power(rounds: int, difference: float, level: float = ALPHA) -> float:
    """How often so many rounds find a difference beyond the margin of so many standard deviations of the rounds'
    differences."""
    return t_power(difference * math.sqrt(rounds), rounds - 1, t_quantile(1 - level / 2, rounds - 1))


def detectable(rounds: int, level: float = ALPHA) -> float:
    """The least difference beyond the margin that so many rounds find with `POWER`, in standard deviations of the
    rounds' differences."""
    low, high = 0.0, 100.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if power(rounds, middle, level) < POWER else (low, middle)
    return high


def rounds_for(difference: float, level: float = ALPHA, df: int | None = None) -> int | None:
    """The rounds that find a difference beyond the margin of so many standard deviations with `POWER`; None if over a
    thousand. `df` are the degrees of freedom of the standard deviation if it is an estimate: it may be too small, and
    would be so by luck where the difference stands out."""
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
    """Of the rounds' differences; `base` and `variant` are rows of (low, high)."""
    if np.isfinite(base).all() and np.isfinite(variant).all():
        return Student(variant[:, 0] - base[:, 0])
    return Signs(variant[:, 0] - base[:, 1], variant[:, 1] - base[:, 0])


def _range(evidence: Evidence, level: float) -> Range:
    return Range(evidence.centre, *evidence.interval(level))


def _judge(ratios: Evidence, margin: float) -> tuple[Decision, float]:
    """The verdict that is least doubtful, and the level at which it can be given."""
    levels = {
        Decision.SLOWER: 2 * ratios.above(margin),
        Decision.FASTER: 2 * ratios.below(-margin),
        Decision.EQUIVALENT: 2 * max(ratios.above(-margin), ratios.below(margin)),
    }
    verdict = min(levels, key=lambda each: levels[each])
    return verdict, min(1.0, levels[verdict])


def _qualified(comparison: Comparison, ratios: Evidence, logs: Floats, margin: float, level: float) -> Comparison:
    """With what speaks against a verdict, and with the rounds that one takes."""
    if isinstance(ratios, Student):
        comparison = replace(comparison, sd=ratios.sd, trend=trend(logs))
    if comparison.rounds < ROUNDS:
        return replace(
            comparison, verdict=None, why=Reason.of("too_few_rounds", needs=ROUNDS, rounds=comparison.rounds)
        )
    if comparison.trend is not None and comparison.trend < TREND:
        return replace(comparison, verdict=None, why=Reason.of("ratio_drifts"))
    if comparison.verdict is not Decision.INCONCLUSIVE or not comparison.sd:
        return comparison
    away = min(abs(ratios.centre - margin), abs(ratios.centre + margin))
    total = rounds_for(away / comparison.sd, level, comparison.rounds - 1)
    return replace(comparison, more=None if total is None else max(1, total - comparison.rounds))
