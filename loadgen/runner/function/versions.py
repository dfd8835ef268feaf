"""Versions that loadgen publishes of a function, and provisioned concurrency that it asks for: made, and taken away
again. Each is in a log before it is made, so that a later process can take it away too.

A version is ours if its description is that of the log. Provisioned concurrency is ours if there was none before, and
if it still has the number that was asked for.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_hex
from typing import Literal, TypeVar, get_args

from loadgen.errors import LoadgenError, PlanError, ProfileError, TargetError
from loadgen.files import read_regular, why
from loadgen.interrupts import Interrupted
from loadgen.runner.control import CallFailed
from loadgen.runner.function.calls import Calls
from loadgen.runner.function.changes import BUSY, PAUSES, TRIES, Sleep

FILE = "versions.jsonl"
SIZE = 16 << 20  # bytes that are read
LONGEST = 900.0  # s that a snapshot, or provisioned environments, may take

T = TypeVar("T")
Kind = Literal["publish", "provision", "released"]


@dataclass(frozen=True, slots=True)
class Line:
    """`publish`: a version with the description `token` may be there from now on; `provision`: `number` environments
    of `qualifier` may be; `released`: they are gone."""

    kind: Kind
    function: str
    token: str = ""
    qualifier: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Gone:
    """What was taken away: a version, or the `number` provisioned environments of a version or an alias."""

    qualifier: str
    number: int | None = None


class Log:
    """The log of a folder. A line is on disk when `add` returns."""

    def __init__(self, folder: Path, lines: Sequence[Line] = ()) -> None:
        self._path, self.lines = folder / FILE, list(lines)
        self.token = next((of.token for of in lines if of.token), "") or f"loadgen tune {token_hex(6)}"

    def published(self, function: str) -> bool:
        """Whether versions of ours may have been there."""
        return any(of.kind == "publish" and of.function == function for of in self.lines)

    def provisioned(self, function: str) -> dict[str, int]:
        """What may have provisioned environments of ours, and how many."""
        left: dict[str, int] = {}
        for line in self.lines:
            if line.function == function and line.kind == "provision":
                left[line.qualifier] = line.number
            elif line.function == function and line.kind == "released":
                left.pop(line.qualifier, None)
        return left

    def add(self, line: Line) -> None:
        """Raises PlanError if it cannot be written: then nothing may be made."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            descriptor = os.open(self._path, flags, 0o600)
            try:
                os.write(descriptor, f"\n{json.dumps(asdict(line))}\n".encode())  # the line before may be cut off
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise PlanError(f"{self._path} cannot be written: {why(error)}") from None
        self.lines.append(line)


def read_log(folder: Path) -> Log:
    """The log of a folder; empty if there is none. A line that was cut off is left out: it was not acted upon. Raises
    ProfileError for what is no log."""
    path = folder / FILE
    if not os.path.lexists(path):
        return Log(folder)
    try:
        content = read_regular(path, SIZE)
    except OSError as error:
        raise ProfileError(f"cannot be read: {why(error)}", file=str(path)) from None
    lines = []
    for number, text in enumerate(content.split(b"\n"), 1):
        if (line := _line(text)) is not None:
            lines.append(line)
        elif text.endswith(b"}"):
            raise ProfileError("is not as loadgen wrote it", file=str(path), line=number)
    return Log(folder, lines)


def _line(text: bytes) -> Line | None:
    try:
        line = Line(**json.loads(text))
    except (ValueError, TypeError, RecursionError):
        return None
    texts = all(isinstance(of, str) and len(of) < 300 for of in (line.function, line.token, line.qualifier))
    return line if texts and isinstance(line.number, int) and line.kind in get_args(Kind) else None


class Versions:
    """Those of one function, which the log calls `function`. `sleep` takes s. What may take minutes to be made is
    waited for until `stopped` says that it is not wanted any more."""

    def __init__(
        self, api: Calls, log: Log, function: str, sleep: Sleep = asyncio.sleep,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self._api, self._log, self._function, self._sleep, self._stopped = api, log, function, sleep, stopped

    async def publish(self) -> str:
        """Publish $LATEST, and return the number of the version when it can be called. If nothing has changed since the
        last version, that is it, and it stays. Raises TargetError, PlanError, Interrupted."""
        self._log.add(Line("publish", self._function, self._log.token))
        version = (await self._tried(lambda: self._api.publish(self._log.token))).version
        await self._until(lambda: self._is_there(version), f"version {version} is not there", self._stopped)
        return version

    async def provision(self, qualifier: str, number: int) -> None:
        """Have so many environments, and wait until they are there. Raises TargetError, PlanError, Interrupted."""
        if await self._tried(lambda: self._api.provisioned(qualifier)):
            raise TargetError(
                f"{self._api.place}: {qualifier} has provisioned concurrency already, which is left alone"
            )
        self._log.add(Line("provision", self._function, "", qualifier, number))
        await self._tried(lambda: self._api.provision(qualifier, number))
        problem = f"{qualifier} has no provisioned environments"
        await self._until(lambda: self._is_ready(qualifier), problem, self._stopped)

    async def release(self, qualifier: str, number: int) -> bool:
        """Take the environments away, if they are as they were asked for. Returns whether there were any. Raises
        TargetError, PlanError."""
        now = await self._tried(lambda: self._api.provisioned(qualifier))
        if now and now.number != number:
            problem = f"somebody else has set the provisioned concurrency of {qualifier} to {now.number}"
            raise TargetError(f"{self._api.place}: {problem}, and loadgen leaves it alone")
        if now:
            await self._tried(lambda: self._api.release(qualifier))
            await self._until(lambda: self._is_released(qualifier), f"{qualifier} still has provisioned environments")
        self._log.add(Line("released", self._function, "", qualifier, number))
        return now is not None

    async def undo(self) -> tuple[Gone, ...]:
        """Take away all that the log has. Returns what there was. Raises the first TargetError or PlanError, when the
        rest is done."""
        failed: list[LoadgenError] = []
        gone: list[Gone] = []
        for qualifier, number in self._log.provisioned(self._function).items():
            try:
                gone += [Gone(qualifier, number)] if await self.release(qualifier, number) else []
            except LoadgenError as error:
                failed.append(error)
        if self._log.published(self._function):
            try:
                gone += await self._delete()
            except LoadgenError as error:
                failed.append(error)
        if failed:
            raise failed[0]
        return tuple(gone)

    async def _delete(self) -> list[Gone]:
        every = await self._tried(self._api.versions)
        ours = [of.version for of in every if of.description == self._log.token and of.version != "$LATEST"]
        for version in ours:
            await self._tried(lambda version=version: self._api.delete(version))  # type: ignore[misc]
        return [Gone(version) for version in ours]

    async def _is_there(self, version: str) -> bool:
        now = await self._tried(lambda: self._api.read(version))
        if now.state == "Failed":
            raise TargetError(f"{self._api.place}: version {version} could not be made (State: Failed)")
        return now.state != "Pending" and now.progress != "InProgress"

    async def _is_ready(self, qualifier: str) -> bool:
        now = await self._tried(lambda: self._api.provisioned(qualifier))
        if now and now.status == "FAILED":
            raise TargetError(f"{self._api.place}: provisioned concurrency of {qualifier} failed")
        return now is not None and now.status == "READY"

    async def _is_released(self, qualifier: str) -> bool:
        return await self._tried(lambda: self._api.provisioned(qualifier)) is None

    async def _until(
        self, holds: Callable[[], Awaitable[bool]], problem: str, stopped: Callable[[], bool] = lambda: False
    ) -> None:
        waited, looks = 0.0, 0
        while not await holds():
            if stopped():
                raise Interrupted
            if waited >= LONGEST:
                raise TargetError(f"{self._api.place}: {problem} after {LONGEST:g} s")
            pause = PAUSES[min(looks, len(PAUSES) - 1)]
            await self._sleep(pause)
            waited, looks = waited + pause, looks + 1

    async def _tried(self, call: Callable[[], Awaitable[T]]) -> T:
        """Once more after a failure that passes, or while another change is under way."""
        for left in reversed(range(TRIES)):
            try:
                return await call()
            except CallFailed as error:
                if not left or not (error.transient or error.code == BUSY):
                    raise
                await self._sleep(PAUSES[-1])
        raise AssertionError("unreachable")
