"""What goes on beside the phases: exactly when, in how many workers, and how it ends."""

from __future__ import annotations

from collections import Counter

import pytest
from engine_harness import START, Run, always, go

from loadgen.clock import MILLISECOND, SECOND
from loadgen.engine.plan import Plan
from loadgen.transport.scripted import NEVER

LOAD = """
load:
  - {name: warm-up, rate: 20/s, for: 2s, arrivals: constant, measure: false}
  - {name: a, rate: 50/s, for: 5s}
cycles: 2
"""
PINGS = "beside: [{name: keep-warm, every: 3s, at-once: 10, get: /ping}]\n"
STREAM = 4  # its number: a warm-up, two cycles and the drain come before


@pytest.mark.parametrize("workers", [1, 2, 3, 7, 13])
def test_so_many_are_due_at_the_same_instant_over_all_workers(workers: int) -> None:
    run = go(LOAD + PINGS, workers=workers)
    assert Counter(run.dues(STREAM)) == {group * 3 * SECOND: 10 for group in range(4)}  # 12 s of load
    assert run.iterations(STREAM) == {"planned": 40, "started": 40, "completed": 40}
    each = [member.ledger.iteration(STREAM)["started"] for member in run.members]
    assert max(each) - min(each) <= 1
    assert {x.request.path for x in run.of(STREAM)} == {"/ping"}


@pytest.mark.parametrize(
    ("written", "dues"),
    [
        ("every: 6s", [0, 6]),  # what would be due at the end is not
        ("every: 6s, after: 1ms", [0.001, 6.001]),
        ("every: 11s, after: 1s", [1]),
        ("every: 1s, after: 12s", []),
        ("every: 10m", [0]),
    ],
)
def test_it_goes_on_from_the_start_of_the_first_phase_to_the_end_of_the_last(written: str, dues: list[float]) -> None:
    run = go(f"{LOAD}beside: [{{name: pings, {written}, get: /}}]")
    assert [due / SECOND for due in run.dues(STREAM)] == dues
    assert run.iterations(STREAM).get("planned", 0) == len(dues)


def test_it_waits_for_no_answer_and_a_late_one_counts() -> None:
    run = go(LOAD + PINGS, always(after=20 * SECOND))
    assert len(run.of(STREAM)) == 40
    assert run.finished_at > 29 * SECOND
    assert run.outcomes(STREAM) == {"ok": 40}


@pytest.mark.parametrize("workers", [1, 3])
def test_what_the_phases_send_is_the_same_with_it_and_without(workers: int) -> None:
    steps = "{name: s, steps: [{name: one, get: '/{{seq}}/{{uuid}}'}]}, {name: t, steps: [{name: g, get: /}]}"
    scenarios = f"scenarios: [{steps}]"
    alone, both = (go(LOAD + more + scenarios, workers=workers) for more in ("", PINGS))
    for number in range(3):
        for step in range(2):
            sent = [[(x.due, x.request.path) for x in run.of(number, step)] for run in (alone, both)]
            assert sent[0] == sent[1]
    assert len(both.exchanges) == len(alone.exchanges) + 40


def test_beside_phases_whose_end_is_not_known_it_goes_on_until_they_are_over() -> None:
    load = "load: [{name: a, users: 2, iterations: 50}, {name: b, at-once: 5}]\n"
    run = go(f"{load}beside: [{{name: pings, every: 100ms, at-once: 3, get: /ping}}]", always(after=10 * MILLISECOND))
    ended = max(x.done for x in run.exchanges if x.slot < 2) - START
    groups = -(-ended // (100 * MILLISECOND))
    assert Counter(run.dues(3)) == {group * 100 * MILLISECOND: 3 for group in range(groups)}
    assert run.iterations(3) == {"planned": 3 * groups, "started": 3 * groups, "completed": 3 * groups}
    assert run.outcomes(0) == {"ok": 50}


@pytest.mark.parametrize("instant", [0, 1, 2999, 3000, 3001, 11_999, 12_000, 12_500])
@pytest.mark.parametrize("kill", [False, True])
def test_a_stop_at_any_time_accounts_for_everything(instant: int, kill: bool) -> None:
    run = Run(LOAD + PINGS, always(after=120 * MILLISECOND), workers=2)
    (run.kill if kill else run.stop)(instant * MILLISECOND)
    run.go()
    counted = run.iterations(STREAM)
    assert counted.pop("planned") == 40
    assert counted.get("started", 0) + counted.get("unsent_stopped", 0) == 40
    assert len(run.of(STREAM)) == counted.get("started", 0) == 10 * -(-min(instant, 12_000) // 3000)


def test_a_load_that_ends_early_plans_no_more_of_it() -> None:
    run = Run(LOAD + PINGS, always())
    run.at(8 * SECOND, lambda run: run.members[0].engine.leave(2, START + 8 * SECOND + MILLISECOND))
    run.go()
    assert run.iterations(STREAM) == {"planned": 30, "started": 30, "completed": 30}


def test_a_worker_that_dies_leaves_what_it_did_not_send() -> None:
    run = Run(LOAD + PINGS, always(after=NEVER), workers=2)
    seen = []
    run.at(4 * SECOND, lambda run: seen.append(run.members[1].ledger.snapshot()))
    run.kill(5 * SECOND).go()
    (ledger,) = seen
    ledger.settle()
    assert ledger.mismatches() == []
    assert ledger.iteration(STREAM) | {"cut_short": 0} == {
        "planned": 20, "started": 10, "completed": 0, "failed": 0, "cut_short": 0, "unsent_limit": 0,
        "unsent_stopped": 10,
    }  # fmt: skip


def test_beyond_the_limit_of_open_iterations_it_is_unsent() -> None:
    run = go("load: [{name: a, rate: 1/s, for: 2s, arrivals: constant}]\nin_flight_limit: 4\n" + PINGS)
    assert run.iterations(2) == {"planned": 10, "started": 3, "completed": 3, "unsent_limit": 7}


def test_two_streams_have_figures_and_values_of_their_own() -> None:
    streams = [
        {"name": "keep-warm", "every": "1s", "at-once": 2, "get": "/{{seq}}"},
        {"name": "health", "every": "500ms", "after": "250ms", "post": "/{{seq}}"},
    ]
    phase = {"name": "a", "rate": "10/s", "for": "2s", "arrivals": "constant"}
    run = go({"load": [phase], "beside": streams}, workers=2)
    assert run.dues(2) == [0, 0, SECOND, SECOND]
    assert [due // MILLISECOND for due in run.dues(3)] == [250, 750, 1250, 1750]
    assert sorted(x.request.path for x in run.of(2)) == ["/0", "/1", "/2", "/3"]
    assert {x.request.method for x in run.of(3)} == {"POST"}
    assert [run.plan.of_slot(run.plan.slot(number, 0))[1] for number in (2, 3)] == [("keep-warm",) * 2, ("health",) * 2]


def test_the_ledger_of_the_phases_is_without_it() -> None:
    run = go(LOAD + PINGS)
    alone, phases = go(LOAD), run.plan.of_phases(run.ledger)
    assert phases.outcome_counts() == alone.ledger.outcome_counts()
    assert phases.iterations.tolist() == alone.ledger.iterations.tolist()
    assert alone.plan.of_phases(alone.ledger).runs == phases.runs


def test_a_plan_is_read_back_from_its_description() -> None:
    plan = Run(LOAD + PINGS, always()).plan
    assert Plan.from_description(plan.describe()).describe() == plan.describe()
    assert "beside" not in Run(LOAD, always()).plan.describe()
    for wrong in ({"every": 0, "at_once": 1, "after": 0}, {"every": 1, "at_once": True, "after": 0}):
        with pytest.raises(ValueError, match="of a stream"):
            Plan.from_description({**plan.describe(), "beside": {"x": wrong}})
