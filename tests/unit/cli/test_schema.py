"""`loadgen schema`."""

from __future__ import annotations

import json

from called import Loadgen

from loadgen.result.documents import result_schema


def test_schema_is_one(loadgen: Loadgen) -> None:
    called = loadgen("schema")
    schema = json.loads(called.out)
    assert (called.status, called.err) == (0, "")
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert {"name", "target", "load", "scenarios"} <= set(schema["properties"])


def test_that_of_results_is_printed_too(loadgen: Loadgen) -> None:
    called = loadgen("schema", "--result")
    assert (called.status, called.err) == (0, "")
    assert json.loads(called.out) == result_schema()
    assert "--result" in loadgen("schema", "--help").out
