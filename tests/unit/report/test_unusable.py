"""The headline of a run that says nothing of its target."""

from __future__ import annotations

from typing import Any

import pytest
from engine_harness import Run
from run_results import concluded

from loadgen.exchange import Outcome
from loadgen.report.terminal.run import render
from loadgen.report.unusable import unusable
from loadgen.transport.scripted import Reply

TEXT = "name: t\ntarget: http://127.0.0.1:9\nload: [{name: a, users: 1, iterations: 77}]\n"


def of(reply: Reply) -> Any:
    return concluded(Run(TEXT, lambda x: reply).go())


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (
            Reply(outcome=Outcome.REFUSED, reason="connection refused"),
            "http://127.0.0.1:9: nothing answered: connection refused, 77 of 77",
        ),
        (
            Reply(outcome=Outcome.RESET, reason="closed by the target without an answer"),
            "http://127.0.0.1:9: nothing answered: closed by the target without an answer, 77 of 77. "
            "If this port speaks TLS, write https://",
        ),
        (Reply(status=401), "http://127.0.0.1:9: everything failed: status 401, 77 of 77"),
        (
            Reply(status=301, headers={"location": "https://a.test/?key=canary"}),
            "http://127.0.0.1:9: everything failed: status 301, 77 of 77. It redirects to https://a.test/: send the "
            "requests there, or if this is right, say expect: {status: 301}",
        ),
    ],
)
def test_it_is_the_first_line_and_says_what_to_do(reply: Reply, says: str) -> None:
    result = of(reply)
    assert unusable(result) == says
    page = render(result, color=False)
    assert " ".join(page.split()).startswith(f"FAILED {says}")
    assert "exit status 3: the target cannot be used" in page


def test_a_run_with_one_answer_has_none() -> None:
    assert unusable(of(Reply())) == ""
    assert "FAILED" not in render(of(Reply()), color=False)
