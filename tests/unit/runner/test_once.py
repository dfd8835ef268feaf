"""One exchange of each step: what is shown of a table's calls."""

from __future__ import annotations

import json

import pytest

from loadgen.report.terminal.once import render_once
from loadgen.runner.once import _readable


def test_an_exchange_shows_plain_values() -> None:
    body = b'{"TableName":"t","Item":{"pk":{"S":"a"},"n":{"N":"7"},"tags":{"SS":["x"]},"m":{"M":{"k":{"BOOL":true}}}}}'
    assert json.loads(_readable(body)) == {
        "TableName": "t", "Item": {"pk": "a", "n": 7, "tags": ["x"], "m": {"k": True}},
    }  # fmt: skip


@pytest.mark.parametrize("body", [b"", b"no json", b'{"a":', b"[" * 5000, b'"x"', b"\xff"])
def test_what_is_no_such_body_is_shown_as_it_is(body: bytes) -> None:
    assert _readable(body) == body


def test_what_only_looks_like_an_attribute_value_stays() -> None:
    """An item whose only attribute is called S."""
    assert json.loads(_readable(b'{"Item":{"S":{"S":"x"}},"N":{"N":"no number"}}')) == {
        "Item": {"S": "x"}, "N": {"N": "no number"},
    }  # fmt: skip


def test_the_units_of_a_call_are_shown() -> None:
    exchange = {"scenario": "s", "step": "put", "outcome": "ok", "capacity": {"read": 0.0, "write": 1.0}}
    assert "  units        write 1\n" in render_once([exchange])
    assert "units" not in render_once([{**exchange, "capacity": None}])
