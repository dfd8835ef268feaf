"""Messages without the secrets that are in them."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest

from loadgen.errors import LoadgenError, PlanError
from loadgen.fleet.messages import Broken
from loadgen.fleet.sealing import Sealer, hidden, shown
from loadgen.profile.load import load, reread
from loadgen.redaction import Secrets

KEY, OTHER = "s3cr3t-of-here", "s3cr3t-of-there"
PROFILE = """
name: sealed
target: http://127.0.0.1/
load: [{name: a, rate: 1/s, for: 1s}]
scenarios: [{name: s, steps: [{name: g, get: /, headers: {x-key: "Key ${KEY}", x-open: plain}}]}]
"""


def test_a_profile_travels_without_its_secret_and_gets_the_nodes_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", KEY)
    here = load("p.yaml", text=PROFILE)
    sealed = Sealer(here.secrets.texts).seal(here.profile)
    assert KEY.encode() not in sealed
    assert b"plain" in sealed
    monkeypatch.setenv("KEY", OTHER)
    there = reread(here.resolved, here.source, Path())
    assert Sealer(there.secrets.texts).unseal(sealed) == there.profile


@pytest.mark.parametrize("message", [f"a {KEY} and {KEY}", f"{KEY}".encode(), {"k": [f"x{KEY}"]}, "none", b"\xff\0"])
def test_what_is_sealed_is_the_same_when_it_is_opened(message: object) -> None:
    sealer = Sealer((KEY, OTHER))
    assert KEY.encode() not in sealer.seal(message)
    assert sealer.unseal(sealer.seal(message)) == message


def test_the_longer_of_two_secrets_is_the_one() -> None:
    sealer = Sealer(("abcdef", "abcdef-ghijkl"))
    assert sealer.parts("abcdef-ghijkl") == ("", 1, "")


def test_a_secret_in_another_form_does_not_leave() -> None:
    with pytest.raises(PlanError, match="in another form"):
        Sealer((KEY,)).seal(["Basic " + b64encode(f"user:{KEY}".encode()).decode()])


def test_what_a_worker_says_in_words_leaves_without_secrets() -> None:
    data = hidden(Broken(LoadgenError(f"it answered {KEY}")), Secrets(KEY))
    assert KEY.encode() not in data
    message = shown(data)
    assert isinstance(message, Broken)
    assert str(message.error) == "it answered [redacted]"
