"""Phases one after the other: who belongs to which, how they meet, and what goes on while the last answers come in."""

from __future__ import annotations

from collections import Counter

import pytest
from engine_harness import START, Run, always, go

from loadgen.clock import MILLISECOND, SECOND
from loadgen.engine.plan import Plan
from loadgen.exchange import Exchange
from loadgen.record.metrics import Metric
from loadgen.stats.ticks import TICKS
from loadgen.transport.scripted import NEVER, Reply

CYCLES = """
load:
  - {name: warm-up, rate: 20/s, for: 1s, arrivals: constant, measure: false}
  - {name: low, rate: 10/s, for: 2s, arrivals: constant}
  - {name: between, rate: 30/s, for: 1s, arrivals: constant, measure: false}
  - {name: high, rate: 100/s, for: 1s, arrivals: constant}
  - {name: after, rate: 5/s, for: 2s, arrivals: constant, measure: false}
cycles: 3
"""
ORDER = [
    ("warm-up", 0),
    *((name, cycle) for cycle in (1, 2, 3) for name in ("low", "between", "high")),
    ("after", 0),
]


def test_cycles_go_through_what_lies_between_the_measured_phases() -> None:
    run = go(CYCLES)
    assert [(phase.name, phase.cycle) for phase in run.plan.runs] == ORDER
    begun = 0
    for phase in run.plan.runs:
        assert phase.duration
        assert run.dues(phase.number)[0] == begun
        assert max(run.dues(phase.number)) < begun + phase.duration
        begun += phase.duration
    assert begun == run.finished_at == 15 * SECOND


@pytest.mark.parametrize("late", [0, 5 * SECOND])
def test_an_exchange_belongs_to_the_phase_in_which_it_was_due(late: int) -> None:
    """However late it is answered, and in whatever second that is."""
    run = go(CYCLES, always(after=MILLISECOND + late))
    counts = [run.iterations(phase.number)["completed"] for phase in run.plan.runs]
    assert counts == [20, *[20, 30, 100] * 3, 10]
    starts = [0, 1, 3, 4, 5, 7, 8, 9, 11, 12, 13]
    for (tick, key, metric), histogram in run.by_second.items():
        if metric == Metric.RESPONSE and key.slot < len(run.plan.runs):
            first = starts[key.slot]
            assert first <= tick // TICKS < first + 2
            assert histogram.least == MILLISECOND + late


def test_each_cycle_draws_arrivals_of_its_own() -> None:
    run = go("load: [{name: a, rate: 50/s, for: 2s}]\ncycles: 3")
    offsets = [tuple(due - number * 2 * SECOND for due in run.dues(number)) for number in range(3)]
    assert len(set(offsets)) == 3
    assert not set(offsets[0]) & set(offsets[1])


def test_phases_alike_draw_arrivals_of_their_own() -> None:
    run = go("load: [{name: a, rate: 50/s, for: 2s}, {name: b, rate: 50/s, for: 2s}]")
    assert not set(run.dues(0)) & {due - 2 * SECOND for due in run.dues(1)}


def test_phases_of_known_length_follow_each_other_without_a_gap() -> None:
    phases = ("{name: a, rate: 7/s, for: 1500ms}", "{name: b, users: 3, for: 700ms}", "{name: c, rate: 9/s, for: 1ns}")
    run = go(f"load: [{', '.join(phases)}]", always(after=100 * MILLISECOND))
    assert Counter(run.dues(1))[1500 * MILLISECOND] == 3
    assert run.finished_at >= 2200 * MILLISECOND + 1


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_all_workers_begin_together_what_only_its_forerunner_ends(workers: int) -> None:
    """The slowest worker's last answer is what a phase after an at-once or an exact count waits for."""
    written = """
load:
  - {name: spike, at-once: 10}
  - {name: count, users: 5, iterations: 100}
  - {name: open, rate: 100/s, for: 1s, arrivals: constant}
  - {name: again, at-once: 3}
"""

    def uneven(x: Exchange) -> Reply:
        iteration: object = x.owner
        index: int = iteration.index  # type: ignore[attr-defined]
        return Reply(after=(1 + index % 7) * 100 * MILLISECOND)

    run = Run(written, uneven, workers=workers).go()
    for number, begun in run.entries:
        assert min(run.dues(number)) == begun - START
        ended = max(x.done for x in run.exchanges if x.slot < number and x.slot != 2)
        if number < 3:
            assert ended == begun, "no sooner and no later than the last answer"
    assert [number for number, _ in run.entries] == [1, 2]
    assert min(run.dues(3)) == min(run.dues(2)) + SECOND


def test_a_worker_that_was_stopped_holds_up_no_one() -> None:
    written = "load: [{name: a, at-once: 4}, {name: b, at-once: 4}]"
    run = Run(written, lambda x: Reply(after=SECOND), workers=2)
    run.at(SECOND // 2, lambda run: run.members[1].engine.kill()).go()
    assert run.dues(1) == [SECOND, SECOND]
    assert run.members[1].ledger.iteration(1)["unsent_stopped"] == 2


def test_arrivals_go_on_at_the_last_rate_until_the_measured_ones_are_in() -> None:
    written = "load: [{name: a, rate: 10/s..100/s, for: 3s, arrivals: constant}]"
    run = go(written, lambda x: Reply(after=2 * SECOND if x.slot == 0 else MILLISECOND))
    last = max(x.done for x in run.of(0)) - START
    dues = run.dues(1)
    assert dues == [3 * SECOND + k * SECOND // 100 for k in range(len(dues))]
    assert dues[-1] <= last < dues[-1] + SECOND // 100
    assert run.iterations(1) == {"planned": len(dues), "started": len(dues), "completed": len(dues)}
    assert run.finished_at - last <= MILLISECOND
    assert not run.plan.all_runs[1].measured


def test_the_drain_ends_with_its_own_last_answer() -> None:
    written = "load: [{name: a, rate: 100/s, for: 1s, arrivals: constant}]\ntimeout: 5s"
    run = go(written, lambda x: Reply(after=NEVER if x.slot else SECOND))
    assert run.outcomes(1) == {"timeout": len(run.of(1))}
    assert run.finished_at == max(run.dues(1)) + 5 * SECOND


def test_the_drain_goes_on_as_long_as_an_iteration_can_take() -> None:
    written = """
load: [{name: a, rate: 10/s, for: 1s, arrivals: constant}]
timeout: 2s
scenarios:
  - name: s
    steps:
      - {name: one, get: /, timeout: 1s}
      - {name: two, get: /, think: 4s}
      - {name: three, get: /, timeout: 3s, think: 1s..2s}
"""
    run = go(written, lambda x: Reply(after=(1, 2, 3)[x.slot % 3] * SECOND - 1))
    last = max(x.done for x in run.of(0, 2)) - START
    assert last > 10 * SECOND
    dues = run.dues(1)
    assert dues == [SECOND + k * SECOND // 10 for k in range(len(dues))]
    assert dues[-1] <= last < dues[-1] + SECOND // 10


def test_the_drains_iterations_do_all_their_steps_while_they_are_needed() -> None:
    """Or the last measured ones would meet half of the load; once those are in, the rest is broken off."""
    written = """
load: [{name: a, rate: 10/s, for: 1s, arrivals: constant}]
scenarios: [{name: s, steps: [{name: one, get: /}, {name: two, get: /}, {name: three, get: /}]}]
"""
    run = go(written, lambda x: Reply(after=2 * SECOND + 1 if x.slot < 3 else SECOND // 4))
    last = max(x.done for x in run.of(0, 2))
    for step, earlier in ((1, SECOND // 4), (2, SECOND // 2)):
        expected = [due + earlier for due in run.dues(1) if due + earlier <= last - START]
        assert run.dues(1, step) == pytest.approx(expected, abs=1)
    left = run.iterations(1)
    assert left["cut_short"] == left["started"] - left["completed"] > 0


def test_the_drain_waits_for_nobody_who_thinks() -> None:
    written = """
load: [{name: a, rate: 10/s, for: 1s, arrivals: constant}]
scenarios:
  - {name: s, steps: [{name: one, get: /}]}
  - {name: t, weight: 0.5, steps: [{name: one, get: /}, {name: two, get: /, think: 20s}]}
"""
    run = go(written, lambda x: Reply(after=SECOND if x.slot < 3 else MILLISECOND))
    last = max([*run.of(0), *run.of(0, 1), *run.of(0, 2)], key=lambda x: x.done)
    assert run.iterations(1)["cut_short"] > 0
    assert run.finished_at - (last.done - START) <= SECOND


@pytest.mark.parametrize(
    "last",
    [
        "{name: z, rate: 10/s, iterations: 10}",
        "{name: z, at-once: 10}",
        "{name: z, users: 3, for: 1s}",
        "{name: z, rate: 10/s..0/s, for: 1s}",
    ],
)
def test_nothing_more_arrives_after_an_exact_count_a_closed_phase_or_a_ramp_to_nothing(last: str) -> None:
    run = go(f"load: [{last}]", always(after=3 * SECOND))
    assert run.iterations(1) == {}


def test_nothing_more_arrives_once_the_measured_ones_are_in() -> None:
    written = "load: [{name: a, rate: 10/s, for: 1s}, {name: cool, rate: 10/s, for: 3s, measure: false}]"
    run = go(written, always(after=SECOND))
    assert run.iterations(2) == {}


def test_a_phase_called_drain_is_a_phase_like_any_other() -> None:
    run = go("load: [{name: drain, rate: 10/s, for: 1s, arrivals: constant}]", always(after=SECOND - 1))
    assert run.plan.runs[0].measured
    assert run.iterations(1)["started"] == 9


def test_only_phases_that_say_so_are_unmeasured() -> None:
    plan = Plan.of(go(CYCLES).profile)
    assert {run.name for run in plan.all_runs if not run.measured} == {"warm-up", "between", "after", "drain"}


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
def test_workers_together_are_one_generator(workers: int) -> None:
    alone = go(CYCLES.replace(", arrivals: constant", ""))
    together = go(CYCLES.replace(", arrivals: constant", ""), workers=workers)
    for run in alone.plan.runs:
        assert together.dues(run.number) == alone.dues(run.number)
        assert together.iterations(run.number) == alone.iterations(run.number)


def test_more_workers_than_arrivals_do_not_mind() -> None:
    first = "{name: a, rate: 1/s, for: 2s, arrivals: constant}"
    run = go(
        f"load: [{first}, {{name: b, at-once: 1}}, {{name: c, users: 1, for: 1s}}]", always(after=SECOND), workers=8
    )
    assert [run.iterations(number)["started"] for number in range(3)] == [2, 1, 1]
    assert run.finished_at == 4 * SECOND
