"""Whether the share of requests that are beyond a limit is below a limit share, from one run's counts bin by bin.

A bin is a second of the run, or another part of it. Requests beyond a limit come together, so that n of them know as
much as n / overdispersion independent ones. With these effective numbers the exact binomial test and its interval hold
also where few are beyond the limit, or none (Korn & Graubard 1998, "Confidence intervals for proportions with small
expected number of positive counts estimated from survey data"). A run in which none is beyond a limit does not show how
they would come together: how its own slowest ones do is then the best that is known (tests/simulations).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from loadgen.stats.blocks import spread
from loadgen.stats.distributions import NORMAL, at_least, at_most, t_quantile
from loadgen.stats.histogram import Integers

Decision = Literal["below", "above", "undecided"]

CONFIDENCE = 0.95
FEW = 20  # bins: fewer do not show how requests come together over longer than a bin
MOST = 1000  # times as long as the run: what takes longer is not foreseen


@dataclass(frozen=True, slots=True)
class Share:
    """`beyond` of `count` requests, which are worth as many independent ones as divided by `overdispersion`."""

    count: int
    beyond: int
    overdispersion: float = 1.0

    @property
    def value(self) -> float:
        return self.beyond / self.count

    def expected(self, limit: float) -> float:
        """How many independent events beyond it there would be if the share were `limit`."""
        return self.count * limit / self.overdispersion

    def decided(self, limit: float, confidence: float = CONFIDENCE) -> Decision:
        """Whether the true share is below or above `limit`, if `confidence` allows to say so. Either is wrong in half
        of 1 - `confidence` of the runs whose share is the limit."""
        return self._decided(limit, confidence, 1.0)

    def _decided(self, limit: float, confidence: float, times: float) -> Decision:
        """The same, if the run were so many times as long and went on as it did."""
        doubt, worth = (1 - confidence) / 2, times / self.overdispersion
        n, k = self.count * worth, self.beyond * worth
        if at_most(k, n, limit) <= doubt:
            return "below"
        return "above" if at_least(k, n, limit) <= doubt else "undecided"

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Between which shares the true one lies: those that `decided` does not exclude."""
        doubt, n, k = (1 - confidence) / 2, self.count / self.overdispersion, self.beyond / self.overdispersion
        low = _crossing(lambda share: at_least(k, n, share) > doubt, 0.0, self.value) if k else 0.0
        high = _crossing(lambda share: at_most(k, n, share) <= doubt, self.value, 1.0) if k < n else 1.0
        return low, high

    def times(self, limit: float, confidence: float = CONFIDENCE) -> float | None:
        """How many times as long a run would decide it, if it went on as it did; None if not even `MOST` times."""
        if self._decided(limit, confidence, MOST) == "undecided":
            return None
        return _crossing(lambda times: self._decided(limit, confidence, times) != "undecided", 1.0, MOST)


def _crossing(holds: Callable[[float], bool], low: float, high: float) -> float:
    """The value at which something begins to hold, between one at which it does not and one at which it does."""
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def share_of(counts: Integers, beyond: Integers, confidence: float = CONFIDENCE, least: float = 1.0) -> Share:
    """The share of those `beyond` among the `counts` of each bin. The overdispersion is `least` or more. It is an
    estimate, whose own doubt is that of Student's t beside the normal distribution; only its part above chance is in
    doubt."""
    times, df = _overdispersion(counts, beyond)
    doubt = 1 + (times - 1) * _wider(df, confidence) if times > 1 else 1.0
    return Share(int(counts.sum()), int(beyond.sum()), max(doubt, least))


def overdispersion(counts: Integers, beyond: Integers) -> float:
    """By how much more than by chance the number of those beyond would differ from run to run; at least 1, and 1 if
    there is a single bin."""
    return max(1.0, _overdispersion(counts, beyond)[0]) if len(counts) > 1 else 1.0


def together(runs: list[Share], confidence: float = CONFIDENCE) -> Share:
    """The share of several runs: of all their requests, with the overdispersion that the runs show among each other,
    but at least that within them."""
    count, beyond = sum(run.count for run in runs), sum(run.beyond for run in runs)
    within = sum(run.count * run.overdispersion for run in runs) / count
    if not 0 < beyond < count or len(runs) < 2:
        return Share(count, beyond, within)
    share = beyond / count
    squares = sum((run.beyond - run.count * share) ** 2 for run in runs)
    df = len(runs) - 1
    times = squares * len(runs) / df / (count * share * (1 - share))
    return Share(count, beyond, max(within, times * _wider(df, confidence)))


def _overdispersion(counts: Integers, beyond: Integers) -> tuple[float, int]:
    """The variance of the sum of `beyond`, as a multiple of what chance makes, and its degrees of freedom. Few bins
    do not show slow variation: they are taken as independent of each other. A single one shows nothing, so that all may
    have come together, as one event."""
    count, number = int(counts.sum()), int(beyond.sum())
    if not 0 < number < count:
        return 1.0, 1
    share = number / count
    parts, bins = beyond - counts * share, len(counts)
    if bins < 2:
        return float(number), 0
    if bins < FEW:
        variance, df = float(parts @ parts) * bins / (bins - 1), bins - 1
    else:
        estimate = spread(parts)
        variance, df = estimate.variance, estimate.df
    return variance / (count * share * (1 - share)), df


def _wider(df: int, confidence: float) -> float:
    """How much wider an interval is because its variance is estimated, as a factor of the variance."""
    p = (1 + confidence) / 2
    return (t_quantile(p, df) / NORMAL.inv_cdf(p)) ** 2 if df else 1.0
