"""Histogram logs: what is written, HdrHistogram's own reader reads back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from examples import examples
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.clock import MILLISECOND, SECOND
from loadgen.record.hlog import Encoder, decode, header, log_line
from loadgen.stats import HIGHEST, Histogram, fraction, rank

STARTED = 1_750_000_000 * SECOND + 250 * MILLISECOND


def of(numbers: list[int]) -> Histogram:
    return Histogram.of(np.array(numbers, np.int64))


def same(one: Histogram, other: Histogram) -> bool:
    return (one.index.tolist(), one.counts.tolist(), one.count) == (
        other.index.tolist(),
        other.counts.tolist(),
        other.count,
    )


ENCODER = Encoder()  # one for all: nothing of a histogram is left in it for the next


@given(st.lists(st.one_of(st.integers(0, 5000), st.integers(0, HIGHEST)), min_size=1, max_size=100))
@settings(max_examples=examples(200), deadline=None, derandomize=True, database=None)
def test_a_histogram_comes_back_whole(numbers: list[int]) -> None:
    assert same(decode(ENCODER.encode(of(numbers))), of(numbers))


@pytest.mark.parametrize("numbers", [[0], [1], [0, 0, 0], [HIGHEST], [0, HIGHEST], [2047, 2048], [10**9] * 10_000])
def test_the_ends_of_the_layout_come_back(numbers: list[int]) -> None:
    assert same(decode(ENCODER.encode(of(numbers))), of(numbers))


def test_what_lasted_over_an_hour_is_in_the_last_counter() -> None:
    found = decode(ENCODER.encode(of([5, 2 * HIGHEST, 3 * HIGHEST])))
    assert found.count == 3
    assert found.index.tolist() == [5, of([HIGHEST]).index[0]]
    assert found.counts.tolist() == [1, 2]
    assert same(decode(ENCODER.encode(of([7]))), of([7])), "and is not left there"


def test_large_counts_come_back() -> None:
    h = Histogram(np.array([7, 30_000]), np.array([2**40, 3]), 2**40 + 3, 0, 7, 10**12)
    assert same(decode(ENCODER.encode(h)), h)


def test_another_tool_reads_the_percentiles() -> None:
    stream = np.random.Generator(np.random.PCG64(3))
    numbers = np.sort(stream.lognormal(16, 1, 20_000).astype(np.int64))
    library = HdrHistogram.decode(ENCODER.encode(Histogram.of(numbers)))
    for percentile in (50, 90, 99, 99.9):
        exact = int(numbers[rank(fraction(f"p{percentile}"), len(numbers)) - 1])
        assert library.get_value_at_percentile(percentile) == pytest.approx(exact, rel=0.001)


def intervals(path: Path) -> list[HdrHistogram]:
    """All of them. The library's reader leaves its file open."""
    reader = HistogramLogReader(str(path), HdrHistogram(1, HIGHEST, 3))
    found = []
    try:
        while (interval := reader.get_next_interval_histogram()) is not None:
            found.append(interval)
        assert reader.get_start_time_sec() == STARTED / SECOND
    finally:
        reader.close()
    return found


def test_a_log_is_read_by_the_library(tmp_path: Path) -> None:
    path = tmp_path / "latency.hlog"
    written = [of([n * MILLISECOND, (n + 1) * MILLISECOND]) for n in range(1, 6)]
    lines = [
        log_line(f"steady.s.get.all.{'response' if n % 2 else 'service'}", n, h.most, ENCODER.encode(h))
        for n, h in enumerate(written)
    ]
    path.write_text(header(STARTED) + "".join(lines))
    found = intervals(path)
    assert len(found) == 5
    for n, (interval, h) in enumerate(zip(found, written, strict=True)):
        assert interval.get_total_count() == h.count
        assert interval.get_max_value() // MILLISECOND == h.most // MILLISECOND
        # relative to the start: more than a year before it is what the format calls relative
        assert interval.get_start_time_stamp() == pytest.approx((STARTED / SECOND + n) * 1000, abs=1)
        assert interval.get_end_time_stamp() - interval.get_start_time_stamp() == pytest.approx(1000)


def test_the_header_is_that_of_version_1_2() -> None:
    assert header(STARTED).splitlines() == [
        "#[Histogram log format version 1.2]",
        "#[StartTime: 1750000000.250 (seconds since epoch), Sun Jun 15 15:06:40 UTC 2025]",
        '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    ]


def test_a_tag_cannot_break_its_line() -> None:
    line = log_line("a b,c\nd=\r\n.response", 3, 5 * MILLISECOND, "HISTFAAA=")
    tag, start, length, most, encoded = line.rstrip("\n").split(",")
    assert line.count("\n") == 1
    assert tag == "Tag=a_b_c_d=_.response"
    assert (start, length, most) == ("3.000", "1.000", "5.000")
    assert encoded == "HISTFAAA="
