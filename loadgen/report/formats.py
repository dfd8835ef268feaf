"""A result for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from loadgen.result import codec

FIRST = ("schema", "name", "variant", "started", "duration_s", "complete", "interrupted", "exit_status", "run")
THEN = ("trust", "warnings", "thresholds", "target", "client", "session", "seed", "workers", "host")


def to_json(result: Mapping[str, Any]) -> str:
    """`result` as one JSON object in ASCII: what it is first, what was measured last; a NaN or infinity is null."""
    order = [key for key in (*FIRST, *THEN) if key in result]
    return json.dumps(_finite({key: result[key] for key in order} | dict(result)), indent=2, allow_nan=False)


def document(result: object) -> str:
    """A result, whichever it is, as one JSON object in ASCII; a NaN or infinity is null."""
    return json.dumps(_finite(codec.to_json(result)), indent=2, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
