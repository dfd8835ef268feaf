"""From exchanges to sparse counts: the same whatever the batches, memory flat."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from recorded import ORIGIN, Sink, crowd, crowded, exchange

from loadgen.clock import SECOND
from loadgen.exchange import CONNECTION_LABELS
from loadgen.record.metrics import MOST_RECORDED, RECORDED, WIDTH, Metric
from loadgen.record.recorder import LABELS, ROWS, Batch, Recorder, SeriesKey, Timing, fold
from loadgen.stats import HIGHEST, Histogram
from loadgen.stats.ticks import TICK, TICKS


def test_the_number_of_labels_is_that_of_connections() -> None:
    assert len(CONNECTION_LABELS) == LABELS


@pytest.mark.parametrize("every", [1, 7, 100, ROWS, 10**9])
def test_batches_of_any_size_come_to_the_same(every: int) -> None:
    whole, sink = Sink(), Sink()
    for n, (x, stratum) in enumerate(crowd(700), 1):
        for each in (whole, sink):
            each.recorder.exchange(x, x.due, stratum)
            each.recorder.value(each.recorder.series(x.slot, x.outcome, x.connection, stratum), RECORDED, x.due, n)
        if n % every == 0:
            sink.recorder.flush()
    assert sink.places() == whole.places()


def test_seconds_are_those_of_due_and_of_release_without_a_schedule() -> None:
    sink = Sink()
    for n, offset in enumerate([0, SECOND - 1, SECOND, 59 * SECOND + 5, 3_000_000 * SECOND]):
        x = exchange(20 * SECOND, 1, 1, 1, 1, 1, 1, slot=n, due=ORIGIN + offset)
        sink.recorder.exchange(x, x.due)
        sink.recorder.exchange(x, 0)
        sink.recorder.flush()
    pending = [(tick / TICKS, key, metric) for tick, key, metric in sink.recording.pending]
    seconds = {(key.slot, metric): second for second, key, metric in pending if metric == Metric.LAG}
    assert list(seconds.values()) == [0, 0, 1, 59, 3_000_000]
    services = [second for second, key, metric in pending if metric == Metric.SERVICE]
    assert sorted(services) == sorted([0, 0, 1, 59, 3_000_000, 20, 20, 21, 79, 3_000_020])


@pytest.mark.parametrize("spread", [1, 100, 10**5, 10**10])
def test_values_that_lie_close_are_counted_as_those_that_do_not(spread: int) -> None:
    sink, dice, plain = Sink(), Random(spread), dict[Any, list[int]]()
    for _ in range(ROWS - 1):
        slot, second, took = dice.randrange(3), dice.randrange(2), dice.randrange(spread)
        sink.recorder.exchange(exchange(1, 1, 1, 1, 1, 1, took, slot=slot), ORIGIN + second * SECOND)
        plain.setdefault((second, slot), []).append(took)
    found = {
        (tick // TICKS, key.slot): values
        for (tick, key, metric), values in sink.places().items()
        if metric == Metric.CLIENT_DELAY
    }
    assert found.keys() == plain.keys()
    for place, values in plain.items():
        h = Histogram.of(np.array(values))
        assert found[place] == (h.index.tolist(), h.counts.tolist(), h.count, h.total, h.least, h.most)


def test_what_was_due_before_the_start_belongs_to_the_first_second() -> None:
    sink = Sink()
    x = exchange(1, 1, 1, 1, 1, 1, 1, due=ORIGIN - 3)
    sink.recorder.exchange(x, x.due)
    sink.recorder.value(0, RECORDED, ORIGIN - 3, 5)
    assert {tick for tick, _, _ in sink.places()} == {0}


def test_places_at_their_limits_do_not_run_into_each_other() -> None:
    sink = Sink()
    for slot in range(600):
        x = exchange(1, 1, 1, 1, 1, 1, 2 * HIGHEST, slot=slot)
        sink.recorder.exchange(x, x.due)
    last = RECORDED + MOST_RECORDED - 1
    sink.recorder.value(599, last, ORIGIN, 7)
    found = sink.places()
    assert {key.slot for _, key, _ in found} == set(range(600))
    assert {tick for tick, _, _ in found} == {0}
    assert found[0, SeriesKey(599, 0, 0, ""), last][2:] == (1, 7, 7, 7)
    longest = 2 * HIGHEST + 6
    assert found[0, SeriesKey(5, 0, 0, ""), Metric.RESPONSE][2:] == (1, longest, longest, longest)


def test_a_series_is_named_once_and_before_its_first_figure() -> None:
    named: list[tuple[int, SeriesKey]] = []
    events: list[str] = []

    def name(number: int, key: SeriesKey) -> None:
        named.append((number, key))
        events.append("series")

    recorder = Recorder(ORIGIN, lambda batch: events.append("batch"), name)
    for x, stratum in crowd(2 * ROWS):
        recorder.exchange(x, x.due, stratum)
    assert [number for number, _ in named] == list(range(len(named)))
    assert len({key for _, key in named}) == len(named) > 40
    assert events[0] == "series"
    assert events.count("batch") == 2


def test_a_worker_holds_no_more_than_one_buffer() -> None:
    sink = Sink()
    x = exchange(1, 1, 1, 1, 1, 1, 1)
    for n in range(10 * ROWS):
        sink.recorder.exchange(x, x.due)
        sink.recorder.value(0, RECORDED, ORIGIN, n)
    handed_in = [(len(batch.rows) // (8 * WIDTH), len(batch.singles)) for batch in sink.batches]
    assert all(rows <= ROWS and singles <= ROWS for rows, singles in handed_in)
    assert 10 * ROWS - sum(rows for rows, _ in handed_in) <= ROWS
    assert 10 * ROWS - sum(singles for _, singles in handed_in) <= ROWS
    sink.recorder.flush()
    count = len(sink.batches)
    sink.recorder.flush()
    assert len(sink.batches) == count, "nothing is handed in twice, and no empty batch"


def test_a_batch_handed_in_is_not_written_to_any_more() -> None:
    sink = Sink()
    sink.recorder.exchange(exchange(1, 1, 1, 1, 1, 1, 1), ORIGIN)
    sink.recorder.flush()
    before = bytes(sink.batches[0].rows)
    sink.recorder.exchange(exchange(9, 9, 9, 9, 9, 9, 9), ORIGIN)
    sink.recorder.flush()
    assert sink.batches[0].rows == before


def test_what_comes_once_keeps_nothing_else_of_its_batch() -> None:
    sink = crowded()
    for h in sink.recording.histograms.values():
        held = h.index if h.index.base is None else h.index.base
        assert held.nbytes <= h.index.nbytes + h.counts.nbytes


@pytest.mark.parametrize(
    ("timing", "expected"),
    [
        (
            Timing(lasts=5 * SECOND),
            [0, 1, 15, 16, 31, 399],
        ),  # the longest phases that have bins of a tick are of 6.25 s
        (Timing(lasts=20 * SECOND), [0, 0, 12, 16, 28, 396]),
        (Timing(lasts=60 * SECOND), [0, 0, 0, 16, 16, 384]),
        (Timing(), [0, 1, 15, 16, 31, 396]),  # nobody knew how long: 25 s of it have passed in the end
        (Timing(began=20 * SECOND), [0, 1, 15, 16, 31, 399]),
    ],
)
def test_a_bin_is_a_fiftieth_of_the_phase_or_of_what_has_passed_of_it(timing: Timing, expected: list[int]) -> None:
    """Of what can have an interval; all else is counted by second."""
    batches: list[Batch] = []
    recorder = Recorder(ORIGIN, batches.append, lambda number, key: None)
    for tick in (0, 1, 15, 16, 31, 399):
        x = exchange(1, 1, 1, 1, 1, 1, 1, due=ORIGIN + tick * TICK + 7)
        recorder.exchange(x, x.due)
        recorder.value(0, Metric.ITERATION, x.due, 5)
        recorder.value(0, RECORDED, x.due, 5)
    recorder.flush()
    groups = fold(batches[0], ORIGIN, [timing]).groups
    for metric in (Metric.RESPONSE, Metric.ITERATION):
        assert groups[groups[:, 2] == metric, 0].repeat(groups[groups[:, 2] == metric, 3]).tolist() == expected
    for metric in (Metric.LAG, RECORDED):
        assert set(groups[groups[:, 2] == metric, 0].tolist()) == {0, 16, 384}
