"""How often something is simulated, and how closely what comes out is held to what is promised."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path

FULL = bool(os.environ.get("LOADGEN_FULL_TESTS"))
"""Thousands of seeds instead of dozens, and the promise itself instead of what chance leaves of it."""


def seeds(short: int, full: int) -> range:
    return range(full if FULL else short)


def allowance(promise: float, number: int) -> float:
    """What chance may add to a share that is as promised: three standard errors, and nothing in the full form."""
    return 0.0 if FULL else 3 * math.sqrt(promise * (1 - promise) / number)


def at_most(promise: float, count: int, number: int) -> bool:
    return count / number <= promise + allowance(promise, number)


def at_least(promise: float, count: int, number: int) -> bool:
    return count / number >= promise - allowance(promise, number)


def note(what: str, figures: Mapping[str, object]) -> None:
    """Append what was counted to the file that LOADGEN_SIMULATED names, if it does: for the tables of the docs."""
    if path := os.environ.get("LOADGEN_SIMULATED"):
        with Path(path).open("a") as file:
            file.write(json.dumps({"what": what, **figures}) + "\n")
