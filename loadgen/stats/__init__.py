"""Statistics: pure functions of counts; no clock, no file, numpy alone.

What one run says:

    histogram      counts of values, and the nearest rank
    blocks         how far a sum over a run may be off, from its parts second by second
    intervals      what a quantile or a mean may be, or why nobody knows
    seconds        a run's values second by second: what the others take, in memory
    order          between which values of a witness a quantile of the workers lies

What rounds of two variants say:

    paired         where the centre of their differences lies
    comparison     ratio, difference, verdict, and the rounds that one takes
    looks          how much doubt each planned look may spend

All of them stand on `distributions`: Student's t, a bound on a variance, the fair coin.
"""

from __future__ import annotations

from loadgen.stats.histogram import (
    HIGHEST,
    OVERFLOW,
    Histogram,
    Integers,
    bounds_of,
    fraction,
    highest_of,
    index_of,
    lowest_of,
    rank,
)

__all__ = [
    "HIGHEST",
    "OVERFLOW",
    "Histogram",
    "Integers",
    "bounds_of",
    "fraction",
    "highest_of",
    "index_of",
    "lowest_of",
    "rank",
]
