"""The parent of the workers: places them, starts them at one instant, adds up what they hand in, outlives them.

A local run with one worker is the case n = 1 of the same thing.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from loadgen.aws.auth import Secret
from loadgen.clock import MILLISECOND, SECOND, now
from loadgen.engine.plan import Plan
from loadgen.errors import LoadgenError
from loadgen.fleet.messages import (
    Assignment,
    Broken,
    Bye,
    Enter,
    Failures,
    Finished,
    FromWorker,
    Go,
    Kill,
    Leave,
    NewSeries,
    Reached,
    Ready,
    Refused,
    Renew,
    Stop,
    ToWorker,
    Vitals,
)
from loadgen.fleet.pipe import Pipe
from loadgen.net.children import spawn
from loadgen.net.memory import give_back
from loadgen.record.ledger import Ledger
from loadgen.record.recorder import Batch, SeriesKey, fold
from loadgen.record.recording import Recording
from loadgen.record.samples import Kept, Kind, Sample
from loadgen.trust.health import Health

HEAD_START = 50 * MILLISECOND  # between the word and the start, for the word to reach every worker
READY_LIMIT = 60  # seconds
GOODBYE_LIMIT = 5
REPORT_LIMIT = 0.5  # for a worker's figures of a second to come in
FOLDED = 8  # batches at once: a row of one alone costs 1.6 us, of eight 0.6


@dataclass(slots=True)
class WorkerState:
    """What the fleet knows of a worker."""

    index: int
    process: subprocess.Popen[bytes]
    ledger: Ledger
    pipe: Pipe[ToWorker, FromWorker] | None = None
    ready: bool = False
    reached: int = -1
    finished: bool = False
    lost: bool = False
    broken: LoadgenError | None = None
    reported: int = 0  # seconds
    series: dict[int, SeriesKey] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=list)  # not folded yet
    kept: Kept = field(default_factory=lambda: Kept([], [], {}))
    options: dict[str, Any] | None = None  # of a client that has some of its own: the SDK's

    @property
    def over(self) -> bool:
        return self.finished or self.lost


class Fleet:
    """Workers on this machine. `launch`, then `run`; `recording`, `totals` and the workers' states tell the rest.

    `refused` hears the reason of a failure that every further request would meet as well. A `follower` is another fleet
    that hears what this one is told, and enters its phases with it. `cpus` are those that the workers may run on; none:
    any.
    """

    follower: Fleet | None = None
    cpus: frozenset[int] = frozenset()

    def __init__(
        self,
        plan: Plan,
        assignments: list[Assignment],
        each_second: Callable[[], None],
        refused: Callable[[str], None],
    ) -> None:
        self.plan, self._assignments, self._each_second, self._refused = plan, assignments, each_second, refused
        self.recording, self.health = Recording(), Health()
        self.workers: list[WorkerState] = []
        self.start = 0
        self.killed = False
        self.stopped: int | None = None  # when it was told to stop, in ns since the start of the load
        self._changed = asyncio.Event()
        self._entered, self._entered_at = 0, 0  # the last run whose start was given out, and when that was

    async def launch(self) -> None:
        """Start the workers and wait until each is ready, or `stop` is called. Raises LoadgenError if one cannot be."""
        loop = asyncio.get_running_loop()
        for index, assignment in enumerate(self._assignments):
            self.workers.append(self._spawn(loop, index, assignment))
        try:
            async with asyncio.timeout(READY_LIMIT):
                await self._until(lambda w: w.ready or w.lost or self.stopping)
        except TimeoutError:
            raise LoadgenError(f"a worker was not ready within {READY_LIMIT} s") from None
        for worker in self.workers:
            if worker.lost:
                raise worker.broken or LoadgenError(f"worker {worker.index} died before the load began")
        if self.follower:
            await self.follower.launch()

    async def run(self, start: int | None = None) -> None:
        """Start the load (at the instant `start`), unless it is stopped already, and see it through, whatever happens
        to the workers."""
        if self.stopping:
            return
        self.start = start or now() + HEAD_START
        self._tell(Go(self.start))
        ticker = asyncio.create_task(self._tick())
        try:
            await self._until(lambda w: w.over)
        finally:
            ticker.cancel()
        self._tell(Bye())

    def renew(self, kind: str, secret: Secret) -> None:
        """Let the workers authorize with a new secret from now on."""
        self._tell(Renew(kind, secret))
        if self.follower:
            self.follower.renew(kind, secret)

    def leave(self, number: int, at: int, plan: Plan) -> None:
        """Let run `number` end `at` ns after the start, which is before its time: `plan` is the same with that end."""
        self.plan = plan
        self._tell(Leave(number, self.start + at))
        if self.follower:
            self.follower.leave(number, at, self.follower.plan)

    def stop(self) -> None:
        """Start nothing more; what is open comes to its end."""
        self.stopped = self.elapsed if self.stopped is None else self.stopped
        self._tell(Stop())
        self._changed.set()
        if self.follower:
            self.follower.stop()

    def kill(self) -> None:
        """Give up what is open."""
        self.stopped = self.elapsed if self.stopped is None else self.stopped
        self.killed = True
        self._tell(Kill())
        if self.follower:
            self.follower.kill()
        asyncio.get_running_loop().call_later(GOODBYE_LIMIT, self._put_down)

    def _put_down(self) -> None:
        """End what does not listen."""
        for worker in self.workers:
            if not worker.over:
                worker.process.kill()

    async def close(self) -> None:
        """Leave no process behind, and no exchange without an outcome."""
        for worker in self.workers:
            if not worker.finished:
                worker.process.kill()  # before it sees its pipe closed, and ends by itself
                if worker.pipe:
                    worker.pipe.close()  # that it now ends is no loss
            try:
                await asyncio.to_thread(worker.process.wait, GOODBYE_LIMIT)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                await asyncio.to_thread(worker.process.wait)
            if worker.pipe:
                worker.pipe.close()
            if not worker.finished:
                self._fold(worker)
                worker.ledger.settle()
        if self.follower:
            await self.follower.close()

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop."""
        return self.stopped is not None

    @property
    def elapsed(self) -> int:
        """ns since the start of the load."""
        return max(0, now() - self.start) if self.start else 0

    @property
    def run_number(self) -> int:
        """The run of the plan that is under way, by the clock where ends are fixed."""
        at, number = self._last_entry()
        runs = self.plan.runs
        while number < len(runs) and (duration := runs[number].duration) is not None and at + duration <= self.elapsed:
            at, number = at + duration, number + 1
        return number

    def begins(self, number: int) -> int | None:
        """When run `number` begins, in ns after the start; None if that is not known yet, or any more."""
        at, entered = self._last_entry()
        lasts = [run.duration for run in self.plan.runs[entered:number]]
        known = [duration for duration in lasts if duration is not None]
        return at + sum(known) if entered <= number and len(known) == len(lasts) else None

    def totals(self) -> Ledger:
        """The ledgers of all workers added up, as they stand."""
        total = self.workers[0].ledger.snapshot()
        for worker in self.workers[1:]:
            total.add(worker.ledger.snapshot())
        return total

    def _last_entry(self) -> tuple[int, int]:
        return self._entered_at - self.start if self._entered else 0, self._entered

    def _spawn(self, loop: asyncio.AbstractEventLoop, index: int, assignment: Assignment) -> WorkerState:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "loadgen.fleet.worker", str(theirs.fileno()), str(os.getpid())]
        process = spawn(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        theirs.close()
        if self.cpus:
            with suppress(OSError):  # it may have ended
                os.sched_setaffinity(process.pid, self.cpus)
        plan = self.plan
        ledger = Ledger.in_file(assignment.ledger, len(plan.all_runs), plan.slots)
        worker = WorkerState(index, process, ledger)
        worker.pipe = Pipe(
            loop,
            ours,
            lambda message: self._received(worker, message),
            lambda: self._ended(worker),
        )
        worker.pipe.send(assignment)
        return worker

    def _tell(self, message: ToWorker) -> None:
        for worker in self.workers:
            if worker.pipe and not worker.lost:
                worker.pipe.send(message)

    def _received(self, worker: WorkerState, message: FromWorker) -> None:
        match message:
            case Batch():
                worker.batches.append(message)
                if len(worker.batches) >= FOLDED:
                    self._fold(worker)
                return
            case NewSeries(number, key):
                worker.series[number] = key
            case Failures(counts):
                _add(worker.kept.reasons, counts)
            case Vitals(probe, in_flight, tcp):
                worker.reported += 1
                second = self.elapsed // SECOND
                self.health.add({**probe, "in_flight": in_flight, "tcp": tcp, "second": second, "worker": worker.index})
            case Ready():
                worker.ready = True
            case Reached(run):
                worker.reached = run
                self._enter_if_all(run)
            case Finished(kept, options):
                worker.finished = True
                worker.kept, worker.options = kept, options
                self._fold(worker)
            case Refused(reason):
                self._refused(reason)
            case Broken(error):
                worker.broken = error
                worker.process.kill()
        self._changed.set()

    def _fold(self, worker: WorkerState) -> None:
        """Take what a worker has handed in into the recording."""
        if worker.batches:
            batch, worker.batches = Batch.joined(worker.batches), []
            self.recording.take(fold(batch, self.start), worker.series)

    def _enter_if_all(self, run: int) -> None:
        """A phase whose start depends on the last one's end begins when every worker has come to it."""
        if all(worker.over or worker.reached >= run for worker in self.workers) and run > self._entered:
            self._entered, self._entered_at = run, now() + (HEAD_START if len(self.workers) > 1 else 0)
            self._tell(Enter(run, self._entered_at))
            if self.follower:
                self.follower._tell(Enter(run, self._entered_at))

    def _ended(self, worker: WorkerState) -> None:
        if not worker.finished:
            worker.lost = True
            self._fold(worker)
            ahead = [other.reached for other in self.workers if not other.over]
            if ahead and min(ahead) > self._entered:
                self._enter_if_all(min(ahead))
        self._changed.set()

    async def _until(self, condition: Callable[[WorkerState], bool]) -> None:
        while not all(condition(worker) for worker in self.workers):
            self._changed.clear()
            await self._changed.wait()

    async def _tick(self) -> None:
        """At the end of each second, as soon as every worker has handed in what it has of it."""
        seconds = 0

        def handed_in(worker: WorkerState) -> bool:
            return worker.over or worker.reported >= seconds

        while True:
            seconds += 1
            await asyncio.sleep(max(0, self.start + seconds * SECOND - now()) / SECOND)
            with suppress(TimeoutError):
                async with asyncio.timeout(REPORT_LIMIT):  # wait_for loses a cancellation that comes as it ends
                    await self._until(handed_in)
            for worker in self.workers:
                self._fold(worker)
            self._each_second()
            give_back()


def merge(all_kept: Iterable[Kept], slowest: int) -> Kept:
    """What several workers kept, put together: the slowest `slowest` of every slot, the slowest first."""
    total = Kept([], [], {})
    by_slot: dict[int, list[Sample]] = {}
    for kept in all_kept:
        total.failed.extend(kept.failed)
        _add(total.reasons, kept.reasons)
        for sample in kept.slowest:
            by_slot.setdefault(sample.slot, []).append(sample)
    for slot in sorted(by_slot):
        total.slowest.extend(sorted(by_slot[slot], key=lambda sample: -sample.times["response"])[:slowest])
    return total


def _add(to: dict[Kind, int], counts: dict[Kind, int]) -> None:
    for kind, count in counts.items():
        to[kind] = to.get(kind, 0) + count
