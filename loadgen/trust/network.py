"""Figures of the network: segments sent again, first packets of connections sent again, the round trip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from loadgen.clock import MILLISECOND, SECOND
from loadgen.result import run as result
from loadgen.stats import Histogram, bounds_of, fraction

# when a first packet is sent again, counted from the connect: after 1, 3, 7 and 15 s (RFC 6298, doubled each time), and
# on Linux from 6.5 on after each of the first four seconds (tcp_syn_linear_timeouts)
AGES = tuple(seconds * SECOND for seconds in (1, 2, 3, 4, 7, 15))
TOLERANCE = 60 * MILLISECOND
_COUNTED = ("connects", "syn_retried", "looked_at", "segments", "retransmits", "lost")


@dataclass(slots=True)
class Network:
    """The figures of `net.tcp_info.TcpWatch.sample`, of all workers and seconds, added up. Round trips in ns."""

    connects: int = 0
    syn_retried: int = 0
    looked_at: int = 0
    segments: int = 0
    retransmits: int = 0
    lost: int = 0
    _least: dict[int, int] = field(default_factory=dict)  # how many connections had it, at the median of their second

    def add(self, sample: Mapping[str, Any]) -> None:
        for name in _COUNTED:
            setattr(self, name, getattr(self, name) + sample[name])
        if (least := sample["least_rtt"]) is not None:
            self._least[least] = self._least.get(least, 0) + sample["looked_at"]

    @property
    def round_trip(self) -> int | None:
        """The network's round trip: each second's median of the least that each connection saw, and of these the
        median, weighted by connections."""
        half, reached = sum(self._least.values()) / 2, 0
        for least, count in sorted(self._least.items()):
            reached += count
            if reached >= half:
                return least
        return None

    def to_result(self) -> result.Network:
        """As a result has it, round trips in ms."""
        trip = self.round_trip
        counts = {name: getattr(self, name) for name in _COUNTED}
        return result.Network(**counts, round_trip_ms=None if trip is None else round(trip / MILLISECOND, 6))


class Retried(NamedTuple):
    """How many connects took as long as one whose first packet was sent again, and the age at which most of them
    were."""

    connects: int
    age: int | None  # ns


def retried(connects: Histogram) -> Retried:
    """Estimate SYN retries from connect times: count those in a narrow band above an age at which first packets are
    sent again. A band counts only if the band before it has fewer, so that connects that are slow for another reason do
    not count."""
    typical = connects.quantile(fraction("p50")) or 0
    width = max(TOLERANCE, 2 * typical)
    _, high = bounds_of(connects.index)
    retries: dict[int, int] = {}
    for age in AGES if width < SECOND // 2 else ():
        at, before = (
            int(connects.counts[(high >= start) & (high < start + width)].sum()) for start in (age, age - width)
        )
        if at > 2 * before:
            retries[age] = at
    return Retried(sum(retries.values()), max(retries, key=lambda age: retries[age], default=None))
