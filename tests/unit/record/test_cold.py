"""Which strata tell of cold starts."""

from __future__ import annotations

import pytest

from loadgen.record.cold import cold_of


@pytest.mark.parametrize(
    ("stratum", "told"),
    [
        ("cold=true", True),
        ("cold=false", False),
        ("x-cold=true", True),
        ("region=far, cold=false", False),
        ("cold=yes", None),
        ("scold=true", None),
        ("region=cold=true", None),
        ("other", None),
        ("", None),
        ("429 the account's concurrency (ConcurrentInvocationLimitExceeded)", None),
    ],
)
def test_cold_starts_are_told_by_true_and_false(stratum: str, told: bool | None) -> None:
    assert cold_of(stratum) is told
