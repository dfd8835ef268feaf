"""`--until`: when a figure is looked at, and that a phase which is ended by it is whole."""

from __future__ import annotations

from random import Random
from typing import Any, cast

import pytest
from engine_harness import START, Run, Script, always, go
from virtual_fleets import VirtualFleet

from loadgen.analysis.build import Measured, variant
from loadgen.clock import MILLISECOND, SECOND
from loadgen.engine.plan import Plan
from loadgen.exchange import Exchange
from loadgen.fleet.fleet import Fleet
from loadgen.profile.load import Loaded, load
from loadgen.result import run as result
from loadgen.result.codec import from_json, to_json
from loadgen.result.reason import Reason
from loadgen.runner.until.goal import Goal, prolonged
from loadgen.runner.until.until import Until
from loadgen.transport.scripted import NEVER, Reply

TEXT = """name: t
target: http://127.0.0.1
load:
  - {name: warm, rate: 100/s, for: 1500ms, measure: false}
  - {name: steady, rate: 100/s, for: 5s}
  - {name: after, rate: 50/s, for: 1s}
timeout: 5s
scenarios: [{name: s, steps: [{name: put, post: /}, {name: get, get: /}]}]
"""


def loaded(text: str = TEXT) -> Loaded:
    return load("t.yaml", text=text)


# when it is looked at


def looks(goal: str, at_most: str, text: str = TEXT) -> tuple[int, ...]:
    found, whole = prolonged(loaded(text), Goal.parse(goal, at_most))
    return Until(whole, Plan.of(found.profile)).looks


def test_looks_are_planned_from_the_first_that_can_tell_to_the_limit() -> None:
    assert looks("steady response p50 within 5%", "2m") == (20, 40, 80, 120)
    assert looks("steady response p99 within 5%", "2m") == (20, 40, 80, 120)
    assert looks("steady response p99.9 within 5%", "5m") == (140, 280, 300), "14 beyond it take 140 s at 100/s"
    assert looks("steady response mean within 5%", "20s") == (20,)
    assert looks("steady response p50 within 5%", "3m", TEXT.replace("for: 5s", "for: 45500ms")) == (46, 92, 180)
    assert looks("steady response p99.99 within 5%", "1m") == (60,)
    assert looks("steady service p99 within 5%", "1m", TEXT.replace("rate: 100/s, for: 5s", "users: 5, for: 5s")) == (
        20,
        40,
        60,
    )


# as it runs, in virtual time


def carried_out(
    goal: str, at_most: str, script: Script, text: str = TEXT, stop: int = 0, late: int = 0, **options: Any
) -> tuple[Run, result.Until, VirtualFleet, list[str]]:
    found, whole = prolonged(loaded(text), Goal.parse(goal, at_most))
    run, said = Run(found.profile, script, **options), list[Reason]()
    until = Until(whole, run.plan)
    run.plan = run.plan.opened(until.runs)
    fleet = VirtualFleet(run, late)

    def tick(run: Run) -> None:
        for member in run.members:
            member.recorder.flush()
        until.count(run.recording.flush())
        until.each_second(cast(Fleet, fleet), said.append)

    for second in range(1, whole.limit // SECOND + 10):
        run.at(second * SECOND + 20 * MILLISECOND, tick)
    if stop:
        run.stop(stop)
        run.at(stop, lambda run: setattr(fleet, "stopping", True))
    run.go()
    until.count(run.by_second)
    return run, until.result(fleet.begins(until.run), complete=not fleet.stopping), fleet, said


def lognormal(sigma: float = 0.5) -> Script:
    random = Random(7)
    return lambda x: Reply(after=int(random.lognormvariate(2, sigma) * MILLISECOND))


@pytest.mark.parametrize("workers", [1, 3])
def test_a_phase_ends_at_the_first_look_that_decides(workers: int) -> None:
    run, found, fleet, said = carried_out("steady response p50 within 20%", "3m", lognormal(), workers=workers)
    assert (found.reached, found.stopped_by_until) == (True, True)
    assert found.planned_s == (20, 40, 80, 160, 180)
    assert (found.text, found.within, found.limit_s) == ("steady response p50 within 20%", 0.2, 180.0)
    (look,) = found.looks
    assert look.after_s == 20
    assert look.confidence == 0.95, "nothing is decided by how wide it is"
    assert [figure.step for figure in look.figures] == ["put", "get"]
    for figure in look.figures:
        assert figure.low < figure.ms < figure.high
        assert figure.off <= 0.2
    # the phase begins at 1.5 s, its 20 whole seconds are over at 22 s; a second for the answers, and the next one
    assert fleet.ended_at == [24 * SECOND]
    worst = max(look.figures, key=lambda figure: figure.off)
    assert said == [Reason.of("until_look", after_s=20, step=worst.step, ms=worst.ms, off=worst.off, enough=1)]
    assert run.ledger.iteration(1)["started"] == run.ledger.iteration(1)["planned"]
    assert run.entries == []


def test_a_look_waits_until_its_seconds_are_counted() -> None:
    _, found, fleet, _ = carried_out("steady response p50 within 20%", "3m", lognormal(), late=2)
    assert [look.after_s for look in found.looks] == [20]
    assert fleet.ended_at == [26 * SECOND]


def test_the_phase_is_whole_and_the_next_one_follows_at_once() -> None:
    run, _, fleet, _ = carried_out("steady response p50 within 20%", "3m", lognormal(), workers=2)
    phases = variant(Measured(fleet.plan, run.ledger, run.recording)).phases
    assert [(phase.name, phase.seconds) for phase in phases[:3]] == [
        ("warm", 1.5),
        ("steady", 22.5),
        ("after", 1),
    ]
    assert all(phase.iterations.unsent == 0 for phase in phases)
    assert len(run.dues(2)) == phases[2].iterations.planned
    assert 24 * SECOND <= min(run.dues(2)) < max(run.dues(2)) < 25 * SECOND
    assert max(run.dues(1)) < 24 * SECOND
    assert phases[1].iterations.started == len(run.dues(1))


def test_its_arrivals_are_those_that_it_had_without_an_end() -> None:
    short, *_ = carried_out("steady response p50 within 20%", "1m", lognormal())
    longer, *_ = carried_out("steady response p50 within 20%", "5m", lognormal())
    assert short.dues(1) == longer.dues(1)
    plain = go(loaded().profile)
    assert short.dues(1)[: len(plain.dues(1))] == plain.dues(1)


def test_what_the_limit_does_not_give_is_not_reached() -> None:
    run, found, fleet, said = carried_out("steady response p99 within 1%", "30s", lognormal(1))
    assert (found.reached, found.stopped_by_until, found.planned_s) == (False, False, (20, 30))
    assert [look.after_s for look in found.looks] == [20, 30], "the last one when all is over"
    assert len(said) == 1 and fleet.ended_at == []
    assert run.plan.runs[1].duration == 30 * SECOND
    assert max(run.dues(1)) > 31 * SECOND


def test_the_last_look_may_reach_it() -> None:
    _, found, fleet, _ = carried_out("steady response p50 within 20%", "20s", lognormal(), TEXT.replace("1500ms", "1s"))
    assert (found.reached, found.stopped_by_until, fleet.ended_at) == (True, False, [])


def test_every_step_has_to_be_known_unless_one_is_named() -> None:
    random = Random(3)

    def script(x: Exchange) -> Reply:
        return Reply(after=int(random.lognormvariate(2, 2 if x.slot % 2 else 0.1) * MILLISECOND))

    for goal, reached in (("steady response p50 within 3%", False), ("steady put response p50 within 3%", True)):
        _, found, _, _ = carried_out(goal, "25s", script)
        assert found.reached is reached


def test_an_iteration_is_known_as_a_whole() -> None:
    _, found, _, _ = carried_out("steady iteration p50 within 20%", "1m", always(after=20 * MILLISECOND))
    (figure,) = found.looks[-1].figures
    assert (figure.scenario, figure.step) == ("s", "iteration")
    assert figure.ms == pytest.approx(40, rel=0.01)
    one = TEXT.replace("{name: put, post: /}, ", "")
    _, found, _, _ = carried_out("steady iteration p50 within 20%", "1m", always(after=20 * MILLISECOND), one)
    (figure,) = found.looks[-1].figures
    assert (figure.step, round(figure.ms)) == ("get", 20)


def test_a_mean_and_a_closed_load() -> None:
    closed = TEXT.replace("rate: 100/s, for: 5s", "users: 2, for: 5s")
    run, found, _, _ = carried_out("steady service mean within 5%", "1m", lognormal(0.2), closed)
    assert found.reached
    assert run.ledger.iteration(1)["planned"] == run.ledger.iteration(1)["started"]
    assert found.looks[0].figures[0].ms == pytest.approx(7.5, rel=0.05)


def test_a_look_waits_for_answers_as_long_as_any_took() -> None:
    """A tenth takes 3 s, which the look would miss if it were made at once."""
    random = Random(5)

    def script(x: Exchange) -> Reply:
        return Reply(after=3 * SECOND if random.random() < 0.1 else int(random.uniform(10, 11) * MILLISECOND))

    _, found, fleet, _ = carried_out("steady response p50 within 20%", "1m", script)
    assert fleet.ended_at == [(22 + 4 + 1) * SECOND]
    assert found.looks[0].after_s == 20


def test_a_phase_that_grows_decides_nothing() -> None:
    _, found, _, _ = carried_out("steady response p50 within 90%", "40s", lambda x: Reply(after=(x.due - START) // 9))
    assert not found.reached
    assert [figure.why for look in found.looks for figure in look.figures] == [Reason.of("not_settled")] * 4


def test_a_binomial_interval_decides_nothing() -> None:
    short = TEXT.replace("for: 5s", "for: 1s")
    _, found, _, _ = carried_out("steady response p50 within 90%", "1s", lognormal(), short)
    (look,) = found.looks
    assert (look.after_s, found.reached) == (1, False)
    assert {figure.why.code for figure in look.figures if figure.why} == {"too_short"}


def test_a_look_has_the_bins_of_a_phase_of_its_length() -> None:
    """A phase of 10 s has an interval, although it may last for a minute."""
    short = TEXT.replace("1500ms", "1s").replace("for: 5s", "for: 10s")
    _, found, _, _ = carried_out("steady response p50 within 20%", "10s", lognormal(), short)
    assert (found.looks[0].after_s, found.reached) == (10, True)


def test_answers_that_come_after_all_are_in_the_end() -> None:
    """Nothing was slow until the look; what hung since before it is counted as it ended."""

    def script(x: Exchange) -> Reply:
        hangs = x.due - START > 19_500 * MILLISECOND
        return Reply(after=NEVER if hangs else 10 * MILLISECOND)

    _, found, _, _ = carried_out("steady put response p95 within 20%", "1m", script)
    assert found.stopped_by_until
    assert not found.reached
    (figure,) = found.looks[-1].figures
    assert (figure.ms, figure.low, figure.off) == (None, None, None)
    assert figure.why == Reason.of("few_bursts", needs=8, bursts=1)
    assert from_json(result.Until, to_json(found)) == found


def test_a_run_that_is_stopped_has_the_looks_that_were_made() -> None:
    _, found, _, _ = carried_out("steady response p99 within 1%", "3m", lognormal(1), stop=50 * SECOND)
    assert (found.reached, [look.after_s for look in found.looks]) == (False, [20, 40])
    _, found, _, _ = carried_out("steady response p99 within 1%", "3m", lognormal(1), stop=5 * SECOND)
    assert found.looks == ()


MIXED = """
load:
  - {name: a, rate: 50/s, for: 2s}
  - {name: b, users: 5, think: 100ms, for: 2s}
  - {name: c, rate: 20/s..60/s, for: 2s}
  - {name: d, rate: 40/s, iterations: 60}
session: {connections: 8}
in_flight_limit: 30
timeout: 1s
scenarios:
  - {name: s, steps: [{name: one, get: /one}, {name: two, get: /two, think: 50ms..150ms}]}
  - {name: t, weight: 2, steps: [{name: one, get: /}]}
"""


@pytest.mark.parametrize("seed", range(25))
def test_whenever_a_phase_is_ended_the_ledgers_are_exact(seed: int) -> None:
    """Before its time, at it, after it, twice, told late, with a stop in between: `Run.go` adds up what came of it."""
    random = Random(seed)
    run = Run(MIXED, lambda x: Reply(after=int(random.expovariate(10) * SECOND)), workers=random.choice((1, 2, 3)))
    for _ in range(random.randrange(1, 5)):
        number, told = random.randrange(4), random.randrange(8 * SECOND)
        at = START + told + random.randrange(-SECOND // 2, SECOND)

        def tell(run: Run, number: int = number, at: int = at) -> None:
            for member in run.members:
                member.engine.leave(number, at)

        run.at(told, tell)
    if random.random() < 0.3:
        run.stop(random.randrange(8 * SECOND))
    run.go()
    for number in range(4):
        cells = run.ledger.iteration(number)
        assert cells["planned"] == cells["started"] + cells["unsent_limit"] + cells["unsent_stopped"]
