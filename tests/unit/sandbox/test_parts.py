"""Timers, idle connections, lateness and the truth log."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from loadgen.clock import VirtualClock
from loadgen.errors import PlanError
from loadgen.sandbox.counters import Lateness
from loadgen.sandbox.idle import Idle
from loadgen.sandbox.timers import Timers
from loadgen.sandbox.truth import COLUMNS, Truth


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


class Idler:
    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.closed: list[int] = []

    def close_idle(self) -> None:
        self.closed.append(self._clock.now())


def test_idle_connections_end_when_their_time_is_over() -> None:
    clock = VirtualClock()
    idle = Idle(Timers(clock), 100)
    a, b, c = (Idler(clock) for _ in range(3))
    idle.rest(a, 0)
    clock.run(until=40)
    idle.rest(b, 40)
    idle.rest(c, 40)
    clock.run(until=60)
    idle.wake(c)
    idle.rest(a, 60)
    clock.run()
    assert (a.closed, b.closed, c.closed) == ([160], [140], [])


def test_lateness() -> None:
    late = Lateness()
    assert late.take() == {"p50": None, "p99": None, "max": None}
    for value in range(1, 1001):
        late.record(value * 1000)
    late.record(-5)
    taken = late.take()
    assert taken["max"] == 1_000_000
    assert taken["p50"] == pytest.approx(500_000, rel=0.04)
    assert taken["p99"] == pytest.approx(990_000, rel=0.04)
    assert late.take()["max"] is None


def test_lateness_is_never_told_smaller_than_it_was() -> None:
    for value in (0, 1, 31, 32, 63, 64, 65, 127, 128, 10**6 + 1, 2**40 + 12345):
        late = Lateness()
        late.record(value)
        late.record(value)
        late.record(2 * value)
        p50 = late.take()["p50"]
        assert p50 is not None
        assert value <= p50 <= value * 33 / 32 + 1


def test_the_truth_log_replaces_only_its_own_kind(tmp_path: Path) -> None:
    log, other = tmp_path / "truth.csv", tmp_path / "thesis.txt"
    for _ in range(2):
        Truth(log).close()
        assert log.read_text() == f"{COLUMNS}\n"
    other.write_text("years of work")
    with pytest.raises(PlanError, match="not a truth log"):
        Truth(other)
    assert other.read_text() == "years of work"
    with pytest.raises(PlanError, match="cannot be written"):
        Truth(tmp_path / "missing" / "truth.csv")


def test_a_full_disk_is_told_and_survived() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full on this system")
    truth = Truth(full)
    truth.close()
    assert "No space" in truth.problem


def test_the_columns_are_those_of_a_csv_reader() -> None:
    assert next(csv.reader([COLUMNS]))[0] == "connection"
    assert len(COLUMNS.split(",")) == 17
