"""`bench.soak`: what its figures are made of, and when one is beyond its limit."""

from __future__ import annotations

from dataclasses import replace
from math import log
from pathlib import Path

import numpy as np
import pytest

from bench.soak import (
    EACH,
    HOUR,
    OF_HISTOGRAM,
    OF_SHARES,
    Process,
    Row,
    Sample,
    _lasts,
    counters,
    figures,
    floors,
    slope,
)
from loadgen.clock import MILLISECOND, SECOND
from loadgen.record.metrics import Metric
from loadgen.record.packed import pack
from loadgen.record.recorder import SeriesKey
from loadgen.stats import Histogram
from loadgen.store import RunFolder

RATE = 1000
CALM = Process(50_000, 83, 2)


def samples(count: int = 600, rate: float = RATE) -> list[Sample]:
    return [Sample(n * EACH, int(n * EACH * rate / SECOND), CALM, replace(CALM, descriptors=16)) for n in range(count)]


def row(rows: list[Row], name: str) -> Row:
    return next(row for row in rows if row.name == name)


def test_a_calm_run_is_within_every_limit() -> None:
    rows = figures(samples(), RATE)
    assert all(row.held for row in rows)
    assert row(rows, "memory, worker").value == "+0.00 MB/h (48.8, in the middle 48.8, then 48.8 MB)"
    assert row(rows, "descriptors, parent").value == "16, then 16"


@pytest.mark.parametrize(
    ("seconds", "kib", "held"),
    [
        (3600, 0.9 * 1024, True),
        (3600, 1.1 * 1024, False),
        (600, 3.2 * 1024, True),  # half a megabyte in nine minutes
        (600, 3.5 * 1024, False),
        (600, -5000, True),
    ],
)
def test_memory_is_a_slope_and_the_first_tenth_is_not_looked_at(seconds: int, kib: float, held: bool) -> None:
    growing = [
        replace(s, worker=replace(CALM, memory=round(1e6 if n < seconds / 10 else 50_000 + kib * s.at / HOUR)))
        for n, s in enumerate(samples(seconds))
    ]
    found = row(figures(growing, RATE), "memory, worker")
    assert found.held is held
    assert float(found.value.split()[0]) == pytest.approx(kib / 1024, abs=0.02)


@pytest.mark.parametrize(("leak", "held"), [(0, True), (4 * 1024, False)])
def test_counters_that_are_new_are_no_leak(leak: float, held: bool) -> None:
    """They become more with the logarithm of the time: at 3 MB an hour in ten minutes, and hardly any later."""
    weights = [200 * log(1 + n) for n in range(600)]
    growing = [
        replace(sample, parent=replace(CALM, memory=round(50_000 + weights[n] + leak * sample.at / HOUR)))
        for n, sample in enumerate(samples())
    ]
    rows = figures(growing, RATE, weights)
    assert row(rows, "memory, parent").held, "it is told, and has no limit of its own"
    assert float(row(rows, "memory, parent").value.split()[0]) > 2
    assert row(rows, "memory, parent, without its counters").held is held


def test_the_counters_of_a_run_are_weighed_as_they_come(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run", print)
    folder.begin({}, {})
    key = SeriesKey(0, 0, 1, "")
    for values in ([5, 5], [5, 6], [5]):
        response, lag = Histogram.of(np.array(values)), Histogram.of(np.array([1]))
        folder.second(pack({(0, key, Metric.RESPONSE): response, (0, key, Metric.LAG): lag}), [])
    folder.finish({})
    weights = [weight * 1024 for weight in counters(tmp_path / "run")]
    assert weights == [2 * OF_HISTOGRAM + OF_SHARES, *[3 * OF_HISTOGRAM + 2 * OF_SHARES] * 2]


def test_a_schedule_that_falls_behind_is_seen_and_a_moments_stall_is_none() -> None:
    behind = figures(samples(rate=RATE * (1 - 5e-6)), RATE)  # 5 us a second: 3 ms in ten minutes
    assert not row(behind, "schedule, by nginx's count").held
    stalled = [replace(s, at=s.at + (n % 7) * 30 * MILLISECOND * (n > 60)) for n, s in enumerate(samples(600))]
    assert row(figures(stalled, RATE), "schedule, by nginx's count").held


def test_descriptors_and_threads_are_no_more_at_the_end() -> None:
    leaking = [replace(s, worker=replace(CALM, descriptors=83 + n // 300)) for n, s in enumerate(samples())]
    told = "83, then 84 (meanwhile 83 to 84)"
    assert row(figures(leaking, RATE), "descriptors, worker") == Row("descriptors, worker", told, "no more", False)
    moment = samples()
    moment[300] = replace(moment[300], worker=replace(CALM, descriptors=61), parent=replace(CALM, threads=3))
    rows = figures(moment, RATE)
    assert row(rows, "descriptors, worker").value == "83, then 83 (meanwhile 61 to 83)"
    assert row(rows, "descriptors, worker").held
    assert row(rows, "threads, parent").held


def test_a_slope_is_that_of_the_best_line() -> None:
    assert slope([(0, 1), (1, 3), (2, 5)]) == pytest.approx(2)
    assert slope([(0, 0), (1, 9), (2, 0), (3, 9), (4, 0)]) == pytest.approx(0)


def test_what_a_moment_takes_and_gives_back_is_no_growth() -> None:
    peaks = [replace(sample, parent=replace(CALM, memory=50_000 + (n % 60) * n)) for n, sample in enumerate(samples())]
    assert row(figures(peaks, RATE), "memory, parent").held
    points = [(n * EACH, 100 + (n % 7) + n // 60) for n in range(600)]
    assert [value for _, value in floors(points)] == [100 + n for n in range(10)]


def test_what_is_too_short_shows_nothing() -> None:
    assert _lasts("10m") == 600 * SECOND
    for text in ("299s", "soon", "-1h"):
        with pytest.raises(Exception, match=r"five minutes at the least|soon|-1h"):
            _lasts(text)
