"""The memory of a function: set, and restored as it was. Each change is in the journal before it is made."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from loadgen.clock import wall
from loadgen.errors import TargetError
from loadgen.runner.control import CallFailed
from loadgen.runner.function.calls import UPDATE, Calls, Configuration
from loadgen.runner.function.journal import Entry, Journal, Kind, is_ours

PAUSES = (0.1, 0.2, 0.4, 0.8, 1.0)  # s between two looks at an update; the last one again and again
LONGEST = 300.0  # s that an update may take
TRIES = 4  # of a change whose call failed in a way that passes
BUSY = "ResourceConflictException"  # another update is under way
CHANGED = "PreconditionFailedException"  # the revision is another one

Sleep = Callable[[float], Awaitable[object]]


class SomebodyElse(TargetError):
    """Somebody else has changed the function, and it is left alone."""

    def __init__(self, place: str, now: Configuration, original: Entry) -> None:
        super().__init__(
            f"{place}: somebody else has changed it (revision {now.revision}, LastModified {now.modified}, "
            f"{now.memory} MB), and tune leaves it alone. It had {original.memory} MB before"
        )


class Memory:
    """The memory of a function, as the journal has it. `sleep` takes s."""

    def __init__(self, api: Calls, journal: Journal, function: str, sleep: Sleep = asyncio.sleep) -> None:
        self._api, self._journal, self._function, self._sleep = api, journal, function, sleep

    async def begin(self) -> Configuration:
        """The configuration as it is, which is written down to be restored. Raises TargetError, PlanError."""
        now = await self._settled()
        self._journal.add(self._told("original", now))
        return now

    async def set(self, memory: int) -> None:
        """Have so many MB, and wait until they hold. Raises SomebodyElse, TargetError, PlanError."""
        now = await self._settled()
        self._check(now)
        if now.memory != memory:
            await self._change(now, memory, "changed")

    async def check(self) -> None:
        """Raises SomebodyElse if the function was changed since the last change here."""
        self._check(await self._settled())

    async def restore(self) -> bool:
        """Have the memory that it had at first. Returns whether there was anything to restore. Raises SomebodyElse,
        TargetError, PlanError."""
        entries = self._journal.entries
        if not entries:
            return False
        now = await self._settled()
        if now.memory == entries[0].memory:
            return False
        self._check(now)
        await self._change(now, entries[0].memory, "restored")
        return True

    def _check(self, now: Configuration) -> None:
        entries = self._journal.entries
        if not is_ours(entries, now):
            raise SomebodyElse(self._api.place, now, entries[0])

    async def _change(self, now: Configuration, memory: int, done: Kind) -> None:
        """Have so many MB, from a configuration that is ours."""
        for left in reversed(range(TRIES)):
            self._journal.add(Entry("intent", memory, now.revision, now.modified, wall()))
            try:
                self._journal.add(self._told("begun", await self._api.set_memory(memory, now.revision)))
            except CallFailed as error:
                if error.code == CHANGED:
                    raise SomebodyElse(self._api.place, await self._api.read(), self._journal.entries[0]) from None
                if not left or not (error.transient or error.code == BUSY):
                    raise
                await self._sleep(PAUSES[-1])
            now = await self._settled()
            begun = self._journal.entries[-1].kind == "begun"
            if not (begun and now.memory == memory):  # nobody else can begin an update while ours is under way
                self._check(now)
            if now.memory == memory:
                self._journal.add(self._told(done, now))
                return
        raise TargetError(f"{self._api.place}: {UPDATE} has not set {memory} MB: it has {now.memory} MB")

    async def _settled(self) -> Configuration:
        """The configuration when no update is under way. Raises TargetError if one takes too long."""
        waited, looks = 0.0, 0
        while (now := await self._looked()).progress == "InProgress":
            if waited >= LONGEST:
                raise TargetError(f"{self._api.place}: an update of its configuration takes longer than {LONGEST:g} s")
            pause = PAUSES[min(looks, len(PAUSES) - 1)]
            await self._sleep(pause)
            waited, looks = waited + pause, looks + 1
        return now

    async def _looked(self) -> Configuration:
        """Once more after a failure that passes."""
        for left in reversed(range(TRIES)):
            try:
                return await self._api.read()
            except CallFailed as error:
                if not left or not error.transient:
                    raise
                await self._sleep(PAUSES[-1])
        raise AssertionError("unreachable")

    def _told(self, kind: Kind, now: Configuration) -> Entry:
        name = self._function if kind == "original" else ""
        return Entry(kind, now.memory, now.revision, now.modified, wall(), name)
