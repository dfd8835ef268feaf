"""`loadgen schema`."""

from __future__ import annotations

import json

from called import Loadgen


def test_schema_is_one(loadgen: Loadgen) -> None:
    called = loadgen("schema")
    schema = json.loads(called.out)
    assert (called.status, called.err) == (0, "")
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert {"name", "target", "load", "scenarios"} <= set(schema["properties"])
