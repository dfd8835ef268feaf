"""The display during a run: a few lines on a terminal, a line every few seconds in a pipe, nothing with `--quiet`.

It draws at most four times a second, in the caller's own time, and without a thread.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import Protocol, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from loadgen.report.sentences import notice_text
from loadgen.report.terminal.page import BAD, DIM, STRONG
from loadgen.report.words import (
    clean,
    count,
    encodable,
    is_screen,
    listed,
    ms,
    rate,
    seconds,
    several,
    sparkline,
    wants_color,
)
from loadgen.result.reason import Reason
from loadgen.runner.progress import Display, Progress

DRAW = 0.25  # seconds between two drawings
TELL = 5.0  # seconds between two lines in a pipe
WIDTH = 100
MEMORY = 40  # seconds of p99 that the sparkline shows
GONE = (OSError, ValueError)  # nobody reads any more: that is no reason to end a run


class TerminalDisplay(Display, Protocol):
    """A display that gives its stream back."""

    def close(self) -> None: ...


def progress(stream: TextIO, *, quiet: bool) -> TerminalDisplay:
    """The display that suits `stream`."""
    if quiet:
        return Silence()
    return Screen(stream) if is_screen(stream) else Lines(stream)


class Silence:
    def update(self, progress: Progress) -> None: ...

    def message(self, notice: Reason) -> None: ...

    def close(self) -> None: ...


class Lines:
    """A line every five seconds, and at each change of phase or state."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown: tuple[str, str, int] | None = None
        self._position = ""
        self._next = 0.0

    def update(self, progress: Progress) -> None:
        now = progress.position, progress.state, progress.phase_number
        if now != self._shown or progress.elapsed_s >= self._next:
            self._shown, self._next = now, progress.elapsed_s + TELL
            progress_line = f"{seconds(progress.elapsed_s):>9}  {_progress_line(progress)}"
            if progress.position:
                self._stand(progress.position)
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
            self._stream.write(encodable(f"{clean(text)}\n", self._stream))
            self._stream.flush()

    def close(self) -> None: ...


class Screen:
    """A few lines that are redrawn, and removed at the end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        plain = not wants_color(stream)
        console = _Console(file=stream, force_terminal=True, no_color=plain, highlight=False, markup=False, emoji=False)
        self._live = Live(
            console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        )
        self._drawn: tuple[str, str, int] | None = None
        self._next = 0.0
        self._tail: deque[float | None] = deque(maxlen=MEMORY)
        self._second = -1

    def update(self, progress: Progress) -> None:
        if int(progress.elapsed_s) != self._second:
            self._second = int(progress.elapsed_s)
            self._tail.append(progress.p99_ms)
        now = progress.position, progress.state, progress.phase_number
        if now != self._drawn or progress.elapsed_s >= self._next:
            self._drawn, self._next = now, progress.elapsed_s + DRAW
            self._draw(self.picture(progress))

    def picture(self, p: Progress) -> Text:
        """The lines, each with its style."""
        width = min(WIDTH, self._live.console.width - 1)
        lines = [_timeline(p, width), _clock(p, width), _rates(p), _answers(p), self._latency(p)]
        if p.position:
            lines.insert(0, Text(clean(p.position), STRONG))
        for text in lines:
            text.truncate(width, overflow="ellipsis")
            text.plain = encodable(text.plain, self._stream)
        return Text("\n").join(lines)

    def _latency(self, p: Progress) -> Text:
        peak = max((value for value in self._tail if value is not None), default=None)
        drawn = f"   p99 by second {sparkline(self._tail)} to {ms(peak)} ms" if peak else ""
        text = f"p50 {ms(p.p50_ms)} ms   p99 {ms(p.p99_ms)} ms" if p.p99_ms is not None else "no answers"
        return Text.assemble(("last second  ", DIM), f"{text}{drawn}")

    def _draw(self, picture: Text) -> None:
        with suppress(*GONE):
            self._live.start()
            self._live.update(picture, refresh=True)

    def message(self, notice: Reason) -> None:
        with suppress(*GONE):
            self._live.console.print(Text(encodable(clean(notice_text(notice)), self._stream)))

    def close(self) -> None:
        with suppress(*GONE):
            self._live.stop()


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Print nothing more. (rich would end the process.)"""
        self.quiet = True


def _names(p: Progress) -> list[str]:
    """The phases in order; one that runs more than once with its cycle: `burst 1/2`."""
    names = [name for name, _ in p.phases]
    numbered = [(name, names[: number + 1].count(name), names.count(name)) for number, name in enumerate(names)]
    return [clean(f"{name} {nth}/{all_}" if all_ > 1 else name) for name, nth, all_ in numbered]


def _phase(p: Progress) -> str:
    names = _names(p)
    return names[p.phase_number] if 0 <= p.phase_number < len(names) else clean(p.phase)


def _left(p: Progress) -> str:
    if p.total_s is None:
        return ""
    return f"{seconds(round(max(0.0, p.total_s - p.elapsed_s)))} left"


def _progress_line(p: Progress) -> str:
    """The same as on a terminal, in one line: the state, and the figures of the last second, which may belong to
    another phase."""
    if p.state == "preparing":
        return f"preparing {several(p.workers, 'worker')}"
    waiting = {"draining": "waiting for the last answers", "stopping": "stopping"}
    said = [waiting.get(p.state, _phase(p)), f"{count(p.in_flight)} in flight", f"{count(p.ok)} ok"]
    said.append(listed(p.failed) or "0 failed")
    if p.state == "running" and _left(p):
        said.append(_left(p))
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
        text.append(" ▸ " if number > first else "", DIM)
        text.append(name, STRONG + " reverse" if number == at else DIM if number < at else "")
    return text


def _clock(p: Progress, width: int) -> Text:
    lead, gone = f"{p.state:<13}", seconds(round(p.elapsed_s))
    if not p.total_s:
        return Text.assemble((lead, DIM), gone)
    room = width - len(lead) - 40
    done = round(room * min(1.0, p.elapsed_s / p.total_s)) if room > 0 else 0
    drawn = "━" * done + "┄" * max(0, room - done)
    return Text.assemble((lead, DIM), f"{drawn} {gone} of {seconds(round(p.total_s))}, {_left(p)}")


def _rates(p: Progress) -> Text:
    planned = f" of {count(p.planned)}" if p.planned is not None else ""
    workers = several(p.workers, "worker")
    text = f"{_pace(p)}   {count(p.started)} started{planned}   {count(p.in_flight)} in flight   {workers}"
    return Text.assemble(("iterations   ", DIM), text)


def _answers(p: Progress) -> Text:
    failed = listed(p.failed)
    failures: tuple[str, str] = (clean(failed), BAD) if failed else ("0 failed", "")
    return Text.assemble(("answers      ", DIM), f"{count(p.ok)} ok   ", failures)
