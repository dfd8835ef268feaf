"""Traffic counts, tick by tick, what was released and what came back."""

from __future__ import annotations

from random import Random

import numpy as np
from recorded import ORIGIN, Sink, exchange

from loadgen.clock import SECOND
from loadgen.exchange import NOT_YET, Outcome
from loadgen.record import traffic
from loadgen.record.traffic import Count, Traffic
from loadgen.stats.ticks import TICK


def recorded(sink: Sink) -> list[list[int]]:
    sink.recorder.flush()
    return [np.trim_zeros(row, "b").tolist() for row in sink.recording.traffic.counts]


def test_what_was_released_and_what_came_back_are_counted_by_tick() -> None:
    sink = Sink()
    for due, took in ((0, 1), (0, 3), (2, 1), (3, 0)):  # in ticks
        sink.recorder.exchange(exchange(0, 0, 0, 0, 0, took * TICK, 0, due=ORIGIN + due * TICK), ORIGIN)
    assert recorded(sink) == [[2, 0, 1, 1], [0, 1, 0, 3]]


def test_a_timeout_does_not_come_back_and_what_nobody_stamped_does_when_it_is_over() -> None:
    sink = Sink()
    late = exchange(0, 0, 0, 0, 0, 0, 5 * TICK, outcome=Outcome.TIMEOUT)
    late.received = NOT_YET
    unstamped, unsent = exchange(0, 0, 0, 0, 0, 0, 2 * TICK), exchange(0, 0, 0, 0, 0, 0, TICK)
    unstamped.received = unsent.received = unsent.sent = 0
    for x in (late, unstamped, unsent):
        sink.recorder.exchange(x, x.due)
    assert recorded(sink) == [[3], [0, 0, 1]]


def test_in_any_order_and_by_any_number_of_recordings_it_is_the_same() -> None:
    dice, one, parts = Random(1), Traffic(), [Traffic(), Traffic()]
    for _ in range(200):
        ticks = sorted({dice.randrange(5000) for _ in range(5)})
        rows = np.array([(tick, dice.randrange(9), dice.randrange(9)) for tick in ticks])
        one.add(rows)
        parts[dice.randrange(2)].add(rows)
    parts[0].merge(parts[1])
    size = min(one.counts.shape[1], parts[0].counts.shape[1])
    assert (one.counts[:, :size] == parts[0].counts[:, :size]).all()
    assert one.counts.sum() == parts[0].counts.sum()


def test_a_long_load_has_wider_columns_and_nothing_is_lost() -> None:
    long, short = Traffic(), Traffic()
    for tick in (0, 3, traffic.MOST - 1, 5 * traffic.MOST):
        long.add(np.array([(tick, 1, 2)]))
    assert (long.width, long.counts.shape[1] <= traffic.MOST) == (8, True)
    short.add(np.array([(9, 4, 0)]))
    short.merge(long)
    assert short.width == 8
    assert short.counts.sum(axis=1).tolist() == [8, 8]
    assert short.counts[Count.RELEASED, 0] == 2 and short.counts[Count.RELEASED, 1] == 4


def test_what_comes_before_the_load_began_is_counted_at_its_beginning() -> None:
    counted = Traffic()
    counted.add(np.array([(-3, 1, 0), (0, 1, 1), (SECOND // TICK, 0, 1)]))
    assert counted.counts[:, 0].tolist() == [2, 1]
