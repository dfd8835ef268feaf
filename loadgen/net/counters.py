"""The counters of a client's connections: their numbers, and their names in results."""

from __future__ import annotations

OPENED, RESUMED, CLOSED_IDLE, PREOPENED, FAILED, PEAK = range(6)
CONNECTION_COUNTERS = ("opened", "resumed", "closed_idle", "preopened", "failed", "peak")
