"""A recording adds up what the workers send."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from recorded import ORIGIN, Sink, crowd, crowded, exchange

from loadgen.clock import SECOND
from loadgen.exchange import REUSED
from loadgen.record.metrics import Metric
from loadgen.record.recorder import OTHERS, SeriesKey
from loadgen.record.recording import Recording
from loadgen.stats import Histogram
from loadgen.stats.ticks import TICKS


def test_a_recording_is_the_plain_count_of_everything() -> None:
    """Against the long way: each figure of each exchange put where it belongs, one after the other."""
    sink, plain = Sink(), dict[Any, list[int]]()
    for x, stratum in crowd(1500, 2):
        sink.recorder.exchange(x, x.due, stratum)
        key = SeriesKey(x.slot, x.outcome, x.connection, stratum)
        figures = {
            Metric.RESPONSE: x.done - x.due, Metric.SERVICE: x.done - x.started, Metric.LAG: x.released - x.due,
            Metric.SIGN: x.signed - x.released, Metric.WAIT: x.started - x.signed,
        }  # fmt: skip
        if x.connection != REUSED and x.connected >= x.started:
            figures[Metric.CONNECT] = x.connected - x.started
        if x.done >= x.received:
            figures[Metric.CLIENT_DELAY] = x.done - x.received
        if x.connection == REUSED:  # of a new one the connect delay is not known here
            figures[Metric.TARGET] = max(x.received - x.started, 0)
        for metric, value in figures.items():
            plain.setdefault(((x.due - ORIGIN) // SECOND * TICKS, key, metric), []).append(value)
    expected = {}
    for place, numbers in plain.items():
        h = Histogram.of(np.array(numbers))
        expected[place] = (h.index.tolist(), h.counts.tolist(), h.count, h.total, h.least, h.most)
    assert sink.places() == expected


def test_a_recording_does_not_grow_with_time() -> None:
    sink = Sink()
    for second in range(1000):
        x = exchange(1, 1, 1, 1, 1, 1, 1 + second % 5, due=ORIGIN + second * SECOND)
        sink.recorder.exchange(x, x.due)
        sink.recorder.flush()
        taken = sink.recording.flush()
        assert {place[0] for place in taken} == {second * TICKS}
        assert not sink.recording.pending
    assert len(sink.recording.histograms) == 7  # a new connection, whose delay is not known: no target
    assert all(h.count == 1000 and len(h.index) <= 5 for h in sink.recording.histograms.values())


def strata(*names: str) -> list[SeriesKey]:
    return [SeriesKey(slot, 0, 1, name) for slot in (0, 1) for name in ("", *names)]


@pytest.mark.parametrize(
    ("workers", "told"),
    [
        ([("a", "b", "c")], "abc"),
        ([("a", "b"), ("b", "c")], "abc"),  # all had room
        ([("a", "b", OTHERS), ("b", "c", OTHERS)], "b"),
        ([("a", "b", OTHERS), ("b", "c")], "ab"),  # the second one has had no a
        ([("a", OTHERS), ("b", OTHERS)], ""),
    ],
)
def test_a_stratum_that_a_worker_had_no_room_for_is_among_the_others(workers: list[tuple[str, ...]], told: str) -> None:
    recording, one = Recording(), Histogram.of(np.array([5]))
    for names in workers:
        for key in strata(*names):
            recording.add(0, key, Metric.SIGN, one)
    recording.flush()
    recording.fold_strata([strata(*names) for names in workers])
    for slot in (0, 1):
        found = {key.stratum: h.count for (key, _), h in recording.histograms.items() if key.slot == slot}
        assert set(found) - {OTHERS} == {"", *told}
        assert sum(found.values()) == len(workers) + sum(map(len, workers))


def test_totals_select_by_what_a_series_is_of() -> None:
    sink = crowded()
    counted = Counter((x.slot, x.outcome, x.connection, stratum) for x, stratum in crowd(2000))
    for (slot, outcome, connection, stratum), count in counted.items():
        found = sink.recording.total(Metric.LAG, slot=slot, outcome=outcome, connection=connection, stratum=stratum)
        assert found.count == count
    assert sink.recording.total(Metric.LAG).count == 2000
    assert sink.recording.total(Metric.LAG, slot=99).count == 0
