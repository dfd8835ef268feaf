"""A result as JSON, for programs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from paths import DATA

from loadgen.report.formats import json_text
from loadgen.result.codec import from_json
from loadgen.result.run import RunResult

DOCUMENT = json.loads((DATA / "result.json").read_text())
RESULT = from_json(RunResult, DOCUMENT)


def test_everything_is_there_and_the_version_comes_first() -> None:
    written = json.loads(json_text(RESULT))
    assert written == DOCUMENT
    keys = list(written)
    assert keys[0] == "schema"
    assert keys.index("trust") < keys.index("thresholds") < keys.index("variants") < keys.index("samples")


def test_what_json_cannot_say_is_null() -> None:
    def refuse(constant: str) -> Any:
        raise AssertionError(constant)

    text = json_text(replace(RESULT, duration_s=float("nan"), sdk={"timeout": float("inf"), "pool": (1, 0.5)}))
    written = json.loads(text, parse_constant=refuse)
    assert written["duration_s"] is None
    assert written["sdk"] == {"timeout": None, "pool": [1, 0.5]}


def test_it_is_plain_ascii() -> None:
    text = json_text(replace(RESULT, name="é\x1b[31m\u202e\ud800"))
    assert text.isascii()
    assert "\x1b" not in text
