"""What is drawn is what was asked for."""

from __future__ import annotations

from collections import Counter

import pytest

from loadgen.clock import MILLISECOND
from loadgen.profile.distribution import Distribution
from loadgen.profile.sandbox import Faults
from loadgen.sandbox.distributions import LIMIT, quantile_function, sampler
from loadgen.sandbox.faults import fault_sampler

DRAWS = 100_000


def draws(text: str, seed: int = 1, count: int = DRAWS) -> list[int]:
    draw = sampler(Distribution.parse(text), seed)
    return sorted(draw() for _ in range(count))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fixed(8ms)", {0.0: 8.0, 0.5: 8.0, 0.999: 8.0}),
        ("lognormal(p50=8ms, p99=40ms)", {0.5: 8.0, 0.99: 40.0}),
        ("bimodal(fast=5ms, slow=200ms, share=2%)", {0.5: 5.0, 0.97: 5.0, 0.99: 200.0}),
        ("pareto(min=5ms, alpha=2.5)", {0.0: 5.0, 0.5: 5 * 2**0.4, 0.99: 5 * 100**0.4}),
        ("table(p0=1ms, p50=8ms, p90=20ms, p99=80ms, p100=200ms)", {0.5: 8.0, 0.7: 14.0, 0.9: 20.0, 0.99: 80.0}),
    ],
)
def test_quantiles(text: str, expected: dict[float, float]) -> None:
    quantile = quantile_function(Distribution.parse(text))
    values = draws(text)
    for level, ms in expected.items():
        assert quantile(level) / MILLISECOND == pytest.approx(ms, rel=1e-9)
        assert values[int(level * DRAWS)] / MILLISECOND == pytest.approx(ms, rel=0.01)


def test_the_seed_alone_decides() -> None:
    text = "lognormal(p50=8ms, p99=40ms)"
    assert draws(text, 3, 100) == draws(text, 3, 100)
    assert draws(text, 3, 100) != draws(text, 4, 100)


def test_nothing_is_negative_or_without_end() -> None:
    for text in ("lognormal(p50=1m, p99=5h)", "pareto(min=1h, alpha=1.01)", "table(p0=0s, p100=1ms)"):
        values = draws(text, count=10_000)
        assert 0 <= values[0] <= values[-1] <= LIMIT
    assert quantile_function(Distribution.parse("lognormal(p50=8ms, p99=40ms)"))(0.0) == 0


def test_shares_of_faults() -> None:
    draw = fault_sampler(Faults(errors=0.1, drip=0.02), 1)
    counts = Counter(draw() for _ in range(DRAWS))
    assert counts.keys() == {"", "errors", "drip"}
    assert counts["errors"] / DRAWS == pytest.approx(0.1, rel=0.02)
    assert counts["drip"] / DRAWS == pytest.approx(0.02, rel=0.05)


def test_faults_are_seeded_and_may_be_all() -> None:
    def first(seed: int) -> list[str]:
        draw = fault_sampler(Faults(reset=0.5), seed)
        return [draw() for _ in range(64)]

    assert first(1) == first(1) != first(2)
    every = fault_sampler(Faults(truncate=1.0), 1)
    assert {every() for _ in range(1000)} == {"truncate"}
    never = fault_sampler(Faults(), 1)
    assert never() == ""
