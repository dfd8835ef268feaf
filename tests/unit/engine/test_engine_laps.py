"""Laps: after so many iterations of each user all wait, and nothing is open, until they are told to go on."""

from __future__ import annotations

from itertools import pairwise

import pytest
from engine_harness import START, Run, always
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.clock import MILLISECOND, SECOND
from loadgen.exchange import Exchange
from loadgen.transport.scripted import Reply

MS = MILLISECOND


def load(users: int, iterations: int, more: str = "") -> str:
    return f"load: [{{name: a, users: {users}, iterations: {iterations}{more}}}]"


def sent(run: Run) -> list[int]:
    """When each was sent, in ms after the start."""
    return sorted((x.sent - START) // MS for member in run.members for x in member.exchanges)


def test_one_user_waits_after_each_iteration() -> None:
    run = Run(load(1, 4), always(after=10 * MS), lap=1, pause=SECOND).go()
    assert sent(run) == [0, 1010, 2020, 3030]
    assert run.halts == [10 * MS, 1020 * MS, 2030 * MS], "and not after the last one"


def test_a_lap_of_several_iterations_waits_once() -> None:
    run = Run(load(1, 5), always(after=10 * MS), lap=2, pause=SECOND).go()
    assert sent(run) == [0, 10, 1020, 1030, 2040]


def test_users_wait_for_the_slowest() -> None:
    """Nothing is open while they wait: the change between would not reach what is."""
    run = Run(load(3, 6), lambda x: Reply(after=(10 + 20 * (x.owner.index % 3)) * MS), lap=1, pause=SECOND).go()
    assert sent(run) == [0, 0, 0, 1050, 1050, 1050]


def test_the_next_phase_begins_as_after_a_phase_without_laps() -> None:
    text = "load: [{name: a, users: 1, iterations: 2}, {name: b, users: 2, iterations: 3}]"
    run = Run(text, always(after=10 * MS), lap=1, pause=SECOND).go()
    assert sent(run) == [0, 1010, 1020, 1020, 2030]


def test_who_thinks_is_waited_for() -> None:
    run = Run(load(2, 4, ", think: 300ms"), always(after=10 * MS), lap=1, pause=SECOND).go()
    assert run.halts == [310 * MS]


@pytest.mark.parametrize("instant", [5 * MS, 500 * MS, 1015 * MS])
def test_a_stop_ends_it_in_a_lap_and_between_two(instant: int) -> None:
    run = Run(load(2, 9), always(after=10 * MS), lap=1, pause=SECOND).stop(instant).go()
    assert len(sent(run)) == (2 if instant < SECOND else 4)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 7), st.integers(1, 40), st.integers(1, 5), st.integers(1, 4), st.data())
def test_all_are_sent_and_no_lap_has_more(
    users: int, iterations: int, lap: int, workers: int, data: st.DataObject
) -> None:
    """Whatever the answers take: none is open when all wait, and between two halts are no more than a lap has."""
    times: dict[int, int] = {}

    def answer(x: Exchange) -> Reply:
        return Reply(after=times.setdefault(len(times), data.draw(st.integers(1, 50))) * MS)

    run = Run(load(users, iterations), answer, workers=workers, lap=lap, pause=100 * MS).go()
    every = [x for member in run.members for x in member.exchanges]
    assert len(every) == iterations
    bounds = [0, *run.halts, 10**18]
    for begin, end in pairwise(bounds):
        inside = [x for x in every if begin <= x.sent - START < end]
        assert len(inside) <= users * lap
        assert all(x.done - START <= end for x in inside)
