"""KEEP: the run folder. What is there each second survives whatever dies; `result.json` is written whole at the end.

profile.json      the resolved profile, without the values that came from the environment
run.json          seed, versions, host, when
worker-N.counters the ledgers, mapped by the workers while they run
seconds.bin       what came in each second: counts by second of due, or by a part of it, and the generator's health
exemplars.json    single requests with their ids, if answers had some
parts.bin         the parts of exchanges' times and the traffic, of a load that is shared (`record/parts.py`)
result.json       the result; its absence means the run is INCOMPLETE
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from loadgen.errors import ProfileError
from loadgen.files import Scratch, taken
from loadgen.record.ledger import open_with_room
from loadgen.record.packed import Piece
from loadgen.record.parts import FILE as PARTS
from loadgen.record.parts import Parts, packed_parts
from loadgen.record.seconds import FILE, SecondsWriter
from loadgen.result.codec import map_text
from loadgen.result.reason import Reason


class RunFolder:
    """Writes a run's files. A disk that is full or read-only is told once, to `warn`, and the run goes on without; but
    if the folder is `needed`, because somebody named it, what is known before the load has to be written."""

    def __init__(
        self,
        path: Path,
        warn: Callable[[Reason], None],
        needed: bool = False,
        hide: Callable[[str], str] = str,
    ) -> None:
        """`hide` takes secrets out of the profile, and out of what captured values have named. Raises ProfileError for
        a folder that is there, and for one that is needed and cannot be made."""
        self.path, self._warn, self._needed, self._hide = path, warn, needed, hide
        self._seconds: SecondsWriter | None = None
        self._elsewhere: Scratch | None = None
        self._made, self.usable = False, True
        self._before("cannot be made", self._make)

    def _make(self) -> None:
        self.path.mkdir(mode=0o700, parents=True)  # the profile may hold what is nobody else's business
        self._made = True

    def make_room(self, worker: int, size: int) -> Path:
        """The file for a worker's ledger, its space taken; elsewhere if the folder takes nothing. Raises ProfileError
        if the folder is needed."""
        path = self.path / f"worker-{worker}.counters"
        if self.usable:
            self._before("has no room", lambda: os.close(open_with_room(path, size)))
        if self.usable:
            return path
        self._elsewhere = self._elsewhere or Scratch("loadgen-")
        return self._elsewhere.file(path.name, bytes(size))

    def inner(self, name: str) -> RunFolder:
        """A folder in this one. If this one is of no use, that has been told already."""
        warn = self._warn if self.usable else lambda told: None
        return RunFolder(self.path / name, warn, self._needed, self._hide)

    def begin(self, profile: dict[str, Any], about: dict[str, Any]) -> None:
        """Write what is known before the load. Raises ProfileError if the folder is needed and does not take it."""

        def write() -> None:
            self._write_about(profile, about)
            self._seconds = SecondsWriter(_new(self.path / FILE))
            self._seconds.begin()

        if self.usable:
            self._before("cannot be written", write)

    def _write_about(self, profile: dict[str, Any], about: dict[str, Any]) -> None:
        for name, known in (("profile.json", map_text(profile, self._hide)), ("run.json", about)):
            with _new(self.path / name) as file:
                file.write((json.dumps(known, indent=2) + "\n").encode())

    def amend(self, about: dict[str, Any]) -> None:
        """Write what is known again, as it has become another."""
        if self.usable:
            self._try("cannot be written", lambda: write_whole(self.path / "run.json", about))

    def second(self, pieces: Sequence[Piece], health: Sequence[dict[str, Any]]) -> None:
        """Append what came in since the last call."""
        if self.usable and (seconds := self._seconds):
            self._try("cannot be written", lambda: seconds.add([self._hidden(piece) for piece in pieces], health))

    def keep(self, name: str, value: dict[str, Any]) -> None:
        """Write a document beside the result, whole or not at all."""
        if self.usable:
            self._try("cannot be written", lambda: write_whole(self.path / name, value))

    def parts(self, parts: Parts) -> None:
        """Keep what only the end of the run tells, for whoever adds up the parts of a load that is shared."""

        def write() -> None:
            hidden = {key._replace(stratum=self._hide(key.stratum)): of for key, of in parts.shares.items()}
            with _new(self.path / PARTS) as file:
                file.write(packed_parts(replace(parts, shares=hidden)))

        if self.usable:
            self._try("cannot be written", write)

    def finish(self, result: dict[str, Any]) -> bool:
        """Write the result, whole or not at all; returns whether it is there."""
        if self.usable:
            self._try("cannot be written", lambda: write_whole(self.path / "result.json", result))
        self.close()
        return self.usable

    def close(self) -> None:
        if self._seconds:
            self._try("cannot be closed", self._seconds.close)
            self._seconds = None
        if self._elsewhere:
            self._elsewhere.close()
            self._elsewhere = None

    def _hidden(self, piece: Piece) -> Piece:
        return replace(piece, series=tuple(key._replace(stratum=self._hide(key.stratum)) for key in piece.series))

    def _before(self, what: str, work: Callable[[], object]) -> None:
        """Work before the load."""
        self._try(what, work, self._refuse if self._needed else self._give_up)

    def _try(self, what: str, work: Callable[[], object], failed: Callable[[str], None] | None = None) -> None:
        try:
            work()
        except FileExistsError as error:
            problem = f"{error.filename} {taken(error)}"
            raise ProfileError(problem, remedy="Name another folder with --out") from None
        except OSError as error:
            (failed or self._give_up)(f"{what}: {error.strerror}")

    def discard(self) -> None:
        """Leave nothing of it."""
        self.close()
        if self._made:
            shutil.rmtree(self.path, ignore_errors=True)

    def _refuse(self, why: str) -> None:
        self.discard()
        raise ProfileError(why, file=str(self.path), remedy="Name a folder elsewhere with --out")

    def _give_up(self, why: str) -> None:
        if self.usable:
            self._warn(Reason.of("folder_unusable", folder=str(self.path), why=why))
        self.usable = False


class ExperimentFolder(RunFolder):
    """The folder of an experiment: what is said before and after; its runs have folders of their own below it."""

    def begin(self, profile: dict[str, Any], about: dict[str, Any]) -> None:
        if self.usable:
            self._before("cannot be written", lambda: self._write_about(profile, about))

    def put_aside(self, name: str) -> None:
        """Keep what is left of a run that was cut short, under another name. Raises ProfileError if that cannot be."""
        path = self.path / name
        if os.path.lexists(path):
            self._before("cannot be renamed", lambda: _rename(path))


class ExperimentFolderAgain(ExperimentFolder):
    """The folder of an earlier experiment, which goes on in it."""

    def _make(self) -> None: ...


def _rename(path: Path) -> None:
    number = 1
    while os.path.lexists(aside := path.with_name(f"{path.name}-cut-short-{number}")):
        number += 1
    path.rename(aside)


def write_whole(path: Path, value: dict[str, Any]) -> None:
    """Write JSON into a file that nobody else may read, whole or not at all. Raises OSError."""
    temporary = path.with_name(f".{path.name}")
    file = _new(temporary)
    try:
        with file:
            file.write((json.dumps(value, indent=1) + "\n").encode())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise


def _new(path: Path) -> BinaryIO:
    """A file that is made here and nobody else may read; never one that somebody else has put there, or a link."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


def latest(runs: Path) -> Path | None:
    """The newest run folder below `runs`, of those that may be looked into."""
    return next(iter(newest_first(runs)), None) if runs.is_dir() else None


def newest_first(runs: Path) -> list[Path]:
    """The run folders below `runs` that may be looked into. Raises OSError if it cannot be read."""
    began = {path: at for path in runs.iterdir() if (at := _began(path)) is not None}
    return sorted(began, key=lambda path: (began[path], path.name), reverse=True)


def _began(run: Path) -> float | None:
    """When the run of a folder began, in seconds; None for what is no run's folder, or somebody else's own."""
    try:
        status = (run / "run.json").stat()
    except OSError:
        return None
    return status.st_mtime if stat.S_ISREG(status.st_mode) else None
