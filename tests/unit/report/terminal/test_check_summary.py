"""One screen of `loadgen check`: thirty lines on 80 columns, what stands against the plan first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from documents import documents
from examples import examples
from hypothesis import given, settings
from planned import PHASE, plan
from rich.cells import cell_len

from loadgen.experiment.check import check
from loadgen.profile.load import load
from loadgen.report.terminal.check_summary import check_screen
from loadgen.report.terminal.screen import LINES
from loadgen.result.check import CheckResult, PlannedRequest, Standing
from loadgen.result.codec import from_json
from loadgen.result.reason import Reason
from loadgen.trust.host import Ports

EXPERIMENT = """name: t
target: http://127.0.0.1:9
load: [{name: steady, rate: 390/s, for: 10s, arrivals: constant}]
experiment: {variants: {shared: {}, fresh: {session: per-request}}, rounds: 10}
"""
REQUEST = PlannedRequest("s", "get", None, "GET", "/orders", {}, "", 0, timeout_s=30)


def shown(checked: CheckResult, width: int = 80) -> list[str]:
    return check_screen(checked, width).splitlines()


def of_experiment(text: str = EXPERIMENT) -> CheckResult:
    loaded = load("t.yaml", text=text)
    return check(loaded.profile, [variant.profile for variant in loaded.variants])


def test_what_would_be_sent_comes_first_and_cycles_are_a_range() -> None:
    cycles = [replace(PHASE, cycle=cycle, iterations=900 + cycle) for cycle in (1, 2)]
    lines = shown(replace(plan(*cycles), requests=(REQUEST,)))
    assert lines[0] == "PLAN  p on http://127.0.0.1:9 · 2 cycles · shared session"
    assert lines[1] == "1,803 iterations in 5 s, by 1 worker · nothing was sent"
    row = next(line for line in lines if line.startswith("steady"))
    assert row.split() == ["steady", "200/s", "poisson", "5", "s", "901-902", "p50", "p99"]
    assert "intervals   p99 has one if it runs longer: steady 8 s" in lines
    assert "sends       GET /orders" in lines
    assert "connections at most 19,936, 64 before the load" in lines


def test_a_percentile_that_one_cycle_cannot_show_is_not_promised() -> None:
    cycles = [replace(PHASE, cycle=1), replace(PHASE, cycle=2, quantiles=("p50",))]
    assert next(line for line in shown(plan(*cycles)) if line.startswith("steady")).endswith("p50")


def test_an_experiment_says_how_often_and_what_it_decides() -> None:
    text = " ".join(" ".join(shown(of_experiment())).split())
    assert "variants shared, fresh, in turns, against shared rounds 10: 20 runs, 3 min 39 s with the pauses" in text
    assert "primary steady response p99 (as none is named) finds in 4 experiments of 5: " in text


COLD = """name: t
target: {lambda: {function: orders, endpoint: sandbox}}
load: [{name: a, users: 2, iterations: 50}]
scenarios: [{name: s, steps: [{name: call, Invoke: {}}]}]
experiment: {variants: {warm: {}, cold: {target: {lambda: {force_cold: each}}}}, rounds: 6}
"""


def test_of_an_experiment_the_calls_of_all_runs_and_the_permissions_of_all_variants_are_told() -> None:
    text = " ".join(" ".join(shown(of_experiment(COLD))).split())
    needs = "lambda:InvokeFunction, lambda:GetFunctionConfiguration, lambda:UpdateFunctionConfiguration"
    assert f"function needs {needs} · 600 calls in all runs: $0.0001 without their duration, on AWS" in text
    alone = " ".join(" ".join(shown(of_experiment(COLD.partition("experiment")[0]))).split())
    assert "function needs lambda:InvokeFunction · under $0.0001 without the duration of its calls, on AWS" in alone


def test_what_join_needs_of_an_api_is_told() -> None:
    behind = replace(plan(PHASE), behind_api=True)
    assert "$context.integration.requestId" in "".join(shown(behind))
    assert "$context" not in "".join(shown(plan(PHASE)))


def test_what_stands_against_it_is_above_the_phases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ports, "read", classmethod(lambda cls: Ports(4000, 0, False)))
    lines = shown(replace(of_experiment(), selftest=Standing(None, Reason.of("selftest_malformed", path="x"), ())))
    text = " ".join(" ".join(lines[2 : lines.index("")]).split())
    assert text == (
        "! 10,636 new connections in a minute are more than the 4,000 ports that are free. Make experiment.pause "
        "longer ! the self-test in x is not as loadgen wrote it, and was ignored"
    )


@pytest.mark.parametrize("width", [40, 80, 100])
def test_much_of_everything_still_is_one_screen(width: int) -> None:
    many = [replace(PHASE, name=f"{number}{'x' * 60}", quantiles=()) for number in range(40)]
    requests = tuple(replace(REQUEST, path="/" + "y" * 300) for _ in range(40))
    limits = {phase.name: ("response p99 < 250ms",) * 20 for phase in many}
    lines = shown(replace(plan(*many), requests=requests, thresholds=limits), width)
    assert max(map(cell_len, lines)) <= width
    assert width < 80 or len(lines) <= LINES


@settings(max_examples=examples(40))
@given(documents(CheckResult))
def test_any_plan_can_be_shown(document: dict[str, Any]) -> None:
    text = check_screen(from_json(CheckResult, document), 80)
    assert text and "\x1b" not in text
