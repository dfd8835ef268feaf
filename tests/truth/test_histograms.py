"""Histograms lose nothing (21): what other implementations wrote is read, what is written is what others read, merging
is adding, and what lasts longer than the layout is counted.

`read` shares no code with loadgen or the library: it is the format as Java's HdrHistogram describes it, and is itself
held against what Java and C wrote.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections import Counter
from itertools import permutations
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.analysis.histogram_log import histogram_log
from loadgen.clock import MILLISECOND, SECOND
from loadgen.exchange import Exchange
from loadgen.record.hlog import Encoder, decode
from loadgen.stats import HIGHEST, Histogram, fraction
from loadgen.transport.scripted import Reply
from truth.pipeline import DIGITS, nearest_rank, ns, tell

HOUR = 3600 * SECOND


class Foreign(NamedTuple):
    """A histogram as another tool holds it: counts by (least, greatest) value of a counter."""

    counts: dict[tuple[int, int], int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def most(self) -> int:
        return max(high for _, high in self.counts)


def read(encoded: str) -> Foreign:
    """HdrHistogram's V2: a cookie, a length, deflated; within, a header of 40 bytes and ZigZag LEB128 counts, of which
    a negative one is a run of zeros."""
    outer = base64.b64decode(encoded)
    cookie, length = struct.unpack(">II", outer[:8])
    assert (cookie & ~0xF0, length) == (0x1C849304, len(outer) - 8)
    inner = zlib.decompress(outer[8:])
    cookie, length, offset, digits, lowest, _, ratio = struct.unpack(">IIiiqqd", inner[:40])
    assert (cookie & ~0xF0, offset, ratio) == (0x1C849303, 0, 1.0)
    assert length in (len(inner) - 40, len(inner)), "C of that time counted the header too"
    unit = lowest.bit_length() - 1
    sub = (2 * 10**digits - 1).bit_length()  # bits of the first, finest part of the layout
    counts = {}
    for index, count in _counts(inner[40:]):
        bucket = max(0, (index >> (sub - 1)) - 1)
        low = (index - (bucket << (sub - 1))) << (bucket + unit)
        counts[low, low + (1 << (bucket + unit)) - 1] = count
    return Foreign(counts)


def _counts(payload: bytes) -> list[tuple[int, int]]:
    found, index, at = [], 0, 0
    while at < len(payload):
        value = shift = 0
        while True:
            byte = payload[at]
            at += 1
            whole = shift == 56  # the ninth byte has no more to follow
            value |= (byte if whole else byte & 0x7F) << shift
            shift += 7
            if whole or byte < 0x80:
                break
        count = (value >> 1) ^ -(value & 1)
        if count > 0:
            found.append((index, count))
        index += 1 if count > 0 else -count if count < 0 else 1
    return found


# what others wrote

# intervals of a log that Java wrote (jHiccup 2.0.7, of HdrHistogram's own tests), with the maximum in ms that the log
# says beside it: 2 digits, from 20 us
JAVA = {
    "HISTFAAAAEB42pNpmSzMwMAgywABTBDKT4GBgdnNYMcCBvsPEBEjDT0FMTUxMT05LgEhPqmIeWxtTAKMTNxM6xmZmAAjcgjc": 1.933,
    "HISTFAAAADx42pNpmSzMwMAgyQABTBDKT4GBgdnNYMcCBvsPEBEBDQUxCSkJMTEFOSExPhmbR6xfmPQ4GJmYAP4DCJg=": 0.377,
    "HISTFAAAAJV42pNpmSzMwMDUwAABTBDKT4GBgdnNYMcCBvsPEBEWLi4eNkY2PiYOPhYOLgGOLuZjTGLrGZnKgTCYyZrJEoh1mWSZpMFQFkpyM"
    "/GCMTKJzOdkYoVCZjgLmc1MhDwzEyMQggl0SH1BbEJIgIUJC2AhUoxchSwsLGwsMIBgYRUkQyFBaQ4g4EIl0PlcpKtB4wMAh5wT+Q==": 960.496,
    "HISTFAAAAJN42pNpmSzMwMDUwQABTBDKT4GBgdnNYMcCBvsPEBEWMQERPj4+CQERBSEeLj6paUw9rHsYeWqZyoEwm8mayRKMZZmkwRBGCzPxM"
    "nEDMTKJymdnYmZihUNmLCzsosgsRjhEYlJJkBh1QMDChAmwiREvSIJCFhhgY8HCxM+iTBrC4uDg4uBAJtD52Aiy1LAAAM0NFUM=": 985.661,
}
# what C wrote of its own tests' histograms, 3 digits from 1: 10,000 times 1,000 and once 100,000,000; and the same with
# what it fills in for an expected interval of 10,000, that is 10,000 k for each k up to 10,000
C_RAW = "HISTFAAAACl4nJNpmSzMwMBgyAABzFCaEURcm7yEwf4DROA8/4I5jNM7mJgAlWkH9g=="
C_FILLED = (
    "HISTFAAAAP94nJNpmSzMwCByigECmKE0I4i4NnkJg/0HiMB5/gVzGD8aM/3lZ7rPyTSbjektC9N7FqaHzEzbmZi2whCEvZKRaSYj02wwiYng4"
    "tFM3lDoC2dhhwh5UyZlJlUMjClCmgpMEUUmQSZ+IBZEojFFCMvQRwUxenmZ2MGQFUqz4+CTo4I2pg4dFdQylZWJkYkZCaPyMEUIydPLjMHrss"
    "FixuB12XD0HRAwMsFJgkwilZHJHHKmjzp41MFDOjhYmFiQEUEmMWqGsvKBd8Fwd/Co/waTC9jYOMAIiSJRhLbKh5x9Q87Bo/YNbfsoM4CPhw+"
    "IIJAkxnDXN+QcTIpyAPnGh6k="
)
# 2,048 alone, in a layout that ends there: Java and C write the same
BOUNDARY = "HISTFAAAACB4nJNpmSzMwMDAzAABMJoRQnEw2H+AsP7LMwEARZgDpQ=="


@pytest.mark.parametrize("encoded", JAVA, ids=[f"{most} ms" for most in JAVA.values()])
def test_what_java_wrote_is_read_as_its_log_says(encoded: str) -> None:
    assert read(encoded).most == pytest.approx(JAVA[encoded] * MILLISECOND, abs=500)


def of_c() -> tuple[list[int], list[int]]:
    raw = [1000] * 10_000 + [100_000_000]
    return raw, raw + [10_000 * k for k in range(1, 10_000)]


@pytest.mark.parametrize(("encoded", "values"), [(C_RAW, of_c()[0]), (C_FILLED, of_c()[1]), (BOUNDARY, [2048])],
                         ids=["raw", "filled", "boundary"])  # fmt: skip
def test_what_c_wrote_is_what_we_make_of_the_same_values(encoded: str, values: list[int]) -> None:
    ours, theirs = Histogram.of(np.array(values)), decode(encoded)
    assert theirs.index.tolist() == ours.index.tolist()
    assert theirs.counts.tolist() == ours.counts.tolist()
    assert read(encoded).counts == read(Encoder().encode(ours)).counts
    for name in ("p50", "p75", "p90", "p99", "p99.9", "p99.99"):
        exact = nearest_rank(values, name)
        assert exact <= (theirs.quantile(fraction(name)) or 0) <= exact * (1 + DIGITS)


def test_what_c_wrote_is_merged_by_adding() -> None:
    both = decode(C_RAW)
    both.add(decode(C_FILLED))
    raw, filled = of_c()
    assert both.counts.tolist() == Histogram.of(np.array(raw + filled)).counts.tolist()


# what we write

VALUES = st.lists(
    st.one_of(st.integers(0, 5000), st.integers(0, HIGHEST), st.sampled_from([0, 2047, 2048, HIGHEST])), max_size=60
)


@given(VALUES.filter(bool), st.integers(1, 2**40))
@settings(max_examples=examples(300), deadline=None, derandomize=True, database=None)
def test_what_we_write_is_read_back_value_by_value(values: list[int], many: int) -> None:
    ours = Histogram.of(np.array(values))
    ours.counts = ours.counts * many
    ours.count *= many
    theirs = read(Encoder().encode(ours))
    assert theirs.total == len(values) * many
    left = Counter(values)
    for (low, high), count in theirs.counts.items():
        assert high - low <= low * float(DIGITS), "a counter is a thousandth wide"
        inside = sum(left.pop(value) for value in list(left) if low <= value <= high)
        assert inside * many == count
    assert not left


@given(st.lists(VALUES, min_size=3, max_size=3))
@settings(max_examples=examples(200), deadline=None, derandomize=True, database=None)
def test_merging_is_adding_in_any_order_and_grouping(parts: list[list[int]]) -> None:
    whole = Histogram.of(np.array([value for part in parts for value in part], np.int64))
    for first, second, third in permutations(parts):
        left, right = Histogram.of(np.array(first, np.int64)), Histogram.of(np.array(second, np.int64))
        left.add(Histogram.of(np.array(second, np.int64)))
        left.add(Histogram.of(np.array(third, np.int64)))
        right.add(Histogram.of(np.array(third, np.int64)))
        grouped = Histogram.of(np.array(first, np.int64))
        grouped.add(right)
        for found in (left, grouped):
            assert (found.index.tolist(), found.counts.tolist()) == (whole.index.tolist(), whole.counts.tolist())
            assert (found.count, found.total, found.least, found.most) == (
                whole.count, whole.total, whole.least, whole.most,
            )  # fmt: skip


def test_percentiles_of_parts_are_never_averaged(tmp_path: Path) -> None:
    """Three workers, of which one has all that is slow: the whole has the percentiles of the whole."""
    dice = Random(3)
    log: list[int] = []

    def script(x: Exchange) -> Reply:
        slow = x.owner.index % 3 == 1  # type: ignore[attr-defined]
        log.append(round(dice.lognormvariate(7 if slow else 1, 0.3) * MILLISECOND))
        return Reply(after=log[-1])

    found = tell("load: [{name: a, rate: 300/s, iterations: 3000}]", script, tmp_path / "run", workers=3)
    for name in ("p50", "p90", "p99"):
        exact = nearest_rank(log, name)
        assert exact <= ns(found.block("a")[name]) <= exact * (1 + DIGITS)


def test_what_lasts_longer_than_the_layout_is_counted_and_never_too_short(tmp_path: Path) -> None:
    """A profile's timeout may be beyond an hour; a counter for what is, is above all others."""
    log: list[int] = []

    def script(x: Exchange) -> Reply:
        log.append(HOUR + len(log) * SECOND if len(log) % 10 == 3 else SECOND)
        return Reply(after=log[-1])

    text = "load: [{name: a, rate: 100/s, iterations: 1000}]\ntimeout: 3h"
    found = tell(text, script, tmp_path / "run")
    block = found.block("a")
    assert block["count"] == 1000 == len(log)
    assert ns(block["p50"]) == pytest.approx(SECOND, rel=float(DIGITS))
    assert ns(block["max"]) == max(log)
    for name in ("p95", "p99"):
        assert ns(block[name]) >= nearest_rank(log, name) > HOUR
    lines = [line.split(",") for line in histogram_log(tmp_path / "run").splitlines() if line[:3] == "Tag"]
    logged = [read(line[4]) for line in lines if line[0].endswith(".response")]
    assert sum(each.total for each in logged) == 1000
    assert sum(count for each in logged for (_, high), count in each.counts.items() if high >= HOUR * 0.999) == 100
