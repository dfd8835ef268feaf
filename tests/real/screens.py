"""A person at a terminal, in front of which loadgen runs: what is on the screen, and what is typed.

The terminal is emulated by pyte, to which the other screen of a terminal is added here.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyte
from program import COMMAND, LIMIT

from loadgen.clock import SECOND, now

OTHER_SCREEN, CURSOR, WRAPPING = 1049, 25, 7


class _Emulated(pyte.Screen):
    """One with another screen: what was there is there again when that is left."""

    other = False

    def set_mode(self, *modes: int, **more: Any) -> None:
        if OTHER_SCREEN in modes:
            self.other, self._main = True, (self.buffer, self.cursor)
            self.buffer, self.cursor = type(self.buffer)(self.buffer.default_factory), pyte.screens.Cursor(0, 0)
        super().set_mode(*modes, **more)

    def reset_mode(self, *modes: int, **more: Any) -> None:
        super().reset_mode(*modes, **more)
        if OTHER_SCREEN in modes and self.other:
            self.other = False
            self.buffer, self.cursor = self._main


class Seat:
    """`command` runs in a session of its own, whose terminal this is. Leaving the context ends it."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        command: tuple[str, ...] = COMMAND,
        size: tuple[int, int] = (80, 24),
        env: Mapping[str, str] | None = None,
        stdout: int | None = None,
    ) -> None:
        self._master, self._terminal = pty.openpty()
        self._screen = _Emulated(*size)
        self._stream = pyte.ByteStream(self._screen)
        self.written = b""
        self.resize(*size)
        self.before = termios.tcgetattr(self._terminal)
        self.process = subprocess.Popen(
            [*command, *arguments],
            cwd=folder,
            env={**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", "NO_COLOR": "", **(env or {})},
            stdin=self._terminal,
            stdout=self._terminal if stdout is None else stdout,
            stderr=self._terminal,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)
        os.close(self._terminal)

    def resize(self, columns: int, lines: int) -> None:
        """As the window of a terminal does it: it clears nothing, and tells the process."""
        self._screen.resize(lines, columns)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    @property
    def lines(self) -> list[str]:
        """What is on the screen."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def whole(self) -> bool:
        """Whether the program has the screen for itself."""
        return self._screen.other

    @property
    def given_back(self) -> bool:
        """Whether the terminal is as it was: its screen, its cursor, its lines, its echo."""
        modes = {mode >> 5 for mode in self._screen.mode}
        return not self.whole and {CURSOR, WRAPPING} <= modes and termios.tcgetattr(self._terminal) == self.before

    def until(self, seen: Callable[[], object]) -> None:
        """Read until it is so. Fails after `LIMIT` seconds."""
        limit = now() + round(LIMIT * SECOND)
        while not seen():
            assert now() < limit, f"it did not come:\n{self.text}"
            self._read(0.1)

    def says(self, *texts: str) -> None:
        self.until(lambda: all(text in self.text for text in texts))

    def ends(self) -> int:
        """Let it come to its end. Returns its status."""
        self.until(lambda: self.process.poll() is not None)
        while self._read(0):
            pass
        return self.process.returncode

    def _read(self, patience: float) -> bool:
        if not select.select([self._master], [], [], patience)[0]:
            return False
        taken = os.read(self._master, 65536)
        self.written += taken
        self._stream.feed(taken)
        return True
