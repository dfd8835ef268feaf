"""The plain displays during a run: a few lines on a terminal, a line every few seconds in a pipe, nothing with
`--quiet`. `full_screen` has the other one.

The first draws at most four times a second, in the caller's own time, and without a thread.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from loadgen.report.sentences import notice_text
from loadgen.report.terminal.capacity_curve import so_far
from loadgen.report.terminal.page import BAD, DIM, STRONG
from loadgen.report.terminal.plan_chart import names_of, time_left
from loadgen.report.words import (
    clean,
    columns,
    count,
    encodable,
    listed,
    ms,
    rate,
    seconds,
    several,
    sparkline,
    wants_color,
)
from loadgen.result.reason import Reason
from loadgen.runner.progress import Position, Progress

DRAW = 0.25  # seconds between two drawings
TELL = 5.0  # seconds between two lines in a pipe
WIDTH = 100
MEMORY = 40  # seconds of p99 that the sparkline shows
LEAD, CLOCK = 13, 40  # columns of what a line is about, and of the clock beside its bar
LEAST_DRAWN = 5  # columns of a bar and of the sparkline
UNKNOWN_WIDTH = 80  # columns of a terminal that does not say
GAP, MORE, NEWLINE = "   ", " …", "\n"
ERASE, UP = "\x1b[2K", "\x1b[1A"
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
GONE = (OSError, ValueError)  # nobody reads any more: that is no reason to end a run


class Silence:
    detailed = False

    def update(self, progress: Progress) -> None: ...

    def message(self, notice: Reason) -> None: ...

    def close(self) -> None: ...


class Lines:
    """A line every five seconds, and at each change of phase or state."""

    detailed = False

    def __init__(self, stream: TextIO, hide: Callable[[str], str] = str) -> None:
        self._stream, self._hide = stream, hide
        self._shown: tuple[str, str, int] | None = None
        self._position = ""
        self._next = 0.0

    def update(self, progress: Progress) -> None:
        if progress.state == "pausing":
            return
        position = standing(progress.position)
        now = position, progress.state, progress.phase_number
        if now != self._shown or progress.elapsed_s >= self._next:
            self._shown, self._next = now, progress.elapsed_s + TELL
            progress_line = f"{seconds(progress.elapsed_s):>9}  {_progress_line(progress)}"
            if position:
                self._stand(position)
            if len(progress_line) > WIDTH:  # the last second gets a line of its own
                progress_line = progress_line.replace("; last second", f"\n{'':>11}last second")
            for text in progress_line.split("\n"):
                self._write(text)

    def _stand(self, position: str) -> None:
        """Say which run it is, when it begins."""
        if position != self._position:
            self._position = position
            self._write(position)

    def message(self, notice: Reason) -> None:
        self._write(notice_text(notice))

    def _write(self, text: str) -> None:
        with suppress(*GONE):
            self._stream.write(encodable(f"{clean(self._hide(text))}\n", self._stream))
            self._stream.flush()

    def close(self) -> None: ...


class Screen:
    """A few lines that are redrawn, and removed at the end."""

    detailed = False

    def __init__(self, stream: TextIO, hide: Callable[[str], str] = str) -> None:
        self._stream, self._hide = stream, hide
        self._plain = not wants_color(stream)
        self._on_screen: list[str] = []  # the lines as they were drawn, without style
        self._progress: Progress | None = None
        self._drawn: tuple[str, str, int] | None = None
        self._next = 0.0
        self._tail: deque[float | None] = deque(maxlen=MEMORY)
        self._second = -1

    def update(self, progress: Progress) -> None:
        if int(progress.elapsed_s) != self._second:
            self._second = int(progress.elapsed_s)
            self._tail.append(progress.p99_ms)
        now = standing(progress.position), progress.state, progress.phase_number
        if now != self._drawn or progress.elapsed_s >= self._next:
            self._drawn, self._next = now, progress.elapsed_s + DRAW
            self._progress = progress
            self._write(self._redrawn())

    @property
    def width(self) -> int:
        """How wide the terminal is by now."""
        return columns(self._stream, UNKNOWN_WIDTH)

    def picture(self, p: Progress) -> Text:
        """The lines, each with its style and no wider than the terminal."""
        width = max(1, min(WIDTH, self.width - 1))
        lines = [_timeline(p, width), _clock(p, width), _rates(p, width), _answers(p, width), self._latency(p, width)]
        if position := standing(p.position):
            lines.insert(0, Text(clean(position), STRONG))
        if p.position and p.position.capacities:
            lines.insert(1, Text(so_far(p.position.capacities[0], clean)))
        for text in lines:
            text.plain = self._hide(text.plain)
            text.truncate(width, overflow="ellipsis")
            text.plain = encodable(text.plain, self._stream)
        return Text("\n").join(lines)

    def _latency(self, p: Progress, width: int) -> Text:
        lead = ("last second", DIM)
        if p.p99_ms is None:
            return _parts(lead, ["no answers"], width)
        text = _parts(lead, [f"p50 {ms(p.p50_ms)} ms", f"p99 {ms(p.p99_ms)} ms"], width)
        if peak := max((value for value in self._tail if value is not None), default=None):
            title, end = f"{GAP}p99 by second ", f" to {ms(peak)} ms"
            room = width - text.cell_len - len(title) - len(end)
            if room >= LEAST_DRAWN:
                text.append(f"{title}{sparkline([*self._tail][-room:], peak)}{end}")
        return text

    def message(self, notice: Reason) -> None:
        said = self._text(Text(encodable(clean(self._hide(notice_text(notice))), self._stream)))
        self._write(f"{self._erased()}{said}{self._redrawn() if self._progress else ''}")

    def close(self) -> None:
        if self._progress:
            self._progress = None
            self._write(f"{self._erased()}{SHOW_CURSOR}")

    def _redrawn(self) -> str:
        assert self._progress
        erased, picture = self._erased(), self.picture(self._progress)
        self._on_screen = picture.plain.split("\n")
        return f"{erased}{HIDE_CURSOR}{self._text(picture).removesuffix(NEWLINE)}"

    def _erased(self) -> str:
        """What removes the lines from the screen, row by row: some terminals would keep a screen that is erased as a
        whole. A terminal that has become narrower has wrapped the lines."""
        rows = sum(max(1, -(-cell_len(line) // self.width)) for line in self._on_screen)
        self._on_screen = []
        return f"\r{UP.join([ERASE] * rows)}" if rows else ""

    def _text(self, text: Text) -> str:
        """The text with its style, as wide as the terminal."""
        made = io.StringIO()
        Console(
            file=made, width=self.width, force_terminal=True, color_system="standard", no_color=self._plain,
            legacy_windows=False, highlight=False, markup=False, emoji=False, _environ={},
        ).print(text)  # fmt: skip
        return made.getvalue()

    def _write(self, text: str) -> None:
        with suppress(*GONE):
            self._stream.write(text)
            self._stream.flush()


def standing(position: Position | None) -> str:
    """`round 2 of 6: fresh`; empty for a single run."""
    if position is None:
        return ""
    return f"{position.each} {position.round} of {position.rounds}: {', '.join(position.now)}"


def _names(p: Progress) -> list[str]:
    return [clean(name) for name in names_of(p.phases)]


def _phase(p: Progress) -> str:
    names = _names(p)
    return names[p.phase_number] if 0 <= p.phase_number < len(names) else clean(p.phase)


def _progress_line(p: Progress) -> str:
    """The same as on a terminal, in one line: the state, and the figures of the last second, which may belong to
    another phase."""
    if p.state == "preparing":
        return f"preparing {several(p.workers, 'worker')}"
    waiting = {"draining": "waiting for the last answers", "stopping": "stopping"}
    said = [waiting.get(p.state, _phase(p)), f"{count(p.in_flight)} in flight", f"{count(p.ok)} ok"]
    said.append(listed(p.failed) or "0 failed")
    if p.state == "running" and time_left(p):
        said.append(time_left(p))
    last = [_pace(p)] if p.rate_now is not None else []
    if p.p99_ms is not None:
        last += [f"p50 {ms(p.p50_ms)} ms", f"p99 {ms(p.p99_ms)} ms"]
    return ", ".join(said) + (f"; last second {', '.join(last)}" if last else "")


def _pace(p: Progress) -> str:
    """The iterations started in the last second, and how many were planned."""
    return f"{rate(p.rate_now)}{f' of {rate(p.rate_planned)}' if p.rate_planned is not None else ''}"


def _timeline(p: Progress, width: int) -> Text:
    """The phases; if there is no room for all, those around the present one."""
    names, at = _names(p), p.phase_number
    first = 0
    while first < at and len(" ▸ ".join(names[first : at + 2])) > width - 4:
        first += 1
    text = Text("… " if first else "")
    for number, name in enumerate(names[first:], first):
        if number > max(first, at) and text.cell_len + cell_len(f" ▸ {name}{MORE}") > width:
            return text.append(MORE)
        text.append(" ▸ " if number > first else "", DIM)
        text.append(name, STRONG + " reverse" if number == at else DIM if number < at else "")
    return text


def _clock(p: Progress, width: int) -> Text:
    gone = seconds(round(p.elapsed_s))
    if not p.total_s:
        return _parts((p.state, DIM), [gone], width)
    text = _parts((p.state, DIM), [f"{gone} of {seconds(round(p.total_s))}, {time_left(p)}"], width)
    room = min(width - text.cell_len - 1, max(LEAST_DRAWN, width - LEAD - CLOCK))
    if room < LEAST_DRAWN:
        return text
    done = round(room * min(1.0, p.elapsed_s / p.total_s))
    return Text.assemble(text[:LEAD], "━" * done + "┄" * (room - done), " ", text[LEAD:])


def _rates(p: Progress, width: int) -> Text:
    planned = f" of {count(p.planned)}" if p.planned is not None else ""
    workers = f"{count(p.workers)} worker{'s' if p.workers != 1 else ''}"
    parts = [_pace(p), f"{count(p.started)} started{planned}", f"{count(p.in_flight)} in flight", workers]
    return _parts(("iterations", DIM), parts, width)


def _answers(p: Progress, width: int) -> Text:
    failed = clean(listed(p.failed))
    text = _parts(("answers", DIM), [f"{count(p.ok)} ok"], width)
    if not failed:
        return text.append(f"{GAP}0 failed")
    return text.append_text(_joined(GAP, ", ", failed.split(", "), width - text.cell_len, BAD))


def _parts(lead: tuple[str, str], parts: Sequence[str], width: int) -> Text:
    """A line of parts behind its lead."""
    return Text.assemble((f"{lead[0]:<{LEAD}}", lead[1]), _joined("", GAP, parts, width - LEAD))


def _joined(before: str, between: str, parts: Sequence[str], width: int, style: str = "") -> Text:
    """As many parts as there is room for, an ellipsis for the others: none is cut, so that no number is."""
    text = ""
    for number, part in enumerate(parts):
        more = f"{between if number else before}{part}"
        rest = 0 if number == len(parts) - 1 else len(MORE)
        if cell_len(text) + cell_len(more) + rest > width:
            return Text(f"{text}{MORE}", style)
        text += more
    return Text(text, style)
