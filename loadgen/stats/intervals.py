"""The interval of a quantile, or of a mean, from one run's counts per second; or why there is none.

Requests of one run are not independent: what delays one delays its neighbours. The textbook's interval assumes
independence. For runs of a busy queue it holds the true value in 7 % of cases instead of 95 %. Here the seconds show
how far the run is from independence. The overdispersion is the variance of the number of slow requests, divided by the
variance that there would be if each request were slow by chance alone. So n requests count for n / overdispersion
independent ones.

If too few of those beyond the quantile are left, there is no interval. The test uses the greatest overdispersion that
the seconds allow, because an estimate that is too small by luck would pass its own test too easily. The fewer are left,
the more of that uncertainty goes into the interval. A stricter test without it would be no better: it would be passed
mostly by runs with too small an estimate (tests/simulations).
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

SECONDS = 20  # an interval takes at least so many seconds
EVENTS = 5  # an interval takes so many independent events beyond the quantile, by the most cautious estimate
FEW = 20  # with fewer events, an interval has a warning
PLENTY = 30  # with more events, the estimate is used as it is; shorter runs need more
LONG = 50  # seconds: a shorter run is not long
SURE = 2.0  # times the variance of chance: if the seconds of a long run vary more, it is not by chance
CAUTION, SHORT_CAUTION = 0.9, 0.95  # the confidence of a variance's upper bound; the second is for shorter runs
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """The interval of a figure in ns, both ends included; `high` is None if it has no upper bound.

    `overdispersion` is the estimate; `events` is the number of independent events beyond the quantile, by the cautious
    estimate. A mean has neither.
    """

    low: int
    high: int | None
    confidence: float
    overdispersion: float = 1.0
    events: float = math.inf
    warning: Reason | None = None

    def precision(self, value: int) -> float:
        """How far off `value` may be, as a share of it."""
        return math.inf if self.high is None else max(self.high - value, value - self.low) / value


@dataclass(frozen=True, slots=True)
class NoInterval:
    """Why there is no interval. Its value `more_s` is about how many more seconds at this rate would give one; without
    it, no time would."""

    reason: Reason


def limit(p: Fraction, histogram: Histogram, late: int = 0) -> int:
    """The value (ns) beyond which the requests of each second are counted, for the interval of quantile `p`. It is the
    end of a counter: the nearest to the quantile for which some requests are beyond it and some are not."""
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
    """The interval of quantile `p` of the values in `histogram` and of the `late` values, of which only a lower bound
    is known.

    `counts` are the requests of each second, of both kinds, also of seconds without any. `beyond` are those of them
    that were greater than `limit`, all late ones included. The ends are the ranks n p -+ t sqrt(n p (1-p) phi), with t
    for skewed sums (`blocks.Spread.reach`), but at least n p -+ z sqrt(n p (1-p)); the interval ends at the outer
    bounds of their counters.
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
    alone = count * (share * (1 - share) or chance)  # the variance if requests were beyond it by chance alone
    times = variance.variance / alone
    phi, greatest = max(1.0, times), _greatest(times, variance.df, seconds)
    events = count * outside / greatest
    if events < EVENTS:
        return _uncertain(count * outside, events, seconds)
    plenty = PLENTY * max(1.0, LONG / seconds) ** 2
    share_of_doubt = min(1.0, max(0.0, (plenty - events) / (plenty - EVENTS)))
    variance = replace(variance, variance=variance.variance * (greatest / phi) ** share_of_doubt)
    # the ends swap: if too many requests are beyond the limit by chance, the true quantile is lower
    reaches = variance.reach(confidence, alone, SURE if seconds >= LONG else 1.0)
    below, above = (reach * math.sqrt(count * chance / alone) for reach in reaches)
    low, high = _ends(histogram, late, count * p - above, count * p + below)
    warning = Reason.of("few_events", events=round(events)) if events < FEW else None
    return Interval(low, high, confidence, phi, events, warning)


def _greatest(times: float, df: int, seconds: int) -> float:
    """The greatest overdispersion that the estimate allows, which is `times` the variance of chance. Only the part
    above chance is uncertain; in a run that is not long, which cannot tell the two parts apart, all of it is."""
    if seconds < LONG:
        return max(1.0, times * variance_bound(df, SHORT_CAUTION))
    return max(1.0, 1 + (times - 1) * variance_bound(df, CAUTION))


def _short(seconds: int, events: float = EVENTS) -> NoInterval:
    """The reason that the run is too short. `events` is the number of events beyond the quantile, each of which counts
    for one at most."""
    enough = seconds * EVENTS / events if events else SECONDS
    more = max(SECONDS, enough) - seconds
    return NoInterval(Reason.of("too_short", needs=SECONDS, seconds=seconds, more_s=more))


def _uncertain(raw: float, events: float, seconds: int) -> NoInterval:
    more, worth = seconds * (EVENTS / events - 1), round(events, 1) if raw > 1.05 * events else None
    return NoInterval(Reason.of("too_few_events", needs=EVENTS, events=round(raw, 1), worth=worth, more_s=more))


def _ends(histogram: Histogram, late: Histogram, first: float, last: float) -> tuple[int, int | None]:
    """The outer bounds of the counters of both ranks. The ranks are rounded to those within which the exact binomial
    interval has its normal form. A rank among the late values lies above the smallest of their bounds."""
    lowest, highest = math.floor(first + 0.5), math.ceil(last + 0.5)
    low = 0 if lowest < 1 else late.least if lowest > histogram.count else _least_at(histogram, lowest)
    if late.count:
        low = min(low, late.least)
    return low, histogram.at_rank(highest) if highest <= histogram.count else None


def _least_at(histogram: Histogram, position: int) -> int:
    index = int(histogram.index[np.searchsorted(np.cumsum(histogram.counts), position)])
    return max(lowest_of(index), histogram.least)


def mean_interval(counts: Integers, totals: Floats, confidence: float = CONFIDENCE) -> Interval | NoInterval:
    """The interval of the mean, from the number of values and their sum (ns) in each second. It is a ratio of two sums,
    so the variance is that of total - mean x count (Cochran, Sampling Techniques, 6.3)."""
    if len(counts) < SECONDS:
        return _short(len(counts))
    count = int(counts.sum())
    if not count:
        return NoInterval(Reason.of("no_requests"))
    mean = float(totals.sum()) / count
    below, above = spread(totals - counts * mean).reach(confidence)
    return Interval(max(0, math.floor(mean - above / count)), math.ceil(mean + below / count), confidence)


def needed(p: Fraction, precision: float, rate: float, overdispersion: float = 1.0) -> float:
    """How many seconds it takes at `rate` requests per second to know the probability of the tail beyond `p` within
    `precision`, as a share of it: n = (1.96 / precision)^2 p / (1-p) x overdispersion, the normal form of the binomial;
    but at least as many as an interval takes."""
    return max(SECONDS, events(p, precision) * overdispersion / rate)


def events(p: Fraction, precision: float, confidence: float = CONFIDENCE) -> int:
    """The number of independent requests that `needed` takes."""
    z = NORMAL.inv_cdf((1 + confidence) / 2)
    return math.ceil(max((z / precision) ** 2 * float(p / (1 - p)), float(EVENTS / min(p, 1 - p))))
