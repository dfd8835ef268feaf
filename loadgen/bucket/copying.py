"""The copier as its parent sees it."""

from __future__ import annotations

import json
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from loadgen.bucket.copier import FINISH
from loadgen.bucket.place import Place
from loadgen.clock import SECOND
from loadgen.errors import TargetError
from loadgen.net.children import Lines, spawn, withheld

START_LIMIT = 60 * SECOND
FINISH_LIMIT = 600 * SECOND
END_LIMIT = 5.0  # seconds
PROXIES = {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"}


class Copying:
    """Copies `folder`, which need not exist yet, to `place` until it is finished; also if this process dies."""

    def __init__(self, folder: Path, place: Place) -> None:
        """Returns when the place has been taken. Raises TargetError if it cannot be, with one line for the user."""
        self.place = place
        self._process = spawn("loadgen.bucket.copier", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout
        self._lines = Lines(self._process.stdout)
        where = {"folder": str(folder.absolute()), "place": (place.bucket, place.prefix)}
        try:
            self._write(json.dumps({**where, "environment": _needed()}).encode() + b"\n")
            self._answer(START_LIMIT)
        except TargetError:
            self._leave()
            raise

    def finish(self) -> int:
        """Copy the rest. Returns the number of files, 0 if the folder was never there. Raises TargetError, with one
        line for the user."""
        try:
            self._write(FINISH)
            files: int = self._answer(FINISH_LIMIT)["files"]
        finally:
            self._leave()
        return files

    def _leave(self) -> None:
        """The copier has answered for the last time, or does not answer."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(BrokenPipeError):
                    pipe.close()
        try:
            self._process.wait(END_LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _write(self, line: bytes) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            raise self._gone() from None

    def _answer(self, limit: int) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = json.loads(self._lines.next(limit))
        except TimeoutError:
            raise TargetError(f"{self.place}: the copy said nothing for {limit // SECOND} s") from None
        except EOFError:
            raise self._gone() from None
        if "error" in answer:
            raise TargetError(answer["error"])
        return answer

    def _gone(self) -> TargetError:
        return TargetError(f"{self.place}: the process that copies ended by itself")


def _needed() -> dict[str, str]:
    """What finds credentials and the way to S3, of the variables that no process of ours gets."""
    held = withheld().items()
    return {name: value for name, value in held if name.startswith("AWS_") or name.upper() in PROXIES}
