"""Times by worker: in whatever bins and order they come, they add up to those of all workers together."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from recorded import ORIGIN, Sink, crowd, exchange

from loadgen.clock import SECOND
from loadgen.exchange import Outcome
from loadgen.record import groups as groups_of_record
from loadgen.record.groups import KEPT, MOST, Group, Groups
from loadgen.record.metrics import Metric
from loadgen.record.recorder import Timing, fold
from loadgen.record.recording import Recording
from loadgen.stats import Histogram


def plain(groups: Groups) -> tuple[int, Any]:
    of = {
        group: {at: (h.index.tolist(), h.counts.tolist(), h.total, h.least, h.most) for at, h in bins.items()}
        for group, bins in groups.values.items()
    }
    return groups.width, of


def made(seed: int, ticks: int = 1000) -> list[tuple[Group, int, Histogram]]:
    dice = Random(seed)
    return [
        (
            Group(dice.randrange(3), dice.randrange(2), dice.choice(KEPT)),
            dice.randrange(ticks),
            Histogram.of(np.array([dice.randrange(10**9) for _ in range(5)])),
        )
        for _ in range(60)
    ]


def test_in_any_order_and_by_any_number_of_recordings_it_is_the_same() -> None:
    values, one = made(1), Groups()
    for value in values:
        one.add(*value)
    assert one.width == 16 and max(max(bins) for bins in one.values.values()) < MOST
    Random(2).shuffle(values)
    parts = [Groups(), Groups(), Groups()]
    for number, value in enumerate(values):
        parts[number % 3].add(*value)
    for part in parts[1:]:
        parts[0].merge(part)
    assert plain(parts[0]) == plain(one)


def test_of_very_many_counters_several_become_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many values there are, their sum and their ends stay exact; the last counter stands for all of them."""
    monkeypatch.setattr(groups_of_record, "MOST_COUNTERS", 100)
    fine, coarse, parts = Groups(), Groups(), [Groups(), Groups()]
    for number, value in enumerate(made(1, 8)):
        coarse.add(*value)
        parts[number % 2].add(*value)
    parts[0].merge(parts[1])
    assert plain(parts[0]) == plain(coarse)
    assert coarse.coarse and len(coarse._counters) <= 100
    monkeypatch.undo()
    for value in made(1, 8):
        fine.add(*value)
    for group, bins in fine.values.items():
        for at, exact in bins.items():
            values = coarse.values[group][at]
            assert (values.count, values.total, values.least, values.most) == (
                exact.count, exact.total, exact.least, exact.most,
            )  # fmt: skip
            wide = np.repeat(exact.index | (1 << coarse.coarse) - 1, exact.counts)
            assert np.repeat(values.index, values.counts).tolist() == wide.tolist()


def test_each_worker_of_a_slot_has_its_bins() -> None:
    groups = Groups()
    for group, tick in ((Group(0, 5, Outcome.OK), 3), (Group(1, 5, Outcome.TIMEOUT), 9), (Group(1, 6, Outcome.OK), 20)):
        groups.add(group, tick, Histogram.of(np.array([tick])))
    counts = {
        slot: {worker: {at: (ok.count, late.count) for at, (ok, late) in bins.items()} for worker, bins in of.items()}
        for slot, of in groups.by_slot().items()
    }
    assert counts == {5: {0: {3: (1, 0)}, 1: {9: (0, 1)}}, 6: {1: {20: (1, 0)}}}


def test_the_workers_add_up_to_all_of_them() -> None:
    """Exactly, of what counts in a percentile: each counter, the sum, the smallest and the greatest value."""
    recording = Recording()
    for worker in (0, 1, 2):
        sink = Sink()
        for x, stratum in crowd(500, seed=worker):
            sink.recorder.exchange(x, x.due, stratum)
        sink.recorder.flush()
        for batch in sink.batches:
            recording.take(fold(batch, ORIGIN, [Timing(lasts=60 * SECOND)] * len(sink.series), worker), sink.series)
    recording.flush()
    for slot, workers in recording.workers.by_slot().items():
        assert sorted(workers) == [0, 1, 2]
        for place, outcome in enumerate(KEPT):
            together = Histogram.together(pair[place] for bins in workers.values() for pair in bins.values())
            total = recording.total(Metric.RESPONSE, slot=slot, outcome=outcome)
            assert (together.index == total.index).all() and (together.counts == total.counts).all()
            assert (together.total, together.least, together.most) == (total.total, total.least, total.most)


def test_of_a_load_without_a_schedule_it_is_the_service_time() -> None:
    sink = Sink()
    sink.recorder.exchange(exchange(0, 0, 5, 0, 0, 0, 7), 0)
    sink.recorder.exchange(exchange(0, 0, 5, 0, 0, 0, 7, outcome=Outcome.HTTP_5XX), 0)
    sink.recorder.flush()
    ((group, bins),) = sink.recording.workers.values.items()
    assert group == Group(0, 0, Outcome.OK) and [of.total for of in bins.values()] == [7]


def test_what_went_to_each_address_adds_up_to_all_that_went_to_any() -> None:
    sink = Sink()
    for number, (x, stratum) in enumerate(crowd(500)):
        x.address = 1 + number % 3
        sink.recorder.exchange(x, x.due, stratum)
    sink.recorder.flush()
    recording = sink.recording
    recording.flush()
    for slot, addresses in recording.addresses.by_slot().items():
        assert sorted(addresses) == [1, 2, 3]
        for place, outcome in enumerate(KEPT):
            together = Histogram.together(pair[place] for bins in addresses.values() for pair in bins.values())
            total = recording.total(Metric.RESPONSE, slot=slot, outcome=outcome)
            assert (together.index == total.index).all() and (together.counts == total.counts).all()
            assert (together.total, together.least, together.most) == (total.total, total.least, total.most)


def test_an_address_without_a_number_is_not_counted() -> None:
    sink = Sink()
    for number in (0, 2):
        x = exchange(0, 0, 5, 0, 0, 0, 7)
        x.address = number
        sink.recorder.exchange(x, x.due)
    sink.recorder.flush()
    assert list(sink.recording.addresses.values) == [Group(2, 0, Outcome.OK)]
