"""Workers that carry out one plan together: their processes, and the figures that they send."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, assert_never

from loadgen.clock import SECOND, now
from loadgen.engine.plan import Plan
from loadgen.errors import LoadgenError, WorkerLost
from loadgen.fleet.backlog import Backlog
from loadgen.fleet.messages import (
    Assignment,
    Broken,
    Bye,
    Failures,
    Finished,
    FromWorker,
    Go,
    Halted,
    Idled,
    Kill,
    NewSeries,
    Reached,
    Ready,
    Refused,
    Resume,
    Stop,
    ToWorker,
    Vitals,
)
from loadgen.fleet.placement import Local, Mouthpiece, Placement, Process
from loadgen.net.children import is_stopped
from loadgen.net.memory import give_back
from loadgen.net.thread import in_thread
from loadgen.record.exemplars import OfSlot, merged
from loadgen.record.ledger import Ledger
from loadgen.record.recorder import Batch, SeriesKey
from loadgen.record.recording import Recording
from loadgen.record.samples import Kept, Kind, Sample
from loadgen.trust.health import Health

GOODBYE_LIMIT = 5  # seconds
ANSWER_LIMIT = 1  # seconds in which a worker that is to give up says anything at all
LOOK = 1.0  # between two looks at whether a worker has said anything
SILENT = 6  # looks: a worker has something to say each second, and is lost when it is 5 s overdue
REPORT_LIMIT = 0.5  # for a worker's figures of a second to come in


def _nobody(reason: str) -> None: ...


def _nothing() -> None: ...


@dataclass(slots=True)
class Member:
    """A worker, as its group sees it."""

    index: int
    process: Process
    ledger: Ledger
    pipe: Mouthpiece
    ahead: Callable[[], int] = lambda: 0  # of its machine's clock, in ns
    ready: bool = False
    reached: int = -1
    halted: bool = False  # whether its users wait for the next lap
    finished: bool = False
    lost: bool = False
    silent: int = 0  # looks since it last said something; before the load, looks at which it was stopped
    answered: bool = True  # whether it has said anything since it was told to give up
    broken: LoadgenError | None = None  # what it died of, if that is known
    reported: int = 0  # seconds
    series: dict[int, SeriesKey] = field(default_factory=dict)
    kept: Kept = field(default_factory=lambda: Kept([], [], {}, []))
    options: dict[str, Any] | None = None  # of a client that has some of its own: the SDK's

    @property
    def over(self) -> bool:
        return self.finished or self.lost


class Group:
    """Workers of one plan. A fleet starts and steers them. `recording`, `health`, `totals` and the `members` can be
    read at any time.

    `each_second` is called when the figures of a second have arrived, `counted` when the recording has all that was
    recorded until then, which may be a little later. `refused` is called with the reason of a failure that every
    further request would meet as well. `placement` starts the workers: on this machine if it is not given.
    """

    def __init__(
        self,
        plan: Plan,
        assignments: Sequence[Assignment],
        each_second: Callable[[], None] = _nothing,
        counted: Callable[[], None] = _nothing,
        refused: Callable[[str], None] = _nobody,
        placement: Placement | None = None,
    ) -> None:
        self.plan, self._assignments, self._each_second, self._refused = plan, assignments, each_second, refused
        self._placement = placement or Local()
        self.recording, self.health = Recording(), Health()
        self.counted = 0  # seconds of which the recording has everything
        self._on_counted, self._backlog = counted, Backlog(self.recording, self._count)
        self.members: list[Member] = []
        self.start = 0  # the instant at which its load began, 0 before
        self._changed, self._reported = asyncio.Event(), asyncio.Event()
        self._limits: list[asyncio.TimerHandle] = []  # of those that are to give up

    # what its fleet does with it

    def spawn(self) -> None:
        """Start the workers' processes, which then prepare, and the one that counts."""
        loop = asyncio.get_running_loop()
        self._backlog.start(loop)
        for index, assignment in enumerate(self._assignments):
            self.members.append(self._member(index, assignment))

    def tell(self, message: ToWorker) -> None:
        for member in self.members:
            if not member.lost:
                member.pipe.send(message)

    def stop(self) -> None:
        """Start nothing more, and wake whoever waits for a change."""
        self.tell(Stop())
        self._changed.set()

    def kill(self) -> None:
        """Give up open exchanges, and end the workers that do not react."""
        self.tell(Kill())
        for member in self.members:
            member.answered = False
        later = asyncio.get_running_loop().call_later
        self._limits.extend(later(limit, self._put_down, limit) for limit in (ANSWER_LIMIT, GOODBYE_LIMIT))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a change makes the condition hold."""
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    async def get_ready(self, given_up: Callable[[], bool]) -> None:
        """Wait until every worker is ready, or the condition holds. Raises what one has died of, or WorkerLost."""
        looking = asyncio.create_task(self._look_for_stopped())
        try:
            await self.until(lambda: given_up() or self.ready)
        finally:
            looking.cancel()

    async def see_through(self, start: int, changed: Callable[[], None] = lambda: None) -> None:
        """Begin the load at the instant `start`, and return when every worker is over, even if workers die. `changed`
        is called whenever something may have changed."""

        def over() -> bool:
            changed()
            return self.over

        self.start = start
        self._backlog.begin(start, {member.index: member.ahead() for member in self.members})
        self.tell(Go(start))
        tasks = [asyncio.create_task(work) for work in (self._tick(), self._watch())]
        try:
            await self.until(over)
        finally:
            for task in tasks:
                task.cancel()
        self.tell(Bye())

    async def close(self) -> None:
        """Leave no process behind, and no exchange without an outcome."""
        for limit in self._limits:
            limit.cancel()
        for member in self.members:
            if not member.finished:
                member.process.kill()  # before it sees its pipe closed, and ends by itself
                member.pipe.close()  # that it now ends is no loss
        self._backlog.close()
        counting = [self._backlog.process] if self._backlog.process else []
        processes = [*(member.process for member in self.members), *counting]
        await asyncio.gather(*(in_thread(partial(_see_off, process)) for process in processes))
        for member in self.members:
            member.pipe.close()
            if not member.finished:
                member.ledger.settle()

    # how it stands

    @property
    def head_start(self) -> int:
        """How long a word needs at the most to reach every worker, in ns."""
        return self._placement.head_start

    @property
    def ready(self) -> bool:
        """Whether every worker is ready. Raises what one has died of, or WorkerLost."""
        for member in self.members:
            if member.lost:
                raise member.broken or WorkerLost(f"worker {member.index} died before the load began")
        return all(member.ready for member in self.members)

    @property
    def over(self) -> bool:
        return all(member.over for member in self.members)

    @property
    def reached(self) -> int:
        """The latest run that every live worker has reached; -1 if there is none."""
        return min((member.reached for member in self.members if not member.over), default=-1)

    def lap_is_over(self, run: int) -> bool:
        """Whether every live worker waits for the next lap of run `run`, or has no more of that run to do."""
        live = [member for member in self.members if not member.over]
        return any(of.halted for of in live) and all(of.halted or of.reached > run for of in live)

    def resume(self, at: int) -> None:
        """Begin the next lap at that instant."""
        for member in self.members:
            member.halted = False
        self.tell(Resume(at))

    @property
    def elapsed(self) -> int:
        """ns since the start of the load."""
        return max(0, now() - self.start) if self.start else 0

    def totals(self) -> Ledger:
        """The ledgers of all workers added up, as they stand."""
        total = Ledger.in_memory(len(self.plan.all_runs), self.plan.slots)
        for member in self.members:
            total.add(member.ledger)
        return total

    def kept(self, slowest: int) -> Kept:
        """The samples of all workers: the slowest `slowest` of each slot."""
        return merge((member.kept for member in self.members), slowest)

    # its workers

    def _member(self, index: int, assignment: Assignment) -> Member:
        placed = self._placement.place(
            assignment, self.plan, lambda message: self._received(member, message), lambda: self._ended(member)
        )
        member = Member(index, placed.process, placed.ledger, placed.pipe, placed.ahead)
        return member

    def _received(self, member: Member, message: FromWorker) -> None:
        member.silent, member.answered = 0, True
        match message:
            case Batch():
                self._backlog.add(member.index, message)
                return
            case NewSeries(number, key):
                member.series[number] = key
                self._backlog.name(member.index, number, key, self.plan.timing(key.slot, self.elapsed))
                return
            case Failures(counts):
                _count(member.kept.reasons, counts)
                return
            case Vitals():  # nothing else waits for it: of a thousand workers, each wake-up looks at a thousand
                member.reported += 1
                self.health.add(self._sample(member, message))
                self._reported.set()
                return
            case Ready():
                member.ready = True
            case Idled(late):
                self.health.idle.extend(late)
            case Reached(run):
                member.reached = run
            case Halted():
                member.halted = True
            case Finished(kept, options):
                member.finished = True
                member.kept, member.options = kept, options
            case Refused(reason):
                self._refused(reason)
            case Broken(error):
                member.broken = error
                member.process.kill()
            case _:
                assert_never(message)
        self._wake()

    def _sample(self, member: Member, vitals: Vitals) -> dict[str, Any]:
        more = {"in_flight": vitals.in_flight, "completed": vitals.completed, "tcp": vitals.tcp}
        if vitals.met:
            more["environments"] = vitals.met
        return {**vitals.probe, **more, "second": self.elapsed // SECOND, "worker": member.index}

    def _ended(self, member: Member) -> None:
        if not member.finished:
            member.lost = True
        self._wake()

    def _wake(self) -> None:
        """Let whoever waits see whether a change was what it waited for."""
        self._changed.set()
        self._reported.set()

    def _count(self) -> None:
        self.counted += 1
        if not self.over:  # when the load is over there are no seconds any more, as in `_tick`
            self._on_counted()

    def _put_down(self, seconds: int) -> None:
        """Give up the workers that were told to give up so long ago, and have not answered, or not ended."""
        for member in self.members:
            if not member.over and (seconds == GOODBYE_LIMIT or not member.answered):
                self._give_up(member, f"it did not end within {seconds} s and was killed")

    def _give_up(self, member: Member, why: str) -> None:
        member.broken = WorkerLost(why)
        member.process.kill()
        member.pipe.close()  # a process that is frozen does not close it by being killed
        self._ended(member)

    async def _look_for_stopped(self) -> None:
        """Give up a worker that is stopped before the load. One that only starts slowly is not: it has said nothing
        yet, and the machine may be busy."""
        while True:
            await asyncio.sleep(LOOK)
            for member in self.members:
                waiting = not member.over and not member.ready
                member.silent = member.silent + 1 if waiting and is_stopped(member.process.pid) else 0
                if member.silent >= SILENT:
                    why = (
                        f"worker {member.index} was stopped before the load, did nothing for {SILENT} s and was killed"
                    )
                    self._give_up(member, why)

    async def _watch(self) -> None:
        """Give up a worker that says nothing: it may be stopped, and would be waited for without end.

        Looks are counted, not seconds. If this process itself is stopped for a while, that is one look, and what the
        workers said meanwhile is read before the next one.
        """
        while True:
            await asyncio.sleep(LOOK)
            for member in self.members:
                member.silent += 1
                if member.silent >= SILENT and not member.over:
                    self._give_up(member, f"it said nothing for {SILENT} s and was killed")

    async def _tick(self) -> None:
        """Called at the end of each second, as soon as every worker has sent its figures of it."""
        seconds = 0

        def handed_in() -> bool:
            return all(member.over or member.reported >= seconds for member in self.members)

        while True:
            seconds += 1
            await asyncio.sleep(max(0, self.start + seconds * SECOND - now()) / SECOND)
            with suppress(TimeoutError):
                async with asyncio.timeout(REPORT_LIMIT):  # wait_for loses a cancellation that comes as it ends
                    while not handed_in():
                        self._reported.clear()
                        await self._reported.wait()
            self._backlog.hand_in()
            self._each_second()
            give_back()


def _see_off(process: Process) -> None:
    """Wait until it has ended, and kill it if it does not. Not even that ends one that is frozen, or waits for a
    disk."""
    for _ in range(2):
        try:
            process.wait(GOODBYE_LIMIT)
            return
        except subprocess.TimeoutExpired:
            process.kill()


def merge(all_kept: Iterable[Kept], slowest: int) -> Kept:
    """Merge the samples of several workers: the slowest `slowest` of every slot, the slowest first."""
    total = Kept([], [], {}, [])
    by_slot: dict[int, list[Sample]] = {}
    exemplars: dict[int, list[OfSlot]] = {}
    for kept in all_kept:
        total.failed.extend(kept.failed)
        _count(total.reasons, kept.reasons)
        for sample in kept.slowest:
            by_slot.setdefault(sample.slot, []).append(sample)
        for of in kept.exemplars:
            exemplars.setdefault(of.slot, []).append(of)
    for slot in sorted(by_slot):
        total.slowest.extend(sorted(by_slot[slot], key=lambda sample: -sample.times["response"])[:slowest])
    total.exemplars.extend(merged(exemplars[slot]) for slot in sorted(exemplars))
    return total


def _count(to: dict[Kind, int], counts: dict[Kind, int]) -> None:
    for kind, count in counts.items():
        to[kind] = to.get(kind, 0) + count
