"""The interval of a quantile, or of a mean, from one run's counts bin by bin; or why there is none.

Requests of one run are not independent: what delays one delays its neighbours. The textbook's interval assumes
independence. For runs of a busy queue it holds the true value in 7 % of cases instead of 95 %. Here the bins show how
far the run is from independence. The overdispersion is the variance of the number of slow requests, divided by the
variance that there would be if each request were slow by chance alone. So n requests count for n / overdispersion
independent ones.

If too few of those beyond the quantile are left, the interval is the textbook's, and says so. The test uses the
greatest overdispersion that the bins allow, because an estimate that is too small by luck would pass its own test too
easily. The fewer are left, the more of that uncertainty goes into the interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

import numpy as np

from loadgen.result.reason import Reason
from loadgen.stats.blocks import BLOCKS, Floats, spread
from loadgen.stats.distributions import NORMAL, variance_bound
from loadgen.stats.histogram import Histogram, Integers, highest_of, lowest_of, rank
from loadgen.stats.ticks import TICKS

LEAST = BLOCKS  # bins: fewer do not show how counts vary
SHORTEST = LEAST / TICKS  # seconds of a phase that can have so many
EVENTS = 7  # independent ones beyond the quantile, by the most cautious estimate: with fewer, t reaches beyond the last
FEW = 20  # with fewer events, an interval has a warning
PLENTY = 30  # with more events, the estimate is used as it is
CAUTION = 0.9  # the confidence of a variance's upper bound
BURSTS = 8  # what comes in fewer bursts than this has no interval
CROWDED = 2  # a bin with more than so many times the mean belongs to a burst
SEEN = 20  # what lasts less than this part of a phase shows in it
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """The interval of a figure in ns, both ends included; `high` is None if it has no upper bound.

    A `full` one has the dependence between requests in it, as far as it lasts no longer than `sees_s`. A `binomial` one
    is at least as wide, if requests were independent; its warning is why it is not full. `overdispersion` is the
    estimate; `events` is the number of independent events beyond the quantile, by the cautious estimate. A mean has
    neither.
    """

    low: int
    high: int | None
    confidence: float
    overdispersion: float = 1.0
    events: float = math.inf
    warning: Reason | None = None
    kind: Literal["full", "binomial"] = "full"
    sees_s: float | None = None

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
    width: float = 1.0,
    ramp: bool = False,
    settled: bool = True,
) -> Interval | NoInterval:
    """The interval of quantile `p` of the values in `histogram` and of the `late` values, of which only a lower bound
    is known.

    `counts` are the requests of each bin, of both kinds, also of bins without any; a bin takes `width` s. `beyond` are
    those of them that were greater than `limit`, all late ones included. `ramp`: the load changed as planned; `settled`
    is what `stats.settling` says. The ends are the ranks n p -+ t sqrt(n p (1-p) phi), with t for skewed sums
    (`blocks.Spread.reach`), but at least n p -+ z sqrt(n p (1-p)); the interval ends at the outer bounds of their
    counters.
    """
    count, seconds = histogram.count + late.count, len(counts) * width
    assert counts.sum() == count, "the bins are not those of the values"
    if not histogram.count:
        return NoInterval(Reason.of("all_timed_out" if count else "no_requests"))
    outside, chance = count * float(min(p, 1 - p)), float(p * (1 - p))
    if outside < EVENTS:
        return NoInterval(_uncertain(outside, outside, seconds))
    if (seen := bursts(counts)) < BURSTS:
        return NoInterval(Reason.of("few_bursts", needs=BURSTS, bursts=seen))
    normal = NORMAL.inv_cdf((1 + confidence) / 2) * math.sqrt(count * chance)
    ends = _ends(histogram, late, count * p - normal, count * p + normal)
    binomial = Interval(*ends, confidence, events=outside, kind="binomial")
    if len(counts) < LEAST:
        return replace(binomial, warning=_short(seconds, width))
    if not settled:
        return replace(binomial, warning=Reason.of("not_settled"))
    share = float(beyond.sum()) / count
    variance = spread(beyond - counts * share, ramp)
    alone = count * (share * (1 - share) or chance)  # the variance if requests were beyond it by chance alone
    times = variance.variance / alone
    # only the part above chance is uncertain
    phi, greatest = max(1.0, times), max(1.0, 1 + (times - 1) * variance_bound(variance.df, CAUTION))
    events = outside / greatest
    if events < EVENTS:
        if (seen := bursts(beyond)) < BURSTS:
            return NoInterval(Reason.of("few_bursts", needs=BURSTS, bursts=seen))
        return replace(binomial, warning=_uncertain(outside, events, seconds))
    doubt = min(1.0, max(0.0, (PLENTY - events) / (PLENTY - EVENTS)))
    variance = replace(variance, variance=variance.variance * (greatest / phi) ** doubt)
    # the ends swap: if too many requests are beyond the limit by chance, the true quantile is lower
    below, above = (reach * math.sqrt(count * chance / alone) for reach in variance.reach(confidence, alone))
    ends = _ends(histogram, late, count * p - above, count * p + below)
    warning = Reason.of("few_events", events=round(events)) if events < FEW else None
    return Interval(*ends, confidence, phi, events, warning, sees_s=seconds / SEEN)


def bursts(counts: Integers) -> float:
    """In how many bursts most of this came; infinite if it did not come in bursts. A burst is a row of bins with far
    more in each than the mean."""
    crowded = counts > CROWDED * counts.mean() + 1
    if 2 * counts[crowded].sum() <= counts.sum():
        return math.inf
    return int(crowded[0]) + int((crowded[1:] & ~crowded[:-1]).sum())


def _short(seconds: float, width: float) -> Reason:
    needs = LEAST * width
    return Reason.of("too_short", needs=needs, seconds=round(seconds, 4), more_s=needs - seconds)


def _uncertain(raw: float, events: float, seconds: float) -> Reason:
    more = seconds * (EVENTS / events - 1) if events else None
    worth = round(events, 1) if raw > 1.05 * events else None
    return Reason.of("too_few_events", needs=EVENTS, events=round(raw, 1), worth=worth, more_s=more)


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


def mean_interval(
    counts: Integers, totals: Floats, confidence: float = CONFIDENCE, width: float = 1.0, ramp: bool = False
) -> Interval | NoInterval:
    """The interval of the mean, from the number of values and their sum (ns) in each bin. It is a ratio of two sums, so
    the variance is that of total - mean x count (Cochran, Sampling Techniques, 6.3)."""
    if len(counts) < LEAST:
        return NoInterval(_short(len(counts) * width, width))
    count = int(counts.sum())
    if not count:
        return NoInterval(Reason.of("no_requests"))
    if (seen := bursts(counts)) < BURSTS:
        return NoInterval(Reason.of("few_bursts", needs=BURSTS, bursts=seen))
    mean = float(totals.sum()) / count
    below, above = spread(totals - counts * mean, ramp).reach(confidence)
    low, high = max(0, math.floor(mean - above / count)), math.ceil(mean + below / count)
    return Interval(low, high, confidence, sees_s=len(counts) * width / SEEN)


def needed(p: Fraction, precision: float, rate: float, overdispersion: float = 1.0) -> float:
    """How many seconds it takes at `rate` requests per second to know the probability of the tail beyond `p` within
    `precision`, as a share of it: n = (1.96 / precision)^2 p / (1-p) x overdispersion, the normal form of the binomial;
    but at least as many as an interval takes."""
    return max(SHORTEST, events(p, precision) * overdispersion / rate)


def interval_after(p: Fraction, rate: float) -> float:
    """How many seconds it takes at `rate` requests per second until quantile `p` has an interval, if requests are
    independent of each other."""
    return max(SHORTEST, float(EVENTS / min(p, 1 - p)) / rate)


def events(p: Fraction, precision: float, confidence: float = CONFIDENCE) -> int:
    """The number of independent requests that `needed` takes."""
    z = NORMAL.inv_cdf((1 + confidence) / 2)
    return math.ceil(max((z / precision) ** 2 * float(p / (1 - p)), float(EVENTS / min(p, 1 - p))))
