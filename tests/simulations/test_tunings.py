"""The size that `loadgen tune` chooses on the sandbox's CPU curve is the one that the formula gives. The long form, of
ten seeds, runs with LOADGEN_FULL_TESTS."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest
from tunings import Function, tuned

from loadgen.aws.lambda_prices import lambda_price
from loadgen.sandbox.invocation import slowdown

FULL = bool(os.environ.get("LOADGEN_FULL_TESTS"))
SEEDS, CALLS = (range(1, 11), 800) if FULL else (range(1, 2), 300)
SIZES = (128, 256, 1024, 3008)
CPU_BOUND = 0.5
P50_MS, P99_MS = 20, 40  # of the handler with one vCPU
SIGMA = math.log(P99_MS / P50_MS) / 2.326  # of the logarithm
# four standard errors of a median, and the 2 % by which the trimmed mean of these times is above it
NEAR = 0.02 + 4 * 1.2533 * SIGMA / math.sqrt(CALLS)
LIMIT_MS = 250


@pytest.mark.parametrize("seed", SEEDS)
def test_the_size_is_that_of_the_formula(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    service = f"lognormal(p50={P50_MS}ms, p99={P99_MS}ms)"
    function = Function({"service": service, "seed": seed}, {"cpu_bound": "50%"})
    keep = (f"p99 < {LIMIT_MS}ms",)
    result = tuned(tmp_path / "run", monkeypatch, function, SIZES, seed, calls=CALLS, rounds=4, keep=keep)
    assert {of.strategy: of.memory for of in result.choices} == expected() == {
        "cost": 128, "speed": 3008, "balanced": 1024, "keep": 256,
    }  # fmt: skip
    for size in result.sizes:
        times = slowdown(size.memory, CPU_BOUND, 1)
        assert size.handler.quantiles["p50"] == pytest.approx(times * P50_MS, rel=NEAR)
        assert size.trimmed_ms == pytest.approx(times * P50_MS, rel=NEAR)
        assert not FULL or "p99" in size.warm.intervals
    assert function.memory == 512


def expected() -> dict[str, int]:
    """The formula, of Power Tuning's figures: the price of memory times duration, and the CPU's slowdown."""
    price = lambda_price("us-east-1", "x86_64")
    durations = {memory: slowdown(memory, CPU_BOUND, 1) * P50_MS for memory in SIZES}
    costs = {memory: price.duration(memory, ms) for memory, ms in durations.items()}
    dear, slow = max(costs.values()), max(durations.values())
    keeping = [memory for memory in SIZES if slowdown(memory, CPU_BOUND, 1) * P99_MS < LIMIT_MS]
    return {
        "cost": min(SIZES, key=costs.__getitem__),
        "speed": min(SIZES, key=durations.__getitem__),
        "balanced": min(SIZES, key=lambda memory: costs[memory] / dear + durations[memory] / slow),
        "keep": min(keeping, key=costs.__getitem__),
    }
