"""Workers on other machines, as a placement: the fleet's side of `node`.

Two threads serve each node, so that a busy event loop here looks like no death there: one gives orders, at least one a
second (of many nodes less often: `orders.pause`), and each is a ping for the node's clock; one asks for news all the
time, which tells the node that the fleet is there.
"""

from __future__ import annotations

import asyncio
import pickle
import queue
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Protocol

from loadgen.aws.auth import Access
from loadgen.clock import MILLISECOND, now
from loadgen.engine.plan import Plan
from loadgen.errors import LoadgenError, PlanError, WorkerLost
from loadgen.fleet.clocks import Ahead, NodeClock
from loadgen.fleet.messages import Assignment, Broken, Enter, Finished, FromWorker, Go, Leave, Renew, Resume, ToWorker
from loadgen.fleet.node import unpacked
from loadgen.fleet.orders import (
    About,
    Barred,
    Counts,
    End,
    Ended,
    FromNode,
    Hidden,
    Place,
    Read,
    Said,
    Tell,
    ToNode,
    Watched,
    Way,
    pause,
)
from loadgen.fleet.placement import Placed
from loadgen.fleet.sealing import Sealer, shown
from loadgen.profile.load import Loaded, reread
from loadgen.record.ledger import Ledger
from loadgen.trust.host import Ports
from loadgen.trust.watch import HostFigures

BEAT = 1.0  # seconds between two orders at the most, each of which is a ping
HEAD_START = 250 * MILLISECOND  # for a word to reach every node
LEFT = 25.0  # seconds for what a dead node left to be read
LAST_CALL = 5.0  # seconds for the threads of a node to end
PINGS = 20  # before anything else, so that the clock is known


class NodeGone(Exception):
    """The node does not answer any more."""


class Link(Protocol):
    """Calls to one node. Each blocks, and raises NodeGone."""

    def tell(self, orders: bytes) -> int:
        """Give orders, `pickle`d. Returns the node's time."""
        ...

    def hear(self) -> bytes:
        """The node's news, `node.packed`."""
        ...

    def left(self) -> dict[int, bytes]:
        """The ledgers of the workers of a node that has died, as far as its machine can be asked."""
        ...

    def end(self) -> None:
        """End the node in good order."""
        ...


class RemoteWorker:
    """A worker on a node: its process, and what carries messages to it."""

    pid = 0

    def __init__(
        self,
        node: RemoteNode,
        number: int,
        ledger: Ledger,
        received: Callable[[FromWorker], None],
        ended: Callable[[], None],
    ) -> None:
        self._node, self.number, self.ledger, self.received = node, number, ledger, received
        self._ended, self._closed, self._over = ended, False, threading.Event()
        self.finished = False  # so that all that it counted has come
        self._status: int | None = None
        self._ahead: Ahead | None = None  # of the node's clock, as it was known when the load began

    def send(self, message: ToWorker) -> None:
        match message:
            case Renew():  # the node renews its own
                return
            case Go(start):
                message = Go(start + self.ahead())
            case Enter(run, at):
                message = Enter(run, at + self.ahead())
            case Leave(run, at):
                message = Leave(run, at + self.ahead())
            case Resume(at):
                message = Resume(at + self.ahead())
        self._node.order(Tell(self.number, message))

    def close(self) -> None:
        """Tell nobody that it has ended."""
        self._closed = True

    def ahead(self) -> int:
        """How far the node's clock is ahead, in ns; always the same, as the load is told on that clock."""
        if self._ahead is None:
            self._ahead = self._node.ahead_of_load()
        return self._ahead.ns

    def kill(self) -> None:
        if self._status is None:
            self._node.order(End(self.number))

    def poll(self) -> int | None:
        return self._status

    def wait(self, timeout: float | None = None) -> int:
        if not self._over.wait(LEFT if self._node.gone else timeout):  # what it left is part of what is waited for
            raise subprocess.TimeoutExpired(f"worker {self.number} of {self._node.name}", timeout or 0)
        return -signal.SIGKILL if self._status is None else self._status

    def end(self, status: int) -> None:
        """It has ended. Its ledger may still become what it left."""
        if self._status is None:
            self._status = status
            if not self._closed:
                self._ended()

    def leave(self) -> None:
        """Its ledger is what it left."""
        self._over.set()


class RemoteNode:
    """A node, of so many. `name` is what people know it by."""

    def __init__(self, number: int, link: Link, about: About, nodes: int = 1) -> None:
        self.number, self.about, self._link = number, about, link
        self._beat = max(BEAT, pause(nodes))
        self.name = f"{number} ({about.address})"
        self.clock = NodeClock()
        self.gone = ""  # why
        self.host: HostFigures | None = None  # what it saw of its machine in this load
        self.way: Way | None = None  # to the target
        self.unread = False  # whether it died, and what its workers left has not been read
        self._orders: queue.SimpleQueue[ToNode] = queue.SimpleQueue()
        self._workers: dict[int, RemoteWorker] = {}
        self._numbers = count()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = False
        self._of_load: Ahead | None = None
        self._reading: threading.Thread | None = None  # what it left
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._giving, self._hearing)]

    def open(self) -> None:
        """Get to know its clock, and begin to talk. Raises NodeGone."""
        for _ in range(PINGS):
            self._give([])
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._closing = True
        for thread in self._threads:
            if thread.is_alive():
                thread.join(LAST_CALL)
        if self._reading:
            self._reading.join(LAST_CALL)
        elif self.gone or not self._ends():
            self._link.left()  # nothing of a load is in its folder any more, but it is to go

    def _ends(self) -> bool:
        try:
            self._link.end()
        except NodeGone:
            return False
        return True

    def order(self, order: ToNode) -> None:
        self._orders.put(order)

    def begin(self) -> None:
        """Another load will begin."""
        self._of_load = self.host = self.way = None

    def ahead_of_load(self) -> Ahead:
        """How far the node's clock is ahead, as it is known when a load begins."""
        if self._of_load is None:
            self._of_load = self.clock.ahead
        return self._of_load

    def place(
        self,
        read: int,
        work: bytes,
        simulated: bool,
        tries: bool,
        ledger: Ledger,
        received: Callable[[FromWorker], None],
        ended: Callable[[], None],
    ) -> Placed:
        """Start a worker. Raises WorkerLost if the node is gone."""
        self._loop = asyncio.get_running_loop()
        worker = RemoteWorker(self, next(self._numbers), ledger, received, ended)
        self._workers[worker.number] = worker
        if self.gone:  # looked at last: who says so looks at the workers after it
            raise self._lost()
        self.order(Place(worker.number, read, work, simulated, tries))
        return Placed(worker, worker, ledger, worker.ahead)

    # its threads

    def _giving(self) -> None:
        with suppress(NodeGone):
            while not (self._closing or self.gone):
                orders: list[ToNode] = []
                with suppress(queue.Empty):
                    orders.append(self._orders.get(timeout=self._beat))
                    while True:
                        orders.append(self._orders.get_nowait())
                self._give(orders)

    def _give(self, orders: Sequence[ToNode]) -> None:
        data = pickle.dumps(orders, protocol=5)
        sent = now()
        theirs = self._link.tell(data)
        self.clock.add(sent, theirs, now())

    def _hearing(self) -> None:
        try:
            while not self._closing:
                if news := unpacked(self._link.hear()):
                    self._call(self._take, news)
        except NodeGone as gone:
            if not self._closing:
                self.gone = str(gone)
                self._call(self._lose)  # behind what was heard before

    def _read_left(self, workers: Sequence[RemoteWorker]) -> None:
        """What these workers had sent is in their ledgers, if anybody can still read them."""
        left = self._link.left()
        for worker in workers:
            if block := left.get(worker.number):
                worker.ledger.take(block)
        self.unread = any(worker.number not in left for worker in workers)
        for worker in workers:
            worker.leave()

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        if not self._loop:  # there is no worker yet
            function(*arguments)
            return
        with suppress(RuntimeError):  # the loop has ended meanwhile
            self._loop.call_soon_threadsafe(function, *arguments)

    # on the loop

    def _take(self, news: Sequence[FromNode]) -> None:
        for one in news:
            if isinstance(one, Watched):
                self.host = one.figures
                continue
            if isinstance(one, Way):
                self.way = one
                continue
            worker = self._workers.get(one.worker)
            if worker is None:
                continue
            match one:
                case Said(_, message):
                    worker.received(message)
                case Hidden(_, data):
                    message = shown(data)
                    worker.finished = worker.finished or isinstance(message, Finished)
                    worker.received(message)
                case Counts():
                    worker.ledger.take(one.block())
                case Ended(_, status):
                    self._end(worker, status)
                case Barred(_, data):
                    worker.received(Broken(self._own(shown(data))))
                    self._end(worker, 1)

    def _own(self, error: LoadgenError) -> LoadgenError:
        """The error, with the name of the node where it happened."""
        named = LoadgenError(f"node {self.name}: {error}")
        named.status = error.status
        return named

    def _end(self, worker: RemoteWorker, status: int) -> None:
        del self._workers[worker.number]
        worker.end(status)
        worker.leave()

    def _lose(self) -> None:
        """The node has died, and so have its workers."""
        workers = [*self._workers.values()]
        cut_off = [worker for worker in workers if not worker.finished]
        self.unread = bool(cut_off)
        self._reading = threading.Thread(target=self._read_left, args=(cut_off,), daemon=True)
        self._reading.start()
        self._workers.clear()
        for worker in cut_off:
            worker.received(Broken(self._lost()))
        for worker in workers:
            worker.end(-signal.SIGKILL)
            if worker.finished:
                worker.leave()

    def _lost(self) -> WorkerLost:
        return WorkerLost(f"node {self.name} is lost: {self.gone}")


class Nodes:
    """Machines to place workers on. `workers` is how many each of them gets; call `close` at the end."""

    def __init__(self, nodes: Sequence[RemoteNode], close: Callable[[], None] = lambda: None) -> None:
        self.nodes, self._close = nodes, close
        self._reads = count()

    def __len__(self) -> int:
        return len(self.nodes)

    @property
    def cpus(self) -> int:
        """That the smallest of them has."""
        return min(node.about.cpus for node in self.nodes)

    @property
    def ports(self) -> Ports:
        """Those of the node that had the fewest free ones when it told."""
        return min((node.about.room.ports for node in self.nodes), key=lambda of: of.count - of.time_wait)

    def of(self, loaded: Loaded, simulated: bool, tries: bool) -> OnNodes:
        """The placement of a run of the profile. `simulated`: its target takes the sandbox's keys. `tries`: each node
        sends each step once before. Raises PlanError for secrets that the nodes cannot read by themselves."""
        number = next(self._reads)
        source, texts = source_of(loaded), texts_of(loaded)
        for node in self.nodes:
            node.begin()
            node.order(Read(number, loaded.resolved, source, str(Path.cwd())))
        return OnNodes(self.nodes, number, Sealer(texts), simulated, tries)

    def close(self) -> None:
        for node in self.nodes:
            node.close()
        self._close()


class OnNodes:
    """The placement of one run: worker i of n goes to node i // (n / nodes)."""

    def __init__(self, nodes: Sequence[RemoteNode], number: int, sealer: Sealer, simulated: bool, tries: bool) -> None:
        self._nodes, self._number, self._sealer = nodes, number, sealer
        self._simulated, self._tries = simulated, tries

    @property
    def head_start(self) -> int:
        return max(HEAD_START, *(4 * node.clock.round_trip for node in self._nodes))

    def place(
        self, work: Assignment, plan: Plan, received: Callable[[FromWorker], None], ended: Callable[[], None]
    ) -> Placed:
        node = self._node(work.share.index, work.share.workers)
        ledger = Ledger.in_file(work.ledger, len(plan.all_runs), plan.slots)
        sealed = self._sealer.seal(replace(work, access=Access(), environment={}))
        return node.place(self._number, sealed, self._simulated, self._tries, ledger, received, ended)

    def workers(self, count: int) -> dict[int, int]:
        """The number of the node of each of so many workers."""
        return {index: self._node(index, count).number for index in range(count)}

    def _node(self, index: int, count: int) -> RemoteNode:
        return self._nodes[index * len(self._nodes) // count]

    @property
    def nodes(self) -> tuple[RemoteNode, ...]:
        return tuple(self._nodes)


def source_of(loaded: Loaded) -> str:
    """The profile's file, which for a URL is one in the current folder."""
    return str(Path.cwd() / "url") if "://" in loaded.source else str(Path(loaded.source).absolute())


def texts_of(loaded: Loaded) -> tuple[str, ...]:
    """The profile's secrets, as each node will list them. Raises PlanError."""
    if loaded.typed:
        raise PlanError(
            "a header's value that is typed on the command line is a secret, and would have to travel to the nodes. "
            "Write -H 'x-api-key: ${API_KEY}', and set API_KEY on each node"
        )
    source = source_of(loaded)
    remedy = "Write it as ${NAME}, and set NAME on each node"
    try:
        texts = reread(loaded.resolved, source, Path(source).parent).secrets.texts
    except LoadgenError as error:
        raise PlanError(f"the nodes cannot read the profile by themselves: {error}. {remedy}") from None
    if texts != loaded.secrets.texts[: len(texts)]:
        raise PlanError(f"a secret of the command line would have to travel to the nodes. {remedy}")
    return texts
