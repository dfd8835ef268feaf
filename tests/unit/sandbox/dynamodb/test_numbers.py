"""DynamoDB's numbers: one text for each, sums without rounding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.sandbox.dynamodb.numbers import added, canonical
from loadgen.sandbox.dynamodb.refusals import Refused


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0"),
        ("-0.0", "0"),
        ("1e2", "100"),
        ("-1.50", "-1.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1E-130", f"0.{'0' * 129}1"),
    ],
)
def test_numbers_have_one_text(text: str, expected: str) -> None:
    assert canonical(text) == expected


@pytest.mark.parametrize("text", ["", " 1", "1_0", "NaN", "Infinity", "0x1", "1e99999999999", "1" * 2000, "٣"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(Refused):
        canonical(text)


@given(st.integers(-(10**30), 10**30), st.integers(-(10**30), 10**30))
def test_numbers_are_added_exactly(a: int, b: int) -> None:
    assert (added(str(a), str(b)), added(str(a), str(b), -1)) == (str(a + b), str(a - b))
