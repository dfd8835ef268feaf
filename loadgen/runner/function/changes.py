"""Settings of a function: set, and restored as they were. Each change is in the journal before it is made."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from loadgen.clock import wall
from loadgen.errors import TargetError
from loadgen.runner.control import CallFailed
from loadgen.runner.function.calls import UPDATE, Calls, Configuration, Settings, check_managed
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
            f"{now.memory} MB), and loadgen leaves it alone. It had {original.memory} MB before"
        )


class Changes:
    """The changes of a function, as the journal has them. `sleep` takes s."""

    def __init__(self, api: Calls, journal: Journal, function: str, sleep: Sleep = asyncio.sleep) -> None:
        self._api, self._journal, self._function, self._sleep = api, journal, function, sleep

    async def begin(self, described: bool = False, snap_start: bool = False) -> Settings:
        """The settings as they are, which are written down to be restored: the memory, and if they are to be changed
        the description and SnapStart. Raises TargetError, PlanError."""
        now = await self._settled()
        check_managed(self._api.place, now)
        settings = Settings(now.memory, now.description if described else None, now.snap_start if snap_start else None)
        self._journal.add(self._told("original", now, settings))
        return settings

    @property
    def original(self) -> Settings:
        """What was there before the first change."""
        return self._journal.entries[0].settings

    async def set(self, wanted: Settings) -> None:
        """Have these settings, and wait until they hold. Raises SomebodyElse, TargetError, PlanError."""
        now = await self._settled()
        self._check(now)
        if not wanted.holds(now):
            await self._change(now, wanted, "changed")

    async def check(self) -> None:
        """Raises SomebodyElse if the function was changed since the last change here."""
        self._check(await self._settled())

    async def restore(self) -> bool:
        """Have the settings that it had at first. Returns whether there was anything to restore. Raises SomebodyElse,
        TargetError, PlanError."""
        if not self._journal.entries:
            return False
        now = await self._settled()
        if self.original.holds(now):
            return False
        self._check(now)
        await self._change(now, self.original, "restored")
        return True

    def _check(self, now: Configuration) -> None:
        entries = self._journal.entries
        if not is_ours(entries, now):
            raise SomebodyElse(self._api.place, now, entries[0])

    async def _change(self, now: Configuration, wanted: Settings, done: Kind) -> None:
        """Have these settings, from a configuration that is ours."""
        for left in reversed(range(TRIES)):
            self._journal.add(self._line("intent", now, wanted))
            try:
                self._journal.add(self._told("begun", await self._api.configure(wanted, now), wanted))
            except CallFailed as error:
                if error.code == CHANGED:
                    raise SomebodyElse(self._api.place, await self._api.read(), self._journal.entries[0]) from None
                if not left or not (error.transient or error.code == BUSY):
                    raise
                await self._sleep(PAUSES[-1])
            now = await self._settled()
            begun = self._journal.entries[-1].kind == "begun"
            if not (begun and wanted.holds(now)):  # nobody else can begin an update while ours is under way
                self._check(now)
            if wanted.holds(now):
                self._journal.add(self._told(done, now, wanted))
                return
        raise TargetError(f"{self._api.place}: {UPDATE} has not set what was asked for: it has {now.memory} MB")

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

    def _told(self, kind: Kind, now: Configuration, like: Settings) -> Entry:
        """What the service told, as far as the settings `like` go."""
        return self._line(kind, now, like.of(now))

    def _line(self, kind: Kind, now: Configuration, of: Settings) -> Entry:
        name = self._function if kind == "original" else ""
        return Entry(kind, of.memory, now.revision, now.modified, wall(), name, of.description, of.snap_start)
