"""Histogram logs (.hlog, version 1.2), readable by every HdrHistogram tool. The only module that imports `hdrh`.

The library's log writer leaves out tags and cannot write its header. This module therefore writes the lines, and uses
the library only for the encoding. The layout is that of `stats`: 1 ns to one hour, 3 digits.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import numpy as np
from hdrh.histogram import HdrHistogram

from loadgen.clock import MILLISECOND, SECOND
from loadgen.stats import HIGHEST, Histogram, index_of

_UNTAGGED = re.compile(r"[,\s]+")
_TOP = int(index_of(np.array([HIGHEST]))[0])


def header(started: int) -> str:
    """The lines a log begins with; `started` is the wall clock in ns."""
    seconds = started / SECOND
    date = datetime.fromtimestamp(seconds, UTC)
    return (
        "#[Histogram log format version 1.2]\n"
        f"#[StartTime: {seconds:.3f} (seconds since epoch), {date:%a %b %d %H:%M:%S} UTC {date:%Y}]\n"
        '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n'
    )


class Encoder:
    """Encodes histograms as HdrHistogram's compressed V2 form, base64, through one reused library object."""

    def __init__(self) -> None:
        self._library = HdrHistogram(1, HIGHEST, 3)

    def encode(self, histogram: Histogram) -> str:
        """Values above an hour are counted as an hour, the greatest that the format can hold."""
        library = self._library
        counts, touched = library.counts, [min(index, _TOP) for index in histogram.index.tolist()]
        for index, count in zip(touched, histogram.counts.tolist(), strict=True):
            counts[index] += count
        library.total_count = histogram.count
        # the length that is encoded is taken from these
        library.min_value, library.max_value = max(histogram.least, 1), min(max(histogram.most, 1), HIGHEST)
        encoded: str = library.encode().decode()
        for index in touched:  # the library's own reset goes through all of its counters, which takes 5 ms
            counts[index] = 0
        return encoded


def log_line(tag: str, second: int, most: int, encoded: str, length: float = 1.0) -> str:
    """One interval of a log, with the histogram as `Encoder` encodes it and its greatest value (ns). Times in seconds
    from the start, the maximum in ms."""
    return f"Tag={_UNTAGGED.sub('_', tag)},{second:.3f},{length:.3f},{most / MILLISECOND:.3f},{encoded}\n"


def decode(encoded: str) -> Histogram:
    """A histogram from its encoded form, as another tool would read it, for cross-checks. Exact except for sum and
    extremes."""
    library = HdrHistogram.decode(encoded)
    counts = np.array(library.counts[: library.counts_len], np.int64)
    index = np.flatnonzero(counts)
    return Histogram(index, counts[index], int(counts.sum()), 0, int(library.min_value), int(library.max_value))
