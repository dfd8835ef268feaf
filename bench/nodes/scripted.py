"""Nodes by script: the messages that real ones would send, packed as they pack them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from bench.nodes.load import SERIES, STEPS, Size, keys, profile
from loadgen.clock import MILLISECOND, SECOND
from loadgen.engine.plan import Plan
from loadgen.exchange import Outcome
from loadgen.fleet.messages import Finished, FromWorker, Idled, NewSeries, Ready, Vitals
from loadgen.fleet.node import news_of, packed
from loadgen.fleet.orders import Ended, Watched
from loadgen.record.ledger import COMPLETED, OUTCOMES, PLANNED, STARTED, Ledger
from loadgen.record.metrics import WIDTH, Instants, Metric
from loadgen.record.recorder import ROWS, Batch
from loadgen.record.samples import Kept
from loadgen.redaction import Secrets
from loadgen.stats import Integers
from loadgen.trust.watch import HostFigures

START = 1000 * SECOND  # of the load, by the parent's clock
AHEAD = 7 * SECOND  # the clock of each further node
MEDIAN, SPREAD = 8 * MILLISECOND, 0.69  # of the service, a log-normal: its p99 is 40 ms
CONNECT = 2 * MILLISECOND  # of a new connection, of which the handshake is half
LAG, DELAY = 30_000, 12_000  # ns

_HEADER = struct.Struct("<II")  # a node's number, and the size of what it answers
_COLUMN = {name: number for number, name in enumerate(Instants._fields)}
_INSTANTS = slice(_COLUMN["due"], _COLUMN["done"] + 1)

Answer = tuple[int, bytes]  # of a node, by number from 0, to a call of `hear`


class Scripted:
    """All nodes, each with one worker. What they tell of a second is drawn for all of them at once."""

    def __init__(self, size: Size, seed: int = 1) -> None:
        self._size, self._random = size, np.random.default_rng(seed)
        plan = Plan.of(profile(size).profile)
        self._keys = keys(plan)
        self._slots = np.array([key.slot for key in self._keys])
        self._ledgers = [Ledger.in_memory(len(plan.all_runs), plan.slots) for _ in range(size.nodes)]
        self._nodes, self._open = np.empty(0, np.int64), np.empty((0, WIDTH), np.int64)  # due, and not done yet

    def ready(self) -> Iterator[Answer]:
        """Before the load."""
        for node in range(self._size.nodes):
            yield self._answer(node, Ready(), Idled((1000,) * 100))

    def second(self, number: int) -> Iterator[Answer]:
        """What comes in the second of that number, from 0."""
        nodes, due = self._due(number)
        nodes, rows = np.concatenate((self._nodes, nodes)), np.concatenate((self._open, due))
        over = rows[:, _COLUMN["done"]] < (number + 1) * SECOND
        self._nodes, self._open = nodes[~over], rows[~over]
        for node, own in self._by_node(nodes[over], rows[over]):
            if not number:
                yield self._answer(node, *(NewSeries(of, key) for of, key in enumerate(self._keys)))
            batches = self._batches(node, own)
            for batch in batches[:-1]:
                yield self._answer(node, batch)
            yield self._answer(node, *batches[-1:], self._vitals(own, node))
            yield node, packed([Watched(HostFigures(0.0, 0, 12, 28_232, 0.01, 0, 0.0, 0))])

    def finished(self) -> Iterator[Answer]:
        """At the end of the load, when the last requests are done."""
        for node, own in self._by_node(self._nodes, self._open):
            yield self._answer(node, *self._batches(node, own), self._vitals(own, node), Finished(Kept([], [], {}, [])))
        self._nodes, self._open = self._nodes[:0], self._open[:0]

    def ended(self) -> Iterator[Answer]:
        """When the workers have been told to go."""
        for node in range(self._size.nodes):
            yield node, packed([Ended(0, 0)])

    def _due(self, second: int) -> tuple[Integers, Integers]:
        """The requests that are due in a second: the node of each, and its row, in ns since the start of the load."""
        random, count = self._random, self._size.rate
        nodes, since = np.arange(count) % self._size.nodes, np.arange(1, count + 1) * (SECOND // count)
        lag, service, connect, delay = (
            random.lognormal(np.log(of), SPREAD, count).astype(np.int64) for of in (LAG, MEDIAN, CONNECT, DELAY)
        )
        series = (np.arange(count) // self._size.nodes + nodes) % SERIES
        new = series % 2 == 0
        due = second * SECOND + since
        released, signed = due + lag, due + lag + 2500
        started = signed + 500
        connected = np.where(new, started + connect, 0)
        received = started + connect * new + service
        rows = np.full((count, WIDTH), -1, np.int64)
        columns = {
            "series": series, "due": due, "released": released, "signed": signed, "started": started,
            "connected": connected, "sent": np.maximum(started, connected) + 1000, "first": received - 100,
            "received": received, "done": received + delay, "address": 1, "key": 0,
            **{name: np.where(new, connect // part, -1) for name, part in PARTS.items()},
        }  # fmt: skip
        for name, column in columns.items():
            rows[:, _COLUMN[name]] = column
        return nodes, rows

    def _by_node(self, nodes: Integers, rows: Integers) -> Iterator[tuple[int, Integers]]:
        order = np.argsort(nodes, kind="stable")
        ends = np.searchsorted(nodes[order], np.arange(self._size.nodes + 1))
        for node in range(self._size.nodes):
            yield node, rows[order[ends[node] : ends[node + 1]]]

    def _batches(self, node: int, rows: Integers) -> list[Batch]:
        """By the node's own clock. The last step ends an iteration."""
        batches = []
        for at in range(0, len(rows), ROWS):
            some = rows[at : at + ROWS].copy()
            last = some[some[:, 0] // 2 == STEPS - 1]
            took = (last[:, _COLUMN["done"]] - last[:, _COLUMN["due"]]).tolist()
            singles = [(due, 1, int(Metric.ITERATION), ns) for due, ns in zip(last[:, 1].tolist(), took, strict=True)]
            some[:, _INSTANTS] += np.where(some[:, _INSTANTS] > 0, START + AHEAD * node, 0)
            batches.append(Batch(some.tobytes(), tuple(singles)))
        return batches

    def _vitals(self, rows: Integers, node: int) -> Vitals:
        """Those of a second in which these requests came to an end, which are counted."""
        ledger, slots = self._ledgers[node], self._slots[rows[:, 0]]
        for slot, count in enumerate(np.bincount(slots).tolist()):
            ledger.sent[slot] += count
            ledger.wired[slot] += count
            ledger.outcomes[slot * OUTCOMES + Outcome.OK] += count
        ended = int((rows[:, 0] // 2 == STEPS - 1).sum())
        for field in (PLANNED, STARTED, COMPLETED):
            ledger.iterations[field] += ended
        probe = dict(zip(PROBE, [SECOND, *self._random.integers(10**3, 10**7, len(PROBE) - 1).tolist()], strict=True))
        tcp = dict(zip(TCP, self._random.integers(0, 100, len(TCP)).tolist(), strict=True))
        return Vitals(probe, 20, len(rows), tcp)

    def _answer(self, node: int, *said: FromWorker) -> Answer:
        return node, packed([news for message in said for news in news_of(0, message, self._ledgers[node], Secrets())])


PARTS = {"dns": 20, "tcp": 4, "tls": 2, "handshake_cpu": 4, "connect_delay": 50}  # of the time of a connect, one in
PROBE = (
    "elapsed", "cpu", "run_queue_wait", "preemptions", "loop_lag_p99", "loop_lag_max", "gc_pauses", "gc_total",
    "gc_max", "rss",
)  # fmt: skip
TCP = ("connects", "syn_retried", "looked_at", "segments", "retransmits", "lost", "rtt", "least_rtt")


def answers(size: Size, seed: int = 1) -> Iterator[Iterator[Answer]]:
    """All that they answer: before the load, in each second, when it is over, and when they have ended."""
    nodes = Scripted(size, seed)
    yield nodes.ready()
    for number in range(size.seconds):
        yield nodes.second(number)
    yield nodes.finished()
    yield nodes.ended()


def write(size: Size, to: BinaryIO) -> None:
    """Write what they answer, and an empty answer behind each part of it."""
    for part in answers(size):
        for node, answer in part:
            to.write(_HEADER.pack(node, len(answer)) + answer)
        to.write(_HEADER.pack(0, 0))
    to.flush()


def read(of: BinaryIO) -> Iterator[Iterator[Answer]]:
    """What was written, part by part, each of which has to be gone through."""
    while head := of.read(_HEADER.size):
        yield _part(of, head)


def _part(of: BinaryIO, head: bytes) -> Iterator[Answer]:
    node, size = _HEADER.unpack(head)
    while size:
        yield node, of.read(size)
        node, size = _HEADER.unpack(of.read(_HEADER.size))
