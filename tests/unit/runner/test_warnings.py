"""`runner.warnings`: what is said is kept, and holds no secret."""

from __future__ import annotations

from loadgen.redaction import Secrets
from loadgen.runner.warnings import Warnings


def test_a_warning_is_said_and_kept_without_what_is_secret_by_then() -> None:
    said: list[str] = []
    secrets = Secrets()
    warn = Warnings(said.append, secrets)
    warn("the token hunter2 is old")
    secrets.add("hunter2")
    warn("the token hunter2 has expired")
    assert said == warn.texts == ["the token hunter2 is old", "the token [redacted] has expired"]
