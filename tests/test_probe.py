"""What a worker may have of its system, and sees of itself."""

from __future__ import annotations

import resource

import pytest

from loadgen.trust import host
from loadgen.trust.probe import raise_descriptor_limit

OPEN_MAX = 10_240  # of macOS


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The limits that were set, on a system which says that there is none and gives OPEN_MAX."""
    found = [(256, resource.RLIM_INFINITY)]

    def setrlimit(kind: int, limits: tuple[int, int]) -> None:
        if limits[0] > OPEN_MAX:
            raise ValueError("current limit exceeds maximum limit")
        found.append(limits)

    monkeypatch.setattr(resource, "getrlimit", lambda kind: found[-1])
    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    monkeypatch.setattr(host, "UNLIMITED", OPEN_MAX)
    return found


def test_where_descriptors_are_said_to_be_unlimited_all_are_taken_that_there_are(limit: list[tuple[int, int]]) -> None:
    assert raise_descriptor_limit() == OPEN_MAX == host.descriptors()
    assert limit[1:] == [(OPEN_MAX, resource.RLIM_INFINITY)]
    assert raise_descriptor_limit() == OPEN_MAX
    assert len(limit) == 2
