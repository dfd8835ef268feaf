"""The closed load: users who wait for an answer, think, and go on; and iterations that are all due at once."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from engine_harness import START, Run, always, go

from loadgen.clock import MILLISECOND, SECOND
from loadgen.exchange import Exchange, Outcome
from loadgen.record.metrics import Metric
from loadgen.transport.scripted import NEVER, Reply


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_each_user_starts_again_when_its_last_iteration_is_done(workers: int) -> None:
    run = go("load: [{name: a, users: 7, for: 10s}]", always(after=100 * MILLISECOND), workers=workers)
    assert run.iterations(0) == {"planned": 700, "started": 700, "completed": 700}
    assert Counter(run.dues(0)) == {k * SECOND // 10: 7 for k in range(100)}
    assert run.ledger.connections[0] == 7


def test_think_time_lies_between_two_iterations() -> None:
    run = go("load: [{name: a, users: 2, think: 300ms, for: 4s}]", always(after=100 * MILLISECOND))
    assert Counter(run.dues(0)) == {k * 4 * SECOND // 10: 2 for k in range(10)}
    assert run.finished_at == 4 * SECOND


def test_think_times_are_drawn_evenly_from_their_range() -> None:
    run = go("load: [{name: a, users: 1, think: 1s..3s, for: 2000s}]", always(after=MILLISECOND))
    dues = run.dues(0)
    pauses = [later - earlier - MILLISECOND for earlier, later in pairwise(dues)]
    assert min(pauses) >= SECOND
    assert max(pauses) <= 3 * SECOND
    mean, expected = sum(pauses) / len(pauses), 2 * SECOND
    assert abs(mean - expected) < 4 * (2 * SECOND / 12**0.5) / len(pauses) ** 0.5


def test_a_closed_load_has_no_due_time_and_so_no_response() -> None:
    run = go("load: [{name: a, users: 1, for: 1s}]", always(after=100 * MILLISECOND, connect=5 * MILLISECOND))
    assert run.recording.total(Metric.RESPONSE).count == run.recording.total(Metric.LAG).count == 0
    service = run.recording.total(Metric.SERVICE)
    assert (service.count, service.least, service.most) == (10, 100 * MILLISECOND, 105 * MILLISECOND)


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
@pytest.mark.parametrize(("users", "iterations"), [(1, 10), (3, 10), (10, 3), (4, 4), (5, 1001), (2, 1)])
def test_iterations_are_exact_over_all_workers(users: int, iterations: int, workers: int) -> None:
    written = {"load": [{"name": "a", "users": users, "iterations": iterations}, {"name": "b", "at-once": 5}]}
    run = go(written, always(after=MILLISECOND), workers=workers)
    assert run.iterations(0) == {"planned": iterations, "started": iterations, "completed": iterations}
    assert max(Counter(run.dues(0)).values()) <= users
    assert run.iterations(1)["completed"] == 5


def test_for_ends_a_phase_that_would_take_longer() -> None:
    run = go("load: [{name: a, users: 2, for: 1s, iterations: 1000}]", always(after=100 * MILLISECOND))
    assert run.iterations(0) == {"planned": 20, "started": 20, "completed": 20}
    assert run.finished_at == SECOND


@pytest.mark.parametrize("workers", [1, 2])
def test_iterations_end_a_phase_before_its_time(workers: int) -> None:
    written = "load: [{name: a, users: 2, for: 60s, iterations: 10}, {name: b, users: 2, for: 1s}]"
    run = go(written, always(after=100 * MILLISECOND), workers=workers)
    assert run.iterations(0)["started"] == 10
    assert min(run.dues(1)) == SECOND // 2
    assert run.finished_at == 1500 * MILLISECOND


def test_a_phase_of_a_count_ends_with_its_last_answer_and_not_with_a_pause() -> None:
    written = "load: [{name: a, users: 1, think: 10s, iterations: 2}, {name: b, at-once: 1}]"
    run = go(written, always(after=SECOND))
    assert run.dues(0) == [0, 11 * SECOND]
    assert run.dues(1) == [12 * SECOND]


@pytest.mark.parametrize("workers", [1, 2])
def test_max_rate_keeps_starts_apart(workers: int) -> None:
    written = "load: [{name: a, users: 30, for: 2s}]\nmax_rate: 50/s"
    run = go(written, always(after=5 * MILLISECOND), workers=workers)
    for member in run.members:
        dues = [x.due for x in member.exchanges if x.slot == 0]
        gaps = [later - earlier for earlier, later in pairwise(dues)]
        assert set(gaps) == {workers * SECOND // 50}
    assert run.iterations(0)["started"] == 100


def test_users_whom_max_rate_kept_waiting_do_not_keep_the_next_phase_waiting() -> None:
    written = "load: [{name: a, users: 1000, for: 2s}, {name: b, users: 3, for: 1s}]\nmax_rate: 10/s"
    run = go(written, always(after=MILLISECOND))
    assert run.dues(0) == [k * SECOND // 10 for k in range(20)]
    assert run.dues(1) == [2 * SECOND + k * SECOND // 10 for k in range(10)]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_all_at_once_is_due_at_one_instant(workers: int) -> None:
    written = (
        "load: [{name: a, rate: 10/s, for: 1s, arrivals: constant}, {name: spike, at-once: 100}, {name: b, at-once: 2}]"
    )
    run = go(written, lambda x: Reply(after=(1 + x.slot) * SECOND), workers=workers)
    assert run.dues(1) == [SECOND] * 100
    assert run.dues(2) == [3 * SECOND] * 2, "the phase ends when the last one is done"
    assert run.recording.total(Metric.RESPONSE, slot=1).least == 2 * SECOND


def test_all_at_once_beyond_the_in_flight_limit_is_unsent() -> None:
    run = go("load: [{name: a, at-once: 100}]\nin_flight_limit: 30", always(after=SECOND))
    assert run.iterations(0) == {"planned": 100, "started": 30, "completed": 30, "unsent_limit": 70}


def test_all_at_once_none_of_which_may_start_ends_too() -> None:
    written = "load: [{name: a, rate: 10/s, for: 1s, arrivals: constant}, {name: b, at-once: 5}, {name: c, at-once: 1}]"
    run = go(written + "\nin_flight_limit: 10", lambda x: Reply(after=10 * SECOND))
    assert run.iterations(1) == {"planned": 5, "unsent_limit": 5}
    assert run.iterations(2) == {"planned": 1, "unsent_limit": 1}


def test_users_of_a_dead_target_end_on_time() -> None:
    refused = always(after=1000, outcome=Outcome.REFUSED, reason="connection refused")
    run = go("load: [{name: a, users: 3, for: 5ms}, {name: b, users: 1, iterations: 50}]", refused)
    assert run.outcomes(0) == {"refused": 3 * 5000}
    assert run.outcomes(1) == {"refused": 50}
    assert run.finished_at == 5 * MILLISECOND + 50_000


def test_users_of_a_silent_target_time_out_and_go_on() -> None:
    run = go("load: [{name: a, users: 2, for: 10s}]\ntimeout: 1s", always(after=NEVER))
    assert run.outcomes(0) == {"timeout": 20}
    assert {x.done - x.released for x in run.exchanges} == {SECOND}


def test_users_wait_for_the_step_that_failed_no_longer() -> None:
    def second_fails(x: Exchange) -> Reply:
        return Reply(after=10 * MILLISECOND, status=500 if x.request.path == "/two" else 200)

    written = """
load: [{name: a, users: 1, for: 1s}]
scenarios: [{name: s, steps: [{name: one, get: /one}, {name: two, get: /two}, {name: three, get: /three}]}]
"""
    run = go(written, second_fails)
    assert run.iterations(0) == {"planned": 50, "started": 50, "failed": 50}
    assert [run.ledger.sent[step] for step in range(3)] == [50, 50, 0]


def test_a_user_that_the_end_of_its_phase_finds_at_work_finishes() -> None:
    run = go("load: [{name: a, users: 1, for: 1s}, {name: b, users: 1, for: 1s}]", always(after=700 * MILLISECOND))
    assert run.dues(0) == [0, 700 * MILLISECOND]
    assert run.dues(1) == [SECOND, 1700 * MILLISECOND]
    assert run.finished_at == 2400 * MILLISECOND


def test_connections_of_a_cap_are_waited_for() -> None:
    """100 users share 10 connections of 10 ms: Little's law has each wait 90 ms of its 100."""
    run = go("load: [{name: a, users: 100, for: 5s}]\nsession: {connections: 10}", always(after=10 * MILLISECOND))
    settled = [x for x in run.of(0) if x.due >= START + SECOND]
    assert {x.started - x.signed for x in settled} == {90 * MILLISECOND}
    assert {x.done - x.started for x in settled} == {10 * MILLISECOND}
    assert (run.ledger.connections[0], run.ledger.connections[5]) == (10, 10)


def test_a_stalled_loop_moves_a_closed_load_and_hides_nothing_in_it() -> None:
    run = Run("load: [{name: a, users: 1, for: 2s}]", always(after=100 * MILLISECOND)).stall(SECOND, SECOND // 2).go()
    assert run.iterations(0)["started"] == 15
    assert sorted(x.done - x.started for x in run.of(0)) == [100 * MILLISECOND] * 14 + [600 * MILLISECOND]
