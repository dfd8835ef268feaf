"""What went on beside the phases stands apart in a result, and in all that is said of it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from engine_harness import Run, always, go
from run_results import concluded

from loadgen.clock import MILLISECOND
from loadgen.exchange import Exchange, Outcome
from loadgen.experiment.check import check
from loadgen.profile.load import load
from loadgen.report.beside import glance, pattern
from loadgen.report.formats.markdown import markdown_text
from loadgen.report.html.run import run_page
from loadgen.report.terminal.check import render_check
from loadgen.report.terminal.screen import render
from loadgen.result.codec import from_json, to_json
from loadgen.result.rows import rows
from loadgen.result.run import RunResult
from loadgen.runner.stop import Snapshot
from loadgen.runner.witness.load import witness_load, witness_plan
from loadgen.transport.scripted import Reply

LOAD = "load: [{name: a, rate: 100/s, for: 5s, arrivals: constant}]\n"
PINGS = "beside: [{name: keep-warm, every: 1s, at-once: 40, get: /ping, capture: {cold: header.x-cold}}]\n"
LIMITS = "thresholds: {a: [errors < 1%], keep-warm: [response p99 < 50ms, response p50 < 10ms, errors < 1%]}\n"


def script(x: Exchange) -> Reply:
    """Pings are slow, and some of them fail."""
    if x.request.path != "/ping":
        return Reply(after=5 * MILLISECOND)
    return Reply(after=20 * MILLISECOND, outcome=Outcome.RESET if x.due % 2_000_000_000 else Outcome.OK)


@cache
def ran(more: str = PINGS) -> Run:
    return go(LOAD + more + (LIMITS if more else ""), script)


@pytest.fixture
def result() -> RunResult:
    return concluded(ran())


def test_it_stands_apart_in_the_result(result: RunResult) -> None:
    alone = concluded(ran(""))
    assert replace(result.variant, beside=(), connections=alone.variant.connections) == alone.variant
    (stream,) = result.variant.beside
    assert (stream.every_s, stream.at_once, stream.after_s) == (1.0, 40, 0.0)
    assert stream.phase.requests.outcomes == {"ok": 120, "reset": 80}
    (step,) = stream.phase.steps
    assert (step.scenario, step.step, step.latency_ms["response"].count) == ("keep-warm", "keep-warm", 120)
    assert from_json(RunResult, to_json(result)) == result
    assert "beside" not in to_json(alone)["variants"][0]


def test_it_stands_after_the_drain() -> None:
    of = concluded(go(LOAD + PINGS, always(after=1500 * MILLISECOND))).variant
    assert [phase.name for phase in of.phases] == ["a", "drain"]
    assert [stream.phase.name for stream in of.beside] == ["keep-warm"]


def test_its_thresholds_are_compared_as_they_were_measured(result: RunResult) -> None:
    found = {(of.phase, of.text): (of.status, of.counts) for of in result.thresholds}
    assert found["keep-warm", "response p99 < 50ms"] == ("passed", None)
    assert found["keep-warm", "response p50 < 10ms"] == ("failed", None)
    assert found["keep-warm", "errors < 1%"] == ("failed", None)
    assert found["a", "errors < 1%"][0] == "passed", "its failures are none of the phase's"


def test_it_decides_neither_that_a_run_is_to_stop_nor_that_it_is_unusable(result: RunResult) -> None:
    run = ran()
    snapshot = Snapshot.of(run.plan.of_phases(run.ledger), 5)
    assert (snapshot.finished, snapshot.failed, snapshot.started) == (500, 0, 500)
    dead = go(LOAD + PINGS, lambda x: Reply(outcome=Outcome.OK if x.request.path == "/ping" else Outcome.REFUSED))
    unusable = concluded(dead).unusable
    assert unusable
    assert unusable.values["sent"] == 500
    served = go(LOAD + PINGS, lambda x: Reply(outcome=Outcome.REFUSED if x.request.path == "/ping" else Outcome.OK))
    assert concluded(served).unusable is None


def test_it_is_told_everywhere(result: RunResult) -> None:
    said = "keep-warm, 40 at once every 1s: 200 requests, 80 reset failed, p50 20.0 ms, p99 20.0 ms"
    assert glance(result.variant.beside[0]) == said
    flat = " ".join(render(result, width=80, color=False, full=False).split())
    assert f"beside {said}" in flat
    assert "500 requests, none failed" in flat
    full = render(result, width=80, color=False, full=True)
    assert "keep-warm  beside the phases: 40 at once every 1s" in full
    assert "500 sent = 500 ok" in full
    assert "Beside the phases: keep-warm, 40 at once" in markdown_text(result)
    page = run_page(result, None, ())
    assert "Beside the phases" in page
    assert "keep-warm" in page
    told = [row for row in rows(result) if row["phase"] == "keep-warm"]
    assert {(row["requests"], row["failed"]) for row in told if row["metric"] == "response"} == {(200, 80)}


def test_check_tells_it_before() -> None:
    plan = check(ran().profile)
    assert [(of.name, of.every_s, of.at_once, of.requests) for of in plan.beside] == [("keep-warm", 1.0, 40, 200)]
    assert [request.path for request in plan.requests] == ["/", "/ping"]
    page = render_check(plan)
    assert "beside the phases: keep-warm, 40 at once every 1s: 200 requests; its figures stand apart" in page
    unknown = Run("load: [{name: a, users: 1, iterations: 5}]\n" + PINGS, always()).profile
    assert "every 1s: until the load is over; its figures" in render_check(check(unknown))


def test_a_witness_sends_none_of_it() -> None:
    run = ran()
    assert witness_load(run.profile).beside == ()
    assert witness_plan(run.plan, 1).beside == ()


def test_check_tells_it_of_each_variant() -> None:
    text = LOAD + "experiment: {rounds: 1, variants: {none: {}, pings: {" + PINGS.strip() + "}}}"
    loaded = load("t.yaml", text="name: t\ntarget: http://127.0.0.1:1\n" + text)
    plan = check(loaded.profile, [variant.profile for variant in loaded.variants])
    assert plan.beside == ()
    assert plan.experiment
    assert [[of.name for of in variant.beside] for variant in plan.experiment.each] == [[], ["keep-warm"]]
    assert "  pings: beside the phases: keep-warm, 40 at once every 1s: 200 requests" in render_check(plan)


@pytest.mark.parametrize("seconds", [-1.0, float("-inf"), float("nan")])
def test_a_time_that_cannot_be_is_not_told(seconds: float) -> None:
    assert pattern(2, seconds, 0) == "2 at once every -"
