"""Numbers and foreign text as words for a terminal."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.report.words import (
    bar,
    brief,
    clean,
    compact,
    encodable,
    listed,
    ms,
    rate,
    seconds,
    share,
    short_rate,
    sparkline,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (float("nan"), "-"),
        (float("inf"), "-"),
        (0, "0"),
        (0.0001, "<0.001"),
        (0.0412, "0.041"),
        (0.9999, "1.00"),
        (1.005, "1.00"),
        (41.23, "41.2"),
        (99.96, "100"),
        (212.4, "212"),
        (1234.5, "1,234"),
        (3_600_000, "3,600,000"),
    ],
)
def test_milliseconds_have_three_digits(value: float | None, shown: str) -> None:
    assert ms(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "-"), (2000.0, "2,000/s"), (1998.24, "1,998.2/s"), (0.25, "0.25/s"), (0, "0/s")]
)
def test_a_rate_has_its_unit(value: float | None, shown: str) -> None:
    assert rate(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (0.36, "0.4 s"),
        (3.0, "3 s"),
        (119.4, "119.4 s"),
        (125, "2 min 5 s"),
        (180, "3 min"),
        (7800, "2 h 10 min"),
    ],
)
def test_seconds_have_their_unit(value: float | None, shown: str) -> None:
    assert seconds(value) == shown


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (0, 10, "0%"),
        (10, 10, "100%"),
        (1, 1_000_000, "<0.01%"),
        (999_999, 1_000_000, ">99.99%"),
        (31, 6012, "0.52%"),
        (140, 6012, "2.3%"),
        (5995, 6000, "99.92%"),
        (12, 10, "120%"),
        (1, 0, "-"),
    ],
)
def test_a_share_is_never_rounded_to_nothing_or_to_all(part: int, whole: int, shown: str) -> None:
    assert share(part, whole) == shown


def test_counts_are_listed_from_the_largest_on() -> None:
    assert listed({"timeout": 4, "ok": 900, "reset": 0, "throttled": 1031}, but=("ok",)) == "1,031 throttled, 4 timeout"
    assert listed({}) == ""


@pytest.mark.parametrize(
    ("dirty", "shown"), [("a\x1b", "a?"), ("x\ny", "x y"), ("\x9b2J", "?2J"), ("\u202eevil", "?evil"), ("é·1", "é·1")]
)
def test_clean_leaves_nothing_that_steers(dirty: str, shown: str) -> None:
    assert clean(dirty) == shown


@given(st.text(st.characters()))
def test_clean_text_is_printable(text: str) -> None:
    assert clean(text).isprintable()
    assert len(clean(text)) == len(text)


def test_what_a_terminal_cannot_write_is_replaced_column_by_column() -> None:
    ascii_only, unicode = io.TextIOWrapper(io.BytesIO(), "ascii"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    assert encodable("●━┄▸ a·b…é", unicode) == "●━┄▸ a·b…é"
    assert encodable("●━┄▸ a·b…é", ascii_only) == "o=.> a|b~?"


def test_brief_tells_that_it_cut() -> None:
    assert brief("abcdef", 6) == "abcdef"
    assert brief("abcdefg", 6) == "abcde…"
    assert brief("burst-20261130-193750", 15) == "burst-2…-193750"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 1e9)), max_size=5), st.integers(0, 40))
def test_a_bar_is_exactly_as_wide_as_asked_for(parts: list[tuple[str, float]], width: int) -> None:
    total = sum(amount for _, amount in parts)
    assert len(bar(parts, width)) == (width if total else 0)


def test_a_bar_shares_its_width_out() -> None:
    assert bar((("a", 3), ("b", 1), ("c", 0)), 8) == "aaaaaabb"


def test_a_sparkline_has_gaps_and_reaches_the_top() -> None:
    assert sparkline([0, None, 50, 100]) == "▁ ▅█"
    assert sparkline([]) == ""
    assert sparkline([0.0, 0.0]) == "▁▁"


@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("1,234/s", 1234.0, "1,234/s"),
        ("1,234,567.8/s", 1_234_567.8, "1.23M"),
        ("12,345,678,901,234,567", 12_345_678_901_234_567, "1.23e+16"),
        ("0.123456789012", 0.123456789012, "0.123"),
        ("-" * 12, None, "-" * 12),
    ],
)
def test_a_number_that_is_too_long_for_its_column_is_compact(text: str, value: float | None, shown: str) -> None:
    assert compact(text, value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.25, "0.25/s"),
        (199.96, "200/s"),
        (1998.2, "1,998/s"),
        (1_234_567_890, "1.23G/s"),
        (None, "-"),
        (1e300, "1e+300/s"),
    ],
)
def test_a_rate_fits_a_column(value: float | None, shown: str) -> None:
    assert short_rate(value) == shown
