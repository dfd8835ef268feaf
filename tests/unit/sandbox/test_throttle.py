"""The token bucket of the sandbox's front."""

from __future__ import annotations

import pytest

from loadgen.clock import SECOND
from loadgen.sandbox.throttle import TokenBucket


def test_the_bucket_is_exact() -> None:
    bucket = TokenBucket(rate=3, burst=2)
    assert [bucket.admit(0) for _ in range(3)] == [True, True, False]
    assert not bucket.admit(333_333_333)
    assert bucket.admit(333_333_334)
    assert not bucket.admit(333_333_334)
    assert [bucket.admit(10 * SECOND) for _ in range(3)] == [True, True, False], "it never holds more than its burst"


@pytest.mark.parametrize("rate", [0.5, 7, 1000, 33.3])
def test_the_bucket_admits_its_rate_in_the_long_run(rate: float) -> None:
    bucket = TokenBucket(rate, burst=5)
    step = SECOND // 9973
    admitted = sum(bucket.admit(i * step) for i in range(20 * 9973))
    assert admitted == pytest.approx(rate * 20 + 5, abs=1)
