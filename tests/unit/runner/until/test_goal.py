"""What `--until` may ask for."""

# ruff: noqa: E501

from __future__ import annotations

import pytest

from loadgen.clock import MILLISECOND, SECOND
from loadgen.errors import ProfileError
from loadgen.profile.load import Loaded, load
from loadgen.runner.until.goal import Goal, prolonged

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


def test_a_goal_is_a_figure_and_a_share() -> None:
    goal = Goal.parse(" burst put response p99.9 within 2.5% ", "90s")
    assert (goal.figure.phase, goal.figure.step, goal.figure.metric) == ("burst", "put", "response")
    assert (goal.figure.quantile, goal.within, goal.limit) == ("p99.9", 0.025, 90 * SECOND)


@pytest.mark.parametrize(
    ("goal", "at_most", "message"),
    [
        ("steady response p99", None, "--until: 'steady response p99' says not how well: expected for example 'burst response p99 within 5%'"),
        ("p99 within 5%", None, "--until: 'p99' is not a figure: expected PHASE [STEP] LATENCY QUANTILE"),
        ("steady response p99 within 5ms", None, "--until: '5ms' is not a share"),
        ("steady response p99 within 0%", None, "--until: within 0% is not a precision: expected for example 5%"),
        ("steady response p99 within 100%", None, "--until: within 100% is not a precision"),
        ("steady response p99 within 5%", "5", "--at-most: '5' is not a duration"),
        ("steady response p99 within 5%", "0s", "--at-most: is too short: expected more than 0"),
        ("steady response p99 within 5%", "4s", "--at-most: 4s is less than the 5s that steady takes. Allow more"),
        ("stedy response p99 within 5%", None, "--until: no measured phase is called stedy. Did you mean steady? Known: steady, after"),
        ("warm response p99 within 5%", None, "--until: no measured phase is called warm. Known: steady, after"),
        ("steady connect p99 within 5%", None, "--until: a run does not go on for the sake of connect. Use one of response, service, operation, iteration"),
        ("steady pt response p99 within 5%", None, "--until: response has no step pt. Did you mean put? Known: put, get"),
        ("steady put iteration p99 within 5%", None, "--until: iteration has no step put. Name none"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_one_clear_line(goal: str, at_most: str | None, message: str) -> None:
    with pytest.raises(ProfileError) as caught:
        prolonged(loaded(), Goal.parse(goal, at_most))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rate: 100/s, for: 5s", "rate: 100/s..200/s, for: 5s", "--until: steady has a rate that changes, and so a longer phase has another latency. Use a steady rate"),
        ("rate: 100/s, for: 5s", "rate: 100/s, iterations: 50", "--until: steady does not end by time. Give it for: 30s"),
        ("rate: 100/s, for: 5s", "at-once: 50", "--until: steady does not end by time. Give it for: 30s"),
        ("rate: 100/s, for: 5s", "users: 5, for: 5s", "--until: a closed load has no due time, and so no response. Use service"),
        ("timeout: 5s", "cycles: 2", "--until: steady runs 2 times. Use --set cycles=1"),
        ("timeout: 5s", "experiment: {variants: {a: {}, b: {client: aiohttp}}}", "--until: an experiment has planned looks of its own. Use experiment.rounds: [10, 20]"),
    ],
)  # fmt: skip
def test_what_cannot_be_prolonged(old: str, new: str, message: str) -> None:
    with pytest.raises(ProfileError) as caught:
        prolonged(loaded(TEXT.replace(old, new)), Goal.parse("steady response p99 within 5%"))
    assert str(caught.value) == message


def test_a_phase_may_take_ten_minutes_unless_said_or_longer() -> None:
    found, goal = prolonged(loaded(), Goal.parse("steady response p99 within 5%"))
    assert (goal.limit, goal.least) == (600 * SECOND, 5 * SECOND)
    assert [phase.duration for phase in found.profile.load] == [1500 * MILLISECOND, 600 * SECOND, SECOND]
    longer = loaded(TEXT.replace("for: 5s", "for: 20m"))
    assert prolonged(longer, Goal.parse("steady response p99 within 5%"))[1].limit == 1200 * SECOND
