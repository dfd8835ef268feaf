"""What happened to a client's connections: the numbers of the counters, and their names in results."""

from __future__ import annotations

OPENED, RESUMED, CLOSED_IDLE, PREOPENED, FAILED, PEAK = range(6)
CONNECTION_COUNTERS = ("opened", "resumed", "closed_idle", "preopened", "failed", "peak")
