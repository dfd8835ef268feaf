"""Which strata tell of cold starts."""

from __future__ import annotations

import pytest

from loadgen.result.cold import cold_of


@pytest.mark.parametrize(
    ("stratum", "told"),
    [
        ("cold=true", True),
        ("cold=false", False),
        ("x-cold=true", True),
        ("region=far, cold=false", False),
        ("cold=yes", True),
        ("isCold=True", True),
        ("cold=maybe", None),
        ("start=cold", True),
        ("start=restored, version=7", True),
        ("region=far, start=warm", False),
        ("start=provisioned", False),
        ("start=colder", None),
        ("region=cold=true", None),
        ("other", None),
        ("", None),
        ("429 the account's concurrency (ConcurrentInvocationLimitExceeded)", None),
    ],
)
def test_which_strata_tell_of_cold_starts(stratum: str, told: bool | None) -> None:
    assert cold_of(stratum) is told
