"""Attempts and operations: when the next attempt is due, what an operation comes to, what a stop leaves of it."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from engine_harness import START, ClientRetries, Run, always, go, operations
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from random_runs import check_instants, random_run

from loadgen.clock import MILLISECOND, SECOND
from loadgen.engine.accounts import MOST_TOLD
from loadgen.exchange import NEW, REUSED, Exchange, Outcome, Request, Tally
from loadgen.record.ledger import OUTCOMES
from loadgen.record.metrics import Metric
from loadgen.stats.ticks import TICKS
from loadgen.transport.scripted import NEVER, Reply
from loadgen.workload.retrying import Again
from loadgen.workload.scenarios import Workload

ONE = "load: [{name: a, rate: 10/s, iterations: 10, arrivals: constant}]\n"
TWO = """
load: [{name: a, rate: 10/s, iterations: 10, arrivals: constant}]
scenarios: [{name: s, steps: [{name: one, get: /one}, {name: two, get: /two}]}]
"""
MS = MILLISECOND


def pauses(*each: int) -> Again:
    """Another attempt after a failed one, after the first pause, the second, and so on, as long as there is one."""

    def again(x: Exchange, attempt: int) -> tuple[int, Request | None] | None:
        return (each[attempt - 1], None) if x.outcome and attempt <= len(each) else None

    return again


def in_turn(*replies: Reply) -> Any:
    """The first attempt of each operation gets the first reply, and so on; the last one is given from then on."""
    return lambda x: replies[min(x.attempt, len(replies)) - 1]


BUSY, GOOD = Reply(after=5 * MS, status=503), Reply(after=5 * MS)


def figures(run: Run, metric: Metric, **wanted: Any) -> tuple[int, int, int]:
    """How many, the least and the most."""
    found = run.recording.total(metric, **wanted)
    return found.count, found.least, found.most


# one operation


def test_an_operation_is_its_attempts_and_the_back_off_between_them() -> None:
    run = go(ONE, in_turn(BUSY, BUSY, GOOD), again=pauses(100 * MS, 200 * MS))
    assert figures(run, Metric.OPERATION) == (10, 315 * MS, 315 * MS)
    assert figures(run, Metric.BACKOFF) == (10, 300 * MS, 300 * MS)
    assert figures(run, Metric.RESPONSE) == (30, 5 * MS, 5 * MS)
    assert figures(run, Metric.LAG) == (30, 0, 0)
    assert run.outcomes(0) == {"http_5xx": 20, "ok": 10}
    assert (run.ledger.sent[0], run.ledger.wired[0], run.ledger.repeated[0]) == (30, 30, 20)
    assert run.iterations(0) == {"planned": 10, "started": 10, "completed": 10}
    for number, attempts in enumerate(operations(run.exchanges)):
        begun = [x.due - START - number * SECOND // 10 for x in attempts]
        assert begun == [0, 105 * MS, 310 * MS]
        assert [x.backoff for x in attempts] == [0, 100 * MS, 300 * MS]
        assert {x.request for x in attempts} == {attempts[0].request}
        assert all(x.deadline - x.due == 30 * SECOND for x in attempts)


def test_an_operation_of_one_attempt_has_no_back_off() -> None:
    run = go(ONE, always(after=7 * MS), again=pauses(MS))
    assert figures(run, Metric.OPERATION) == (10, 7 * MS, 7 * MS)
    assert run.recording.total(Metric.BACKOFF).count == 0
    assert run.ledger.repeated[0] == 0


def test_an_operation_belongs_to_the_second_of_its_first_due() -> None:
    run = go(ONE, in_turn(BUSY, GOOD), again=pauses(5 * SECOND))
    operations = [(tick, h.count) for (tick, _, metric), h in run.by_second.items() if metric == Metric.OPERATION]
    assert sum(count for _, count in operations) == 10
    assert all(tick < TICKS for tick, _ in operations)


def test_steps_that_make_one_attempt_have_no_operations() -> None:
    run = go(TWO, always(status=503))
    assert {metric for _, metric in run.recording.histograms} & {Metric.OPERATION, Metric.BACKOFF} == set()


def test_the_last_attempt_gives_the_step_its_outcome() -> None:
    run = go(TWO, in_turn(BUSY, Reply(after=5 * MS, status=404)), again=pauses(MS))
    assert run.outcomes(0, 0) == {"http_5xx": 10, "http_4xx": 10}
    assert run.iterations(0) == {"planned": 10, "started": 10, "failed": 10}
    assert run.ledger.skipped.tolist()[:4] == [0, 0, 10, 0], "the step that failed leaves out the next"
    assert figures(run, Metric.OPERATION, outcome=Outcome.HTTP_4XX) == (10, 11 * MS, 11 * MS)
    assert figures(run, Metric.BACKOFF, outcome=Outcome.HTTP_4XX) == (10, MS, MS)


def test_the_next_step_is_due_when_the_operation_is_over() -> None:
    run = go(TWO, lambda x: BUSY if x.slot == 0 and x.attempt == 1 else GOOD, again=pauses(90 * MS))
    assert run.dues(0, 1) == [number * SECOND // 10 + 100 * MS for number in range(10)]
    assert figures(run, Metric.ITERATION) == (10, 105 * MS, 105 * MS)
    assert figures(run, Metric.OPERATION, slot=0) == (10, 100 * MS, 100 * MS)
    assert figures(run, Metric.OPERATION, slot=1) == (10, 5 * MS, 5 * MS)


def test_another_request_may_be_sent_next() -> None:
    def again(x: Exchange, attempt: int) -> tuple[int, Request | None] | None:
        return (MS, Request("POST", f"/rest/{attempt}")) if attempt < 4 else None

    run = go(ONE, always(after=MS), again=again)
    for attempts in operations(run.exchanges):
        assert [x.request.path for x in attempts] == ["/", "/rest/1", "/rest/2", "/rest/3"]


def test_a_timeout_runs_from_the_attempts_own_due() -> None:
    run = go(ONE + "timeout: 1s\n", in_turn(BUSY, Reply(after=NEVER), GOOD), again=pauses(400 * MS, 0))
    assert run.outcomes(0) == {"http_5xx": 10, "timeout": 10, "ok": 10}
    assert figures(run, Metric.OPERATION) == (10, 1410 * MS, 1410 * MS)


def test_without_any_back_off_the_next_attempt_is_due_at_once() -> None:
    run = go(ONE, in_turn(BUSY, GOOD), again=pauses(0))
    assert figures(run, Metric.OPERATION) == (10, 10 * MS, 10 * MS)
    assert figures(run, Metric.BACKOFF) == (10, 0, 0), "nought is a figure, too"


def test_a_held_up_loop_is_lag_of_the_attempt_that_it_held_up() -> None:
    run = Run(ONE.replace("10,", "1,"), in_turn(BUSY, GOOD), again=pauses(100 * MS))
    run.stall(50 * MS, 80 * MS).go()
    first, second = run.exchanges
    assert (second.due - first.done, second.released - second.due) == (100 * MS, 25 * MS)
    assert (second.backoff, second.done - second.first_due) == (100 * MS, 135 * MS)


def test_a_closed_load_counts_from_releases() -> None:
    run = Run("load: [{name: a, users: 1, iterations: 1}]", in_turn(BUSY, GOOD), again=pauses(100 * MS))
    run.stall(50 * MS, 80 * MS).go()
    _, second = run.exchanges
    assert (second.due, second.backoff) == (second.released, 125 * MS), "nothing is due in it: a late release is no lag"
    assert second.deadline - second.due == 30 * SECOND
    assert figures(run, Metric.OPERATION) == (1, 135 * MS, 135 * MS)
    assert run.recording.total(Metric.LAG).count == 0


def test_a_user_goes_on_when_the_operation_is_over() -> None:
    run = go("load: [{name: a, users: 2, iterations: 20}]", in_turn(BUSY, GOOD), again=pauses(90 * MS))
    assert run.finished_at == SECOND
    assert run.iterations(0) == {"planned": 20, "started": 20, "completed": 20}


def test_who_waits_for_another_attempt_is_in_flight() -> None:
    written = "load: [{name: a, rate: 10/s, iterations: 10, arrivals: constant}]\nin_flight_limit: 3"
    run = go(written, in_turn(BUSY, GOOD), again=pauses(10 * SECOND))
    assert run.iterations(0) == {"planned": 10, "started": 3, "completed": 3, "unsent_limit": 7}


def test_attempts_have_their_own_strata() -> None:
    written = """
load: [{name: a, rate: 10/s, iterations: 10, arrivals: constant}]
scenarios: [{name: s, steps: [{name: one, get: /, capture: {cold: header.x-cold}}], split_by: [cold]}]
"""
    first = Reply(after=5 * MS, status=503, headers={"x-cold": "true"})
    run = go(written, in_turn(first, Reply(after=5 * MS, headers={"x-cold": "false"})), again=pauses(MS))
    for stratum, outcome in (("cold=true", Outcome.HTTP_5XX), ("cold=false", Outcome.OK)):
        assert figures(run, Metric.RESPONSE, stratum=stratum, outcome=outcome) == (10, 5 * MS, 5 * MS)
    assert figures(run, Metric.OPERATION, stratum="cold=false") == (10, 11 * MS, 11 * MS)


@pytest.mark.parametrize(("reuse", "opened"), [("shared", 1), ("per-iteration", 10), ("per-request", 20)])
def test_an_attempt_is_a_request_to_the_session(reuse: str, opened: int) -> None:
    """A request that was answered with an error has left its connection as it was."""
    run = go(ONE + f"session: {reuse}", in_turn(BUSY, GOOD), again=pauses(MS))
    assert run.ledger.connections[0] == opened
    labels = {tuple(x.connection for x in attempts) for attempts in operations(run.exchanges)}
    assert labels <= {(NEW, NEW) if reuse == "per-request" else (NEW, REUSED), (REUSED, REUSED)}


def test_a_request_that_cannot_be_made_is_not_tried_again() -> None:
    written = """
load: [{name: a, rate: 10/s, iterations: 10, arrivals: constant}]
scenarios: [{name: s, steps: [{name: one, get: /, capture: {id: body.id}}, {name: two, get: "/{{id}}"}]}]
"""
    asked: list[int] = []

    def again(x: Exchange, attempt: int) -> None:
        asked.append(x.slot)

    run = go(written, always(after=MS), again=again)
    assert asked == [0] * 10
    assert run.outcomes(0, 1) == {"unexpected": 10}
    assert figures(run, Metric.OPERATION, slot=1, outcome=Outcome.UNEXPECTED) == (10, 0, 0)


# the client's own attempts


def client(*each: int) -> ClientRetries:
    def pause(x: Exchange) -> int | None:
        return each[x.attempt - 1] if x.status >= 500 and x.attempt <= len(each) else None

    return pause


def test_attempts_of_the_client_are_told_apart_like_those_of_the_engine() -> None:
    """It repeats after 100 and 200 ms: the engine hears of each attempt when the next one begins."""
    run = go(TWO, in_turn(BUSY, BUSY, GOOD), client_retries=client(100 * MS, 200 * MS))
    for slot in (0, 1):
        assert figures(run, Metric.OPERATION, slot=slot) == (10, 315 * MS, 315 * MS)
        assert figures(run, Metric.BACKOFF, slot=slot) == (10, 300 * MS, 300 * MS)
        assert figures(run, Metric.RESPONSE, slot=slot) == (30, 5 * MS, 5 * MS)
        assert run.outcomes(0, slot) == {"http_5xx": 20, "ok": 10}
        assert (run.ledger.sent[slot], run.ledger.repeated[slot]) == (30, 20)
    assert run.iterations(0) == {"planned": 10, "started": 10, "completed": 10}
    assert figures(run, Metric.ITERATION) == (10, 630 * MS, 630 * MS)
    assert all(x.deadline - x.due == 30 * SECOND for x in run.exchanges)


def test_what_the_client_gives_up_may_be_tried_again_by_the_engine() -> None:
    run = go(ONE, in_turn(BUSY, BUSY, BUSY, GOOD), client_retries=client(10 * MS), again=pauses(0, 50 * MS, 70 * MS))
    for attempts in operations(run.exchanges):
        assert [x.backoff for x in attempts] == [0, 10 * MS, 60 * MS, 130 * MS]
    assert run.outcomes(0) == {"http_5xx": 30, "ok": 10}


def test_a_client_that_is_cancelled_between_two_attempts_has_finished_the_first() -> None:
    run = Run(ONE, in_turn(BUSY, GOOD), client_retries=client(10 * SECOND)).kill(450 * MS).go()
    assert run.finished_at == 450 * MS
    assert run.outcomes(0) == {"http_5xx": 5}
    assert run.iterations(0) == {"planned": 10, "started": 5, "failed": 5, "unsent_stopped": 5}


# the end of a load


@pytest.mark.parametrize("kill", [False, True])
def test_who_waits_for_another_attempt_is_cut_short_by_the_end(kill: bool) -> None:
    run = Run(TWO, in_turn(BUSY, GOOD), again=pauses(10 * SECOND))
    (run.kill if kill else run.stop)(450 * MS).go()
    assert run.finished_at == 450 * MS
    assert run.iterations(0) == {"planned": 10, "started": 5, "cut_short": 5, "unsent_stopped": 5}
    assert run.outcomes(0) == {"http_5xx": 5}
    assert run.ledger.repeated[0] == 0
    assert run.ledger.skipped.tolist()[:4] == [0, 0, 0, 5], "that step was sent; the next one was not"
    assert run.recording.total(Metric.OPERATION).count == 0, "nobody knows how long they would have taken"


def test_a_stopped_load_makes_no_further_attempt_of_what_was_open() -> None:
    run = Run(TWO, in_turn(Reply(after=SECOND, status=503), GOOD), again=pauses(MS)).stop(450 * MS).go()
    assert run.finished_at == 1400 * MS
    assert run.iterations(0) == {"planned": 10, "started": 5, "cut_short": 5, "unsent_stopped": 5}
    assert run.outcomes(0) == {"http_5xx": 5}


def test_the_last_attempt_of_a_stopped_load_ends_its_operation() -> None:
    run = Run(TWO, always(after=SECOND, status=503), again=pauses()).stop(450 * MS).go()
    assert run.iterations(0) == {"planned": 10, "started": 5, "failed": 5, "unsent_stopped": 5}
    assert run.recording.total(Metric.OPERATION).count == 5


def test_what_a_kill_gives_up_is_not_tried_again() -> None:
    run = Run(ONE, always(after=10 * SECOND), again=pauses(MS)).kill(450 * MS).go()
    assert run.outcomes(0) == {"cancelled": 5}
    assert run.iterations(0) == {"planned": 10, "started": 5, "cut_short": 5, "unsent_stopped": 5}


def test_a_connection_of_ones_own_is_closed_when_the_wait_for_an_attempt_is_broken_off() -> None:
    written = ONE + "session: {reuse: per-iteration, connections: 20}"
    run = Run(written, in_turn(BUSY, GOOD), again=pauses(10 * SECOND)).stop(450 * MS).go()
    assert run.members[0].transport.pool.open == 0


def test_the_load_goes_on_until_the_last_operation_is_over() -> None:
    written = "load: [{name: a, rate: 10/s, for: 1s, arrivals: constant}]"
    run = go(written, lambda x: BUSY if x.attempt == 1 and x.slot == 0 else GOOD, again=pauses(3 * SECOND))
    assert run.iterations(0) == {"planned": 10, "started": 10, "completed": 10}
    drained = run.iterations(1)
    assert drained["planned"] == drained["started"] == 30
    assert run.finished_at == 3910 * MS


def test_attempts_of_the_drain_are_given_up_when_it_is_no_longer_needed() -> None:
    written = "load: [{name: a, rate: 10/s, for: 1s, arrivals: constant}]"
    run = go(written, in_turn(BUSY, GOOD), again=pauses(3 * SECOND))
    drained = run.iterations(1)
    assert drained["started"] == drained["cut_short"] == 30
    assert run.outcomes(0) == {"http_5xx": 10, "ok": 10}
    assert run.outcomes(1) == {"http_5xx": 30}
    assert run.finished_at == 3910 * MS


@pytest.mark.parametrize(
    ("retries", "longest"), [("", 10), ("retries: 1", 10), ("retries: 3", 30 + 1 + 2), ("retries: 7", 70 + 31 + 20)]
)
def test_the_drain_may_last_as_long_as_all_attempts_can(retries: str, longest: int) -> None:
    """Of 10 s each; the back-offs of the standard rules are at most 1, 2, 4 s and so on, up to 20 s."""
    run = Run(f"{ONE}timeout: 10s\n{retries}", always())
    assert run.plan.longest == longest * SECOND


# items and capacity


def test_tallies_are_added_up_by_slot() -> None:
    run = Run(TWO, always(after=MS))
    for scenario in run.members[0].engine._workload.scenarios:
        for step in scenario.steps:
            step.assess = lambda x: setattr(x, "tally", Tally(25, x.slot, 1, 500, 2000))
    run.go()
    assert run.ledger.tally(0) == Tally(250, 0, 10, 5000, 20_000)
    assert run.ledger.tally(1) == Tally(250, 10, 10, 5000, 20_000)
    assert run.ledger.tally(2) == Tally()


def test_what_an_answer_tells_cannot_break_the_ledger() -> None:
    run = Run(ONE, always(after=MS))
    (step,) = run.members[0].engine._workload.scenarios[0].steps
    step.assess = lambda x: setattr(x, "tally", Tally(-5, 1 << 80, 1, 1 << 63, 0))
    run.go()
    assert run.ledger.tally(0) == Tally(0, 10 * MOST_TOLD, 10, 10 * MOST_TOLD, 0)


# whatever happens


def random_again(dice: Random, told: dict[tuple[object, int], bool]) -> Again:
    """Gives up at random, after pauses of any length; notes whether an operation was to be over."""

    def again(x: Exchange, attempt: int) -> tuple[int, Request | None] | None:
        over = attempt >= 5 or dice.random() < (0.9 if not x.outcome else 0.3)
        told[x.owner, x.slot] = over
        if over:
            return None
        request = Request("GET", "/more") if dice.random() < 0.3 else None
        return dice.choice((0, 1, MS, 70 * MS, dice.randint(0, SECOND))), request

    return again


def check_operations(run: Run, told: dict[tuple[object, int], bool]) -> None:
    """Each that came to its end is recorded, with its own time; none else is. What could not be made is one, too."""
    over = [attempts for attempts in operations(run.exchanges) if told[attempts[0].owner, attempts[0].slot]]
    unmade = sum(run.ledger.sent.tolist()) - len(run.exchanges)
    lasted, waited = run.recording.total(Metric.OPERATION), run.recording.total(Metric.BACKOFF)
    assert lasted.count == len(over) + unmade
    whole = sum(attempts[-1].done - attempts[0].first_due for attempts in over)
    assert lasted.total == whole or (unmade and lasted.total > whole)
    assert waited.count == sum(len(attempts) > 1 for attempts in over)
    assert waited.total == sum(attempts[-1].backoff for attempts in over)


def run_with_attempts(dice: Random, client_too: bool) -> Run:
    """By the engine; or by the client, and by the engine what the client gives up."""
    told: dict[tuple[object, int], bool] = {}

    def pause(x: Exchange) -> int | None:
        return None if x.attempt > 3 or dice.random() < 0.5 else dice.choice((0, MS, dice.randint(0, SECOND)))

    run = random_run(dice, again=random_again(dice, told), client_retries=pause if client_too else None)
    check_instants(run)
    check_operations(run, told)
    return run


@pytest.mark.parametrize("client_too", [False, True])
@pytest.mark.parametrize("first", [0, 300])
def test_every_run_adds_up_with_attempts(client_too: bool, first: int) -> None:
    repeated = 0
    for seed in range(first, first + examples(300, 6)):
        try:
            run = run_with_attempts(Random(seed), client_too)
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
        repeated += sum(run.ledger.repeated.tolist())
    assert repeated > 5 * examples(300, 6)


@given(st.randoms(use_true_random=False), st.booleans())
@settings(max_examples=examples(80), deadline=None, derandomize=True, database=None)
def test_every_run_that_hypothesis_thinks_of_adds_up_with_attempts(dice: Random, client_too: bool) -> None:
    run_with_attempts(dice, client_too)


MIXED = """
load:
  - {name: a, rate: 50/s, for: 2s}
  - {name: b, users: 5, think: 100ms, for: 2s}
  - {name: c, at-once: 20}
  - {name: d, rate: 10/s..60/s, for: 2s}
timeout: 3s
scenarios:
  - {name: s, steps: [{name: one, get: /one}, {name: two, get: /two, think: 50ms..150ms}]}
  - {name: t, weight: 2, steps: [{name: one, get: /}]}
"""


@pytest.mark.parametrize("kill", [False, True])
@pytest.mark.parametrize("instant", [0, 1, 1999, 2000, 2050, 3999, 4000, 4001, 4600, 5000, 6500, 8000, 60_000])
def test_a_stop_at_any_time_accounts_for_every_attempt(instant: int, kill: bool) -> None:
    reply = Reply(after=120 * MS, connect=30 * MS, status=503)
    run = Run(MIXED, in_turn(reply, GOOD), workers=2, again=pauses(300 * MS))
    (run.kill if kill else run.stop)(instant * MS)
    run.go()
    if kill:
        assert run.finished_at <= instant * MS
    for member in run.members:
        fields = [member.ledger.iteration(phase.number) for phase in run.plan.all_runs]
        assert sum(f["started"] + f["unsent_stopped"] for f in fields) == sum(f["planned"] for f in fields)


def test_a_worker_that_is_gone_is_settled_with_its_attempts() -> None:
    """SIGKILL at any instant: its ledger, as it stands then, adds up once what was open counts as lost."""
    reply = Reply(after=120 * MS, connect=30 * MS, status=503)
    run = Run(MIXED, in_turn(reply, GOOD), again=pauses(200 * MS))
    ledgers = []
    for instant in range(0, 12_000, 37):
        run.at(instant * MS + 1, lambda run: ledgers.append((run.ledger, run.members[0].engine.in_flight)))
    run.go()
    assert max(in_flight for _, in_flight in ledgers) > 20
    for ledger, in_flight in ledgers:
        lost = ledger.settle()
        assert ledger.mismatches() == []
        assert 0 <= lost <= in_flight
        assert sum(ledger.outcomes[slot * OUTCOMES + Outcome.LOST] for slot in range(ledger.slots)) == lost


def test_a_plain_scenario_is_one_whose_steps_make_one_attempt() -> None:
    for written, plain in ((ONE, True), (ONE + "retries: 1", True), (ONE + "retries: 3", False)):
        (scenario,) = Workload(Run(written, always()).profile).scenarios
        assert scenario.plain is plain
        assert scenario.steps[0].repeats is not plain
