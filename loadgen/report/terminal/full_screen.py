"""The display on a terminal that is large enough: the whole screen, as `view` makes it. On a smaller one it is a few
lines, also when it becomes one meanwhile; in the background it is nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from loadgen.report.sentences import notice_text
from loadgen.report.terminal.alternate import Alternate
from loadgen.report.terminal.live import Screen
from loadgen.report.terminal.view import LEAST_COLUMNS, LEAST_LINES, Facts, Size, view
from loadgen.report.words import clean
from loadgen.result.reason import Reason
from loadgen.runner.progress import Progress

DRAW = 0.4  # seconds between two drawings at the least
KEPT = 50  # notices: more than fit on any screen


class FullScreen:
    """On `terminal`, which is that of `stream`."""

    def __init__(self, stream: TextIO, terminal: Alternate, hide: Callable[[str], str] = str) -> None:
        self._lines = Screen(stream, hide)
        self._said: Callable[[str], str] = lambda text: clean(hide(text))
        self._terminal: Alternate | None = terminal
        terminal.changed = self._draw
        self._runs: dict[str, Progress] = {}  # those that go on, by variant
        self._notices: list[str] = []
        self._unsaid: list[Reason] = []  # on the screen that is given back
        self._drawn: tuple[object, ...] = ()
        self._next = 0.0

    @property
    def detailed(self) -> bool:
        return True

    def update(self, progress: Progress) -> None:
        position = progress.position
        going = position.now if position else ("",)
        self._runs = {name: run for name, run in self._runs.items() if name in going}
        self._runs[position.variant if position else ""] = progress
        now = (position and (position.round, position.now), progress.state, progress.phase_number)
        if now != self._drawn or not 0 <= self._next - progress.elapsed_s <= DRAW:
            self._drawn, self._next = now, progress.elapsed_s + DRAW
            self._draw()

    def message(self, notice: Reason) -> None:
        self._notices = [*self._notices, notice_text(notice)][-KEPT:]
        if self._terminal and self._terminal.entered:
            self._unsaid.append(notice)
            self._draw()
        else:
            self._lines.message(notice)

    def close(self) -> None:
        if self._terminal:
            self._terminal.close()
            self._terminal = None
        self._lines.close()
        self._say()

    def _draw(self) -> None:
        terminal = self._terminal
        if not terminal or not self._runs or not terminal.ours:
            return
        size = Size(*terminal.size)
        if size.columns >= LEAST_COLUMNS and size.lines >= LEAST_LINES:
            if not terminal.entered:
                self._lines.close()
                terminal.enter()
            terminal.draw(view(Facts((*self._runs.values(),), (*self._notices,), terminal.keys), size, self._said))
        else:
            terminal.leave()
            self._say()
            self._lines.update([*self._runs.values()][-1])

    def _say(self) -> None:
        """Say on the screen that is given back what was said on the other."""
        for notice in self._unsaid:
            self._lines.message(notice)
        self._unsaid = []
