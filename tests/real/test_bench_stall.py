"""bench.stall with a real server and a real client, for a second."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))  # bench is not installed

from bench.stall.__main__ import carried_out  # noqa: E402
from bench.stall.tools import ENTRIES  # noqa: E402

pytestmark = pytest.mark.real


def test_a_client_that_is_always_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (entry,) = (entry for entry in ENTRIES if entry.name == "aiohttp")
    row = carried_out(entry, 40, 1, 0)
    assert row.why == ""
    assert row.told.figures["failed"] == 0
    assert 20 <= len(row.log.received) == len(row.log.answered) <= 60
    assert 1 <= row.log.connections <= 20
    assert min(row.log.times) >= 5_000_000, "never early"
    assert row.told.figures["max_ms"] >= max(row.log.times) / 1e6, "a client sees no less than its server"
