"""How many steps, and how long."""

from __future__ import annotations

import pytest
from capacity_steps import loaded

from loadgen.clock import SECOND
from loadgen.errors import ProfileError
from loadgen.experiment.capacity.plan import bounded, conditions, plan_of, takes
from loadgen.profile.load import load


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


def test_an_experiment_has_no_capacity() -> None:
    text = "name: t\ntarget: sandbox\nload: [{name: a, rate: 1/s, for: 1s}]\nexperiment: {variants: {a: {}, b: {}}}\n"
    with pytest.raises(ProfileError, match="is an experiment"):
        plan_of(load("e.yaml", text=text), conditions(["p99 < 1s"]))


def test_what_others_bear_is_bounded() -> None:
    plan = plan_of(loaded(), conditions(["p99 < 100ms"]))
    bounded(loaded(), plan, loopback=True)
    with pytest.raises(ProfileError, match="--max-rate: the target is not on this machine"):
        bounded(loaded(), plan, loopback=False)
    bounded(loaded(), plan_of(loaded(), conditions(["p99 < 100ms"]), max_rate=100.0), loopback=False)
