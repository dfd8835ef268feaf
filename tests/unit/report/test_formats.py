"""A result as JSON, for programs."""

from __future__ import annotations

import json
from typing import Any

from paths import DATA

from loadgen.report.formats import to_json

RESULT = json.loads((DATA / "result.json").read_text())


def test_everything_is_there_and_what_to_believe_comes_first() -> None:
    written = json.loads(to_json(RESULT))
    assert written == RESULT
    keys = list(written)
    assert keys[0] == "schema"
    assert keys.index("trust") < keys.index("thresholds") < keys.index("variants") < keys.index("samples")


def test_what_json_cannot_say_is_null() -> None:
    def refuse(constant: str) -> Any:
        raise AssertionError(constant)

    text = to_json({"schema": "loadgen.result/1", "a": [float("nan"), {"b": float("inf")}], "c": (1, 0.5)})
    assert json.loads(text, parse_constant=refuse) == {
        "schema": "loadgen.result/1",
        "a": [None, {"b": None}],
        "c": [1, 0.5],
    }


def test_it_is_plain_ascii() -> None:
    text = to_json({"name": "é\x1b[31m\u202e\ud800"})
    assert text.isascii()
    assert "\x1b" not in text
