"""Progress while a run goes on."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest

from loadgen.report.terminal import live
from loadgen.report.terminal.display import progress
from loadgen.report.terminal.live import Lines, Screen, Silence
from loadgen.result.reason import Reason
from loadgen.runner.progress import PlannedPhase, Progress

START = Progress(
    phase="warm-up",
    cycle=1,
    cycles=2,
    phases=tuple(
        PlannedPhase(name, length)
        for name, length in (("warm-up", 5.0), ("steady", 5.0), ("burst", 3.0), ("steady", 5.0), ("burst", 3.0))
    ),
    phase_number=0,
    elapsed_s=0.0,
    total_s=21.0,
    planned=24_916,
    started=0,
    sent=0,
    in_flight=0,
    ok=0,
    failed={},
    rate_planned=None,
    rate_now=None,
    p50_ms=None,
    p99_ms=None,
    workers=1,
    state="running",
)
BURST = replace(
    START, phase="burst", phase_number=2, elapsed_s=12.0, started=14_210, in_flight=57, ok=14_100,
    failed={"timeout": 4, "throttled": 31}, rate_planned=2000.0, rate_now=1998.2, p50_ms=28.2, p99_ms=346.0,
)  # fmt: skip


class Terminal(io.StringIO):
    encoding = "utf-8"
    columns = 110

    def isatty(self) -> bool:
        return True


class Gone(Terminal):
    def write(self, text: str) -> int:
        raise BrokenPipeError


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(live, "columns", lambda stream, unknown: getattr(stream, "columns", unknown))
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_what_is_shown_suits_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(progress(Terminal(), quiet=True), Silence)
    assert isinstance(progress(io.StringIO(), quiet=False), Lines)
    assert isinstance(progress(Terminal(), quiet=False), Screen)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(progress(Terminal(), quiet=False), Lines)


def test_quiet_says_nothing() -> None:
    stream = io.StringIO()
    display = progress(stream, quiet=True)
    display.update(BURST)
    display.message(Reason.of("sandbox_silent", error="disk full"))
    display.close()
    assert stream.getvalue() == ""


def test_a_pipe_gets_a_line_every_five_seconds_and_at_each_change() -> None:
    stream = io.StringIO()
    display = Lines(stream)
    display.update(replace(START, state="preparing"))
    for tenth in range(121):
        display.update(replace(START, elapsed_s=tenth / 10))
    display.update(BURST)
    display.update(replace(BURST, elapsed_s=12.1))
    display.update(replace(BURST, elapsed_s=12.2, state="draining"))
    assert [line.split("  ")[-1].split(",")[0] for line in stream.getvalue().splitlines() if line[:9].strip()] == [
        "preparing 1 worker", "warm-up", "warm-up", "warm-up", "burst 1/2", "waiting for the last answers",
    ]  # fmt: skip


def test_a_line_says_all_that_matters() -> None:
    stream = io.StringIO()
    Lines(stream).update(BURST)
    assert stream.getvalue() == (
        "     12 s  burst 1/2, 57 in flight, 14,100 ok, 31 throttled, 4 timeout, 9 s left\n"
        "           last second 1,998.2/s of 2,000/s, p50 28.2 ms, p99 346 ms\n"
    )


def test_before_the_first_second_is_over_no_rate_is_told() -> None:
    stream, screen = io.StringIO(), Screen(Terminal())
    Lines(stream).update(START)
    assert stream.getvalue() == "      0 s  warm-up, 0 in flight, 0 ok, 0 failed, 21 s left\n"
    assert "iterations   -   0 started of 24,916" in screen.picture(START).plain
    assert screen.picture(START).plain.endswith("\nlast second  no answers")
    screen.close()


def test_a_screen_shows_the_same_in_lines() -> None:
    screen = Screen(Terminal())
    screen.update(replace(BURST, elapsed_s=11.0, p99_ms=100.0))
    screen.update(BURST)
    lines = screen.picture(BURST).plain.split("\n")
    screen.close()
    assert lines[0] == "warm-up ▸ steady 1/2 ▸ burst 1/2 ▸ steady 2/2 ▸ burst 2/2"
    assert re.fullmatch(r"running      ━+┄+ 12 s of 21 s, 9 s left", lines[1])
    assert lines[2] == "iterations   1,998.2/s of 2,000/s   14,210 started of 24,916   57 in flight   1 worker"
    assert lines[3] == "answers      14,100 ok   31 throttled, 4 timeout"
    assert lines[4] == "last second  p50 28.2 ms   p99 346 ms   p99 by second ▃█ to 346 ms"


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 160, 200])
def test_what_has_no_room_is_left_out_and_no_number_is_cut(width: int) -> None:
    screen = Screen(stream := Terminal())
    for second in range(9):
        screen.update(replace(BURST, elapsed_s=float(second)))
    whole = screen.picture(BURST).plain.split("\n")
    stream.columns = width
    lines = screen.picture(BURST).plain.split("\n")
    assert max(map(len, lines)) <= min(width - 1, 100)
    for line, full in zip(lines[2:], whole[2:], strict=True):
        words = {*re.split(r"[ ,]+", full), "…"}
        assert {word for word in re.split(r"[ ,]+", line) if re.search(r"\d", word)} <= words
        assert line == full or "…" in line or "second" in line
    screen.close()


def test_after_a_resize_no_line_is_left_over() -> None:
    screen = Screen(stream := Terminal())
    screen.update(BURST)
    rows = [len(line) for line in screen.picture(BURST).plain.split("\n")]
    stream.columns = 60  # a terminal wraps what is on it
    stream.truncate(0)
    screen.update(replace(BURST, elapsed_s=13.0))
    wrapped = sum(-(-row // 60) for row in rows)
    assert wrapped > 5
    assert stream.getvalue().count(live.ERASE) == stream.getvalue().count(live.UP) + 1 == wrapped
    stream.columns = 200
    stream.truncate(0)
    screen.update(replace(BURST, elapsed_s=14.0))
    assert stream.getvalue().count(live.ERASE) == 5
    stream.truncate(0)
    screen.close()
    assert stream.getvalue().count(live.ERASE) == 5
    assert stream.getvalue().endswith(f"{live.ERASE}{live.SHOW_CURSOR}"), "and the cursor is back"


def test_a_message_stands_above_the_lines() -> None:
    screen = Screen(stream := Terminal())
    screen.message(Reason.of("run_died"))
    screen.update(BURST)
    stream.truncate(0)
    screen.message(Reason.of("tls_not_verified"))
    screen.close()
    before, _, after = stream.getvalue().partition("TLS certificates were not verified (tls.verify: false)\n")
    assert before.endswith(live.ERASE)
    assert "iterations" in after


def test_a_screen_is_drawn_at_most_four_times_a_second() -> None:
    stream = Terminal()
    screen = Screen(stream)
    for hundredth in range(200):
        screen.update(replace(BURST, elapsed_s=12 + hundredth / 100))
    drawn = stream.getvalue().count("iterations")
    screen.close()
    assert 7 <= drawn <= 9


def test_a_change_of_phase_is_drawn_at_once() -> None:
    stream = Terminal()
    screen = Screen(stream)
    screen.update(START)
    screen.update(replace(START, elapsed_s=0.01, phase="steady", phase_number=1))
    assert stream.getvalue().count("iterations") == 2
    screen.close()


def test_many_phases_are_shown_around_the_present_one() -> None:
    phases = tuple(PlannedPhase(f"phase-{number}", 1.0) for number in range(50))
    screen = Screen(Terminal())
    picture = screen.picture(replace(START, phases=phases, phase_number=30)).plain.split("\n")
    screen.close()
    assert picture[0].startswith("… ")
    assert "phase-30 ▸ phase-31" in picture[0]
    assert max(map(len, picture)) <= 100


@pytest.mark.parametrize("state", ["preparing", "running", "draining", "stopping"])
def test_every_state_is_shown_without_a_plan(state: str) -> None:
    bare = replace(START, phases=(), phase_number=7, total_s=None, planned=None, state=state)
    screen, stream = Screen(Terminal()), io.StringIO()
    screen.update(bare)
    screen.close()
    Lines(stream).update(bare)
    assert stream.getvalue().count("\n") == 1


def test_no_color_means_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    coloured, plain = Terminal(), Terminal()
    Screen(coloured).update(BURST)
    monkeypatch.setenv("NO_COLOR", "1")
    Screen(plain).update(BURST)
    assert "\x1b[1;31m" in coloured.getvalue()
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", plain.getvalue())


def test_messages_cannot_steer_the_terminal() -> None:
    stream, pipe = Terminal(), io.StringIO()
    for display in (Screen(stream), Lines(pipe)):
        display.message(Reason.of("sandbox_silent", error="server said \x1b]0;owned\x07"))
        display.close()
    assert "server said ?]0;owned?" in stream.getvalue()
    assert pipe.getvalue() == "server said ?]0;owned?\n"


@pytest.mark.parametrize("kind", [Lines, Screen])
def test_a_reader_that_is_gone_does_not_end_the_run(kind: type[Lines] | type[Screen]) -> None:
    display = kind(Gone())
    display.update(BURST)
    display.message(Reason.of("stopping"))
    display.update(replace(BURST, elapsed_s=20))
    display.close()


def test_an_ascii_terminal_gets_ascii() -> None:
    class Ascii(Terminal):
        encoding = "ascii"

    stream = Ascii()
    screen = Screen(stream)
    screen.update(BURST)
    screen.close()
    assert stream.getvalue().isascii()
