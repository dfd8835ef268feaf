"""The values of a reason."""

from __future__ import annotations

import pytest

from loadgen.report.values import number, words


def test_a_sentence_is_a_template_or_what_makes_it() -> None:
    assert words("{count:,} requests", {"count": 1200}) == "1,200 requests"
    assert words(lambda values: f"{values['count']} of them", {"count": 3}) == "3 of them"


def test_a_text_is_no_number() -> None:
    assert number({"count": 3}, "count") == 3
    with pytest.raises(TypeError, match="count is not a number"):
        number({"count": "3"}, "count")
