"""The sandbox's timers: what is due when, in order, whatever fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from loadgen.clock import VirtualClock
from loadgen.sandbox.timers import Timers


def test_the_timers_keep_time_and_order() -> None:
    clock = VirtualClock()
    timers = Timers(clock)
    seen: list[tuple[int, str]] = []

    def book(when: int, name: str) -> None:
        timers.at(when, lambda: seen.append((clock.now(), name)))

    for when, name in ((30, "c"), (10, "a"), (30, "d"), (20, "b")):
        book(when, name)
    clock.run()
    assert seen == [(10, "a"), (20, "b"), (30, "c"), (30, "d")]


def test_the_timers_catch_up_and_take_bookings_meanwhile() -> None:
    clock = VirtualClock()
    timers, seen = Timers(clock), []

    def late() -> None:
        seen.append("first")
        timers.at(5, lambda: seen.append("booked for the past"))
        clock.advance(100)

    timers.at(10, late)
    timers.at(50, lambda: seen.append("overdue"))
    clock.run()
    assert seen == ["first", "booked for the past", "overdue"]


def test_what_is_booked_meanwhile_waits_for_the_loop() -> None:
    """Sockets are to be read between two pieces of a stream without pauses."""
    clock = HeldClock()
    timers = Timers(clock)
    seen: list[str] = []

    def stream() -> None:
        seen.append("piece")
        timers.at(0, stream)

    timers.at(0, stream)
    for turn in (1, 2, 3):
        clock.ring()
        assert len(seen) == turn


class HeldClock:
    """It is always 100, and the alarm rings when told."""

    def now(self) -> int:
        return 100

    def alarm(self, callback: Callable[[], None]) -> HeldClock:
        self.ring = callback
        return self

    def set(self, when: int) -> None: ...

    def clear(self) -> None: ...


def test_one_that_fails_does_not_stop_the_rest() -> None:
    clock = VirtualClock()
    timers, seen = Timers(clock), []

    def fail() -> None:
        raise ZeroDivisionError

    timers.at(1, fail)
    timers.at(2, lambda: seen.append(clock.now()))
    with pytest.raises(ZeroDivisionError):
        clock.run()
    clock.run()
    assert seen == [2]
