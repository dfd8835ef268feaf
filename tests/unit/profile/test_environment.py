"""Variables of the environment in a profile."""

from __future__ import annotations

import json

import pytest

from loadgen.profile.load import load

HEAD = "name: x\ntarget: http://h:8080/prod/\nload: [{name: a, rate: 5/s, for: 1s}]\n"


def test_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "s3cret: [")
    monkeypatch.setenv("USERS", "12")
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.delenv("UNSET", raising=False)
    text = HEAD.replace("rate: 5/s", "users: '${USERS}'") + (
        "scenarios: [{name: s, steps: [{name: t, get: /, headers: "
        "{a: 'Bearer ${TOKEN}', b: '${UNSET:-b}', c: 'x${EMPTY:-}', d: '$${TOKEN} $5'}}]}]\n"
    )
    loaded = load("p.yaml", text=text)
    (step,) = loaded.profile.scenarios[0].steps
    assert step.headers == {"a": "Bearer s3cret: [", "b": "b", "c": "x", "d": "${TOKEN} $5"}
    assert loaded.profile.load[0].users == 12
    assert loaded.secrets.texts == ("s3cret: [",)
    assert "s3cret" not in json.dumps(loaded.resolved)
    assert "Bearer ${TOKEN}" in json.dumps(loaded.resolved)
