"""What `check` promises of an experiment."""

from __future__ import annotations

import pytest

from loadgen.experiment.check import check
from loadgen.profile.load import load
from loadgen.report.terminal.check import render_check
from loadgen.stats.comparison import detectable
from loadgen.stats.looks import levels

TEXT = """name: t
target: http://127.0.0.1:9
load: [{name: steady, rate: 100/s, for: 31s}]
experiment: {EXPERIMENT}
"""
WARM = """name: t
target: {lambda: {function: orders, endpoint: sandbox}}
load: [{name: a, LOAD}]
scenarios: [{name: s, steps: [{name: call, Invoke: {}}]}]
experiment: {variants: {none: {}, VARIANT}, rounds: 6}
"""
PINGS = "pings: {beside: [{name: p, every: 1s, at-once: 5, Invoke: {}}]}"
GET = "{s: {steps: {call: {Invoke: null, get: /}}}}"
DOOR = f"door: {{target: {{lambda: null, url: 'http://127.0.0.1:9', door: http-api}}, scenarios: {GET}}}"
RATES = "{rate: [10/s, 20/s], session: [shared, per-request]}"


@pytest.mark.parametrize(
    ("experiment", "finds"),
    [
        ("variants: {a: {}, b: {}}, rounds: 10", detectable(10)),
        ("variants: {a: {}, b: {}}, rounds: [6, 12]", detectable(12, levels((6, 12))[1])),
        ("variants: {a: {}, b: {}, c: {}}, rounds: 10", detectable(10, 0.05 / 2)),
        (f"matrix: {RATES}, rounds: 10", detectable(10, 0.05 / 2)),
        ("variants: {a: {}, b: {}}, rounds: 5", None),
    ],
)
def test_what_a_plan_finds_is_at_the_level_that_a_figure_has(experiment: str, finds: float | None) -> None:
    """The looks share the error probability, and so do the variants that are compared with a baseline."""
    text = TEXT.replace("EXPERIMENT", experiment)
    if "matrix" in experiment:
        text = text.replace("100/s", '"${matrix.rate}"') + 'session: "${matrix.session}"\n'
    loaded = load("t.yaml", text=text)
    planned = check(loaded.profile, [variant.profile for variant in loaded.variants]).experiment
    assert planned and planned.finds == (pytest.approx(finds) if finds else None)


@pytest.mark.parametrize(
    ("offer", "variant", "calls", "usd"),
    [
        ("rate: 10/s, arrivals: constant, for: 20s", PINGS, 6 * (2 * 200 + 20 * 5), 0.2e-6),
        ("rate: 10/s, arrivals: constant, for: 20s", DOOR, 6 * 2 * 200, 0.7e-6),
        ("users: 2, iterations: 50", "b: {seed: 2}", 6 * 2 * 50, 0.2e-6),
        ("users: 2, for: 9s", "b: {seed: 2}", None, None),
        ("users: 2, iterations: 50", PINGS, None, None),
    ],
)
def test_the_calls_of_all_runs_are_counted_and_what_goes_on_beside_them(
    offer: str, variant: str, calls: int | None, usd: float | None
) -> None:
    """In US dollars for a request, on average."""
    loaded = load("t.yaml", text=WARM.replace("LOAD", offer).replace("VARIANT", variant))
    planned = check(loaded.profile, [variant.profile for variant in loaded.variants]).experiment
    assert planned and planned.function_calls == calls
    assert planned.function_calls_usd == (pytest.approx(calls * usd) if calls and usd else None)


def test_no_function_is_called() -> None:
    loaded = load("t.yaml", text=TEXT.replace("EXPERIMENT", "variants: {a: {}, b: {}}, rounds: 6"))
    planned = check(loaded.profile, [variant.profile for variant in loaded.variants]).experiment
    assert planned and (planned.function_calls, planned.function_calls_usd) == (None, None)


def test_the_variants_of_a_duet_share_the_load() -> None:
    text = WARM.replace("LOAD", "rate: 10/s, arrivals: constant, for: 20s").replace("VARIANT", "b: {seed: 2}")
    loaded = load("t.yaml", text=text.replace("rounds: 6", "rounds: 6, duet: true"))
    planned = check(loaded.profile, [variant.profile for variant in loaded.variants]).experiment
    assert planned and planned.function_calls == 6 * 200
    assert [variant.iterations for variant in planned.each] == [100, 100]


def test_a_variant_may_need_more_permissions() -> None:
    forced = "forced: {target: {lambda: {force_cold: each}}}"
    loaded = load("t.yaml", text=WARM.replace("LOAD", "users: 2, iterations: 50").replace("VARIANT", forced))
    planned = check(loaded.profile, [variant.profile for variant in loaded.variants])
    assert planned.function and planned.function.permissions == ("lambda:InvokeFunction",)
    assert planned.experiment and planned.experiment.function_permissions == (
        "lambda:InvokeFunction", "lambda:GetFunctionConfiguration", "lambda:UpdateFunctionConfiguration",
    )  # fmt: skip
    assert "needs lambda:InvokeFunction, lambda:GetFunctionConfiguration, lambda:Up" in render_check(planned, 200)
