"""How many steps, and how long."""

from __future__ import annotations

import pytest
from capacity_steps import loaded

from loadgen.clock import SECOND
from loadgen.errors import ProfileError
from loadgen.experiment.capacity.plan import bounded, conditions, plan_of, takes
from loadgen.experiment.capacity.preview import preview
from loadgen.profile.load import Loaded, load


@pytest.mark.parametrize("minutes", [1, 2, 8, 13, 60])
def test_it_takes_about_as_long_as_asked(minutes: int) -> None:
    plan = plan_of(loaded(), conditions(["p99 < 80ms"]), minutes * 60 * SECOND)
    assert 18 <= plan.steps <= 30
    assert takes(plan.steps, plan.step_s) == pytest.approx(60 * minutes, rel=0.06)


def test_the_plan_of_eight_minutes() -> None:
    plan = plan_of(loaded(), conditions(["p99 < 100ms, errors < 0.1%"]))
    assert plan.keep == ("p99 < 100ms", "errors < 0.1%")
    assert (plan.steps, plan.first_rate, plan.max_rate) == (30, 20, None)
    assert 9 < plan.step_s < 12


def test_too_short() -> None:
    with pytest.raises(ProfileError, match=r"--for: 10s is too short for 18 steps of 1 s\. Allow .* or more"):
        plan_of(loaded(), conditions(["p99 < 100ms"]), 10 * SECOND)


def test_a_step_is_long_enough_to_see_a_queue_grow_to_the_limit() -> None:
    assert plan_of(loaded(), conditions(["p99 < 1500ms, p50 < 10ms"])).step_s >= 15
    with pytest.raises(ProfileError, match=r"18 steps of 50 s\. Allow .* or more"):
        plan_of(loaded(), conditions(["p99 < 5s"]))
    assert plan_of(loaded(), conditions(["errors < 1%"]), 60 * SECOND).step_s < 1


def test_errors_are_kept_where_nothing_is_said_of_them() -> None:
    assert [of.text for of in conditions(["p99 < 100ms"])] == ["p99 < 100ms", "errors < 1%"]
    assert [of.text for of in conditions(["errors < 5%"])] == ["errors < 5%"]
    assert conditions(["p99 < 100ms"])[0].metric == "response"
    assert conditions(["service p99.9 < 100ms"])[0].quantile == "p99.9"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "there is no condition"),
        ("p99", "'p99' says no limit. Use 'p99 < 100ms'"),
        ("p99 > 100ms", "no condition that breaks at a rate"),
        ("mean < 100ms", "is not a threshold"),
        ("response mean < 100ms", "no condition that breaks at a rate"),
        ("rate > 100/s", "no condition that breaks at a rate"),
        ("p99 < 1", "is not a duration"),
        ("errors < 0%", "allows nothing"),
        ("p99 < 100ms, p99 < 100ms", "given twice"),
    ],
)
def test_what_is_no_condition(text: str, problem: str) -> None:
    with pytest.raises(ProfileError, match=f"--keep: .*{problem}"):
        conditions([text])


def experiment(variants: str, more: str = "") -> Loaded:
    load_of = "load: [{name: a, rate: 20/s, for: 1s}]"
    return load("e.yaml", text=f"name: t\ntarget: http://127.0.0.1:1\n{load_of}\n{more}\nexperiment: {variants}\n")


TWO = "{variants: {shared: {}, fresh: {session: per-request}}, baseline: fresh}"


def test_each_variant_has_its_steps() -> None:
    one = plan_of(loaded(), conditions(["p99 < 100ms"]))
    both = plan_of(experiment(TWO), conditions(["p99 < 100ms"]))
    assert both.variants == ("fresh", "shared"), "the baseline first"
    assert both.for_s == 2 * one.for_s and (both.steps, both.step_s) == (one.steps, one.step_s)
    planned = preview(experiment(TWO), both)
    alone = preview(loaded(), one)
    assert (planned.runs, planned.seconds) == (2 * alone.runs, 2 * alone.seconds)
    assert planned.requests_each == 2 * alone.requests_each
    with pytest.raises(ProfileError, match="10s is too short for 36 steps"):
        plan_of(experiment(TWO), conditions(["p99 < 100ms"]), 10 * SECOND)


@pytest.mark.parametrize(
    ("variants", "problem"),
    [
        ("{variants: {a: {}, b: {load: {a: {rate: 90/s}}}}}", "variants a and b differ in their load only"),
        ("{variants: {a: {}, b: {session: per-request, capacity: {keep: p50 < 1s}}}}", "variant b has a capacity of"),
    ],
)
def test_variants_that_a_capacity_cannot_compare(variants: str, problem: str) -> None:
    with pytest.raises(ProfileError, match=problem):
        plan_of(experiment(variants, "capacity: p99 < 100ms"))


def test_what_others_bear_is_bounded() -> None:
    plan, profile = plan_of(loaded(), conditions(["p99 < 100ms"])), loaded().profile
    bounded(profile, plan, loopback=True)
    with pytest.raises(ProfileError, match="--max-rate: the target is not on this machine"):
        bounded(profile, plan, loopback=False)
    bounded(profile, plan_of(loaded(), conditions(["p99 < 100ms"]), max_rate=100.0), loopback=False)
