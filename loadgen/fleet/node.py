"""A node: it starts workers for a fleet on another machine as a fleet does on its own, and passes messages on.

The fleet gives orders and asks for news, over whatever carries calls. If it does neither for as long as `SILENCE`, it
may be dead, and what nobody watches must not go on: the node then kills its workers. This module knows nothing of Ray.
"""

from __future__ import annotations

import asyncio
import math
import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import loadgen
from loadgen.aws.auth import Access, Secret
from loadgen.clock import SECOND, now
from loadgen.engine.plan import Plan
from loadgen.errors import LoadgenError, WorkerLost
from loadgen.fleet.messages import Assignment, Beat, Bye, Finished, FromWorker, Go, Refused, Renew, ToWorker, Vitals
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
from loadgen.fleet.placement import Local, Placed, Placement
from loadgen.fleet.scratch import Scratch
from loadgen.fleet.sealing import Sealer, hidden
from loadgen.net.children import is_stopped, withheld, withhold
from loadgen.net.names import is_loopback
from loadgen.profile.load import Loaded, reread
from loadgen.record.ledger import Ledger
from loadgen.record.recorder import Batch
from loadgen.redaction import Secrets
from loadgen.trust.host import Room, cpus
from loadgen.trust.watch import HostWatch

LISTEN = 0.25  # seconds between two looks at whether the fleet has called: it asks four times a second; two beats
SILENCE = 6  # looks without a call, during a load. If this process itself was stopped for a while, that is one look
BEATS = 6  # of its calls that may be missing, where it calls less often
PATIENCE = 120  # looks without one at other times
STOPPED = 24  # looks at which a worker is stopped while it sends no load
HEARD = 0.25  # seconds that news may be waited for
GATHER = 0.1  # seconds from one answer with news to the next, so that what comes together goes together
LOOK = 1.0  # seconds between two looks at this machine
GOODBYE = 5.0  # seconds for a worker's process to end


class Lender(Protocol):
    """What the requests of a profile are authorized with on this node."""

    renewed: Callable[[str, Secret], None]

    @property
    def access(self) -> Access: ...

    @property
    def lent(self) -> Access: ...


Lend = Callable[[Assignment, int, bool, bool, Secrets, Callable[[str], None]], Awaitable[tuple[Lender, Way]]]
"""Sees whether this node, one of so many, has the resources for its part, gets a profile's secrets on it, and tries the
target: returns the way to it. The two flags are `simulated` and `tries` of `Place`. The last is told if a secret cannot
be renewed."""


@dataclass(slots=True)
class Worker:
    """A worker that the node has started."""

    placed: Placed
    number: int  # of its profile
    secrets: Secrets
    loopback: bool  # whether its target is on this machine
    begun: bool = False  # whether it was told to send a load
    going: bool = False  # whether it does
    stopped: int = 0  # looks at which it was stopped and sent none


@dataclass(slots=True)
class _Read:
    """A profile that was read here."""

    loaded: Loaded
    sealer: Sealer
    lender: asyncio.Future[Lender] | None = None


class Node:
    """Call `heed` with the fleet's orders and `hear` for its workers' news. `died` is called when the fleet is silent,
    with every worker killed. There are so many `nodes`: of many, each is called less often."""

    def __init__(
        self, lend: Lend, died: Callable[[], None], placement: Placement | None = None, nodes: int = 1
    ) -> None:
        self._lend, self._died, self._placement = lend, died, placement or Local()
        self._scratch = Scratch("loadgen-node-")
        self._profiles: dict[int, _Read | LoadgenError] = {}
        self._unwanted: set[int] = set()  # workers that were to end before they had started
        self._workers: dict[int, Worker] = {}
        self._news: list[FromNode] = []
        self._is_news = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._watch: HostWatch | None = None  # during a load
        self._silent = 0  # looks since the last call
        self._loop = asyncio.get_running_loop()
        self._nodes = nodes
        self._pause, self._told = max(GATHER, pause(nodes)), now()
        self._silence = max(SILENCE, math.ceil(BEATS * pause(nodes) / LISTEN))
        self._loop.call_later(LISTEN, self._listen)

    @property
    def folder(self) -> Path:
        """Where its workers' ledgers are."""
        return self._scratch.path

    def heed(self, orders: Sequence[ToNode]) -> int:
        """Carry orders out, none of them being one too. Returns this machine's time."""
        self._silent = 0
        for order in orders:
            match order:
                case Read():
                    self._read(order)
                case Place():
                    self._start(self._place(order), partial(self._bar, order))
                case Tell(worker, message):
                    self._tell(worker, message)
                case End(worker):
                    self._end(worker)
        return now()

    async def hear(self) -> list[FromNode]:
        """What there is to be told, as soon as there is anything, but not too soon after the last answer. Whoever asks
        is there."""
        self._silent = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(max(HEARD, self._pause)):
                await self._is_news.wait()
        await asyncio.sleep(max(0.0, self._pause - (now() - self._told) / SECOND))
        self._told = now()
        self._is_news.clear()
        news, self._news = self._news, []
        return news

    def close(self) -> None:
        """Leave no process and no file behind."""
        for worker in self._workers.values():
            worker.placed.process.kill()
        self._scratch.remove()

    # orders

    def _read(self, order: Read) -> None:
        with suppress(OSError):
            os.chdir(order.current)
        try:
            loaded = reread(order.resolved, order.source, Path(order.source).parent)
        except LoadgenError as error:
            self._profiles[order.number] = error
            return
        withhold(loaded.variables)
        self._profiles[order.number] = _Read(loaded, Sealer(loaded.secrets.texts))

    async def _place(self, order: Place) -> None:
        read = self._profiles[order.number]
        if isinstance(read, LoadgenError):
            raise read
        work: Assignment = read.sealer.unseal(order.work)
        if read.lender is None:
            read.lender = asyncio.ensure_future(self._lender(order, work, read.loaded.secrets))
        lender = await read.lender
        if order.worker in self._unwanted:
            return
        environment = {} if lender.lent is lender.access else withheld()  # for a client that finds credentials itself
        ledger = self.folder / f"worker-{order.worker}.counters"
        work = replace(work, ledger=ledger, access=lender.lent, environment=environment)
        placed = self._placement.place(
            work,
            Plan.of(work.profile),
            lambda message: self._received(order.worker, message),
            lambda: self._ended(order.worker),
        )
        loopback = is_loopback(work.addresses)
        self._workers[order.worker] = Worker(placed, order.number, read.loaded.secrets, loopback)

    async def _lender(self, order: Place, work: Assignment, secrets: Secrets) -> Lender:
        def lost(why: str) -> None:
            self._tell_of(Hidden(order.worker, hidden(Refused(why), secrets)))

        lender, way = await self._lend(work, self._nodes, order.simulated, order.tries, secrets, lost)
        self._tell_of(way)
        lender.renewed = lambda kind, secret: self._renew(order.number, kind, secret)
        return lender

    def _end(self, number: int) -> None:
        if worker := self._workers.get(number):
            worker.placed.process.kill()
        elif number not in self._unwanted:
            self._unwanted.add(number)
            self._tell_of(Ended(number, -signal.SIGKILL))

    def _renew(self, number: int, kind: str, secret: Secret) -> None:
        for worker in self._workers.values():
            if worker.number == number:
                worker.placed.pipe.send(Renew(kind, secret))

    def _tell(self, number: int, message: ToWorker) -> None:
        if worker := self._workers.get(number):
            if isinstance(message, Go) and not self._watch:
                self._watch = HostWatch()
                self._loop.call_later(LOOK, self._look)
            if isinstance(message, Go):
                worker.begun = worker.going = True
            worker.placed.pipe.send(message)
            if isinstance(message, Bye):
                worker.going = False

    def _start(self, work: Coroutine[None, None, None], failed: Callable[[LoadgenError], None]) -> None:
        async def carried_out() -> None:
            try:
                await work
            except LoadgenError as error:
                failed(error)
            except Exception as error:
                failed(LoadgenError(f"{type(error).__name__}: {error}"))

        task = self._loop.create_task(carried_out())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _bar(self, order: Place, error: LoadgenError) -> None:
        read = self._profiles[order.number]
        secrets = read.loaded.secrets if isinstance(read, _Read) else Secrets()
        self._unwanted.add(order.worker)
        self._tell_of(Barred(order.worker, hidden(error, secrets)))

    # news

    def _received(self, number: int, message: FromWorker) -> None:
        worker = self._workers[number]
        if isinstance(message, Finished):
            worker.going = False
        for news in news_of(number, message, worker.placed.ledger, worker.secrets):
            self._tell_of(news)

    def _ended(self, number: int) -> None:
        worker = self._workers[number]
        worker.going = False
        self._start(self._see_off(number, worker), lambda error: self._tell_of(Ended(number, -signal.SIGKILL)))

    async def _see_off(self, number: int, worker: Worker) -> None:
        status = -signal.SIGKILL
        with suppress(subprocess.TimeoutExpired):
            status = await asyncio.to_thread(worker.placed.process.wait, GOODBYE)
        worker.placed.process.kill()
        del self._workers[number]
        self._unwanted.add(number)
        self._tell_of(Counts.of(number, worker.placed.ledger))
        self._tell_of(Ended(number, status))

    def _tell_of(self, news: FromNode) -> None:
        self._news.append(news)
        self._is_news.set()

    def _look(self) -> None:
        """Look at this machine, once a second as long as a worker sends a load."""
        going = [worker for worker in self._workers.values() if worker.going]
        if not self._watch or not going:
            self._watch = None
            return
        totals = going[0].placed.ledger.snapshot()
        for worker in going[1:]:
            totals.add(worker.placed.ledger)
        self._watch.look(totals)
        self._tell_of(Watched(self._watch.figures(going[0].loopback)))
        self._loop.call_later(LOOK, self._look)

    def _look_for_stopped(self) -> None:
        """Give up a worker that is stopped before its load, which the fleet cannot tell from one that is slow."""
        for number, worker in self._workers.items():
            stopped = not worker.going and is_stopped(worker.placed.process.pid)
            worker.stopped = worker.stopped + 1 if stopped else 0
            if worker.stopped == STOPPED:
                why = f"a worker was stopped before its load, and was killed after {STOPPED * LISTEN:g} s"
                self._tell_of(Barred(number, hidden(WorkerLost(why), worker.secrets)))
                worker.placed.process.kill()

    def _listen(self) -> None:
        """Look whether the fleet is there, and tell the workers that this node is."""
        self._look_for_stopped()
        for worker in self._workers.values():
            if worker.begun:  # before, what is prepared may keep both of them busy
                worker.placed.pipe.send(Beat())
        self._silent += 1
        if self._silent < (self._silence if any(worker.going for worker in self._workers.values()) else PATIENCE):
            self._loop.call_later(LISTEN, self._listen)
        else:
            self.close()
            self._died()


def news_of(worker: int, message: FromWorker, ledger: Ledger, secrets: Secrets) -> Iterator[FromNode]:
    """What a node tells of a worker that has said something."""
    if isinstance(message, Vitals | Finished):
        yield Counts.of(worker, ledger)
    if isinstance(message, Batch | Vitals):
        yield Said(worker, message)
    else:
        yield Hidden(worker, hidden(message, secrets))


def about(node: Node, address: str, authenticated: bool, starter: int, zone: str = "") -> About:
    """What this node tells of itself. `starter` is the process that started this one; it may have died."""
    version = ".".join(map(str, sys.version_info[:3]))
    nicer = 0
    with suppress(ProcessLookupError):
        nicer = os.nice(0) - os.getpriority(os.PRIO_PROCESS, starter)
    return About(
        host=socket.gethostname(),
        address=address,
        version=loadgen.__version__,
        python=version,
        cpus=cpus(),
        authenticated=authenticated,
        folder=str(node.folder),
        niceness=nicer,
        room=Room.here(),
        zone=zone,
    )


def packed(news: Sequence[FromNode]) -> bytes:
    return pickle.dumps(news, protocol=5)


def unpacked(data: bytes) -> list[FromNode]:
    news: list[FromNode] = pickle.loads(data)  # noqa: S301 from a node of ours, behind the cluster's token
    return news
