"""The self-test's own target: what its answers take, and that each is sent when it is due."""

from __future__ import annotations

from typing import Any, cast

import pytest

from loadgen.clock import MILLISECOND, VirtualClock
from loadgen.sandbox.responder import TIMES, Delayed, Peer, times


def test_the_times_have_the_tail_that_is_promised() -> None:
    drawn = times()
    ordered = sorted(drawn)
    assert len(drawn) == TIMES
    assert drawn != ordered
    assert drawn == times(), "the same in each self-test"
    assert ordered[TIMES // 2] / MILLISECOND == pytest.approx(10, rel=0.01)
    assert ordered[TIMES * 99 // 100] / MILLISECOND == pytest.approx(40, rel=0.02)


def test_each_is_answered_when_it_is_due_and_the_tail_comes_round_again() -> None:
    clock = VirtualClock()
    delayed, answered = Delayed(clock), list[tuple[int, int]]()

    class Asked:
        def __init__(self, at: int) -> None:
            self.at = at

        def answer(self, number: int) -> None:
            answered.append((clock.now() - self.at, number))

    for number in range(2 * TIMES):
        asked = Asked(clock.now())
        delayed.add(cast(Peer, cast(Any, asked)), number)
        clock.run(clock.now() + 100_000)
    clock.run()
    took = [time for time, _ in sorted(answered, key=lambda one: one[1])]
    assert took == times() * 2
    assert [number for _, number in answered] != sorted(number for _, number in answered), "the quick ones overtake"
