"""The sandbox's counters, and how late its answers leave."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


class Lateness:
    """A histogram of nanoseconds in buckets that are 3 % wide; below 64 it is exact. Its memory is fixed."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._max = 0

    def record(self, late: int) -> None:
        late = max(late, 0)
        shift = max(late.bit_length() - 6, 0)
        self._counts[(shift << 6) + (late >> shift)] += 1
        self._max = max(self._max, late)

    def take(self) -> dict[str, int | None]:
        """p50, p99 and max since the last call, p50 and p99 as the upper edge of their bucket; None if there was no
        value."""
        counts, most = self._counts, self._max
        self._counts, self._max = Counter(), 0
        if not counts:
            return {"p50": None, "p99": None, "max": None}
        return {"p50": min(_quantile(counts, 0.5), most), "p99": min(_quantile(counts, 0.99), most), "max": most}


def _quantile(counts: Counter[int], level: float) -> int:
    rank, passed = level * counts.total(), 0
    for bucket in sorted(counts):
        passed += counts[bucket]
        if passed >= rank:
            break
    shift = bucket >> 6
    return ((bucket & 63) + 1 << shift) - 1


@dataclass(slots=True)
class Counters:
    """All counts are from the start."""

    requests: int = 0
    """Whole requests that came."""
    answered: int = 0
    """Those of them that were dealt with, as an answer or as a fault."""
    unanswered: int = 0
    """Those whose connection went before."""
    partial: int = 0
    """Requests of which only a part came."""
    bad_requests: int = 0
    http_connections: int = 0
    https_connections: int = 0
    handshakes: int = 0
    resumed: int = 0
    failed_handshakes: int = 0
    closed_idle: int = 0
    accept_errors: int = 0
    throttled: int = 0
    overflowed: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """Those that overflowed, by Lambda's reason."""
    status: Counter[int] = field(default_factory=Counter)
    """By status; 0 is an answer without one (reset, garbage)."""
    faults: Counter[str] = field(default_factory=Counter)
    late: Lateness = field(default_factory=Lateness)
