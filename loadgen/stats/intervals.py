"""What a quantile, or a mean, may be: intervals from one run's counts second by second, or why there is none.

Requests of one run hang together: what keeps one waiting keeps its neighbours waiting. The textbook's interval, which
takes them to be independent, holds what it should in 7 % of runs of a busy queue instead of 95. Here the seconds tell
how far they are from that: the overdispersion is the variance of the number of slow requests over what it would be if
each were slow by chance alone, and n requests are worth n / overdispersion independent ones.

Where too few are left of those beyond the quantile, there is no interval. That is judged by the greatest overdispersion
that the seconds allow, as an estimate passes its own test too easily when it is too small by luck; and the fewer are
left, the more of that doubt is in the interval. A stricter test without it would be no better: whoever passes one that
most runs fail is the luckiest (tests/simulations).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from loadgen.result.reason import Reason
from loadgen.stats.blocks import Floats, spread
from loadgen.stats.distributions import NORMAL, variance_bound
from loadgen.stats.histogram import Histogram, Integers, highest_of, lowest_of, rank

SECONDS = 20  # at the least
EVENTS = 5  # independent ones beyond the quantile, at the least and by the most cautious estimate
FEW = 20  # below, an interval is given with a warning
PLENTY = 30  # above, the estimate is taken for what it is; in runs that are not long, above more than that
LONG = 50  # seconds
SURE = 2.0  # times the variance of chance: from there on the seconds of a long run are taken for more than chance
CAUTION, SHORT_CAUTION = 0.9, 0.95  # the confidence with which a variance is taken to be no greater; of shorter runs
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """What the figure may be, in ns, both ends included; `high` is None where it has no upper bound.

    `overdispersion` is the estimate; `events` are the independent events beyond the quantile, by the cautious one. A
    mean has neither.
    """

    low: int
    high: int | None
    confidence: float
    overdispersion: float = 1.0
    events: float = math.inf
    warning: Reason | None = None

    def precision(self, value: int) -> float:
        """How far `value` may be off, as a share of it."""
        return math.inf if self.high is None else max(self.high - value, value - self.low) / value


@dataclass(frozen=True, slots=True)
class NoInterval:
    """Why there is none. Its value `more_s` is about how many more seconds at this rate would give one; no time would
    where it has none."""

    reason: Reason


def limit(p: Fraction, histogram: Histogram, late: int = 0) -> int:
    """The value (ns) beyond which each second's requests are counted for the interval of quantile `p`: the end of a
    counter, as close to the quantile as one can be that some requests are beyond and some are not."""
    count = histogram.count + late
    within = np.cumsum(histogram.counts)
    at = min(int(np.searchsorted(within, rank(p, count))), len(within) - 1)
    near = [i for i in (at - 1, at) if i >= 0 and within[i] < count] or [at]
    best = min(near, key=lambda i: abs(float(within[i]) - float(p * count)))
    return highest_of(int(histogram.index[best]))


def interval(
    p: Fraction,
    histogram: Histogram,
    late: Histogram,
    counts: Integers,
    beyond: Integers,
    confidence: float = CONFIDENCE,
) -> Interval | NoInterval:
    """The interval of quantile `p` of the values in `histogram` and of the `late` ones, which are known only by a bound
    below.

    `counts` are the requests of each second, both kinds together, also of seconds without any; `beyond` how many of
    them were greater than `limit`, all the late ones among them. The ends are the ranks n p -+ t sqrt(n p (1-p) phi),
    with t for skewed sums (`blocks.Spread.reach`), at least n p -+ z sqrt(n p (1-p)), and of their counters the outer
    bounds.
    """
    count, seconds = histogram.count + late.count, len(counts)
    assert counts.sum() == count, "the seconds are not those of the values"
    outside = float(min(p, 1 - p))
    if seconds < SECONDS:
        return _short(seconds, count * outside)
    if not histogram.count:
        return NoInterval(Reason.of("all_timed_out" if count else "no_requests"))
    share = float(beyond.sum()) / count
    variance = spread(beyond - counts * share)
    chance = float(p * (1 - p))
    alone = count * (share * (1 - share) or chance)  # the variance if each were beyond by chance alone
    times = variance.variance / alone
    phi, greatest = max(1.0, times), _greatest(times, variance.df, seconds)
    events = count * outside / greatest
    if events < EVENTS:
        return _uncertain(count * outside, events, seconds)
    plenty = PLENTY * max(1.0, LONG / seconds) ** 2
    share_of_doubt = min(1.0, max(0.0, (plenty - events) / (plenty - EVENTS)))
    variance = replace(variance, variance=variance.variance * (greatest / phi) ** share_of_doubt)
    # many beyond the limit means that the quantile is lower than that
    reaches = variance.reach(confidence, alone, SURE if seconds >= LONG else 1.0)
    below, above = (reach * math.sqrt(count * chance / alone) for reach in reaches)
    low, high = _ends(histogram, late, count * p - above, count * p + below)
    warning = Reason.of("few_events", events=round(events)) if events < FEW else None
    return Interval(low, high, confidence, phi, events, warning)


def _greatest(times: float, df: int, seconds: int) -> float:
    """The greatest overdispersion that an estimate of so many times the variance of chance allows. What is beyond
    chance is in doubt; of a run that is not long, which does not tell one from the other, all of it."""
    if seconds < LONG:
        return max(1.0, times * variance_bound(df, SHORT_CAUTION))
    return max(1.0, 1 + (times - 1) * variance_bound(df, CAUTION))


def _short(seconds: int, events: float = EVENTS) -> NoInterval:
    """`events` are those beyond it, each of which counts at the most as one."""
    enough = seconds * EVENTS / events if events else SECONDS
    more = max(SECONDS, enough) - seconds
    return NoInterval(Reason.of("too_short", needs=SECONDS, seconds=seconds, more_s=more))


def _uncertain(raw: float, events: float, seconds: int) -> NoInterval:
    more, worth = seconds * (EVENTS / events - 1), round(events, 1) if raw > 1.05 * events else None
    return NoInterval(Reason.of("too_few_events", needs=EVENTS, events=round(raw, 1), worth=worth, more_s=more))


def _ends(histogram: Histogram, late: Histogram, first: float, last: float) -> tuple[int, int | None]:
    """The outer bounds of the counters of both ranks: the whole ones within which the exact binomial interval has its
    normal form. A rank among the late ones is above the least of these."""
    lowest, highest = math.floor(first + 0.5), math.ceil(last + 0.5)
    low = 0 if lowest < 1 else late.least if lowest > histogram.count else _least_at(histogram, lowest)
    if late.count:
        low = min(low, late.least)
    return low, histogram.at_rank(highest) if highest <= histogram.count else None


def _least_at(histogram: Histogram, position: int) -> int:
    index = int(histogram.index[np.searchsorted(np.cumsum(histogram.counts), position)])
    return max(lowest_of(index), histogram.least)


def mean_interval(counts: Integers, totals: Floats, confidence: float = CONFIDENCE) -> Interval | NoInterval:
    """The interval of the mean, from each second's number of values and their sum (ns): a ratio of two sums, so that
    what varies is total - mean x count (Cochran, Sampling Techniques, 6.3)."""
    if len(counts) < SECONDS:
        return _short(len(counts))
    count = int(counts.sum())
    if not count:
        return NoInterval(Reason.of("no_requests"))
    mean = float(totals.sum()) / count
    below, above = spread(totals - counts * mean).reach(confidence)
    return Interval(max(0, math.floor(mean - above / count)), math.ceil(mean + below / count), confidence)


def needed(p: Fraction, precision: float, rate: float, overdispersion: float = 1.0) -> float:
    """The seconds at `rate` requests a second for the probability of the tail beyond `p` to be known within
    `precision`, as a share of it: n = (1.96 / precision)^2 p / (1-p) x overdispersion, the binomial's normal form;
    and at least those that an interval takes at all."""
    return max(SECONDS, events(p, precision) * overdispersion / rate)


def events(p: Fraction, precision: float, confidence: float = CONFIDENCE) -> int:
    """How many independent requests `needed` takes."""
    z = NORMAL.inv_cdf((1 + confidence) / 2)
    return math.ceil(max((z / precision) ** 2 * float(p / (1 - p)), float(EVENTS / min(p, 1 - p))))
