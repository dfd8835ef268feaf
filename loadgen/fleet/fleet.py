"""The parent of the workers: it places them, starts them at one instant, steers them and outlives them.

Workers are in groups. The fleet sends every message to all groups. Their plans may ask for different loads, but in the
same runs of the same steps. The first group leads. If a phase begins when the one before it is over, it begins for all
groups when the leading workers have reached it. The load is over when the leading workers have finished. A local run
with one worker is one group of one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from loadgen.aws.auth import Secret
from loadgen.clock import SECOND, now
from loadgen.engine.plan import Plan
from loadgen.errors import WorkerLost
from loadgen.fleet.group import Group
from loadgen.fleet.messages import Enter, Leave, Renew, ToWorker
from loadgen.record.ledger import Ledger

Between = Callable[[], Awaitable[None]]
READY_LIMIT = 60  # seconds


class Fleet:
    """Groups of workers. Call `launch`, `settle`, then `run`, and always `close`."""

    def __init__(self, leading: Group, *following: Group, between: Between | None = None) -> None:
        """`between` is carried out before each phase but the first that begins when the one before it is over, and
        between laps (`Share.lap`), when nothing is open."""
        self.leading, self.following, self._between = leading, following, between
        self._pausing: asyncio.Task[None] | None = None
        self.groups = (leading, *following)
        self.stopped: int | None = None  # when it was told to stop, in ns since the start of the load
        self._entries = {0: 0}  # the runs whose start was given out, and when that is, in ns after the start

    async def launch(self) -> None:
        """Start the workers and wait until each is ready, or `stop` is called. Raises LoadgenError if one cannot
        start, WorkerLost if one dies."""
        for group in self.groups:
            await self._launch(group)

    async def settle(self, ns: int) -> None:
        """Let the workers idle for so long before the load, unless it is stopped: they measure how late they are."""
        with suppress(TimeoutError):
            async with asyncio.timeout(ns / SECOND):
                await self.leading.until(lambda: self.stopping)

    async def run(self, start: int | None = None) -> None:
        """Start the load at that instant, by default as soon as possible, unless it is already stopped, and return when
        it is over, even if workers die.

        The last phase of the groups that follow ends at the latest when the leading group has finished. They then have
        as long as an iteration may take to finish open iterations.
        """
        if self.stopping:
            return
        start = now() + self.leading.head_start if start is None else start
        following = [asyncio.create_task(group.see_through(start)) for group in self.following]
        try:
            await self.leading.see_through(start, self._enter_if_reached)
            for group in self.following:
                group.tell(Leave(group.plan.runs[-1].number, now()))
            if following:
                patience = max(group.plan.drain_limit for group in self.following)
                await asyncio.wait(following, timeout=patience / SECOND)
        finally:
            for task in following:
                task.cancel()
            if self._pausing:
                await self._pausing

    def renew(self, kind: str, secret: Secret) -> None:
        """Let the workers authorize with a new secret from now on."""
        self._tell(Renew(kind, secret))

    def leave(self, number: int, at: int) -> None:
        """End run `number`, whose beginning is known, early, at `at` ns after the start."""
        began = self.begins(number)
        assert began is not None
        for group in self.groups:
            group.plan = group.plan.ending(number, at - began)
        self._tell(Leave(number, self.leading.start + at))

    def stop(self) -> None:
        """Start nothing more, and let open exchanges end."""
        self.stopped = self.elapsed if self.stopped is None else self.stopped
        for group in self.groups:
            group.stop()

    def kill(self) -> None:
        """Give up open exchanges."""
        self.stopped = self.elapsed if self.stopped is None else self.stopped
        for group in self.groups:
            group.kill()

    async def close(self) -> None:
        """Leave no process behind, and no exchange without an outcome."""
        for group in self.groups:
            await group.close()

    @property
    def plan(self) -> Plan:
        """The leading group's plan, with the ends that its runs have so far."""
        return self.leading.plan

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self.stopped is not None

    @property
    def elapsed(self) -> int:
        """ns since the start of the load."""
        return self.leading.elapsed

    @property
    def counted(self) -> int:
        """How many seconds of the leading group's load are in its recording, with all that was known by then."""
        return self.leading.counted

    @property
    def run_number(self) -> int:
        """The run of the plan that is under way, by the clock where ends are fixed."""
        number = max(self._entries)
        at, runs = self._entries[number], self.plan.runs
        while number < len(runs) and (duration := runs[number].duration) is not None and at + duration <= self.elapsed:
            at, number = at + duration, number + 1
        return number

    def begins(self, number: int) -> int | None:
        """When run `number` begins, in ns after the start; None if that is not known yet."""
        entered = max(run for run in self._entries if run <= number)
        durations = [run.duration for run in self.plan.runs[entered:number]]
        planned = [duration for duration in durations if duration is not None]
        return self._entries[entered] + sum(planned) if len(planned) == len(durations) else None

    def totals(self) -> Ledger:
        """The ledgers of all groups added up, as they are now: what was sent to the target."""
        total = self.leading.totals()
        for group in self.following:
            total.add(group.totals())
        return total

    async def _launch(self, group: Group) -> None:
        group.spawn()
        try:
            async with asyncio.timeout(READY_LIMIT):
                await group.get_ready(lambda: self.stopping)
        except TimeoutError:
            late = ", ".join(str(member.index) for member in group.members if not member.ready)
            raise WorkerLost(f"not ready within {READY_LIMIT} s: worker {late}. The machine may be too busy") from None

    def _tell(self, message: ToWorker) -> None:
        for group in self.groups:
            group.tell(message)

    def _enter_if_reached(self) -> None:
        """A phase whose start depends on the last one's end begins when every leading worker has come to it."""
        current, run = max(self._entries), self.leading.reached
        if self._pausing and not self._pausing.done():
            return
        if run > current:
            self._pause(lambda: self._enter(run))
        elif self.leading.lap_is_over(current):
            self._pause(lambda: self.leading.resume(self._soon()))

    def _enter(self, run: int) -> None:
        at = self._soon()
        self._entries[run] = at - self.leading.start
        self._tell(Enter(run, at))

    def _soon(self) -> int:
        """An instant for which the word reaches every worker in time."""
        return now() + (self.leading.head_start if len(self.leading.members) > 1 else 0)

    def _pause(self, go_on: Callable[[], None]) -> None:
        """Go on after what is to be done between."""
        if self._between:
            self._pausing = asyncio.create_task(self._go_on(self._between, go_on))
        else:
            go_on()

    async def _go_on(self, between: Between, go_on: Callable[[], None]) -> None:
        try:
            await between()
        except BaseException:
            self.stop()  # nobody would tell the workers to go on
            raise
        if not self.stopping:
            go_on()
