"""What a function fetches and keeps: once an environment, for a while, or at each call."""

from __future__ import annotations

from typing import Any

import pytest

from loadgen.clock import MILLISECOND, SECOND
from loadgen.errors import ProfileError
from loadgen.profile.load import load
from loadgen.profile.sandbox import SandboxSettings
from loadgen.sandbox.messages import Fate
from loadgen.sandbox.simulation import Simulation

BEGINNING = "name: t\ntarget: sandbox\nload: [{name: a, rate: 1/s, for: 1s}]\n"


def simulation(*fetched: dict[str, str], **more: Any) -> Simulation:
    settings = {"environments": 5, "service": "1ms", "fetched": list(fetched), **more}
    return Simulation(SandboxSettings.model_validate(settings))


def fetches(fates: list[Fate]) -> list[tuple[int, int]]:
    """How many values each fetched, and in how many ms."""
    return [(of.fetch.number, of.fetch.time // MILLISECOND) for of in fates if of.fetch]


@pytest.mark.parametrize(
    ("lifetime", "expected"),
    [
        ({}, [20, 0, 0, 0, 0]),  # as long as the environment lives
        ({"lifetime": "0s"}, [20, 20, 20, 20, 20]),
        ({"lifetime": "2s"}, [20, 0, 0, 20, 0]),  # good until 2.02 s
    ],
)
def test_a_value_is_kept_for_its_lifetime(lifetime: dict[str, str], expected: list[int]) -> None:
    of = simulation({"time": "20ms", **lifetime})
    fates = [of.admit(second * SECOND) for second in range(5)]
    assert [time for _, time in fetches(fates)] == expected
    assert [fate.service // MILLISECOND for fate in fates] == [1 + time for time in expected]
    assert [fate.ready - second * SECOND for second, fate in enumerate(fates)] == [fate.service for fate in fates]


def test_each_environment_has_its_own() -> None:
    of = simulation({"time": "20ms"})
    together = [of.admit(0) for _ in range(3)]  # each in an environment of its own
    assert fetches(together) == [(1, 20)] * 3
    assert fetches([of.admit(SECOND)]) == [(0, 0)]


def test_an_environment_that_has_ended_takes_its_values_along() -> None:
    of = simulation({"time": "20ms"}, environments={"max": 5, "idle": "1s"})
    assert fetches([of.admit(at * SECOND) for at in (0, 1, 5)]) == [(1, 20), (0, 0), (1, 20)]


def test_several_values_are_fetched_one_after_the_other() -> None:
    of = simulation({"time": "20ms", "lifetime": "3s"}, {"time": "5ms", "lifetime": "1s"})
    assert fetches([of.admit(second * SECOND) for second in range(4)]) == [(2, 25), (0, 0), (1, 5), (0, 0)]


def test_what_the_function_calls_behind_comes_after() -> None:
    of = simulation({"time": "20ms"}, downstream={"time": "3ms", "connect": "7ms"})
    first, second = of.admit(0), of.admit(SECOND)
    assert [fate.service // MILLISECOND for fate in (first, second)] == [31, 4]


def test_a_call_that_is_cut_off_has_fetched_all_the_same() -> None:
    of = simulation({"time": "20ms"})
    fate = of.front.run(0, 0, MILLISECOND, limit=5 * MILLISECOND)
    assert fate.fault == "timeout"
    assert fetches([fate]) == [(1, 20)]


def test_what_a_run_says_of_it() -> None:
    settings = SandboxSettings.model_validate(
        {
            "environments": 5,
            "fetched": [{"time": "20ms"}, {"time": "5ms", "lifetime": "5m"}, {"time": "1ms", "lifetime": "0s"}],
        }
    )
    assert "fetches a value (always 20ms, once an environment); fetches a value (always 5ms, good for 5m)" in (
        settings.describe()
    )
    assert settings.describe().endswith("fetches a value (always 1ms, at each call)")
    assert SandboxSettings.from_json(settings.to_json()) == settings


def test_it_needs_environments() -> None:
    with pytest.raises(ProfileError, match=r"sandbox.fetched: needs environments.*Add environments: 10"):
        load("p.yaml", text=f"{BEGINNING}sandbox: {{fetched: {{time: 5ms}}}}")
