"""Virtual time: calls in order, alarms that move, and a process that is busy."""

from __future__ import annotations

from loadgen.clock import VirtualClock


def test_calls_run_at_their_instant_and_of_one_instant_in_the_order_in_which_they_were_made() -> None:
    clock, seen = VirtualClock(100), list[tuple[str, int]]()
    for name, when in (("late", 300), ("first", 200), ("second", 200), ("past", 50)):
        clock.call_at(when, lambda name=name: seen.append((name, clock.now())))  # type: ignore[misc]
    clock.run()
    assert seen == [("past", 100), ("first", 200), ("second", 200), ("late", 300)]


def test_time_ends_where_it_is_told_to() -> None:
    clock, seen = VirtualClock(), list[int]()
    for when in (10, 20, 21):
        clock.call_at(when, lambda when=when: seen.append(when))  # type: ignore[misc]
    clock.run(until=20)
    assert (seen, clock.now()) == ([10, 20], 20)
    clock.run(until=20)
    assert (seen, clock.now()) == ([10, 20], 20), "it never goes back, and nothing runs twice"
    clock.run()
    assert (seen, clock.now()) == ([10, 20, 21], 21), "no further than the last call"


def test_a_call_may_make_another_of_the_same_instant() -> None:
    clock, seen = VirtualClock(), list[int]()

    def again() -> None:
        seen.append(clock.now())
        if len(seen) < 3:
            clock.call_at(clock.now(), again)

    clock.call_at(5, again)
    clock.run(until=5)
    assert seen == [5, 5, 5]


def test_an_alarm_rings_where_it_was_set_last_and_once() -> None:
    clock, rung = VirtualClock(), list[int]()
    alarm = clock.alarm(lambda: rung.append(clock.now()))
    alarm.set(30)
    alarm.set(10)
    alarm.set(20)
    clock.run(until=100)
    assert rung == [20]
    alarm.set(110)
    alarm.clear()
    clock.run(until=200)
    assert rung == [20]
    alarm.set(210)
    clock.run()
    assert rung == [20, 210], "it can be set again after it was cleared"


def test_a_busy_process_is_late_for_what_was_due_meanwhile() -> None:
    clock, seen = VirtualClock(), list[int]()
    clock.call_at(10, lambda: clock.advance(50))
    clock.call_at(20, lambda: seen.append(clock.now()))
    clock.run()
    assert seen == [60]
