"""The journal of a function's changes: JSON lines, each of which is on disk before what it says is done, or as soon as
it is known.

original  the configuration before the first change
intent    a change is about to be made, to these settings, of the configuration with this revision
begun     the service has begun it
changed   it holds
restored  the original settings hold again

The RevisionId of a function changes as an update begins, and again as it ends. So a revision that is not the last one
known may still be ours: if the process died between a change and its line.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from loadgen.clock import SECOND
from loadgen.errors import PlanError, ProfileError
from loadgen.files import read_regular, why
from loadgen.runner.control import TIMEOUT
from loadgen.runner.function.calls import Configuration, Settings

FILE = "journal.jsonl"
SIZE = 16 << 20  # bytes that are read: a line has some 200
SKEW = 300  # s: AWS refuses a signature whose time is further from its own
_STAMPS = ("%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S%z")

Kind = Literal["original", "intent", "begun", "changed", "restored"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line: of an `intent` the memory (MB) and the other settings that are to be set, and the configuration that was
    there; of all others the configuration as the service told it. `at` is this machine's time, in ns since 1970;
    `function` names the function in the first line."""

    kind: Kind
    memory: int
    revision: str
    modified: str
    at: int
    function: str = ""
    description: str | None = None
    snap_start: bool | None = None

    @property
    def settings(self) -> Settings:
        return Settings(self.memory, self.description, self.snap_start)


class Journal:
    """The journal of a folder, which grows. A line is on disk when `add` returns."""

    def __init__(self, folder: Path, entries: Sequence[Entry] = (), file: str = FILE) -> None:
        self._path = folder / file
        self.entries = list(entries)
        self._ours = False  # whether the last line of the file was written here

    def add(self, entry: Entry) -> None:
        """Raises PlanError if it cannot be written: then nothing may be changed."""
        line = json.dumps(asdict(entry)) + "\n"
        try:
            whole, self._ours = self._ours or self._whole(), False
            self._write(line if whole else f"\n{line}")
        except OSError as error:
            raise PlanError(f"{self._path} cannot be written: {why(error)}") from None
        self._ours = True
        self.entries.append(entry)

    def _whole(self) -> bool:
        """Whether the file ends with a line that was not cut off."""
        if not os.path.lexists(self._path):
            return True
        content = read_regular(self._path, SIZE)
        return not content or content.endswith(b"\n")

    def _write(self, line: str) -> None:
        new = not os.path.lexists(self._path)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self._path, flags, 0o600)
        try:
            os.write(descriptor, line.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if new:
            _sync(self._path.parent)


def _sync(folder: Path) -> None:
    """Have the name of a new file on disk too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_journal(folder: Path, file: str = FILE) -> Journal:
    """The journal of a folder; it has no entries if nothing was changed. A line that was cut off is left out: it was
    never acted upon, or what it would say was not known. Raises ProfileError for what is no journal."""
    path = folder / file
    if not os.path.lexists(path):
        return Journal(folder, file=file)
    try:
        content = read_regular(path, SIZE)
    except OSError as error:
        raise ProfileError(f"cannot be read: {why(error)}", file=str(path)) from None
    return Journal(folder, entries_of(content, str(path)), file)


def entries_of(content: bytes, path: str) -> list[Entry]:
    """The entries of a journal's content. Raises ProfileError."""
    entries = []
    for number, line in enumerate(content.split(b"\n"), 1):
        if (entry := _entry(line)) is not None:
            entries.append(entry)
        elif line.endswith(b"}"):
            raise ProfileError("is not as loadgen wrote it", file=path, line=number)
    if entries and entries[0].kind != "original":
        raise ProfileError("does not begin with the original configuration", file=path)
    return entries


def _entry(line: bytes) -> Entry | None:
    try:
        said = json.loads(line)
        entry = Entry(**said)
    except (ValueError, TypeError, RecursionError):
        return None
    return entry if _sound(entry) else None


def _sound(entry: Entry) -> bool:
    texts = all(isinstance(of, str) and len(of) < 200 for of in (entry.revision, entry.modified, entry.function))
    numbers: list[Any] = [entry.memory, entry.at]
    whole = all(isinstance(of, int) and not isinstance(of, bool) and of >= 0 for of in numbers)
    described = entry.description is None or (isinstance(entry.description, str) and len(entry.description) < 300)
    texts = texts and described and entry.snap_start in (None, True, False)
    return texts and whole and entry.kind in get_args(Kind)


def is_ours(entries: Sequence[Entry], now: Configuration) -> bool:
    """Whether the configuration that a function has `now`, with no update under way, is the one that these changes
    left; if not, somebody else has changed it since.

    The revision tells, or LastModified with the settings: a revision changes once more as an update ends, and with what
    is no configuration, such as a permission. Of a change whose answer nobody wrote down, nothing tells for certain. It
    counts as ours if the settings are the intended ones, and were set after the configuration before it, and within the
    time in which AWS takes the signature of that call. Only somebody who set the same in the same minutes would be
    taken for us.
    """
    last = entries[-1]
    if now.revision == last.revision:
        return True
    if last.kind != "intent":
        return _is_as(last, now)
    if not last.settings.holds(now):  # it was not made
        known = next((entry for entry in reversed(entries) if entry.kind != "intent"), last)
        return _is_as(known, now)
    before, after = _seconds(last.modified), _seconds(now.modified)
    if before is None or after is None:
        return False
    away = after - last.at / SECOND
    return after >= before and -SKEW <= away <= SKEW + TIMEOUT / SECOND


def _is_as(known: Entry, now: Configuration) -> bool:
    return now.modified == known.modified and known.settings.holds(now)


def _seconds(stamp: str) -> float | None:
    """The time that a LastModified says, in s since 1970."""
    for pattern in _STAMPS:
        try:
            return datetime.strptime(stamp, pattern).astimezone(UTC).timestamp()
        except ValueError:
            continue
    return None
