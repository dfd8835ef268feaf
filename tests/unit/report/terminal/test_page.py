"""How lines break: between words, never between a number and its unit."""

from __future__ import annotations

import pytest

from loadgen.report.terminal.page import add, drawn, heading, indented, labelled, line, table

TEXT = "of the slowest 1% of steady get, at least 7.1 s and 0.16 ms of 2 h 10 min, which is 1,234 MB or 12 requests"


@pytest.mark.parametrize("width", range(20, 100))
def test_a_number_and_its_unit_stay_on_one_line(width: int) -> None:
    made = table(("", "left", 0), ("", "text", 0))
    add(made, "step", TEXT)
    for shape in (line(TEXT, indent=2), labelled("- ", TEXT), heading(TEXT), indented(made)):
        lines = drawn([shape], width, False).splitlines()
        for amount in ("7.1 s", "0.16 ms", "2 h", "10 min", "1,234 MB"):
            assert sum(amount in shown for shown in lines) == 1, (amount, lines)


def test_a_heading_goes_on_below_its_beginning() -> None:
    lines = drawn([heading("at a glance", ("  ● p50  ━ to p99  ┄ to the longest", ""))], 40, False).splitlines()
    assert lines == ["", "at a glance  ● p50  ━ to p99  ┄ to the", "  longest"]
