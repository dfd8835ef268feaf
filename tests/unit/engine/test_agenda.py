"""What comes when: arrivals and calls in the order of their instants, whatever is made meanwhile."""

from __future__ import annotations

import numpy as np

from loadgen.clock import VirtualClock
from loadgen.engine.agenda import Agenda


def blocks(*dues: list[int]) -> list[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    return [np.array(block, np.int64) for block in dues]


class Watched:
    """An agenda that writes down what comes, as (what, its instant, now)."""

    def __init__(self) -> None:
        self.clock, self.seen = VirtualClock(), list[tuple[str, int, int]]()
        self.agenda = Agenda(self.clock, lambda due: self.note("arrival", due))

    def note(self, what: str, when: int) -> None:
        self.seen.append((what, when, self.clock.now()))

    def at(self, when: int, what: str = "call") -> None:
        self.agenda.at(when, lambda now: self.note(what, when))


def test_arrivals_and_calls_come_in_one_order_and_an_arrival_goes_before_a_call_of_its_instant() -> None:
    of = Watched()
    of.agenda.arrivals(blocks([10, 20], [], [30]), 0)
    for when in (20, 5, 25):
        of.at(when)
    of.agenda.rearm()
    of.clock.run()
    assert [(what, when) for what, when, _ in of.seen] == [
        ("call", 5), ("arrival", 10), ("arrival", 20), ("call", 20), ("call", 25), ("arrival", 30),
    ]  # fmt: skip
    assert all(when == now for _, when, now in of.seen)


def test_who_wakes_late_does_all_that_is_due_with_its_own_instants() -> None:
    of = Watched()
    of.agenda.arrivals(blocks([10, 11, 12, 40]), 0)
    of.at(11)
    of.agenda.rearm()
    of.clock.advance(15)
    of.clock.run()
    assert of.seen == [
        ("arrival", 10, 15), ("arrival", 11, 15), ("call", 11, 15), ("arrival", 12, 15), ("arrival", 40, 40),
    ]  # fmt: skip


def test_what_becomes_due_while_others_are_done_is_left_to_the_next_turn() -> None:
    of = Watched()
    turns = list[int]()
    of.agenda.at(10, lambda now: of.clock.advance(20))
    of.at(25)
    of.clock.call_at(26, lambda: turns.append(len(of.seen)))
    of.clock.run()
    assert of.seen == [("call", 25, 30)]
    assert turns == [0], "what else is due has its turn before"


def test_a_call_that_is_made_while_others_are_done_comes() -> None:
    of = Watched()
    of.agenda.at(10, lambda now: of.at(now + 5))
    of.agenda.at(20, lambda now: of.at(now - 15, "past"))
    of.clock.run()
    assert of.seen == [("call", 15, 15), ("past", 5, 20)]


def test_new_arrivals_take_the_place_of_those_that_were_to_come() -> None:
    of = Watched()
    of.agenda.arrivals(blocks([10, 20, 30]), 0)
    of.agenda.rearm()
    of.clock.run(until=15)
    of.agenda.arrivals(blocks([], [17]), 0)
    of.agenda.rearm()
    of.clock.run()
    assert [when for _, when, _ in of.seen] == [10, 17]


def test_nothing_comes_when_it_is_closed() -> None:
    of = Watched()
    of.agenda.arrivals(blocks([10]), 0)
    of.at(10)
    of.agenda.rearm()
    of.agenda.close()
    of.agenda.rearm()
    of.clock.run(until=100)
    assert of.seen == []
