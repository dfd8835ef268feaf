"""`fleet.on_ray`, without Ray."""

from __future__ import annotations

import pytest

from loadgen.fleet.on_ray import REASON, _reason


def test_what_ray_says_is_cut_between_two_words() -> None:
    said = _reason(RuntimeError("at first\n" + "a word and " * 40 + "."))
    assert said.endswith(("word…", "and…", "a…"))
    assert len(said) <= REASON
    assert _reason(RuntimeError("x" * 500)) == "x" * (REASON - 1) + "…"


@pytest.mark.parametrize(("said", "told"), [("first\nlast one.\n\n", "last one"), ("", "RuntimeError")])
def test_the_last_line_is_the_one_that_tells(said: str, told: str) -> None:
    assert _reason(RuntimeError(said)) == told
