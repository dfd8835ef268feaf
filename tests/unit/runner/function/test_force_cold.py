"""When a function is changed to force cold starts: who has to agree, and which loads can wait for it."""

from __future__ import annotations

import pytest

from loadgen.engine.plan import Plan
from loadgen.errors import PlanError, ProfileError
from loadgen.profile.load import load
from loadgen.profile.model import Phase, Profile
from loadgen.report.invocations import forced, planned
from loadgen.result.run import ForcedCold
from loadgen.runner.function.cost import planned_function
from loadgen.runner.function.force_cold import check_forced

TEXT = """name: t
target: {lambda: {function: orders, region: eu-west-1, force_cold: each}}
load: [{name: a, users: 2, iterations: 12}]
scenarios: [{name: s, steps: [{name: call, Invoke: {}}]}]
"""


def profile(old: str = "", new: str = "") -> Profile:
    return load("t.yaml", text=TEXT.replace(old, new)).profile


def test_on_aws_somebody_has_to_agree() -> None:
    with pytest.raises(PlanError, match=r"changes the description of orders .* --yes agrees to that") as caught:
        check_forced(profile(), loopback=False, confirmed=False)
    assert "\n" not in str(caught.value)
    assert check_forced(profile(), loopback=False, confirmed=True) == 1
    assert check_forced(profile(), loopback=True, confirmed=False) == 1
    assert check_forced(profile("force_cold: each", "force_cold: 5"), loopback=True, confirmed=False) == 5
    assert check_forced(profile(", force_cold: each", ""), loopback=False, confirmed=False) == 0


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("users: 2, iterations: 12", "rate: 5/s, for: 9s", "t.yaml:3: load.a: a does not wait while the function is"),
        ("users: 2, iterations: 12", "users: 2, for: 9s", "Use users and iterations"),
        ("force_cold", "qualifier: live, force_cold", "a change of the function does not end the environments of live"),
        (
            "iterations: 12",
            "iterations: 30000",
            "target.lambda.force_cold: would change the function 15,000 times",
        ),
        ("each", "0", "0 is neither each nor a number from 1 to"),
        ("each", "often", "'often' is neither each nor a number from 1 to"),
    ],
)
def test_what_cannot_be_forced_is_refused(old: str, new: str, line: str) -> None:
    with pytest.raises(ProfileError) as caught:
        profile(old, new)
    assert line in str(caught.value) and "\n" not in str(caught.value)


def test_a_load_that_does_not_wait_is_refused_where_a_command_makes_it() -> None:
    """As `loadgen capacity` does, of the profile's scenarios."""
    phase = Phase.model_validate({"name": "step", "rate": "5/s", "for": "9s"})
    with pytest.raises(PlanError, match="the load does not wait"):
        check_forced(profile().model_copy(update={"load": (phase,)}), loopback=True, confirmed=True)


def test_what_came_of_it_in_words() -> None:
    of = ForcedCold(every=1, changes=6, iterations=12, due=12, cold=2, restored=False)
    assert forced(of) == (
        "2 answers were cold; 12 of 12 iterations were to begin cold, after 6 changes of the function; "
        "the function is not as it was before"
    )


def test_check_tells_the_permissions() -> None:
    of = planned_function(profile(), Plan.of(profile()))
    assert of.permissions == (
        "lambda:GetFunctionConfiguration", "lambda:UpdateFunctionConfiguration", "lambda:InvokeFunction",
    )  # fmt: skip
    assert any("changed before each iteration" in line for line in planned(of))
