"""Whoever runs a profile with forced cold starts off this machine is asked, if there is somebody to ask."""

from __future__ import annotations

import sys

import click
import pytest

from loadgen.cli.run import _agreed
from loadgen.profile.load import Loaded, load

TEXT = """name: t
target: {lambda: {function: orders, region: eu-west-1, endpoint: ENDPOINT, force_cold: each}}
load: [{name: a, users: 1, iterations: 2}]
scenarios: [{name: s, steps: [{name: call, Invoke: {}}]}]
"""


def profile(endpoint: str = "http://192.0.2.1:9", text: str = TEXT) -> Loaded:
    return load("t.yaml", text=text.replace("ENDPOINT", endpoint))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The questions, on a terminal, all of which are answered with yes."""
    questions = list[str]()

    def confirm(question: str, err: bool = False) -> bool:
        questions.append(question)
        return True

    monkeypatch.setattr(click, "confirm", confirm)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    return questions


def test_the_question_names_the_function(asked: list[str]) -> None:
    assert _agreed(profile())
    (question,) = asked
    assert "force_cold changes the description of orders, which ends its environments for everybody" in question


@pytest.mark.parametrize("endpoint", ["sandbox", "http://127.0.0.1:9"])
def test_of_a_stand_in_on_this_machine_nobody_is_asked(asked: list[str], endpoint: str) -> None:
    assert not _agreed(profile(endpoint))
    assert asked == []


def test_without_force_cold_nobody_is_asked(asked: list[str]) -> None:
    assert not _agreed(profile(text=TEXT.replace(", force_cold: each", "")))
    assert asked == []


def test_without_a_terminal_nobody_is_asked(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    assert not _agreed(profile())
    assert asked == []


def test_a_no_ends_it(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(click, "confirm", lambda question, err: False)
    with pytest.raises(click.UsageError, match="nothing was changed, and nothing was sent"):
        _agreed(profile())


def test_an_experiment_is_asked_for_once(asked: list[str]) -> None:
    more = "experiment: {variants: {forced: {}, free: {target: {lambda: {function: orders, region: eu-west-1}}}}}\n"
    assert _agreed(profile(text=TEXT + more))
    assert len(asked) == 1
