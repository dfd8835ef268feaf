"""How late the sandbox was."""

from __future__ import annotations

import pytest

from loadgen.sandbox.counters import Lateness


def test_lateness() -> None:
    late = Lateness()
    assert late.take() == {"p50": None, "p99": None, "max": None}
    for value in range(1, 1001):
        late.record(value * 1000)
    late.record(-5)
    taken = late.take()
    assert taken["max"] == 1_000_000
    assert taken["p50"] == pytest.approx(500_000, rel=0.04)
    assert taken["p99"] == pytest.approx(990_000, rel=0.04)
    assert late.take()["max"] is None


def test_lateness_is_never_told_smaller_than_it_was() -> None:
    for value in (0, 1, 31, 32, 63, 64, 65, 127, 128, 10**6 + 1, 2**40 + 12345):
        late = Lateness()
        late.record(value)
        late.record(value)
        late.record(2 * value)
        p50 = late.take()["p50"]
        assert p50 is not None
        assert value <= p50 <= value * 33 / 32 + 1
