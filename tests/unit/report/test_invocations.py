"""What a function's answers told, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loadgen.report.invocations import billed, prepared, source
from loadgen.result.run import Invocations

ALL = Invocations(1200, 1200, 0, 0, 33120, 16.56, 512, 83)
WHY = "the function's system log level may be WARN, or log_tail is off"


@pytest.mark.parametrize(
    ("of", "words"),
    [
        (ALL, "told by the REPORT of each answer"),
        (replace(ALL, answers=1, reports=1), "told by the REPORT of the answer"),
        (replace(ALL, reports=1100), f"100 of 1,200 answers have no REPORT: {WHY}"),
        (
            replace(ALL, reports=1100, told=50),
            f"100 of 1,200 answers have no REPORT: {WHY}; 50% of them tell cold starts in their JSON",
        ),
        (replace(ALL, reports=0), f"no answer has a REPORT: {WHY}; nothing tells of cold starts"),
        (
            replace(ALL, reports=0, told=1200),
            f"no answer has a REPORT: {WHY}; 100% of them tell cold starts in their JSON",
        ),
    ],
)
def test_what_told_is_named(of: Invocations, words: str) -> None:
    assert source(of) == words


def test_what_is_billed() -> None:
    assert billed(ALL) == "27.6 ms each, 16.56 GB-s together; 512 MB, 83 MB of it used"
    assert billed(replace(ALL, memory_used_mb=None)) == "27.6 ms each, 16.56 GB-s together; 512 MB"
    assert billed(replace(ALL, memory_mb=None)) == "27.6 ms each, 16.56 GB-s together"
    assert billed(replace(ALL, reports=0)) == "not told"


def test_an_init_that_was_over_before() -> None:
    assert prepared(ALL) == ""
    assert prepared(replace(ALL, prepared=1)).startswith("1 REPORT with an Init or a Restore that nobody waited for")
    assert prepared(replace(ALL, prepared=7)).startswith("7 REPORTs with")
