"""`runner.warnings`: a warning is shown and kept, and holds no secret."""

from __future__ import annotations

from loadgen.redaction import Secrets
from loadgen.result.reason import Reason
from loadgen.runner.warnings import Warnings


def test_a_warning_is_shown_and_kept_without_what_is_secret_by_then() -> None:
    shown: list[Reason] = []
    secrets = Secrets()
    warn = Warnings(shown.append, secrets)
    warn(Reason.of("secret_expired", error="the token hunter2 is old"))
    secrets.add("hunter2")
    warn(Reason.of("secret_expired", error="the token hunter2 has expired"))
    assert shown == warn.given
    assert [warning.values["error"] for warning in shown] == [
        "the token hunter2 is old", "the token [redacted] has expired",
    ]  # fmt: skip
