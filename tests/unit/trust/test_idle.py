"""How late an idle loop comes to its ticks, and what follows from it."""

from __future__ import annotations

import random

import pytest

from loadgen.clock import MILLISECOND, SECOND, VirtualClock
from loadgen.result.resolution import ASSUMED, MOST
from loadgen.trust.idle import GAPS, KEPT, LEAST, WATCHED, IdleTicks, resolution_of

US = 1000
QUIET = [40 * US] * KEPT
MANY = 3000  # ticks, enough for p99.9


def test_ticks_come_at_all_the_intervals_and_each_is_as_late_as_the_loop_was() -> None:
    clock = VirtualClock(start=5)
    ticks = IdleTicks(clock)
    ticks.start()
    at = clock.now()
    for gap in GAPS[:4]:
        clock.run(until=at + gap - 1)
        clock.advance(30 * US + 1)
        clock.run(until=clock.now())
        at = clock.now()
    assert ticks.stop() == (30 * US,) * 4
    clock.run(until=SECOND)
    assert ticks.stop() == (30 * US,) * 4, "a tick after the load began"


def test_only_the_latest_ticks_count_and_they_take_as_long_as_a_fleet_waits() -> None:
    clock = VirtualClock()
    ticks = IdleTicks(clock)
    ticks.start()
    clock.run(until=4)
    clock.advance(50 * MILLISECOND)  # another worker is starting
    clock.run(until=2 * SECOND)
    assert ticks.stop() == (0,) * KEPT
    assert KEPT * sum(GAPS) / len(GAPS) == pytest.approx(WATCHED, rel=0.01)


def test_a_quiet_machine_adds_two_wake_ups_to_a_time() -> None:
    resolution = resolution_of(QUIET)
    assert resolution.source == "ticks"
    assert resolution.ms == {"mean": 0.08, "p50": 0.08, "p90": 0.08, "p99": 0.08, "p99.9": 1.0}
    assert "p99.9" not in resolution.measured_ms, "too few ticks for it"


def test_the_sum_of_two_latenesses_has_the_percentiles_of_all_pairs() -> None:
    """Either of two wake-ups can be the late one: twice as many sums lie beyond as ticks do."""
    late = [20 * US] * (MANY - 20) + [600 * US] * 20
    random.Random(1).shuffle(late)
    measured = resolution_of(late).measured_ms
    assert measured["p50"] == measured["p90"] == 0.04
    assert measured["p99"] == 0.62, "1.3% of the sums have one of the late ticks, of which there are 0.67%"
    assert measured["p99.9"] == 0.62


def test_one_late_tick_alone_does_not_make_a_p99() -> None:
    assert resolution_of([*QUIET[1:], 4 * MILLISECOND]).ms["p99"] == 0.08


@pytest.mark.parametrize("stall", [3, 20, 50])
def test_a_machine_that_stalls_does_not_excuse_itself(stall: int) -> None:
    resolution = resolution_of([stall * MILLISECOND] * KEPT)
    assert resolution.measured_ms["p50"] == 2 * stall
    assert resolution.ms == dict(MOST)
    assert max(MOST.values()) == 1, "ms: less than a wait for a CPU behind other work takes"


@pytest.mark.parametrize("count", [0, LEAST - 1])
def test_with_hardly_a_tick_the_resolution_is_assumed(count: int) -> None:
    assert resolution_of([0] * count) == ASSUMED
