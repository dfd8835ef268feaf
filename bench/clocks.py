"""`python -m bench.clocks`: what wrong clocks of machines that share a load do to its figures, as a simulation.

1,000 machines send 20 requests a second each for a minute. In the middle the target stands still for two seconds. Each
machine's clock is off by another time, of at the most so many ms, so that it begins by that much too early or too late.
It times its requests by one clock. What all tell is added up by the second and the tick in which each request was due,
as each machine's own clock has it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

from bench.table import lined
from loadgen.clock import MILLISECOND, SECOND
from loadgen.stats import Histogram, Integers, fraction
from loadgen.stats.ticks import TICK, TICKS

MACHINES, RATE, SECONDS = 1000, 20, 60
STALL, STALLED = 30, 2  # seconds: when the target begins to stand still, and for how long
MEDIAN, SPREAD = 20 * MILLISECOND, 0.69  # of the service, a log-normal: its p99 is 100 ms
SLOW = 200 * MILLISECOND  # a p99 above is that of the stall
OFF = (0, 1, 5, 20, 50, 100, 500)  # ms


@dataclass(frozen=True, slots=True)
class Told:
    """What the machines tell together: the quantiles of all requests, in ms; the share of those that are told in
    another second than that in which they were sent; the quantiles of the last second before the stall, in ms; and from
    when on the p99 of a tick is not slow any more, in s."""

    p99: float
    p999: float
    elsewhere: float
    before_p99: float
    before_p999: float
    recovered: float


def main() -> int:
    rows = []
    for off in OFF:
        told = simulated(off * MILLISECOND)
        p99, p999, *before = (f"{ms:,.0f}" for ms in (told.p99, told.p999, told.before_p99, told.before_p999))
        rows.append([f"{off}", p99, p999, f"{told.elsewhere:.2%}", *before, f"{told.recovered:.2f}"])
    second = f"second {STALL - 1}"
    titles = "p99 of all", "p99.9 of all", "told in another second", f"p99 of {second}", f"p99.9 of {second}"
    print(lined(("off by at most, ms", *titles, "p99 below 200 ms from s"), rows))
    return 0


def simulated(off: int, seed: int = 1) -> Told:
    """The same requests, by clocks that are off by up to so many ns."""
    random = np.random.default_rng(seed)
    ahead = np.round(random.uniform(-off, off, MACHINES)).astype(np.int64)
    first = random.integers(0, SECOND // RATE, MACHINES)
    due = (first[:, None] + np.arange(RATE * SECONDS) * (SECOND // RATE)).ravel()
    sent = due - np.repeat(ahead, RATE * SECONDS)
    service = random.lognormal(np.log(MEDIAN), SPREAD, len(due)).astype(np.int64)
    begins, ends = STALL * SECOND, (STALL + STALLED) * SECOND
    took = service + np.where((sent >= begins) & (sent < ends), ends - sent, 0)
    every, before = Histogram.of(took), Histogram.of(took[due // SECOND == STALL - 1])
    return Told(
        p99=_ms(every, "p99"),
        p999=_ms(every, "p99.9"),
        elsewhere=float((sent // SECOND != due // SECOND).mean()),
        before_p99=_ms(before, "p99"),
        before_p999=_ms(before, "p99.9"),
        recovered=_recovered(due // TICK, took),
    )


def _recovered(ticks: Integers, took: Integers) -> float:
    for tick in range((STALL + 1) * TICKS, SECONDS * TICKS):
        if _ms(Histogram.of(took[ticks == tick]), "p99") * MILLISECOND < SLOW:
            return tick / TICKS
    raise RuntimeError("it never recovered")


def _ms(values: Histogram, quantile: str) -> float:
    return (values.quantile(fraction(quantile)) or 0) / MILLISECOND


if __name__ == "__main__":
    sys.exit(main())
