"""The display that suits a stream while a run goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TextIO

from loadgen.report.terminal.alternate import Alternate
from loadgen.report.terminal.full_screen import FullScreen
from loadgen.report.terminal.live import Lines, Screen, Silence
from loadgen.report.words import is_screen
from loadgen.runner.progress import Display


class TerminalDisplay(Display, Protocol):
    """A display that gives its stream back."""

    def close(self) -> None: ...


def progress(stream: TextIO, *, quiet: bool, whole: bool = False, hide: Callable[[str], str] = str) -> TerminalDisplay:
    """The display that suits `stream`. With `whole` it may take the whole screen, and keys. `hide` takes secrets out of
    all that it shows."""
    if quiet:
        return Silence()
    if not is_screen(stream):
        return Lines(stream, hide)
    terminal = Alternate.of(stream) if whole else None
    return FullScreen(stream, terminal, hide) if terminal else Screen(stream, hide)
