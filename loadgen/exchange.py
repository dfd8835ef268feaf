"""One request and its answer, as plain values: what every client fills in the same way.

The instants, in order, all CLOCK_MONOTONIC nanoseconds (0: did not happen or cannot be known; `NOT_YET`, of `first`
and `received`: the kernel did not have it by `done`):

    due        the schedule says now
    released   the loop got to it
    signed     the request is built
    started    first action towards the target: the connect if the connection is new, else the send
    connected  a connection is in hand
    sent       the first byte goes to the kernel
    first      the kernel had the first byte of the answer (only the wire client knows)
    received   the kernel had the last byte of the answer (only the wire client knows)
    done       the answer is parsed, or its failure certain
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final, NamedTuple

from loadgen.native import i64


class Outcome(IntEnum):
    """What became of an exchange: one class each, in the order in which the ledger counts them."""

    OK = 0
    UNEXPECTED = 1
    HTTP_4XX = 2
    THROTTLED = 3
    HTTP_5XX = 4
    FUNCTION_ERROR = 5
    CONDITION_FAILED = 6
    PARTIAL = 7
    TIMEOUT = 8
    REFUSED = 9
    RESET = 10
    TLS = 11
    DNS = 12
    BAD_RESPONSE = 13
    CLIENT_RESOURCE = 14
    CANCELLED = 15
    LOST = 16

    @property
    def word(self) -> str:
        """The class as profiles, results and reports write it."""
        return self.name.lower()


OK: Final = Outcome.OK  # looked up once
THROTTLED: Final = Outcome.THROTTLED

NOT_YET: Final = -1  # by `done`
NEW: Final = 0
REUSED: Final = 1
RESUMED: Final = 2
CONNECTION_LABELS = ("new", "reused", "resumed")

# what a step needs of the answer beyond its status; a client may skip the rest
NOTHING: Final = 0
HEADERS: Final = 1
BODY: Final = 2

MOST_KEYS: Final = 16  # of a profile's choice of keys that are told apart: of most choices, those that are drawn most
BODY_LIMIT: Final = 1 << 20  # bytes of a body that are held for a step that reads it


class Request:
    """What to send, neutral to the client: `path` is origin-form, `headers` are in order, `body` is bytes.

    `operation` is the operation of an AWS service that it is, such as PutItem; empty for plain HTTP. `encoded` belongs
    to the client: a request that is the same each time is made into bytes once. `key` tells which of the profile's keys
    it is about, counted from 1: the first `MOST_KEYS` by themselves, and all others as one more; 0: about none, or
    several.
    """

    __slots__ = ("body", "encoded", "headers", "key", "method", "operation", "path")

    def __init__(
        self,
        method: str,
        path: str,
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
        operation: str = "",
    ) -> None:
        self.method, self.path, self.headers, self.body, self.operation = method, path, headers, body, operation
        self.encoded: bytes | None = None
        self.key = 0


class Tally(NamedTuple):
    """What an answer says of its items and of what it consumed, in thousandths of a capacity unit."""

    items: int = 0  # asked for
    left: int = 0  # of them, those left unprocessed
    sampled: int = 0  # 1 where the answer tells what was consumed
    read: int = 0
    written: int = 0


class Invoked(NamedTuple):
    """What the ledger counts of the answers to Invoke: all of them; those with a REPORT; those that tell their start
    without one; those with an Init or a Restore that nobody waited for; what is billed, in ms and in ms times MB. Of
    the memory, the function's and what it used, in MB, it keeps the most."""

    answers: int = 1
    reports: int = 0
    told: int = 0
    prepared: int = 0
    billed: int = 0
    billed_memory: int = 0
    memory: int = 0
    memory_used: int = 0


class Invocation(NamedTuple):
    """What the answer to an Invoke tells. Times are in ns, -1: not told. `start` is empty if nothing tells it."""

    counts: Invoked
    handler: int = -1
    init: int = -1
    restore: int = -1
    overhead: int = -1
    start: str = ""
    version: str = ""
    status: str = ""


INVOCATION_TIMES: Final = ("handler", "init", "restore", "overhead")  # of `Invocation`


class Exchange:
    """One attempt at one step. The engine makes it, a client finishes it, exactly once.

    `slot` is its row in the ledger; `owner` is the iteration it belongs to, which is also what a per-iteration
    session keys its connection on; `timeout` counts from `due`, or from `released` for a load without a due time.

    An operation is one attempt or, where the profile allows retries, several: `attempt` counts from 1, `first_due` is
    the due of the first, `backoff` the time that was waited between them so far.
    """

    __slots__ = (
        "address",
        "attempt",
        "backoff",
        "body",
        "build",
        "connect_delay",
        "connected",
        "connection",
        "deadline",
        "dns",
        "done",
        "due",
        "encoded",
        "excerpt",
        "first",
        "first_due",
        "handshake_cpu",
        "headers",
        "invocation",
        "link",
        "outcome",
        "owner",
        "reason",
        "received",
        "released",
        "request",
        "sent",
        "shared_read",
        "signed",
        "slot",
        "started",
        "status",
        "tally",
        "tcp",
        "tls",
        "wait_delay",
        "wants",
    )

    encoded: bytes  # the client's own: the request as it is sent this once, where headers were added to it

    def __init__(self, request: Request, slot: i64, owner: object, due: i64, released: i64, deadline: i64, wants: i64):
        self.request, self.slot, self.owner = request, slot, owner
        self.due, self.released, self.deadline, self.wants = due, released, deadline, wants
        none: i64 = 0  # of this type, which compiled code does not box
        unknown: i64 = -1
        self.signed = released
        self.started = self.connected = self.sent = self.first = self.received = self.done = none
        self.status = none
        self.outcome: Outcome = OK
        self.connection: i64 = NEW
        self.address = none  # which of the target's it went to, counted from 1; 0: one alone, or not known
        self.link: object = None  # the client's own: the connection the exchange is on
        self.reason = ""
        self.headers: Mapping[str, str] | None = None
        self.body: bytes | None = None
        self.excerpt = b""  # of an answer that is no success: its head and what came with it
        self.dns = self.tcp = self.tls = self.handshake_cpu = unknown  # durations; -1: not part of this exchange
        self.wait_delay = unknown  # what of its wait this machine made, below 0 what of its lag it would have waited
        self.connect_delay = unknown  # what the connect waited for this machine beyond handshake CPU; -1: not known
        self.build = unknown  # of the SDK's client or session, where one was made for it
        self.attempt: i64 = 1
        self.first_due, self.backoff = due, none
        self.tally: Tally | None = None
        self.invocation: Invocation | None = None
        self.shared_read = False  # the last read held more than this answer: `received` is then an upper bound
