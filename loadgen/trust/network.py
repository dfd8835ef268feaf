"""What the network did: segments that were sent again, first packets of connections that were, the round trip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from loadgen.clock import MILLISECOND, SECOND
from loadgen.result import run as result
from loadgen.stats import Histogram, bounds_of, fraction
from loadgen.trust.finding import NOT_SEEN, Limit, Seen, Signal

if TYPE_CHECKING:
    from loadgen.trust.evidence import Evidence

# when a first packet is sent again, counted from the connect: after 1, 3, 7 and 15 s (RFC 6298, doubled each time), and
# on Linux from 6.5 on after each of the first four seconds (tcp_syn_linear_timeouts)
AGES = tuple(seconds * SECOND for seconds in (1, 2, 3, 4, 7, 15))
TOLERANCE = 60 * MILLISECOND
COMMON = 0.001  # of the connects, or of the segments
MANY = 10  # segments sent again: below, a single loss is a large share of a short run
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
        """The network's round trip: the median, by connections, of the seconds' medians of the least that each saw."""
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
    """How many connects took as long as one whose first packet was sent again, and the age at which most were."""

    connects: int
    age: int | None  # ns


def retried(connects: Histogram) -> Retried:
    """What connect times say: those within a narrow band above an age at which first packets are sent again, where the
    band before it does not have as many, so that a connect that is slow for another reason is not taken for one."""
    typical = connects.quantile(fraction("p50")) or 0
    width = max(TOLERANCE, 2 * typical)
    _, high = bounds_of(connects.index)
    found: dict[int, int] = {}
    for age in AGES if width < SECOND // 2 else ():
        at, before = (
            int(connects.counts[(high >= start) & (high < start + width)].sum()) for start in (age, age - width)
        )
        if at > 2 * before:
            found[age] = at
    return Retried(sum(found.values()), max(found, key=lambda age: found[age], default=None))


def _retransmits(e: Evidence) -> Seen | None:
    seen = e.network
    if seen is None or not seen.segments:
        return Seen(NOT_SEEN)
    if not seen.retransmits:
        return Seen(f"none of {seen.segments:,} segments")
    share = seen.retransmits / seen.segments
    note = f"{seen.retransmits:,} segments were sent again; each may have made a request 200 ms late or more"
    return Seen(
        f"{seen.retransmits:,} of {seen.segments:,} segments ({share:.2%})",
        (share, share if seen.retransmits >= MANY else None),
        note="" if share > COMMON else note,
    )


def _syn_retries(e: Evidence) -> Seen | None:
    """By the kernel's own count where it is known, else by what the connect times look like."""
    clusters, network = retried(e.connects), e.network
    if network and network.connects:
        of, count, by = network.connects, network.syn_retried, ""
    else:
        of, count, by = e.connects.count, clusters.connects, ", by how long they took"
    if not of:
        return Seen("do not apply: nothing was connected")
    if not count:
        return Seen(f"none of {of:,} connects{by}")
    share, most = count / of, f", most of them after {clusters.age // SECOND} s" if clusters.age else ""
    here = f"; {e.overflows:,} were dropped on this machine, by a listener whose queue was full" if e.overflows else ""
    value = f"{count:,} of {of:,} connects ({share:.2%}){most}{by}{here}"
    note = f"{count:,} connects waited 1 s or more for their first packet to be sent again{here}"
    return Seen(value, (share,), note="" if share > COMMON else note)


RETRANSMITS = Signal(
    "retransmits",
    "TCP segments that this machine sent again, of those of the connections that were looked at",
    (Limit("share", "%", COMMON), Limit("share", "%", None, 0.01, f", and at least {MANY}")),
    True,
    "what the network loses is sent again 200 ms later or more: the tail is the network's, and tells nothing of the "
    "target",
    "Look at the way to the target, or test from nearer",
    _retransmits,
)
SYN_RETRIES = Signal(
    "SYN retries",
    "connects whose first packet was sent again, by the kernel's count or, where it is not known, by connect times of "
    "just over 1, 2, 3, 4, 7 or 15 s",
    (Limit("share", "%", COMMON),),
    True,
    "a connect whose first packet gets no answer tries again after 1 s: the target's queue for new connections is "
    "full, or the network loses packets. That is in the connects, and is not how long the target takes",
    "Raise the target's backlog, open fewer connections at once, or use a shared session",
    _syn_retries,
)
