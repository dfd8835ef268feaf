"""A terminal that a program has for itself for a while: its other screen, its echo, its keys. It is given back at the
end, before the process is stopped by Ctrl-Z, and when a signal ends it.

The terminal is opened once more, so that a write never waits: not for one that is held by Ctrl-S, nor for a slow line.
What has no room goes out when there is some, and what would be drawn meanwhile is left out.
"""

from __future__ import annotations

import asyncio
import os
import re
import select
import signal
import stat
import termios
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any, Self, TextIO

from loadgen.interrupts import at_the_end, no_more
from loadgen.report.terminal.line import Line
from loadgen.report.words import encodable, wants_color

ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"  # the other screen, no cursor, no line that goes on in the next one
LEAVE = "\x1b[m\x1b[2J\x1b[H\x1b[?7h\x1b[?25h\x1b[?1049l"
PATIENCE = 1.0  # seconds to write that at the end
WHOLE = 20  # drawings, of which one is written whole: something else may have written on the screen
STOP, REDRAW = b"qQ", b"\x0c"
_SEQUENCE = re.compile(rb"\x1b[\[O][0-?]*[ -/]*[@-~]|\x1b.")  # of a key such as an arrow
_GAP = re.compile(" {8,}")

GONE = OSError  # nobody looks any more


class Alternate:
    """`changed` is called when the screen has to be drawn anew, in the loop in which it was entered."""

    def __init__(self, stream: TextIO, descriptor: int, keys: bool) -> None:
        self._stream, self._fd, self.keys = stream, descriptor, keys
        self._color = wants_color(stream)
        self.changed: Callable[[], None] = _nothing
        self._modes: list[Any] | None = None  # of the terminal, while they are changed
        self._loop: asyncio.AbstractEventLoop | None = None
        self._before: list[tuple[signal.Signals, Any]] = []
        self._shown: list[str] = []
        self._size = (0, 0)
        self._rest = b""
        self._drawn = 0
        self.entered = False

    @classmethod
    def of(cls, stream: TextIO) -> Self | None:
        """The terminal of `stream`; None if it cannot be had, or if who reads stdout may want it, such as a pager."""
        try:
            stream_fd, out = stream.fileno(), os.fstat(1).st_mode
            if not (stat.S_ISCHR(out) or stat.S_ISREG(out)):
                return None
            fd = os.open(os.ttyname(stream_fd), os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, ValueError):
            return None
        return cls(stream, fd, os.isatty(1) and _same(0, stream_fd))

    @property
    def size(self) -> os.terminal_size:
        try:
            return os.get_terminal_size(self._fd)
        except OSError:
            return os.terminal_size((0, 0))

    @property
    def ours(self) -> bool:
        """Whether this process is in the foreground. It is if nobody says otherwise."""
        try:
            return os.tcgetpgrp(self._fd) == os.getpgrp()
        except OSError:
            return True

    def enter(self) -> None:
        """Take the screen, inside a running loop."""
        if self.entered:
            return
        self.entered = True
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._take_signals()
        at_the_end(self._give_back)
        self._change_modes()
        self._shown = []
        self._write(ENTER)
        if self.keys:
            self._loop.add_reader(self._fd, self._pressed)

    def leave(self) -> None:
        """Give the screen back."""
        if not self.entered:
            return
        if self._loop:
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
        self._rest += LEAVE.encode()
        self._flush()
        if self._rest:  # it waits, as all that is printed from here on
            with suppress(OSError, ValueError):
                self._stream.buffer.write(self._rest)
                self._stream.flush()
        self._rest = b""
        self._restore_modes()
        no_more(self._give_back)
        self.entered = False

    def close(self) -> None:
        """Give everything back."""
        self.leave()
        for number, handler in self._before:
            signal.signal(number, handler)
        self._before = []
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def draw(self, lines: Sequence[Line]) -> None:
        """Show the lines: those that changed are written."""
        if self._rest:
            return
        self._drawn += 1
        if (size := self.size) != self._size:
            self._size, self._shown = size, []
        texts = [encodable(line.written(self._color), self._stream) for line in lines]
        empty, whole = not self._shown, self._drawn % WHOLE == 0
        old = self._shown or [""] * len(texts)
        written = [
            f"\x1b[{row};1H\x1b[2K{_short(text)}" for row, text in enumerate(texts, 1) if whole or text != old[row - 1]
        ]
        self._shown = texts
        self._write("".join(["\x1b[2J"] * empty + written))

    # what is written

    def _write(self, text: str) -> None:
        self._rest += text.encode(self._stream.encoding or "utf-8", "replace")
        self._flush()
        if self._rest and self._loop:
            self._loop.add_writer(self._fd, self._go_on)

    def _go_on(self) -> None:
        self._flush()
        if not self._rest and self._loop:
            self._loop.remove_writer(self._fd)

    def _flush(self) -> None:
        try:
            while self._rest:
                self._rest = self._rest[os.write(self._fd, self._rest) :]
        except BlockingIOError:
            pass
        except GONE:
            self._rest = b""

    # modes and keys

    def _change_modes(self) -> None:
        """No echo; and where keys are read, each at once. Ctrl-C and Ctrl-Z stay what they are."""
        with suppress(termios.error):
            self._modes = termios.tcgetattr(self._fd)
            changed = termios.tcgetattr(self._fd)
            changed[3] &= ~(termios.ECHO | (termios.ICANON if self.keys else 0))
            termios.tcsetattr(self._fd, termios.TCSANOW, changed)

    def _restore_modes(self) -> None:
        if self._modes and self.ours:  # else they are somebody else's by now
            with suppress(termios.error):
                termios.tcsetattr(self._fd, termios.TCSANOW, self._modes)
        self._modes = None

    def _pressed(self) -> None:
        try:
            pressed = os.read(self._fd, 1024)
        except BlockingIOError:
            return
        except GONE:
            pressed = b""
        if not pressed and self._loop:  # it has hung up
            self._loop.remove_reader(self._fd)
        pressed = _SEQUENCE.sub(b"", pressed)
        if any(key in STOP for key in pressed):
            signal.raise_signal(signal.SIGINT)
        elif any(key in REDRAW for key in pressed):
            self._redraw()

    # signals

    def _take_signals(self) -> None:
        handlers: dict[signal.Signals, Any] = {
            signal.SIGWINCH: self._later(self._redraw),
            signal.SIGTSTP: self._later(self._suspend),
            signal.SIGCONT: self._later(self._resume),
            signal.SIGQUIT: self._quit,
        }
        for number, handler in handlers.items():
            if (before := signal.getsignal(number)) != signal.SIG_IGN:
                self._before.append((number, before or signal.SIG_DFL))
                signal.signal(number, handler)

    def _later(self, do: Callable[[], None]) -> Callable[[int, FrameType | None], None]:
        """A handler that leaves it to the loop, which is never amidst a drawing."""

        def handler(number: int, frame: FrameType | None) -> None:
            if self._loop and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(do)

        return handler

    def _redraw(self) -> None:
        self._shown = []
        if self._fd >= 0:
            self.changed()

    def _suspend(self) -> None:
        """Ctrl-Z: the screen is given back before the process is stopped."""
        self.leave()
        handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, handler)  # it goes on
        self._resume()

    def _resume(self) -> None:
        """It goes on, perhaps in the background; who stopped it may have changed the modes."""
        if self.entered and self.ours:
            modes = self._modes
            self._change_modes()
            self._modes = modes or self._modes  # those from before, and not from between
            self._write(ENTER)
        self._redraw()

    def _quit(self, number: int, frame: FrameType | None) -> None:
        if self.entered:
            self._give_back()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _give_back(self) -> None:
        """The process ends here and now."""
        self._rest += LEAVE.encode()
        self._flush()
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        while self._rest and poll.poll(PATIENCE * 1000):
            self._flush()
        self._restore_modes()


def _short(text: str) -> str:
    """The text on a line that is empty: a gap is a movement of the cursor."""
    return _GAP.sub(lambda gap: f"\x1b[{len(gap[0])}C", text)


def _nothing() -> None: ...


def _same(descriptor: int, other: int) -> bool:
    """Whether both are the same terminal."""
    return os.isatty(descriptor) and os.fstat(descriptor).st_rdev == os.fstat(other).st_rdev
