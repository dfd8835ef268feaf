"""The size that `loadgen tune` chooses of six on the sandbox's CPU curve is the one that the formula gives. The long
form, of ten seeds, runs with LOADGEN_FULL_TESTS."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest
from cpu_curve import SIZES, Curve
from tunings import Function, tuned

FULL = bool(os.environ.get("LOADGEN_FULL_TESTS"))
SEEDS, CALLS = (range(1, 11), 800) if FULL else (range(1, 2), 300)
CURVE = Curve(p50=20, p99=30, cpu_bound=0.5)
LIMIT_MS = 95
# four standard errors of a median, and the 2 % by which the trimmed mean of these times may be above it
NEAR = 0.02 + 4 * 1.2533 * CURVE.sigma / math.sqrt(CALLS)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_size_is_that_of_the_formula(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    function = Function({"service": CURVE.service, "seed": seed}, {"cpu_bound": "50%"})
    keep = (f"p99 < {LIMIT_MS}ms",)
    result = tuned(tmp_path / "run", monkeypatch, function, SIZES, seed, calls=CALLS, rounds=4, keep=keep)
    assert {of.strategy: of.memory for of in result.choices} == CURVE.chosen(LIMIT_MS) == {
        "cost": 128, "speed": 3008, "balanced": 1024, "keep": 512,
    }  # fmt: skip
    for size in result.sizes:
        times = CURVE.times(size.memory)
        assert size.handler.quantiles["p50"] == pytest.approx(times * CURVE.p50, rel=NEAR)
        assert size.trimmed_ms == pytest.approx(times * CURVE.p50, rel=NEAR)
        assert not FULL or "p99" in size.warm.intervals
    assert function.memory == 512
