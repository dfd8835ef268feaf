"""Exchanges that are kept whole: the first failing ones of each kind, and the slowest. Redacted, and limited in
number."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from loadgen.exchange import CONNECTION_LABELS, INVOCATION_TIMES, Exchange
from loadgen.native import mypyc_attr
from loadgen.record.excerpt import MESSAGE, Wordless, excerpt_of, printable
from loadgen.record.metrics import times_of

FIRST = 3  # of each kind (slot, outcome, reason)
KINDS = 200
SLOWEST = 5  # of each slot
OTHER = "other reasons"
# headers by which the service's own logs know a request: DynamoDB's and a REST API's, an HTTP API's
REQUEST_IDS = ("x-amzn-requestid", "apigw-requestid", "x-amz-apigw-id")

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
    """The first failing exchanges of each kind, the slowest of each slot from the slowest on, and how many failed of
    each kind."""

    failed: list[Sample]
    slowest: list[Sample]
    reasons: dict[Kind, int]


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

    def slow(self, x: Exchange, lasted: int) -> None:
        """Keep an exchange that lasted longer than `slow_from[slot]`.

        Where a queue grows, nearly every exchange does, so that `kept` makes the samples, of those that remain.
        """
        heap = self._slow[x.slot]
        self._order += 1
        entry = (lasted, self._order, x)
        if len(heap) < SLOWEST:
            heapq.heappush(heap, entry)
        else:
            heapq.heapreplace(heap, entry)
        if len(heap) == SLOWEST:
            self.slow_from[x.slot] = heap[0][0]

    def more(self) -> dict[Kind, int]:
        """How many more failed of each kind since the last call."""
        before, self._sent = self._sent, dict(self._reasons)
        return {kind: count - before.get(kind, 0) for kind, count in self._sent.items() if count != before.get(kind)}

    def kept(self) -> Kept:
        """All that was kept."""
        failed = [sample for samples in self._failed.values() for sample in samples]
        slow = [self._sample(x) for heap in self._slow for _, _, x in sorted(heap, reverse=True)]
        return Kept(failed, slow, self._reasons)

    def _sample(self, x: Exchange) -> Sample:
        headers, location, message, wordless = excerpt_of(x)
        times = times_of(x, x.due)
        if x.backoff:
            times["backoff"] = x.backoff
        if x.invocation:
            told = x.invocation._asdict()
            times |= {name: told[name] for name in INVOCATION_TIMES if told[name] >= 0}
        return Sample(
            x.slot,
            x.outcome.word,
            printable(x.reason)[:MESSAGE],
            x.request.method,
            printable(x.request.path.partition("?")[0])[:MESSAGE],
            x.status,
            (x.due - self._origin) / 1e9,
            x.attempt,
            CONNECTION_LABELS[x.connection] if x.connected else "none",
            times,
            next((headers[name] for name in REQUEST_IDS if name in headers), ""),
            headers,
            location,
            message,
            wordless,
        )
