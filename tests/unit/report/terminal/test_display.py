"""Which display suits a stream, and that the commands ask for the one that was asked of them."""

from __future__ import annotations

import io
from typing import Any

import pytest
from called import Loadgen

from loadgen.errors import PlanError
from loadgen.report.terminal import display
from loadgen.report.terminal.alternate import Alternate
from loadgen.report.terminal.display import progress
from loadgen.report.terminal.full_screen import FullScreen
from loadgen.report.terminal.live import Lines, Screen, Silence
from loadgen.runner import session


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_whole_screen_is_taken_where_it_may_and_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(progress(Terminal(), quiet=False, whole=True), Screen), "which has no descriptor"
    monkeypatch.setattr(Alternate, "of", lambda stream: Alternate(stream, -1, False))
    assert isinstance(progress(Terminal(), quiet=False, whole=True), FullScreen)
    assert isinstance(progress(Terminal(), quiet=False), Screen)
    assert isinstance(progress(Terminal(), quiet=True, whole=True), Silence)
    assert isinstance(progress(io.StringIO(), quiet=False, whole=True), Lines)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(progress(Terminal(), quiet=False, whole=True), Lines)


@pytest.mark.parametrize(
    ("arguments", "option", "asked"),
    [
        (("run",), (), (False, True)),
        (("run",), ("--no-tui",), (False, False)),
        (("keepalive", "--idle", "1s"), ("--no-tui", "-q"), (True, False)),
    ],
)
def test_commands_take_the_whole_screen_unless_told_otherwise(
    loadgen: Loadgen,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    option: tuple[str, ...],
    asked: tuple[bool, bool],
) -> None:
    seen = []

    async def carried_out(*anything: Any) -> None:
        raise PlanError("that is enough")

    def made(stream: Any, *, quiet: bool, whole: bool, hide: Any) -> Silence:
        seen.append((quiet, whole))
        return Silence()

    monkeypatch.setattr(session, "run", carried_out)
    monkeypatch.setattr(display, "progress", made)
    assert loadgen(*arguments, "http://127.0.0.1:9/", *option).err == "loadgen: that is enough\n"
    assert seen == [asked]
