"""What the signals say of a run that goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from evidence import QUIET

from loadgen.clock import SECOND
from loadgen.runner import so_far
from loadgen.runner.so_far import SoFar
from loadgen.trust.evidence import Evidence


def test_it_says_what_a_verdict_would_say() -> None:
    so_far = SoFar(lambda: replace(QUIET, clock_step=5_000_000, mismatches=["what is open is in no outcome yet"]))
    assert so_far.signals is None
    so_far.look()
    assert so_far.signals
    assert [of.signal for of in so_far.signals if of.verdict != "VALID"] == ["clock"]
    assert not {"ledgers", "sandbox"} & {of.signal for of in so_far.signals}


def test_what_takes_long_is_found_out_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    now, taken = [0], [0]

    def evidence() -> Evidence:
        taken[0] += SECOND // 20
        return QUIET

    monkeypatch.setattr(so_far, "now", lambda: now[0])
    monkeypatch.setattr(so_far, "cpu", lambda: taken[0])
    judged = SoFar(evidence)
    for second in range(1, 21):
        now[0] = second * SECOND
        judged.look()
    assert taken[0] == 4 * SECOND // 20, "each of 50 ms: one in 100 of the time"
