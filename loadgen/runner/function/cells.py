"""Sets the cells of `loadgen tune` up, one at a time, and takes away what that made. A cell is a memory size of
$LATEST; a version that is published for it, with SnapStart or with provisioned concurrency; or a version or an alias
that is there already."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from loadgen.errors import LoadgenError, TargetError
from loadgen.profile.function import TO_INVOKE
from loadgen.result.tune import TuneCell, TunePlan
from loadgen.runner.function.calls import PERMISSIONS, TO_PROVISION, TO_PUBLISH, Calls, Settings, check_managed
from loadgen.runner.function.changes import Changes, Sleep
from loadgen.runner.function.journal import read_journal
from loadgen.runner.function.versions import Gone, Versions, read_log


def permissions_of(plan: TunePlan) -> tuple[str, ...]:
    """What the cells of a plan need on their functions."""
    cells = plan.every_cell
    changed = any(cell.qualifier is None for cell in cells)
    read, update, _ = PERMISSIONS
    return (
        read,
        *((update,) if changed else ()),
        TO_INVOKE,
        *(TO_PUBLISH if any(cell.published for cell in cells) else ()),
        *(TO_PROVISION if any(cell.provisioned for cell in cells) else ()),
    )


def journal_of(function: str, plan: TunePlan) -> str:
    """The file with the journal of a function: that of the first one has no number."""
    number = [*dict.fromkeys((plan.function, *(cell.function for cell in plan.every_cell)))].index(function)
    return f"journal-{number}.jsonl" if number else "journal.jsonl"


@dataclass(frozen=True, slots=True)
class Undone:
    """What was undone of a function: the settings that it has again, None if nothing of it had been changed; whether
    they had to be restored; and what was taken away."""

    function: str
    settings: Settings | None
    changed: bool
    gone: tuple[Gone, ...] = ()

    def __bool__(self) -> bool:
        return self.changed or bool(self.gone)


class Cells:
    """The cells of a plan. `apis` are by function; `hide` has their names without secrets. `sleep` takes s;
    nothing more is waited for when `stopped` says so."""

    def __init__(
        self, plan: TunePlan, apis: Mapping[str, Calls], folder: Path, hide: Mapping[str, str],
        sleep: Sleep = asyncio.sleep, stopped: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        log = read_log(folder)
        self._cells = plan.every_cell
        self._apis = apis
        self._journals = {name: read_journal(folder, journal_of(name, plan)) for name in apis}
        self._changes = {name: Changes(api, self._journals[name], hide[name], sleep) for name, api in apis.items()}
        self._versions = {name: Versions(api, log, hide[name], sleep, stopped) for name, api in apis.items()}
        self._published: dict[tuple[str, int, bool], str] = {}

    async def look(self) -> tuple[TuneCell, ...]:
        """The cells with what their functions tell: the memory of a version, and the architecture. Raises TargetError
        for one that AWS does not allow, and for a function that has no cold starts."""
        return tuple([await self._looked(cell) for cell in self._cells])

    async def _looked(self, cell: TuneCell) -> TuneCell:
        api = self._apis[cell.function]
        now = await api.read(cell.qualifier or "")
        check_managed(api.place, now)
        if cell.qualifier and cell.provisioned and (now.snap_start or now.version == "$LATEST"):
            why = "has SnapStart" if now.snap_start else "is $LATEST"
            raise TargetError(f"{api.place}: {cell.qualifier} {why}, which AWS allows no provisioned concurrency")
        return replace(cell, memory=now.memory if cell.qualifier else cell.memory, architecture=now.architecture)

    async def begin(self) -> None:
        """Write down what each function has. After a killed process, take away what it has made. Raises TargetError,
        PlanError."""
        snap_start = any(cell.published for cell in self._cells)  # a version has it as $LATEST does
        for name in self._changed:
            if self._journals[name].entries:
                await self._changes[name].check()
            else:
                await self._changes[name].begin(snap_start=snap_start)
        for versions in self._versions.values():
            await versions.undo()

    async def set(self, cell: TuneCell) -> str | None:
        """Set a cell up, and return the qualifier to call. Raises SomebodyElse, TargetError, PlanError, Interrupted."""
        qualifier = cell.qualifier
        if qualifier is None:
            qualifier = await self._configured(cell)
        if cell.provisioned:
            assert qualifier
            await self._versions[cell.function].provision(qualifier, cell.provisioned)
        return qualifier

    async def _configured(self, cell: TuneCell) -> str | None:
        """Have the memory of a cell, and its version, if it needs one."""
        changes, snap_start = self._changes[cell.function], cell.start == "snapstart"
        original = changes.original.snap_start
        wanted = replace(changes.original, memory=cell.memory, snap_start=None if original is None else snap_start)
        if not cell.published:
            await changes.set(wanted)
            return None
        key = cell.function, cell.memory, snap_start
        if key not in self._published:
            await changes.set(wanted)
            self._published[key] = await self._versions[cell.function].publish()
        return self._published[key]

    async def unset(self, cell: TuneCell, qualifier: str | None) -> None:
        """After the calls of a cell: take its provisioned environments away, and look whether somebody else has changed
        the function. Raises SomebodyElse, TargetError, PlanError."""
        if cell.provisioned and qualifier:
            await self._versions[cell.function].release(qualifier, cell.provisioned)
        if cell.function in self._changed:
            await self._changes[cell.function].check()

    async def restore(self) -> tuple[Undone, ...]:
        """Take away all that was made, and restore each function. Returns what that was. Raises the first error, when
        the rest is done."""
        failed: list[LoadgenError] = []
        undone: list[Undone] = []
        for name in self._apis:
            gone, changed = tuple[Gone, ...](), False
            try:
                gone = await self._versions[name].undo()
            except LoadgenError as error:
                failed.append(error)
            try:
                changed = await self._changes[name].restore()
            except LoadgenError as error:
                failed.append(error)
            entries = self._journals[name].entries
            undone.append(Undone(name, entries[0].settings if entries else None, changed, gone))
        if failed:
            raise failed[0]
        return tuple(undone)

    @property
    def _changed(self) -> list[str]:
        """The functions whose $LATEST is changed."""
        return [name for name in self._apis if any(of.function == name and of.qualifier is None for of in self._cells)]
