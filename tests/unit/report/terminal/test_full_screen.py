"""The whole screen, a few lines, or nothing, as the terminal is now; and what was said meanwhile."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest
from going_runs import BURST, POSITION

from loadgen.report.terminal import live
from loadgen.report.terminal.alternate import Alternate
from loadgen.report.terminal.full_screen import FullScreen
from loadgen.report.terminal.line import Line
from loadgen.result.reason import Reason


class Terminal:
    """Keeps what is drawn on it."""

    keys = True

    def __init__(self) -> None:
        self.size, self.ours, self.entered, self.closed = os.terminal_size((80, 24)), True, False, False
        self.drawn: list[list[str]] = []
        self.changed: Callable[[], None] = lambda: None

    def enter(self) -> None:
        self.entered = True

    def leave(self) -> None:
        self.entered = False

    def close(self) -> None:
        self.leave()
        self.closed = True

    def draw(self, lines: Sequence[Line]) -> None:
        assert self.entered
        self.drawn.append([line.plain for line in lines])


class Stream(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> tuple[FullScreen, Terminal, Stream]:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(live, "columns", lambda stream, unknown: 80)
    terminal, stream = Terminal(), Stream()
    return FullScreen(stream, cast(Alternate, terminal), lambda text: text.replace("secret", "***")), terminal, stream


Shown = tuple[FullScreen, Terminal, Stream]


def test_it_draws_twice_a_second_and_at_each_change(shown: Shown) -> None:
    screen, terminal, stream = shown
    for tenth in range(100):
        screen.update(replace(BURST, elapsed_s=tenth / 10))
    assert 19 <= len(terminal.drawn) <= 26
    screen.update(replace(BURST, elapsed_s=9.91))
    screen.update(replace(BURST, elapsed_s=9.92, phase_number=3))
    assert "steady 2/2 " in terminal.drawn[-1][0]
    screen.update(replace(BURST, elapsed_s=0.1, phase_number=3))
    assert "   0 s of 21 s" in terminal.drawn[-1][0], "the next run begins"
    screen.close()
    assert terminal.closed
    assert stream.getvalue() == ""


def test_a_smaller_terminal_has_a_few_lines(shown: Shown) -> None:
    screen, terminal, stream = shown
    screen.update(BURST)
    screen.message(Reason.of("run_died"))
    terminal.size = os.terminal_size((80, 23))
    terminal.changed()
    assert not terminal.entered
    assert "iterations" in stream.getvalue()
    assert stream.getvalue().count("the process died") <= 1
    before = stream.getvalue()
    terminal.size = os.terminal_size((79, 24))
    screen.update(replace(BURST, elapsed_s=13.0))
    assert not terminal.entered
    terminal.size = os.terminal_size((80, 24))
    screen.update(replace(BURST, elapsed_s=14.0))
    assert terminal.entered
    assert stream.getvalue() != before
    assert stream.getvalue().endswith(live.SHOW_CURSOR), "the lines are gone"
    screen.close()


def test_what_was_said_is_said_again_on_the_screen_that_is_given_back(shown: Shown) -> None:
    screen, terminal, stream = shown
    screen.message(Reason.of("tls_not_verified"))
    said = "TLS certificates were not verified (tls.verify: false)\n"
    assert stream.getvalue() == said, "there is no other yet"
    screen.update(BURST)
    screen.message(Reason.of("sandbox_silent", error="a secret \x1b]0;owned\x07"))
    assert "a *** ?]0;owned?" in terminal.drawn[-1]
    assert stream.getvalue() == said
    screen.close()
    screen.close()
    assert stream.getvalue() == f"{said}a *** ?]0;owned?\n"
    screen.message(Reason.of("tls_not_verified"))
    assert stream.getvalue().endswith(said)


def test_in_the_background_nothing_is_drawn(shown: Shown) -> None:
    screen, terminal, stream = shown
    terminal.ours = False
    screen.update(BURST)
    terminal.changed()
    assert (terminal.entered, terminal.drawn, stream.getvalue()) == (False, [], "")
    terminal.ours = True
    terminal.changed()
    assert terminal.drawn
    screen.close()


def test_a_duet_is_drawn_with_both_and_ends_with_its_round(shown: Shown) -> None:
    screen, terminal, _ = shown
    both = ("shared", "fresh")
    for name in both:
        screen.update(replace(BURST, position=replace(POSITION, now=both, variant=name)))
    terminal.changed()
    assert any(line.startswith("p99 fresh") for line in terminal.drawn[-1])
    screen.update(replace(BURST, position=replace(POSITION, now=("third",), variant="third")))
    assert any(line.startswith("p99  ") for line in terminal.drawn[-1])
    screen.close()


def test_a_change_before_there_is_anything_draws_nothing(shown: Shown) -> None:
    screen, terminal, _ = shown
    terminal.changed()
    assert not terminal.drawn
    screen.close()
    terminal.changed()
    assert not terminal.drawn
    assert cast(Any, screen).detailed
