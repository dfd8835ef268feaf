"""How far a node's clock is ahead."""

from __future__ import annotations

import random

import pytest

from loadgen.clock import MILLISECOND, SECOND
from loadgen.fleet.clocks import WINDOW, Drift, NodeClock


def ping(clock: NodeClock, at: int, there: int, back: int, ahead: int) -> None:
    """A ping at `at` of this machine's clock that takes `there` ns to the node and `back` ns from it."""
    clock.add(at, at + there + ahead, at + there + back)


def test_the_least_round_trip_is_kept() -> None:
    clock = NodeClock()
    for back in (9, 1, 5):
        ping(clock, 0, MILLISECOND, back * MILLISECOND, ahead=3 * SECOND)
    assert clock.round_trip == 2 * MILLISECOND
    assert clock.ahead.error == MILLISECOND
    assert clock.ahead.ns == 3 * SECOND, "the way was as long as the way back"


@pytest.mark.parametrize("ahead", [-3 * SECOND, 0, 3 * SECOND])
def test_an_offset_is_told_within_its_error_however_uneven_the_ways_are(ahead: int) -> None:
    draw = random.Random(4)
    for _ in range(200):
        clock = NodeClock()
        for number in range(10):
            there, back = (round(draw.expovariate(1e-6)) for _ in range(2))
            ping(clock, number * SECOND, there, back, ahead)
        assert abs(clock.ahead.ns - ahead) <= clock.ahead.error


def test_what_is_older_than_the_window_tells_nothing_any_more() -> None:
    clock = NodeClock()
    ping(clock, 0, 10, 10, ahead=0)
    ping(clock, WINDOW + SECOND, MILLISECOND, MILLISECOND, ahead=MILLISECOND)
    assert (clock.ahead.ns, clock.round_trip) == (MILLISECOND, 20)


def test_how_far_a_clock_moved_is_told_with_the_error_of_both_exchanges() -> None:
    clock = NodeClock()
    ping(clock, 0, 100, 100, ahead=0)
    began = clock.ahead
    ping(clock, 40 * SECOND, 300, 300, ahead=7000)
    assert clock.drift(began) == Drift(7000, 400, 40 * SECOND + 200)
