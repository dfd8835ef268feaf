"""A witness: the load that it sends, and what it says of workers that were right and of such as were not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from engine_harness import START, Run, Script, go, profile

from loadgen.cli import cli
from loadgen.clock import MILLISECOND, SECOND
from loadgen.engine.engine import Engine
from loadgen.engine.plan import Plan
from loadgen.errors import Exit, PlanError
from loadgen.exchange import Exchange
from loadgen.profile.model import Profile
from loadgen.record.metrics import Metric
from loadgen.result.codec import from_json, to_json
from loadgen.result.reason import Reason
from loadgen.result.run import WitnessFigure
from loadgen.runner.witness import agreement, load, witness
from loadgen.runner.witness.agreement import figures, finding, forecast
from loadgen.runner.witness.load import EACH, FIRST, witness_load, witness_phases
from loadgen.transport.scripted import NEVER, Reply
from loadgen.trust.verdict import Verdict
from loadgen.workload.scenarios import Workload

STEADY = [{"name": "steady", "rate": "75/s", "for": "60s"}]
SHORT = [{"name": "short", "rate": "75/s", "for": "10s"}]
FEW = 5
LATE = {"load": STEADY, "timeout": "2s"}


@pytest.fixture
def dense() -> Iterator[None]:
    """A witness of a fifth of the load, so that it has enough beside few workers: what it says is a matter of both."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(load, "EACH", FEW)
        yield


compares = pytest.mark.usefixtures("dense")


def lognormal(seed: int, median: float = 5) -> Script:
    random = Random(seed)
    return lambda x: Reply(after=int(random.lognormvariate(0, 0.4) * median * MILLISECOND))


def stalling(script: Script, every: int, lasts: int) -> Script:
    """Answers nothing in the first `lasts` of each `every` ns: what the target does, to whoever asks."""

    def answer(x: Exchange) -> Reply:
        reply, passed = script(x), (x.released - START) % every
        assert isinstance(reply.after, int)
        return replace(reply, after=reply.after + max(0, lasts - passed))

    return answer


def both(load: Any, script: Callable[[int], Script], busy: Callable[[Run], object] = lambda run: None) -> Any:
    """What the workers and their witness saw of one target; `busy` is what happens to the workers' loop."""
    given = load if isinstance(load, Profile) else profile({"load": load, "timeout": "2s"})
    workers = Run(given, script(1))
    busy(workers)
    return Plan.of(given), workers.go(), go(witness_load(given), script(2))


def said(plan: Plan, workers: Run, its: Run) -> list[dict[str, Any]]:
    return figures(plan, workers.recording, its.recording, capped=workers.profile.session.connections is not None)


def hold_ups(run: Run, every: int, lasts: int) -> None:
    for at in range(0, 60 * SECOND, every):
        run.stall(at, lasts)


# its load


def test_open_phases_are_thinner_at_random_and_as_long() -> None:
    given = profile(
        {
            "load": [
                {"name": "even", "rate": "530/s", "for": "10s", "arrivals": "constant", "measure": False},
                {"name": "ramp", "rate": "0/s..1060/s", "for": "30s"},
                {"name": "counted", "rate": "530/s", "iterations": 5300},
            ],
            "cycles": 2,
        }
    )
    plan, its = Plan.of(given), Plan.of(witness_load(given))
    assert [run.duration for run in its.runs] == [run.duration for run in plan.runs]
    assert [(run.name, run.cycle, run.measured) for run in its.runs] == [
        (run.name, run.cycle, run.measured) for run in plan.runs
    ]
    assert its.steps == plan.steps
    assert [run.schedule().expected for run in its.runs] == pytest.approx([100, 300, 100, 300, 100])
    assert {run.phase.arrivals for run in its.runs} == {"poisson"}
    gaps = np.diff(np.concatenate(list(its.runs[1].schedule().blocks())))
    assert 0.7 < gaps[150:].std() / gaps[150:].mean() < 1.4, "of evenly spaced ones it would be 0"


def test_its_arrivals_are_its_own_and_the_same_each_time() -> None:
    given = profile({"load": STEADY})
    first, again, workers = (next(iter(Plan.of(of).runs[0].schedule().blocks())) for of in (
        witness_load(given), witness_load(given), given))  # fmt: skip
    assert first.tolist() == again.tolist()
    assert not set(first.tolist()) & set(workers.tolist())
    other = witness_load(given.model_copy(update={"seed": 2}))
    assert next(iter(Plan.of(other).runs[0].schedule().blocks())).tolist() != first.tolist()


def test_a_user_more_until_the_workers_are_done_and_no_crowd() -> None:
    load = [
        {"name": "users", "users": 20, "iterations": 400, "for": "1m", "think": "10ms"},
        {"name": "timed", "users": 20, "for": "5s"},
        {"name": "crowd", "at-once": 500},
    ]
    given = profile({"load": load})
    users, timed, _ = witness_phases(given.load)
    assert (users.users, users.iterations, users.duration, users.think) == (1, None, None, given.load[0].think)
    assert (timed.users, timed.duration) == (1, 5 * SECOND)
    run = Run(witness_load(given), lambda x: Reply(after=90 * MILLISECOND))
    engine: Engine = run.members[0].engine
    # the workers' word, from their fleet
    run.at(3 * SECOND, lambda run: engine.enter(1, START + 3 * SECOND))
    run.at(9 * SECOND, lambda run: engine.leave(2, START + 9 * SECOND))
    run.go()
    assert run.iterations(0) == {"planned": 30, "started": 30, "completed": 30}, "one each 100 ms"
    assert run.iterations(1)["completed"] == 56, "5 s of 90 ms each"
    assert run.iterations(2) == {}
    assert run.finished_at == 9 * SECOND


def test_it_counts_its_iterations_as_the_workers_do_and_writes_none_of_their_items() -> None:
    """Keys that move with the iterations move for both; what {{seq}} names is each one's own."""
    text = f"""
load: [{{name: a, rate: {EACH}/s, for: 60s}}]
keys: {{key: sequential(1000000)}}
scenarios: [{{name: s, steps: [{{name: put, put: "/{{{{key}}}}/{{{{seq}}}}"}}]}}]
"""
    work = Workload(profile(text), first=FIRST)
    step = work.scenarios[0].steps[0]
    assert step.render
    assert step.render({}, EACH).path == f"/{EACH}/{FIRST + EACH}"


# what it says


@compares
def test_workers_that_are_right() -> None:
    plan, workers, its = both(STEADY, lognormal)
    p50, p99 = said(plan, workers, its)
    for figure in (p50, p99):
        assert figure["says"] == "inside", figure
        assert figure["low"] <= figure["workers_ms"] <= figure["high"]
        assert figure["low"] <= figure["witness_ms"] <= figure["high"]
        assert figure["judged"]
        assert from_json(WitnessFigure, to_json(WitnessFigure(**figure))) == WitnessFigure(**figure)
    assert (p50["phase"], p50["step"], p50["metric"], p50["quantile"]) == ("steady", "get", "response", "p50")
    assert p50["workers"] == len(workers.of(0)) - apart(workers)
    assert p50["exchanges"] + p50["left_out"] == len(its.of(0))
    assert 0.8 < p50["exchanges"] / (75 * 60 / FEW) < 1.2
    told = finding([p50, p99], 0, "witness")
    assert (told.verdict, told.observed) == (Verdict.VALID, Reason.of("witness_agrees", figures=2, not_judged=0))


def apart(run: Run) -> int:
    """How many were on a connection opened for them."""
    return sum(x.connection == 0 for x in run.of(0))


@compares
def test_what_the_target_does_is_in_both() -> None:
    """A stall of 400 ms each 5 s: the tail is the target's, however far it is from what is usual."""
    plan, workers, its = both(STEADY, lambda seed: stalling(lognormal(seed), 5 * SECOND, 400 * MILLISECOND))
    p50, p99 = said(plan, workers, its)
    assert p99["workers_ms"] > 250
    assert [p50["says"], p99["says"]] == ["inside", "inside"]


@compares
def test_a_busy_loop_is_told_with_both_figures() -> None:
    """20 ms in which the generator does something else, each half a second: the p99 is its own, the p50 is not."""
    busy = lambda run: hold_ups(run, SECOND // 2, 20 * MILLISECOND)  # noqa: E731
    p50, p99 = said(*both(STEADY, lognormal, busy))
    assert p50["says"] in ("inside", "near")
    assert p99["says"] == "above"
    told = finding([p50, p99], 0, "witness")
    assert told.verdict is Verdict.DEGRADED
    assert told.observed == Reason.of(
        "witness_above", **{name: p99[name] for name in ("phase", "step", "metric", "quantile")}, others=0,
        workers_ms=p99["workers_ms"], witness_ms=p99["witness_ms"], low_ms=p99["low"], high_ms=p99["high"],
    )  # fmt: skip
    assert finding([p50, p99], 50 * MILLISECOND, "w").verdict is Verdict.DEGRADED, "a late witness says too much"


@compares
def test_workers_that_leave_slow_ones_out() -> None:
    """A closed loop in the workers' stead: a target that stalls is asked only when it answers."""
    closed = profile({"load": [{"name": "steady", "users": 4, "for": "60s", "think": "50ms"}], "timeout": "2s"})
    stall = lambda seed: stalling(lognormal(seed), 10 * SECOND, 900 * MILLISECOND)  # noqa: E731
    workers, its = go(closed, stall(1)), go(witness_load(profile(LATE)), stall(2))
    found = workers.recording.histograms
    services = [(key, of) for (key, metric), of in found.items() if metric == Metric.SERVICE]
    found |= {(key, int(Metric.RESPONSE)): of for key, of in services}
    p99 = said(Plan.of(profile(LATE)), workers, its)[1]
    assert p99["says"] == "below"
    told = finding([p99], 0, "runs/x/witness")
    assert told.verdict is Verdict.DEGRADED
    assert (told.observed.code, told.observed.values["folder"]) == ("witness_below", "runs/x/witness")
    late = finding([p99], 3 * MILLISECOND, "w")
    assert (late.verdict, late.observed) == (Verdict.VALID, Reason.of("witness_late", p99_ms=3.0))


@compares
def test_a_difference_that_nobody_promised_to_see() -> None:
    """0.15 ms more in each: out of an interval of a microsecond, and within 0.2 ms and 1 %."""
    fixed = lambda seed: lambda x: Reply(after=5 * MILLISECOND + (150_000 if seed == 1 else 0))  # noqa: E731
    found = said(*both(STEADY, fixed))
    assert [figure["says"] for figure in found] == ["near", "near"]
    assert finding(found, 0, "w").verdict is Verdict.VALID


@compares
def test_one_user_more_sees_what_the_others_see() -> None:
    load = [{"name": "users", "users": 5, "for": "40s", "think": "20ms..40ms"}]
    stall = lambda seed: stalling(lognormal(seed), 5 * SECOND, 500 * MILLISECOND)  # noqa: E731
    found = said(*both(load, stall))
    assert [figure["metric"] for figure in found] == ["service", "service"]
    assert [figure["says"] for figure in found] == ["inside", "inside"]


@compares
def test_few_exchanges_have_no_interval_and_say_how_many_it_takes() -> None:
    p50, p99 = said(*both(SHORT, lognormal))
    assert p50["says"] == "inside"
    assert (p99["says"], p99["judged"], p99["high"]) == ("", False, None)
    assert p99["why"] == Reason.of("too_few_of_witness", count=p99["exchanges"], needs=p99["why"].values["needs"])
    assert 600 <= p99["why"].values["needs"] < 700
    told = finding([p99], 0, "w")
    assert (told.verdict, told.observed) == (Verdict.VALID, Reason.of("witness_too_few"))
    assert finding([p50, p99], 0, "w").observed == Reason.of("witness_agrees", figures=1, not_judged=1)


@compares
def test_evenly_spaced_arrivals_are_shown_and_not_judged() -> None:
    load = [{**STEADY[0], "arrivals": "constant"}]
    found = said(*both(load, lognormal))
    assert [(figure["says"] != "", figure["judged"]) for figure in found] == [(True, False), (True, False)]


@compares
def test_connections_of_another_kind_are_apart() -> None:
    """Its connections are opened while it is asked; most of the workers' requests find one."""

    def slow_to_connect(seed: int) -> Script:
        script = lognormal(seed)
        return lambda x: replace(script(x), connect=30 * MILLISECOND)

    plan, workers, its = both(STEADY, slow_to_connect)
    p50, _ = said(plan, workers, its)
    assert p50["connection"] == "reused"
    assert p50["left_out"] == apart(its) > 0
    assert p50["says"] == "inside"
    fresh = profile({"load": STEADY, "session": "per-request"})
    p50, _ = said(*both(fresh, slow_to_connect))
    assert (p50["connection"], p50["left_out"], p50["says"]) == ("new", 0, "inside")
    assert p50["witness_ms"] > 30


@compares
def test_a_pool_that_is_full_is_the_profiles_own() -> None:
    """The workers wait for their only connection, the witness has some for itself: compared from when they had one."""
    full = profile({"load": STEADY, "session": {"reuse": "shared", "connections": 1}, "timeout": "2s"})
    plan, workers, its = both(full, lognormal)
    found = said(plan, workers, its)
    assert [(figure["metric"], figure["says"]) for figure in found] == [("service", "inside"), ("service", "inside")]
    for figure in figures(plan, workers.recording, its.recording):
        assert (figure["metric"], figure["says"]) == ("response", "above"), "a wait that nobody asked for is our own"


@compares
def test_timeouts_lie_beyond() -> None:
    """A fiftieth is never answered: the p99 is known to neither."""

    def lossy(seed: int) -> Script:
        random, script = Random(seed), lognormal(seed)
        return lambda x: Reply(after=NEVER) if random.random() < 0.02 else script(x)

    p50, p99 = said(*both(STEADY, lossy))
    assert p50["says"] == "inside"
    assert (p99["says"], p99["workers_ms"]) == ("", None)
    assert p99["why"] == Reason.of("workers_have_none", timeouts=p99["why"].values["timeouts"])
    assert p99["why"].values["timeouts"] > 0, "it falls among them"


def test_all_intervals_of_a_run_share_the_doubt() -> None:
    one, many = Plan.of(profile({"load": STEADY})), Plan.of(profile({"load": STEADY, "cycles": 10}))
    assert agreement.confidence(one) == pytest.approx(1 - 0.01 / 2)
    assert agreement.confidence(many) == pytest.approx(1 - 0.01 / 20)
    assert agreement.needed(one)["p99"] < agreement.needed(many)["p99"]


@compares
def test_right_workers_are_seldom_told_otherwise() -> None:
    """Its p50 is out by chance in one of 200 runs at the most; two of 12 are then rarer than one in 500."""
    out = 0
    for seed in range(12):
        given = profile({"load": SHORT, "seed": seed})
        plan = Plan.of(given)
        workers, its = go(given, lognormal(2 * seed)), go(witness_load(given), lognormal(2 * seed + 1))
        p50 = said(plan, workers, its)[0]
        out += p50["says"] not in ("inside", "")
    assert out <= 1


# before a run


def test_it_is_said_before_what_it_will_have() -> None:
    steady = {"name": "steady", "rate": "1000/s", "for": "40s"}
    load = [steady, {"name": "users", "users": 4, "for": "5s"}, {"name": "crowd", "at-once": 9}]
    steps = [{"name": "put", "post": "/"}, {"name": "get", "get": "/"}]
    scenarios = [
        {"name": "main", "weight": 3, "steps": steps},
        {"name": "rare", "weight": 1, "steps": [{"name": "del", "delete": "/"}]},
    ]
    given = profile({"load": load, "scenarios": scenarios})
    found = forecast(given)
    assert [(step.phase, step.step) for step in found] == [
        ("steady", "put"), ("steady", "get"), ("steady", "del"), ("users", "put"), ("users", "get"), ("users", "del"),
    ]  # fmt: skip
    assert found[0].exchanges == pytest.approx(40_000 * 0.75 / EACH, rel=0.02)
    assert found[2].exchanges == pytest.approx(40_000 * 0.25 / EACH, rel=0.05)
    assert (found[0].enough, found[2].enough) == ({"p50": True, "p99": False}, {"p50": True, "p99": False})
    assert found[3].exchanges is None
    told = witness.warnings(given, 0)
    assert told == [
        Reason.of(
            "witness_no_p99", where="steady", exchanges=found[0].exchanges, needs=found[0].needed["p99"], each=EACH
        ),
        Reason.of("witness_one_user_more", phase="users", users=4),
    ]


def test_no_cpu_to_spare_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness, "cpus", lambda: 2)
    given = profile({"load": [{**STEADY[0], "for": "10m"}]})
    assert witness.warnings(given, 2) == [Reason.of("witness_no_cpu", cpus=2, others=2)]
    assert witness.warnings(given, 1) == []
    assert witness.Cores.of(2) == witness.Cores()


def test_a_cpu_of_its_own_is_taken_from_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness, "cpus", lambda: 4)
    monkeypatch.setattr(witness.os, "sched_getaffinity", lambda pid: {0, 1, 2, 5}, raising=False)
    assert witness.Cores.of(3) == witness.Cores(frozenset({5}), frozenset({0, 1, 2}))


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ({"load": [{"name": "a", "at-once": 9}]}, "every measured phase is at-once"),
        ({"load": [{"name": "a", "rate": "100/s", "for": "1s"}], "max_rate": "101/s"}, "Raise max_rate to 102/s"),
    ],
)
def test_what_it_cannot_witness_is_refused(written: dict[str, Any], why: str) -> None:
    with pytest.raises(PlanError, match=why):
        witness_load(profile(written))


def test_an_experiment_has_none(tmp_path: Path) -> None:
    load = "load: [{name: a, rate: 9/s, for: 1s}]"
    text = f"name: x\ntarget: sandbox\n{load}\nexperiment: {{variants: {{a: {{}}, b: {{client: aiohttp}}}}}}\n"
    (tmp_path / "x.yaml").write_text(text)
    for command in ("run", "check"):
        ran = CliRunner().invoke(cli, [command, str(tmp_path / "x.yaml"), "--witness"])
        assert ran.exit_code == Exit.USAGE
        assert "--witness is for a run by itself" in ran.output


def test_check_says_it_in_words_and_as_json(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("name: x\ntarget: sandbox\nload: [{name: steady, rate: 100/s, for: 10s}]\n")
    arguments = ["check", str(tmp_path / "p.yaml"), "--witness"]
    assert "witness     has enough to judge 0 of 1 step\n" in CliRunner().invoke(cli, arguments).output
    told = CliRunner().invoke(cli, [*arguments, "--full"]).output
    assert "witness: 1 in 53 of the load, beside the workers" in told
    assert "steady get: about 18 exchanges: p50 yes, p99 no, 600 are needed" in " ".join(told.split())
    plan = json.loads(CliRunner().invoke(cli, [*arguments, "--json"]).output)
    assert plan["witness"]["steps"][0]["needed"] == {"p50": 9, "p99": 600}
    assert "no interval" not in told, "the steps say it"
    assert "witness" not in CliRunner().invoke(cli, arguments[:2]).output
