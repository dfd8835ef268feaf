"""Stopping early, and what holds in every run: nothing is lost, nothing is counted twice, the end is told once."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from engine_harness import START, Run, always
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from random_runs import check_instants, random_run

from loadgen.clock import MILLISECOND, SECOND
from loadgen.exchange import Exchange, Outcome
from loadgen.record.ledger import OUTCOMES
from loadgen.record.metrics import Metric
from loadgen.transport.scripted import NEVER

MIXED = """
load:
  - {name: a, rate: 50/s, for: 2s}
  - {name: b, users: 5, think: 100ms, for: 2s}
  - {name: c, at-once: 20}
  - {name: d, users: 4, iterations: 40}
  - {name: e, rate: 10/s..60/s, for: 2s}
session: {connections: 8}
timeout: 3s
scenarios:
  - {name: s, steps: [{name: one, get: /one}, {name: two, get: /two, think: 50ms..150ms}]}
  - {name: t, weight: 2, steps: [{name: one, get: /}]}
"""


def test_stop_starts_nothing_more_and_lets_what_is_open_finish() -> None:
    run = Run("load: [{name: a, rate: 10/s, for: 10s, arrivals: constant}]", always(after=SECOND))
    run.stop(5 * SECOND - 1).go()
    assert run.iterations(0) == {"planned": 100, "started": 50, "completed": 50, "unsent_stopped": 50}
    assert run.finished_at == 5900 * MILLISECOND
    assert run.outcomes(0) == {"ok": 50}


def test_kill_gives_up_what_is_open() -> None:
    written = "load: [{name: a, rate: 10/s, for: 10s, arrivals: constant}]\nsession: {connections: 3}"
    run = Run(written, always(after=SECOND)).kill(5 * SECOND - 1).go()
    assert run.finished_at == 5 * SECOND - 1
    assert run.outcomes(0) == {"ok": 12, "cancelled": 38}
    assert {x.done - START for x in run.exchanges if x.outcome} == {5 * SECOND - 1}


def test_kill_after_stop_ends_the_wait() -> None:
    run = Run("load: [{name: a, rate: 10/s, for: 10s}]", always(after=NEVER)).stop(SECOND).kill(2 * SECOND).go()
    assert run.finished_at == 2 * SECOND
    assert set(run.outcomes(0)) == {"cancelled"}


def test_stop_twice_is_stop_once() -> None:
    run = Run("load: [{name: a, rate: 10/s, for: 10s}]", always(after=SECOND))
    run.stop(SECOND).stop(SECOND).stop(3 * SECOND).go()
    assert sum(run.iterations(0)[name] for name in ("started", "unsent_stopped")) == run.iterations(0)["planned"]


@pytest.mark.parametrize("kill", [False, True])
@pytest.mark.parametrize("instant", [0, 1, 1999, 2000, 2050, 3999, 4000, 4001, 4600, 5000, 6500, 8000, 60_000])
def test_a_stop_at_any_time_accounts_for_everything(instant: int, kill: bool) -> None:
    run = Run(MIXED, always(after=120 * MILLISECOND, connect=30 * MILLISECOND), workers=2)
    (run.kill if kill else run.stop)(instant * MILLISECOND)
    run.go()
    if kill:
        assert run.finished_at <= instant * MILLISECOND
    for member in run.members:
        fields = [member.ledger.iteration(phase.number) for phase in run.plan.all_runs]
        assert sum(f["started"] + f["unsent_stopped"] for f in fields) == sum(f["planned"] for f in fields)
    known = [run.iterations(number).get("planned", 0) for number in (2, 3)]
    assert known == [20, 40], "what was planned counts although it never began"


def test_a_stop_before_the_first_arrival_is_a_run_of_nothing() -> None:
    run = Run(MIXED, always()).stop(0).go()
    assert run.exchanges == []
    assert run.finished_at == 0


def test_a_stop_breaks_off_those_who_think() -> None:
    written = """
load: [{name: a, rate: 10/s, for: 10s, arrivals: constant}]
scenarios: [{name: s, steps: [{name: one, get: /}, {name: two, get: /, think: 1s}, {name: three, get: /}]}]
"""
    run = Run(written, always(after=50 * MILLISECOND)).stop(2 * SECOND - 1).go()
    assert run.iterations(0) == {
        "planned": 100, "started": 20, "completed": 9, "cut_short": 11, "unsent_stopped": 80,
    }  # fmt: skip
    assert run.ledger.skipped.tolist()[:6] == [0, 0, 0, 10, 0, 11], "ten thought, one had its second step under way"
    assert run.recording.total(Metric.ITERATION).count == 9


def test_a_stop_while_a_request_that_cannot_be_made_is_reported_waits_for_it() -> None:
    written = """
load: [{name: a, at-once: 3}]
scenarios:
  - name: s
    steps:
      - {name: one, get: /one, capture: {id: body.id}}
      - {name: two, get: "/{{id}}"}
"""
    for kill in (False, True):
        run = Run(written, always(after=SECOND, body=b"{}"))
        stop: Callable[[Exchange], None] = run.members[0].engine.done
        transport = run.members[0].transport

        def done(x: Exchange, stop: Callable[[Exchange], None] = stop, run: Run = run, kill: bool = kill) -> None:
            run.members[0].exchanges.append(x)
            stop(x)
            (run.members[0].engine.kill if kill else run.members[0].engine.stop)()

        transport.done = done
        run.go()
        assert run.finished_at == SECOND
        assert sum(run.outcomes(0, 1).values()) == 1


def test_a_worker_that_is_gone_is_settled_from_what_it_counted() -> None:
    """SIGKILL at any instant: its ledger, as it stands then, adds up once what was open counts as lost."""
    run = Run(MIXED, always(after=120 * MILLISECOND, connect=30 * MILLISECOND))
    ledgers = []
    for instant in range(0, 12_000, 37):
        run.at(instant * MILLISECOND + 1, lambda run: ledgers.append((run.ledger, run.members[0].engine.in_flight)))
    run.go()
    assert max(in_flight for _, in_flight in ledgers) > 20
    for ledger, in_flight in ledgers:
        lost = ledger.settle()
        assert ledger.mismatches() == []
        assert 0 <= lost <= in_flight
        assert sum(ledger.outcomes[slot * OUTCOMES + Outcome.LOST] for slot in range(ledger.slots)) == lost


@pytest.mark.parametrize("first", range(0, 2000, 500))
def test_every_run_adds_up(first: int) -> None:
    for seed in range(first, first + examples(500, 8)):
        try:
            check_instants(random_run(Random(seed)))
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise


@given(st.randoms(use_true_random=False))
@settings(max_examples=examples(120), deadline=None, derandomize=True, database=None)
def test_every_run_that_hypothesis_thinks_of_adds_up(dice: Random) -> None:
    check_instants(random_run(dice))


def test_a_random_run_is_the_same_again() -> None:
    runs = [random_run(Random(5)), random_run(Random(5))]
    first, second = ([(x.due, x.done, x.outcome, x.request.path) for x in run.exchanges] for run in runs)
    assert first == second
