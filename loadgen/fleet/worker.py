"""One worker's life: prepare, say ready, start at the instant it is told, hand in figures each second, finish.

Run as `python -m loadgen.fleet.worker FD`, with its end of a socket pair as descriptor FD.
"""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from loadgen.aws.auth import Access
from loadgen.aws.refusals import remedy
from loadgen.clock import SECOND, now
from loadgen.engine.engine import Engine, Share
from loadgen.engine.plan import Plan
from loadgen.errors import LoadgenError
from loadgen.exchange import Outcome
from loadgen.fleet.pipe import Pipe
from loadgen.net.names import Address, Origin
from loadgen.net.timerfd import LoopClock, die_with_parent, lower_timer_slack
from loadgen.profile.model import Profile
from loadgen.record.ledger import Ledger
from loadgen.record.recorder import Batch, Recorder, SeriesKey
from loadgen.record.samples import Samples
from loadgen.transport import Counters
from loadgen.transport.registry import make_client
from loadgen.trust.probe import Probe, raise_descriptor_limit
from loadgen.workload.scenarios import Workload


@dataclass(frozen=True, slots=True)
class Assignment:
    """All that a worker needs to know. `ledger` is the file its counters live in."""

    parent: int
    profile: Profile
    origin: Origin
    addresses: tuple[Address, ...]
    ca: Path | None
    share: Share
    connections: int
    preopen: int
    ledger: Path
    payloads: tuple[int, ...] = ()  # the numbers of the run, the variant, the round
    access: Access = field(default_factory=Access)  # what requests are authorized with
    first: int = 0  # what {{seq}} begins with


class Worker:
    """Built from an assignment; talks to its fleet through `pipe`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sock: socket.socket) -> None:
        self.loop = loop
        self.over = loop.create_future()
        self.pipe = Pipe(loop, sock, self._received, self._orphaned)
        self.clock = LoopClock(loop)
        self._tasks: set[asyncio.Task[None]] = set()
        self._engine: Engine | None = None  # once the load has begun
        loop.set_exception_handler(self._failed)

    def _received(self, kind: str, value: Any) -> None:
        if kind == "assignment":
            self._access = value.access
            self._spawn(self._prepare(value))
        elif kind == "go":
            self._go(value)
        elif kind == "secret":
            self._access.renew(*value)
        elif kind == "bye":
            self._spawn(self._leave())
        elif self._engine:
            if kind == "enter":
                self._engine.enter(*value)
            elif kind == "leave":
                self._engine.leave(*value)
            elif kind == "stop":
                self._engine.stop()
            elif kind == "kill":
                self._engine.kill()

    def _spawn(self, work: Any) -> None:
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished_task)

    def _finished_task(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._broken(error)

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A callback that failed has left something undone, which the load would wait for without end."""
        if "handle" in context:
            self._broken(context["exception"])
        else:
            loop.default_exception_handler(context)

    def _broken(self, error: BaseException) -> None:
        known = isinstance(error, LoadgenError)
        self.pipe.send("broken", error if known else LoadgenError("".join(traceback.format_exception(error))))

    async def _prepare(self, work: Assignment) -> None:
        self._plan = Plan.of(work.profile)
        self._ledger = Ledger.in_file(work.ledger, len(self._plan.all_runs), self._plan.slots)
        workload = Workload(work.profile, work.origin.base, work.payloads, work.first)
        workload.prime(work.share.index)
        engine = Engine(self.clock, self._plan, workload, self, self._ledger, work.share)
        self._reuse = work.profile.session.reuse
        counters = Counters(self._ledger.wired, self._ledger.connections)
        self._transport = make_client(
            self.loop, self.clock, work.profile, work.origin, work.addresses, work.ca, work.connections, work.preopen,
            counters, engine.done, work.access, engine.retried,
        )  # fmt: skip
        descriptors = raise_descriptor_limit()
        # what it takes itself is opened now: during the load, descriptors may run out
        self._report_alarm = self.clock.alarm(self._report)
        self._probe = Probe(self.clock, self._transport.built)
        await self._transport.prepare()
        self._prepared = engine
        lower_timer_slack()
        _calm_collector(self._transport.makes_cycles)
        self.pipe.send("ready", {"pid": os.getpid(), "descriptors": descriptors})

    def _go(self, start: int) -> None:
        self._engine = self._prepared
        self._recorder = Recorder(start, self._hand_in, self._name_series)
        self._samples = Samples(start, self._plan.slots, self._new_kind)
        self._engine.attach(self._transport, self._recorder, self._samples, self._reuse == "per-iteration")
        self._next_report = start + SECOND
        self._report_alarm.set(self._next_report)
        self._probe.start()
        self._engine.enter(0, start)

    def _hand_in(self, batch: Batch) -> None:
        self.pipe.send("batch", batch)

    def _new_kind(self, slot: int, outcome: int, reason: str) -> None:
        if outcome == Outcome.HTTP_4XX and remedy(reason):
            self.pipe.send("fatal", reason)

    def _name_series(self, number: int, key: SeriesKey) -> None:
        self.pipe.send("series", (number, key))

    def _report(self) -> None:
        self._recorder.flush()
        assert self._engine
        if more := self._samples.more():
            self.pipe.send("reasons", more)
        in_flight, tcp = self._engine.in_flight, self._transport.tcp()
        self.pipe.send("health", {**self._probe.sample(), "in_flight": in_flight, "tcp": tcp})
        self._next_report = max(self._next_report + SECOND, now())
        self._report_alarm.set(self._next_report)

    # what the engine tells its host

    def reached(self, run: int) -> None:
        self._recorder.flush()
        self.pipe.send("reached", run)

    def finished(self) -> None:
        self._report_alarm.clear()
        self._recorder.flush()
        self.pipe.send("health", {**self._probe.sample(), "in_flight": 0, "tcp": self._transport.tcp(last=True)})
        if options := self._transport.options():
            self.pipe.send("options", options)
        self.pipe.send("finished", self._samples.kept())

    async def _leave(self) -> None:
        await self._transport.close()
        self.pipe.close()
        if not self.over.done():
            self.over.set_result(None)

    def _orphaned(self) -> None:
        """The fleet is gone: so is the reason to be."""
        os._exit(1)


def _calm_collector(needed: bool) -> None:
    """Keep the garbage collector out of the way, as far as the client can do without it."""
    gc.collect()
    gc.freeze()
    if needed:
        gc.set_threshold(50_000, 50, 100)
    else:
        gc.disable()


def main() -> None:
    sock = socket.socket(fileno=int(sys.argv[1]))
    die_with_parent(int(sys.argv[2]))
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    worker = Worker(loop, sock)
    loop.run_until_complete(worker.over)
    os._exit(0)  # nothing is left to be saved, and the interpreter's own shutdown takes a tenth of a second


if __name__ == "__main__":
    main()
