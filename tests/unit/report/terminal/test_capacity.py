"""The screen of a capacity: what speaks against its figures stands below its sentence."""

from __future__ import annotations

import pytest
from capacity_steps import RATES, capacity_result, rising

from loadgen.report.terminal.screen import render
from loadgen.result.reason import Reason
from loadgen.result.run import Trust, TrustSignal, Verdict

SIGNAL = TrustSignal("core use", "DEGRADED", Reason.of("core_use", share=0.9, worker=3), "DEGRADED", noted=False)


@pytest.mark.parametrize(
    ("verdict", "says"),
    [
        ("VALID", None),
        ("DEGRADED", "DEGRADED: core use 90%"),
        (
            "INVALID",
            "INVALID: this machine disturbed the steps below the capacity, which may be higher\n  - core use 90%",
        ),
    ],
)
def test_what_disturbed_the_steps_is_said(verdict: Verdict, says: str | None) -> None:
    reasons = () if verdict == "VALID" else (SIGNAL,)
    text = render(capacity_result(rising(RATES), trust=Trust(verdict, False, reasons, (), ())), width=100, color=False)
    assert text.splitlines()[0].endswith("the target is the limit")
    assert (says in text) if says else ("core use" not in text)
