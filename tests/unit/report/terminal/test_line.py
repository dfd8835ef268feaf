"""Lines: their width, how they are cut, and how parts flow into them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from loadgen.report.styles import BAD, DIM, GOOD, STRONG, WARN
from loadgen.report.terminal.line import PRESENT, Line, filled, flow, rows_of


def test_a_line_is_as_wide_as_its_cells() -> None:
    assert Line("ab", ("日本", STRONG)).pad(10).width == 10
    assert Line("ab", ("日本", STRONG)).pad(3).plain == "ab日本"


@given(st.lists(st.text("ab日 é", max_size=8), max_size=4), st.integers(0, 20))
def test_what_is_cut_fits_and_says_so(parts: list[str], width: int) -> None:
    line = Line(*parts)
    cut = line.cut(width)
    assert cell_len(cut.plain) == cut.width <= width
    assert cut.plain == line.plain if line.width <= width else cut.plain.endswith("…") or not width


@pytest.mark.parametrize("style", [DIM, STRONG, PRESENT, GOOD, WARN, BAD])
def test_without_colour_no_colour_is_written(style: str) -> None:
    line = Line(("x", style))
    assert not any(f"{code}m" in line.written(False) for code in range(30, 38))
    assert line.written(True) != "x" == line.plain


def test_parts_flow_and_no_number_is_cut() -> None:
    parts = [f"{number:,} ok" for number in range(1000, 1010)]
    lines = flow(Line("answers "), parts, 38, 2)
    assert [line.plain for line in lines] == [
        "answers 1,000 ok   1,001 ok   1,002 ok",
        "        1,003 ok   1,004 ok …",
    ]
    assert rows_of(Line("answers "), parts, 38, 9) == 4
    assert flow(Line(""), ["1234567890"], 5, 1)[0].plain == "1234…"


def test_a_block_has_its_height() -> None:
    assert [line.plain for line in filled([Line("a")], 3)] == ["a", "", ""]
    assert [line.plain for line in filled([Line("a"), Line("b")], 1)] == ["a"]
