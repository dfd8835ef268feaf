"""Exemplars: of the ok exchanges of a slot, the slowest and some that are drawn, with the ids by which the target's own
logs know them. Their number is bounded, and so is what is held of each.

Where they were more than there is room for, the slowest hundredth of all could not be kept: then the slowest of a
smaller part of all are, of every other exchange, every fourth and so on, as drawn.
"""

from __future__ import annotations

import heapq
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from loadgen.aws.invocation import members
from loadgen.clock import now, wall
from loadgen.exchange import CONNECTION_LABELS, Exchange, Request

ROOM = 500  # of each kind, in a slot
ROOM_OF_ALL = 2000  # in all slots together
LEAST_ROOM = 10
WIDE = 50  # so many times as many as there is room for: their slowest fiftieth is there
HELD = 4096  # bytes of a body that are held of each
NEVER = 1 << 62

# headers by which the target's own logs know a request: DynamoDB's, Lambda's and a REST API's; an HTTP API's; the
# extended one of a REST API
GATEWAY_ID, SERVICE_ID, EXTENDED_ID = "apigw-requestid", "x-amzn-requestid", "x-amz-apigw-id"
ECHOED = "echoed"
# where a function may tell the id that Lambda gave to its invocation
ECHO_HEADERS = ("x-lambda-requestid", "x-lambda-request-id", "x-aws-request-id")
ECHO_MEMBERS = ("request", "requestId", "request_id", "awsRequestId", "aws_request_id")
_ID = re.compile(r"[A-Za-z0-9_=+/:.-]{8,128}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Times = Callable[[Exchange], dict[str, int]]


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One exchange: `lasted` is done - due in ns, `tag` a drawn number, `at` the wall-clock time in ns when it was due,
    `ids` are by the header that has them, or `echoed`; `times` are its metrics by word, in ns."""

    lasted: int
    tag: int
    at: int
    attempt: int
    connection: str
    ids: dict[str, str]
    times: dict[str, int]


class OfSlot(NamedTuple):
    """Those of a slot, which had `seen` ok exchanges. `slow`, the slowest first, are of one in `2 ** level` of them,
    and all of these that lasted longer than `floor` ns; `drawn` are drawn evenly from all."""

    slot: int
    seen: int
    level: int
    floor: int
    slow: list[Exemplar]
    drawn: list[Exemplar]


class Slot:
    """Takes those of one slot. `next` is the number of the ok exchange that is drawn next."""

    def __init__(self, slot: int, room: int) -> None:
        self._slot, self._room, self._random = slot, room, Random(f"exemplars {slot}")
        self._slow: list[tuple[int, int, Exchange]] = []
        self._drawn: list[Exchange] = []
        self._weight = 1.0
        self._level = self.floor = 0
        self.next = 1

    def slow(self, x: Exchange, lasted: int, seen: int) -> None:
        """Take one that lasted longer than `floor`; it is the ok exchange number `seen`."""
        tag = self._random.getrandbits(40)
        if tag & ((1 << self._level) - 1):
            return
        entry = (lasted, tag, _slim(x))
        if len(self._slow) < self._room:
            heapq.heappush(self._slow, entry)
        else:
            heapq.heapreplace(self._slow, entry)
        if len(self._slow) == self._room:
            self.floor = self._slow[0][0]
            if seen >> self._level >= WIDE * self._room:
                self._thin()

    def _thin(self) -> None:
        self._level += 1
        mask = (1 << self._level) - 1
        self._slow = [entry for entry in self._slow if not entry[1] & mask]
        heapq.heapify(self._slow)

    def draw(self, x: Exchange, seen: int) -> None:
        """Take the one that is drawn: the ok exchange number `seen`. Li, Reservoir-Sampling Algorithms of Time
        Complexity O(n(1 + log(N/n))), 1994, algorithm L: each has the same chance, and most cost nothing."""
        if len(self._drawn) < self._room:
            self._drawn.append(_slim(x))
        else:
            self._drawn[self._random.randrange(self._room)] = _slim(x)
        if len(self._drawn) < self._room:
            self.next = seen + 1
            return
        self._weight *= math.exp(math.log(1 - self._random.random()) / self._room)
        self.next = seen + 1 + int(math.log(1 - self._random.random()) / math.log1p(-self._weight))

    def kept(self, seen: int, times: Times) -> OfSlot:
        """All of them; there were `seen` ok exchanges."""
        apart = wall() - now()
        slow = [_exemplar(x, tag, apart, times) for _, tag, x in sorted(self._slow, key=_order)]
        drawn = [_exemplar(x, 0, apart, times) for x in self._drawn]
        return OfSlot(self._slot, seen, self._level, self.floor, slow, drawn)


def room(slots: int) -> int:
    """How many of each kind a slot has room for."""
    return min(ROOM, max(LEAST_ROOM, ROOM_OF_ALL // max(1, slots)))


def merged(parts: Iterable[OfSlot]) -> OfSlot:
    """Those of the same slot in several workers."""
    every = list(parts)
    level, floor, seen = max(of.level for of in every), max(of.floor for of in every), sum(of.seen for of in every)
    mask, slot = (1 << level) - 1, every[0].slot
    slow = [one for of in every for one in of.slow if not one.tag & mask and one.lasted >= floor]
    share = min((len(of.drawn) / of.seen for of in every if of.seen), default=0.0)
    random = Random(f"merged {slot}")
    drawn = [one for of in every for one in random.sample(of.drawn, round(share * of.seen))]
    return OfSlot(slot, seen, level, floor, sorted(slow, key=lambda one: -one.lasted), drawn)


def ids_of(headers: Mapping[str, str], body: bytes | None) -> dict[str, str]:
    """The ids that an answer has, by the header that has them; `echoed` is the one that the function itself tells."""
    names = (SERVICE_ID, GATEWAY_ID, EXTENDED_ID)
    ids = {name: headers[name] for name in names if name in headers and _ID.fullmatch(headers[name])}
    said = [headers.get(name) for name in ECHO_HEADERS]
    if body and len(body) <= HELD:
        of = members(body)
        said += [of.get(name) for name in ECHO_MEMBERS]
    echoed = next((one for one in said if isinstance(one, str) and _UUID.fullmatch(one)), None)
    return ids if echoed is None else {**ids, ECHOED: echoed}


def _exemplar(x: Exchange, tag: int, apart: int, times: Times) -> Exemplar:
    label = CONNECTION_LABELS[x.connection]
    ids = ids_of(x.headers or {}, x.body)
    return Exemplar(x.done - x.due, tag, x.due + apart, x.attempt, label, ids, times(x))


def _order(entry: tuple[int, int, Exchange]) -> tuple[int, int]:
    return -entry[0], entry[1]


def _slim(x: Exchange) -> Exchange:
    """The exchange without what is large: it is over, and what it sent, or a long answer, is not asked for again."""
    if x.body is not None and len(x.body) > HELD:
        x.body = None
    if len(x.request.body) > HELD:
        x.request = Request(x.request.method, x.request.path)
    return x
