"""Nodes without machines: what a fleet orders is carried out by a real `Node` whose workers are the test's, in the same
process, and a call can be made to fail."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from typing import Any, cast

from fleet_members import Process, Told

from loadgen.clock import now
from loadgen.engine.plan import Plan
from loadgen.fleet.messages import Assignment, FromWorker
from loadgen.fleet.node import Lend, Node
from loadgen.fleet.nodes import NodeGone, RemoteNode
from loadgen.fleet.orders import About
from loadgen.fleet.placement import Placed
from loadgen.record.ledger import Ledger
from loadgen.trust.host import Ports, Room

ROOM = Room(1024, Ports(28_232, 0, True))
ABOUT = About("host", "10.0.0.7", "0.1.0", "3.11.7", 2, True, "/nowhere", 0, ROOM)


class Worker:
    """What a node has placed: the test says what it says."""

    def __init__(
        self, work: Assignment, plan: Plan, received: Callable[[FromWorker], None], ended: Callable[[], None]
    ) -> None:
        self.work, self.says, self.dies = work, received, ended
        self.ledger = Ledger.in_memory(len(plan.all_runs), plan.slots)
        self.told, self.process = Told(), Process()


class Stage:
    """A placement whose workers are those of a test."""

    head_start = 0

    def __init__(self) -> None:
        self.workers: list[Worker] = []

    def place(
        self, work: Assignment, plan: Plan, received: Callable[[FromWorker], None], ended: Callable[[], None]
    ) -> Placed:
        worker = Worker(work, plan, received, ended)
        self.workers.append(worker)
        return Placed(cast(Any, worker.process), cast(Any, worker.told), worker.ledger)


class ScriptedLink:
    """Calls to a node on the test's own loop, whose clock is so far ahead. `gone` is why it does not answer any more,
    `remains` what is then found of it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, node: Node, ahead: int = 0) -> None:
        self._loop, self._node, self._ahead = loop, node, ahead
        self.gone, self.remains = "", dict[int, bytes]()

    def tell(self, orders: bytes) -> int:
        if self.gone:
            raise NodeGone(self.gone)
        self._loop.call_soon_threadsafe(self._node.heed, pickle.loads(orders))
        return now() + self._ahead

    def hear(self) -> bytes:
        news = asyncio.run_coroutine_threadsafe(self._node.hear(), self._loop).result()
        if self.gone:
            raise NodeGone(self.gone)
        return pickle.dumps(news)

    def left(self) -> dict[int, bytes]:
        return self.remains

    def end(self) -> None:
        self.gone = self.gone or "it has ended"
        self._loop.call_soon_threadsafe(self._node._is_news.set)  # nobody waits for the last answer
        self._node.close()


def remote(number: int, lend: Lend, ahead: int = 0) -> tuple[RemoteNode, ScriptedLink, Stage]:
    """A node as its fleet sees it, and what is behind it."""
    stage, loop = Stage(), asyncio.get_running_loop()
    link = ScriptedLink(loop, Node(lend, lambda: None, stage), ahead)
    node = RemoteNode(number, link, ABOUT)
    return node, link, stage
