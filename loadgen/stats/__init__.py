"""Statistics: pure functions of counts, with numpy only, without a clock or a file.

For one run:

    histogram      counts of values, and the nearest rank
    ticks          how a run is cut into bins
    blocks         the uncertainty of a sum over a run, from its parts bin by bin
    intervals      the interval of a quantile or a mean, or why there is none
    bins           a run's values bin by bin, in memory: the input of the others
    settling       whether a phase has settled, or grows as long as it runs
    silences       times in which nothing came back
    odd            whether one of several groups differs from all others
    breaking       from when on a limit was broken, in a load that changes
    order          the witness's interval for a quantile of the workers, by ranks

For rounds of two variants:

    paired         the interval of the centre of their differences
    slope          whether their ratio changes along an axis
    comparison     ratio, difference, verdict, and how many rounds a verdict needs
    looks          the share of the error probability that each planned look has

For steps at several rates:

    crossing       the rate at which the share of slow requests crosses what is allowed

All of them use `distributions`: Student's t, a bound on a variance, the fair coin.
"""

from __future__ import annotations

from loadgen.stats.histogram import (
    COUNTERS,
    HIGHEST,
    OVERFLOW,
    Histogram,
    Integers,
    bounds_of,
    fewest,
    fraction,
    highest_of,
    index_of,
    lowest_of,
    rank,
)

__all__ = [
    "COUNTERS",
    "HIGHEST",
    "OVERFLOW",
    "Histogram",
    "Integers",
    "bounds_of",
    "fewest",
    "fraction",
    "highest_of",
    "index_of",
    "lowest_of",
    "rank",
]
