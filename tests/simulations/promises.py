"""How often something is simulated, and how closely what comes out is held to what is promised."""

from __future__ import annotations

import math
import os

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
