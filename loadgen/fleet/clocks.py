"""How far a node's clock is ahead of this machine's, by exchanges of pings.

A ping leaves at t0 and is back at t1; in between, the node read its clock. It did so somewhere between the two, so that
its clock is ahead by (theirs - (t0 + t1) / 2), and this is wrong by at most half of the round trip. The exchange with
the least round trip is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from loadgen.clock import MILLISECOND, SECOND

KNOWN = 5 * MILLISECOND  # an error up to which a clock counts as known
WINDOW = 10 * SECOND  # after so long, an exchange tells of the past


@dataclass(frozen=True, slots=True)
class Ahead:
    """How far a node's clock was ahead at the instant `at` of this machine's, and how wrong that may be, all in ns."""

    at: int
    ns: int
    error: int


@dataclass(frozen=True, slots=True)
class Drift:
    """By how much a node's clock moved against this one in `over` ns, and how wrong that may be, in ns."""

    ns: int
    error: int
    over: int


class NodeClock:
    """Takes exchanges. `ahead` is the best one of the last `WINDOW`."""

    def __init__(self) -> None:
        self._exchanges: list[Ahead] = []
        self.round_trip = 0  # the least of all, in ns

    def add(self, sent: int, theirs: int, got: int) -> None:
        """A ping left at `sent` and was back at `got`; the node's clock said `theirs`. All in ns."""
        trip = got - sent
        self.round_trip = min(self.round_trip or trip, trip)
        latest = Ahead((sent + got) // 2, theirs - (sent + got) // 2, (trip + 1) // 2)
        kept = [one for one in self._exchanges if latest.at - one.at <= WINDOW and one.error < latest.error]
        self._exchanges = [*kept, latest]

    @property
    def ahead(self) -> Ahead:
        """The exchange with the least error. Raises LookupError before the first exchange."""
        return self._exchanges[0]

    def drift(self, since: Ahead) -> Drift:
        """How far the clock moved since an earlier exchange."""
        last = self.ahead
        return Drift(last.ns - since.ns, last.error + since.error, last.at - since.at)
