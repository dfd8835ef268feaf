"""Exchanges that are kept whole: the first failing ones of each kind, and the slowest. Redacted, and limited in
number."""

from __future__ import annotations

import heapq
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from loadgen.exchange import CONNECTION_LABELS, Exchange
from loadgen.record.metrics import times_of

FIRST = 3  # of each kind (slot, outcome, reason)
KINDS = 200
SLOWEST = 5  # of each slot
OTHER = "other reasons"
MESSAGE = 200  # characters

# headers whose values tell about the answer and never about a person or a key
SAFE_HEADERS = frozenset(
    (
        "apigw-requestid",
        "content-length",
        "content-type",
        "date",
        "retry-after",
        "server",
        "server-timing",
        "via",
        "x-amz-apigw-id",
        "x-amz-cf-id",
        "x-amz-cf-pop",
        "x-amzn-errortype",
        "x-amzn-requestid",
        "x-amzn-trace-id",
        "x-cache",
        "x-cold",
        "x-env",
    )
)
# of them, those by which the service's own logs know a request: DynamoDB's and a REST API's, an HTTP API's
REQUEST_IDS = ("x-amzn-requestid", "apigw-requestid", "x-amz-apigw-id")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


Kind = tuple[int, int, str]  # slot, outcome class, reason


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
    message: str


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
        headers, message = _answer(x)
        times = times_of(x, x.due)
        if x.backoff:
            times["backoff"] = x.backoff
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
            message,
        )


def printable(text: str) -> str:
    """The text without the control characters with which a hostile target could write on the user's terminal."""
    return _CONTROL.sub("?", text)


def _answer(x: Exchange) -> tuple[dict[str, str], str]:
    """The answer's safe headers, and the `message` of a JSON error body. The rest of a body may be anybody's data."""
    head, _, body = x.excerpt.partition(b"\r\n\r\n")
    pairs = [line.partition(":")[::2] for line in head.decode("latin-1").split("\r\n")[1:]]
    headers = x.headers if x.headers is not None else {name.strip().lower(): value.strip() for name, value in pairs}
    safe = {name: printable(value)[:MESSAGE] for name, value in headers.items() if name in SAFE_HEADERS}
    try:
        parsed = json.loads(x.body if x.body is not None else body)
    except (ValueError, RecursionError):
        parsed = None
    message = (parsed.get("message") or parsed.get("Message")) if isinstance(parsed, dict) else None
    return safe, printable(message)[:MESSAGE] if isinstance(message, str) and x.status >= 400 else ""
