"""Exchanges that are kept whole: the first failing ones of each kind, and the slowest. Redacted, and limited in
number."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from loadgen.exchange import CONNECTION_LABELS, INVOCATION_TIMES, Exchange
from loadgen.native import mypyc_attr
from loadgen.record import exemplars
from loadgen.record.excerpt import MESSAGE, Wordless, excerpt_of, printable
from loadgen.record.exemplars import EXTENDED_ID, GATEWAY_ID, SERVICE_ID
from loadgen.record.metrics import times_of

FIRST = 3  # of each kind (slot, outcome, reason)
KINDS = 200
SLOWEST = 5  # of each slot
OTHER = "other reasons"
REQUEST_IDS = (SERVICE_ID, GATEWAY_ID, EXTENDED_ID)

Kind = tuple[int, int, str]  # slot, outcome class, reason


@mypyc_attr(native_class=False)  # it is pickled
@dataclass(frozen=True, slots=True)
class Sample:
    """One exchange in words and numbers, as far as it may be kept. `attempt` counts from 1."""

    slot: int
    outcome: str
    reason: str
    method: str
    path: str
    status: int
    second: float
    attempt: int
    connection: str
    times: dict[str, int]
    request_id: str
    headers: dict[str, str]
    location: str
    message: str
    wordless: Wordless | None


class Kept(NamedTuple):
    """The first failing exchanges of each kind, the slowest of each slot from the slowest on, how many failed of each
    kind, and the exemplars of each slot that has some."""

    failed: list[Sample]
    slowest: list[Sample]
    reasons: dict[Kind, int]
    exemplars: list[exemplars.OfSlot]


class Samples:
    """Keeps samples for one worker. `origin` is the instant of second 0; `on_new_kind` is called with a kind of
    failure when it is met for the first time."""

    def __init__(self, origin: int, slots: int, on_new_kind: Callable[[int, int, str], None] | None = None) -> None:
        self._origin, self._on_new_kind = origin, on_new_kind
        self._failed: dict[Kind, list[Sample]] = {}
        self._reasons: dict[Kind, int] = {}
        self._sent: dict[Kind, int] = {}
        self._slow: list[list[tuple[int, int, Exchange]]] = [[] for _ in range(slots)]
        self._order = 0
        self.slow_from = [0] * slots  # an exchange that lasted longer than this is among its slot's slowest so far
        self.drawn_at = [1] * slots  # the number of its slot's ok exchange that is to be drawn next
        self._room = exemplars.room(slots)
        self._exemplars: dict[int, exemplars.Slot] = {}
        self.counted: Callable[[int], int] | None = None  # how many ok exchanges a slot has had

    def failed(self, x: Exchange) -> None:
        """Count a failing exchange by its reason, and keep it if it is among the first of its kind."""
        kind = (x.slot, int(x.outcome), printable(x.reason)[:MESSAGE])
        if kind not in self._reasons and len(self._reasons) >= KINDS:
            kind = (x.slot, int(x.outcome), OTHER)
        self._reasons[kind] = count = self._reasons.get(kind, 0) + 1
        if count <= FIRST:
            self._failed.setdefault(kind, []).append(self._sample(x))
            if count == 1 and self._on_new_kind:
                self._on_new_kind(*kind)

    def slow(self, x: Exchange, lasted: int, seen: int) -> None:
        """Keep an exchange that lasted longer than `slow_from[slot]`, the ok one number `seen` of its slot.

        Where a queue grows, nearly every exchange does, so that `kept` makes the samples, of those that remain.
        """
        heap = self._slow[x.slot]
        self._order += 1
        entry = (lasted, self._order, x)
        if len(heap) < SLOWEST:
            heapq.heappush(heap, entry)
        elif lasted > heap[0][0]:
            heapq.heapreplace(heap, entry)
        slow_from = heap[0][0] if len(heap) == SLOWEST else 0
        if x.headers is not None:
            of = self._of(x.slot)
            if lasted > of.floor:
                of.slow(x, lasted, seen)
            slow_from = min(slow_from, of.floor)
        self.slow_from[x.slot] = slow_from

    def draw(self, x: Exchange, seen: int) -> None:
        """Keep an ok exchange whose number, `seen`, has come to `drawn_at[slot]`. One without headers has no ids."""
        if x.headers is None:
            self.drawn_at[x.slot] = exemplars.NEVER
            return
        of = self._of(x.slot)
        of.draw(x, seen)
        self.drawn_at[x.slot] = of.next

    def _of(self, slot: int) -> exemplars.Slot:
        of = self._exemplars.get(slot)
        if of is None:
            of = self._exemplars[slot] = exemplars.Slot(slot, self._room)
        return of

    def more(self) -> dict[Kind, int]:
        """How many more failed of each kind since the last call."""
        before, self._sent = self._sent, dict(self._reasons)
        return {kind: count - before.get(kind, 0) for kind, count in self._sent.items() if count != before.get(kind)}

    def kept(self) -> Kept:
        """All that was kept."""
        failed = [sample for samples in self._failed.values() for sample in samples]
        slow = [self._sample(x) for heap in self._slow for _, _, x in sorted(heap, reverse=True)]
        seen = self.counted or (lambda slot: 0)
        kept = [of.kept(seen(slot), _times) for slot, of in sorted(self._exemplars.items())]
        return Kept(failed, slow, self._reasons, kept)

    def _sample(self, x: Exchange) -> Sample:
        headers, location, message, wordless = excerpt_of(x)
        return Sample(
            x.slot,
            x.outcome.word,
            printable(x.reason)[:MESSAGE],
            x.request.method,
            printable(x.request.path.partition("?")[0])[:MESSAGE],
            x.status,
            int(x.due - self._origin) / 1e9,
            x.attempt,
            CONNECTION_LABELS[x.connection] if x.connected else "none",
            _times(x),
            next((headers[name] for name in REQUEST_IDS if name in headers), ""),
            headers,
            location,
            message,
            wordless,
        )


def _times(x: Exchange) -> dict[str, int]:
    """The metrics of an exchange by word, in ns, with what it told of an invocation."""
    times = times_of(x, x.due)
    if x.backoff:
        times["backoff"] = x.backoff
    if x.invocation:
        told = x.invocation._asdict()
        times |= {name: told[name] for name in INVOCATION_TIMES if told[name] >= 0}
    return times
