"""Statistics: pure functions of counts; no clock, no file, numpy alone.

histogram      counts of values, and the nearest rank
"""

from __future__ import annotations

from loadgen.stats.histogram import (
    HIGHEST,
    OVERFLOW,
    Histogram,
    Integers,
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
    "fraction",
    "highest_of",
    "index_of",
    "lowest_of",
    "rank",
]
