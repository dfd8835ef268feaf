"""The live view on a terminal: whole at each size, stopped by keys, and the terminal is always given back."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from program import COMMAND, VALID, prepare, saved
from screens import Seat

pytestmark = pytest.mark.real

LONG = """
name: long
target: sandbox
sandbox: {service: 5ms}
load: [{name: first, rate: 100/s, for: 60s}, {name: second, rate: 200/s, for: 60s}]
"""
ENDLESS = LONG.replace("5ms", "50s")
EXPERIMENT = """
name: compared
target: sandbox
load: [{name: a, rate: 50/s, for: 30s}]
experiment: {rounds: 3, variants: {shared: {}, fresh: {session: per-request}}}
"""
SHORT = "name: s\ntarget: sandbox\nload: [{name: one, rate: 50/s, iterations: 20}]\n"
COLOR = re.compile(rb"\x1b\[[0-9;]*(3[0-7]|4[0-7]|9[0-7]|[34]8)[0-9;]*m")
LEADS = ("completed", "in flight", "failed", "p50", "p99", "max", "answers", "workers", "this machine")


def complete(seat: Seat, lines: int) -> bool:
    """Whether each part is there once, and the last line is that of the keys."""
    shown = seat.lines
    once = all(sum(line.startswith(lead) for line in shown) == 1 for lead in LEADS)
    return seat.whole and len(shown) == lines and once and shown[-1].startswith("q or Ctrl-C")


def going(seat: Seat) -> bool:
    """Whether there are answers."""
    return bool(re.search(r"^p99 +[0-9.]+ ms", seat.text, re.MULTILINE))


def test_at_each_size_it_is_whole_and_q_ends_the_run(tmp_path: Path) -> None:
    with Seat(tmp_path, *prepare(tmp_path, LONG)) as seat:
        seat.until(lambda: complete(seat, 24) and going(seat))
        assert re.match(
            r"long  the simulated target +first   \d+ s of 2 min   1 min \d+ s left|long .* left", seat.lines[0]
        )
        assert "▲" in seat.text
        seat.resize(200, 50)
        seat.until(lambda: complete(seat, 50) and going(seat) and len(seat.lines[0]) == 200)
        seat.resize(70, 20)
        seat.until(lambda: not seat.whole and "last second  p50" in seat.text)
        assert sum(line.startswith("iterations") for line in seat.lines) == 1
        seat.resize(80, 24)
        seat.until(lambda: complete(seat, 24) and going(seat))
        assert not seat.given_back
        seat.type("q")
        assert seat.ends() == 130
        assert seat.given_back
    assert COLOR.search(seat.written)
    assert "exit status 130: interrupted" in seat.text
    assert b"stopping: waiting for what is open" in seat.written.rpartition(b"\x1b[?1049l")[2], "it is said again"
    assert saved(tmp_path)["interrupted"]


def test_a_second_key_stops_at_once_and_no_color_is_heeded(tmp_path: Path) -> None:
    with Seat(tmp_path, *prepare(tmp_path, ENDLESS), env={"NO_COLOR": "1"}) as seat:
        seat.says("q or Ctrl-C: stop", "in flight     1")
        seat.type("\x03")
        seat.says("q or Ctrl-C once more")
        seat.type("q")
        assert seat.ends() == 130
        assert seat.given_back
    assert not COLOR.search(seat.written)
    assert {*saved(tmp_path)["variants"][0]["requests"]["outcomes"]} == {"cancelled"}


def test_a_signal_gives_the_terminal_back(tmp_path: Path) -> None:
    with Seat(tmp_path, *prepare(tmp_path, LONG)) as seat:
        seat.until(lambda: complete(seat, 24))
        seat.process.send_signal(signal.SIGTERM)
        assert seat.ends() == 130
        assert seat.given_back


def test_a_crash_gives_the_terminal_back(tmp_path: Path) -> None:
    code = """
import asyncio
from loadgen.fleet.fleet import Fleet
async def broken(self, *anything):
    await asyncio.sleep(1)
    raise RuntimeError("a bug")
Fleet.run = broken
from loadgen.__main__ import main
main()
"""
    with Seat(tmp_path, *prepare(tmp_path, LONG), command=(sys.executable, "-c", code)) as seat:
        assert seat.ends() == 1
        assert seat.given_back
    assert b"\x1b[?1049h" in seat.written
    assert "RuntimeError: a bug" in seat.text


def test_ctrl_z_gives_the_terminal_back_and_fg_takes_it_again(tmp_path: Path) -> None:
    with Seat(tmp_path, command=("bash", "--norc", "--noprofile", "--noediting", "-i")) as seat:
        seat.says("bash-")
        seat.type(f"{' '.join((*COMMAND, *prepare(tmp_path, LONG)))}\n")
        seat.until(lambda: complete(seat, 24) and going(seat))
        seat.type("\x1a")
        seat.until(lambda: "Stopped" in seat.text and seat.given_back)
        seat.type("fg\n")
        seat.until(lambda: complete(seat, 24))
        seat.type("q")
        seat.until(lambda: "exit status 130" in seat.text and seat.given_back)
        seat.type("exit\n")
        assert seat.ends() == 130


def test_an_experiment_shows_its_rounds(tmp_path: Path) -> None:
    with Seat(tmp_path, *prepare(tmp_path, EXPERIMENT)) as seat:
        seat.until(lambda: complete(seat, 24) and going(seat))
        assert re.match(r"round 1 of 3   (shared|fresh) runs   .* left of all   then (fresh|shared)", seat.lines[1])
        assert {line.split()[0] for line in seat.lines[2:4]} == {"shared", "fresh"}
        seat.type("q")
        assert seat.ends() == 130
        assert seat.given_back


@pytest.mark.parametrize("piped", [True, False])
def test_in_a_pipe_or_if_asked_for_it_is_a_few_lines(tmp_path: Path, piped: bool) -> None:
    """And no key is read: what was typed is there for whoever reads the terminal next."""
    stdout = subprocess.PIPE if piped else None
    with Seat(tmp_path, *prepare(tmp_path, SHORT), *["--no-tui"] * (not piped), stdout=stdout) as seat:
        seat.type("q")
        assert seat.ends() in VALID
        assert seat.given_back
        if seat.process.stdout:
            seat.process.stdout.close()
    assert b"iterations" in seat.written
    assert b"\x1b[?1049h" not in seat.written
