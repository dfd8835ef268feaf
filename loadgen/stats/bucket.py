"""The rate at which a token bucket refuses a given share of the requests, from steps at several rates.

A throttle that is a bucket refuses nothing until the bucket is empty: a step near its rate ends before, and keeps what
nobody would keep for an hour. But where it refuses, it tells its rate and its size: its rate is what it lets through
once it is empty, and its size what it let through beyond that before. From these follows what it refuses in the long
run. The tokens that are missing are, nearly, a Brownian motion between two barriers; of requests that come at random,
at a rate r, a bucket of n tokens with the rate R refuses the share d / (e^(2 n d) - 1), where d = R / r - 1 (Harrison
1985, "Brownian Motion and Stochastic Flow Systems", chapter 5), if n is not small.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

SATURATED = 0.05  # of the requests: a bucket that refuses more is empty for most of a step
FEWEST = 4  # steps that tell the size
LARGE = 0.02  # of what a step lets through: a smaller bucket is empty soon enough to be seen in each step
LEFT = 0.01  # likewise: what a step has left from its lead-in at least, if it is to tell the size
LONG = 0.5  # of the longest: in a shorter step a few requests more or less are too many
UNSURE = 2.0  # how many times larger or smaller the bucket may be
BELOW = 0.9  # of its rate: a large bucket refuses nothing there
SOME = 10  # requests: fewer that are refused are chance
SLACK = 0.005  # of the rate: what a step's ends may change


@dataclass(frozen=True, slots=True)
class Refusals:
    """A step: so many of `requests` were refused in `seconds`, behind a lead-in of `lead` s at the same rate."""

    rate: float
    requests: int
    refused: int
    seconds: float
    lead: float

    @property
    def let_in(self) -> float:
        """Requests a second."""
        return (self.requests - self.refused) / self.seconds


@dataclass(frozen=True, slots=True)
class Bucket:
    """A throttle that lets `rate` a second through, and `size` at once."""

    rate: float
    size: float

    def refused(self, rate: float) -> float:
        """The share of requests that it refuses in the long run, which come at random."""
        left = self.rate / rate - 1
        exponent = 2 * self.size * left
        if abs(exponent) < 1e-6:
            return 1 / (2 * self.size)
        return 0.0 if exponent > 700 else left / math.expm1(exponent)

    def sustains(self, allowed: float) -> float:
        """The rate at which it refuses that share."""
        low, high = 0.0, self.rate / (1 - allowed)
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if self.refused(middle) < allowed else (low, middle)
        return low

    def interval(self, allowed: float) -> tuple[float, float]:
        """Between which rates that lies, as its size is known only roughly; and none above its own rate."""
        smaller = Bucket(self.rate, self.size / UNSURE)
        return smaller.sustains(allowed) * (1 - SLACK), self.rate / (1 - allowed) * (1 + SLACK)


def bucket(steps: Sequence[Refusals]) -> Bucket | None:
    """The bucket that refused in these steps; None if it is none, or so small that every step sees it empty."""
    longest = max((step.seconds for step in steps), default=0.0)
    refusing = [step for step in steps if step.refused and step.seconds > LONG * longest]
    most = max(refusing, key=lambda step: step.refused / step.requests, default=None)
    if most is None or most.refused < SATURATED * most.requests:
        return None
    rate = most.let_in  # the one that had the least left from before
    least = LEFT * rate * longest
    more = [(step, step.requests - step.refused - rate * step.seconds) for step in refusing if step.rate > rate]
    # one that had nothing left from its lead-in tells nothing of the size
    sizes = [left + (step.rate - rate) * step.lead for step, left in more if left > least]
    if len(sizes) < FEWEST or median(sizes) < LARGE * rate * longest:
        return None
    found = Bucket(rate, median(sizes))
    return None if _refuses_below(found, steps) else found


def _refuses_below(found: Bucket, steps: Sequence[Refusals]) -> bool:
    """Whether more was refused well below its rate than such a bucket refuses in the long run: it is smaller then, and
    the step that refused most was not above its rate."""
    below = [step for step in steps if step.rate < BELOW * found.rate]
    expected = sum(step.requests * found.refused(step.rate) for step in below)
    return sum(step.refused for step in below) > SOME + UNSURE * expected
