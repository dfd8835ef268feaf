"""The counters of a client's connections: their numbers, and their names in results."""

from __future__ import annotations

from typing import Final

OPENED: Final = 0
RESUMED: Final = 1
CLOSED_IDLE: Final = 2
PREOPENED: Final = 3
FAILED: Final = 4
PEAK: Final = 5
CONNECTION_COUNTERS = ("opened", "resumed", "closed_idle", "preopened", "failed", "peak")
