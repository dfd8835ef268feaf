"""One worker: it prepares, reports ready, starts at the given instant, sends figures each second, and finishes.

Run it as `python -m loadgen.fleet.worker FD PARENT`, where descriptor FD is its end of a socket pair.
"""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
import traceback
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

import uvloop

from loadgen.aws.auth import Access
from loadgen.aws.refusals import remedy
from loadgen.clock import SECOND, Alarm, now
from loadgen.engine.engine import Engine
from loadgen.engine.plan import Plan
from loadgen.errors import LoadgenError
from loadgen.exchange import Outcome
from loadgen.fleet.messages import (
    Assignment,
    Beat,
    Broken,
    Bye,
    Enter,
    Failures,
    Finished,
    FromWorker,
    Go,
    Halted,
    Idled,
    Kill,
    Leave,
    NewSeries,
    Reached,
    Ready,
    Refused,
    Renew,
    Resume,
    Stop,
    ToWorker,
    Vitals,
)
from loadgen.fleet.pipe import Pipe
from loadgen.net.timerfd import LoopClock, die_with_parent, lower_timer_slack
from loadgen.record.ledger import Ledger
from loadgen.record.recorder import Recorder, SeriesKey
from loadgen.record.samples import Samples
from loadgen.transport import Counters, Transport
from loadgen.transport.registry import make_client
from loadgen.trust.idle import IdleTicks
from loadgen.trust.probe import Probe, raise_descriptor_limit
from loadgen.workload.scenarios import Workload

ToFleet = Pipe[FromWorker, ToWorker]
LISTEN = 0.25  # seconds between two looks at whether the node lives
UNHEARD = 12  # looks without a beat of a node that is dead or stopped. A stall of this process is one look


@dataclass(frozen=True, slots=True)
class _Prepared:
    """The objects that carry out an assignment, before the load."""

    engine: Engine
    ledger: Ledger
    transport: Transport
    probe: Probe
    ticks: IdleTicks
    slots: int
    per_iteration: bool


class _Load:
    """The load of a worker from its start on: it records, and sends its figures each second."""

    def __init__(self, prepared: _Prepared, start: int, fleet: ToFleet, alarm: Alarm) -> None:
        """`alarm` is the one that calls for `report`."""
        self.engine, self.transport, self._probe = prepared.engine, prepared.transport, prepared.probe
        self._ledger, self._completed = prepared.ledger, 0
        self._fleet, self._alarm, self._next_report = fleet, alarm, start + SECOND
        self._recorder = Recorder(start, fleet.send, self._name_series)
        self._samples = Samples(start, prepared.slots, self._new_kind)
        self.engine.attach(self.transport, self._recorder, self._samples, prepared.per_iteration)
        alarm.set(self._next_report)
        self._probe.start()

    def report(self) -> None:
        """Send the figures of a second."""
        self._recorder.flush()
        if more := self._samples.more():
            self._fleet.send(Failures(more))
        self._fleet.send(self._vitals(self.engine.in_flight, self.transport.tcp()))
        self._next_report = max(self._next_report + SECOND, now())
        self._alarm.set(self._next_report)

    def reached(self, run: int) -> None:
        self._recorder.flush()
        self._fleet.send(Reached(run))

    def halted(self) -> None:
        self._recorder.flush()
        self._fleet.send(Halted())

    def finish(self) -> None:
        """Send the remaining figures."""
        self._alarm.clear()
        self._recorder.flush()
        self._fleet.send(self._vitals(0, self.transport.tcp(last=True)))
        self._fleet.send(Finished(self._samples.kept(), self.transport.options()))

    def _vitals(self, in_flight: int, tcp: dict[str, Any] | None) -> Vitals:
        before, self._completed = self._completed, self._ledger.completed
        return Vitals(self._probe.sample(), in_flight, self._completed - before, tcp, self._recorder.met.news())

    def _name_series(self, number: int, key: SeriesKey) -> None:
        self._fleet.send(NewSeries(number, key))

    def _new_kind(self, slot: int, outcome: int, reason: str) -> None:
        if outcome == Outcome.HTTP_4XX and remedy(reason):
            self._fleet.send(Refused(reason))


class Worker:
    """Carries out the assignment that it receives, and talks to its fleet through `pipe`. It is the engine's host."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sock: socket.socket) -> None:
        self.loop = loop
        self.over = loop.create_future()
        self.pipe: ToFleet = Pipe(loop, sock, self._received, self._orphaned)
        self.clock = LoopClock(loop)
        # what it takes itself is opened before the load, during which descriptors may run out
        self._report_alarm = self.clock.alarm(self._report)
        self._access = Access()
        self._stage: _Prepared | _Load | None = None  # none: it has still to be prepared
        self._tasks: set[asyncio.Task[None]] = set()
        self._unheard = -1  # looks since the last beat; none are taken before the first
        loop.set_exception_handler(self._failed)

    def _received(self, message: ToWorker) -> None:
        stage = self._stage
        match message:
            case Assignment():
                self._access = message.access
                os.environ.update(message.environment)
                self._spawn(self._prepare(message))
            case Go(start):
                assert isinstance(stage, _Prepared)
                self.pipe.send(Idled(stage.ticks.stop()))
                self._stage = _Load(stage, start, self.pipe, self._report_alarm)
                stage.engine.enter(0, start)
            case Renew(kind, secret):
                self._access.renew(kind, secret)
            case Beat():
                begins, self._unheard = self._unheard < 0, 0
                if begins:
                    self.loop.call_later(LISTEN, self._listen)
            case Bye():
                self._spawn(self._leave(stage))
            case _ if isinstance(stage, _Load):  # before the load there is nothing to steer
                _steer(stage.engine, message)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
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
        ours = LoadgenError("".join(traceback.format_exception(error)))
        self.pipe.send(Broken(error if isinstance(error, LoadgenError) else ours))

    async def _prepare(self, work: Assignment) -> None:
        plan = Plan.of(work.profile)
        ledger = Ledger.in_file(work.ledger, len(plan.all_runs), plan.slots)
        workload = Workload(work.profile, work.origin.base, work.payloads, work.first)
        workload.prime(work.share.index)
        engine = Engine(self.clock, plan, workload, self, ledger, work.share)
        counters = Counters(ledger.wired, ledger.connections)
        transport = make_client(
            self.loop, self.clock, work.profile, work.origin, work.addresses, work.ca, work.connections, work.preopen,
            counters, engine.done, work.access, engine.retried,
        )  # fmt: skip
        raise_descriptor_limit()
        probe, ticks = Probe(self.clock, transport.built), IdleTicks(self.clock)
        await transport.prepare()
        per_iteration = work.profile.session.reuse == "per-iteration"
        self._stage = _Prepared(engine, ledger, transport, probe, ticks, plan.slots, per_iteration)
        lower_timer_slack()
        _calm_collector(transport.makes_cycles)
        self.pipe.send(Ready())
        ticks.start()

    def _report(self) -> None:
        self._load.report()

    # what the engine tells its host

    def reached(self, run: int) -> None:
        self._load.reached(run)

    def halted(self) -> None:
        self._load.halted()

    def finished(self) -> None:
        self._load.finish()

    @property
    def _load(self) -> _Load:
        assert isinstance(self._stage, _Load)
        return self._stage

    async def _leave(self, stage: _Prepared | _Load | None) -> None:
        if stage:
            await stage.transport.close()
        self.pipe.close()
        if not self.over.done():
            self.over.set_result(None)

    def _listen(self) -> None:
        """Look whether the node lives. The kernel tells of its death, but not that it is stopped."""
        self._unheard += 1
        if self._unheard >= UNHEARD:
            self._orphaned()
        self.loop.call_later(LISTEN, self._listen)

    def _orphaned(self) -> None:
        """The fleet is gone: so is the reason to be."""
        os._exit(1)


def _steer(engine: Engine, message: Enter | Resume | Leave | Stop | Kill) -> None:
    match message:
        case Enter(run, at):
            engine.enter(run, at)
        case Resume(at):
            engine.resume(at)
        case Leave(run, at):
            engine.leave(run, at)
        case Stop():
            engine.stop()
        case Kill():
            engine.kill()


def _calm_collector(needed: bool) -> None:
    """Keep the garbage collector away from the load, as far as the client can run without it."""
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
