"""The terminal that is lent: what is written on it, what it is told, and how it is given back."""

from __future__ import annotations

import asyncio
import fcntl
import io
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator

import pytest

from loadgen.report.terminal.alternate import ENTER, LEAVE, WHOLE, Alternate
from loadgen.report.terminal.line import Line


class Pty:
    """A terminal of 80 by 24, which nobody types on but `type`."""

    def __init__(self) -> None:
        self._master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.set_blocking(self._master, False)
        self.stream = io.TextIOWrapper(io.FileIO(self.slave, "w", closefd=False), "utf-8", write_through=True)

    def lent(self, keys: bool = True) -> Alternate:
        flags = os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
        return Alternate(self.stream, os.open(os.ttyname(self.slave), flags), keys)

    def written(self) -> str:
        found = b""
        while True:
            try:
                found += os.read(self._master, 65536)
            except BlockingIOError:
                return found.decode()

    def type(self, text: bytes) -> None:
        os.write(self._master, text)

    @property
    def modes(self) -> tuple[bool, bool]:
        """Whether it echoes, and waits for a whole line."""
        local = termios.tcgetattr(self.slave)[3]
        return bool(local & termios.ECHO), bool(local & termios.ICANON)

    def close(self) -> None:
        self.stream.close()
        os.close(self.slave)
        os.close(self._master)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pty]:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    made = Pty()
    yield made
    made.close()


async def test_it_is_given_back_as_it_was(terminal: Pty) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGWINCH, signal.SIGTSTP, signal.SIGCONT)}
    lent = terminal.lent()
    assert terminal.modes == (True, True)
    lent.enter()
    lent.enter()
    assert terminal.modes == (False, False)
    lent.leave()
    assert terminal.modes == (True, True)
    lent.enter()
    lent.close()
    lent.close()
    assert terminal.modes == (True, True)
    assert terminal.written() == (ENTER + LEAVE) * 2
    assert {number: signal.getsignal(number) for number in before} == before


async def test_where_no_keys_are_read_lines_stay_lines(terminal: Pty) -> None:
    lent = terminal.lent(keys=False)
    lent.enter()
    assert terminal.modes == (False, True)
    lent.close()


async def test_what_has_changed_is_written(terminal: Pty) -> None:
    lent = terminal.lent()
    lent.enter()
    terminal.written()
    lent.draw([Line("one"), Line("two")])
    assert terminal.written() == "\x1b[2J\x1b[1;1H\x1b[2Kone\x1b[2;1H\x1b[2Ktwo"
    lent.draw([Line("one"), Line(f"two{' ' * 20}x")])
    assert terminal.written() == "\x1b[2;1H\x1b[2Ktwo\x1b[20Cx"
    fcntl.ioctl(terminal.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
    lent.draw([Line("one")])
    assert terminal.written() == "\x1b[2J\x1b[1;1H\x1b[2Kone", "of another size it is written whole"
    assert lent.size == (200, 50)
    lent.close()


async def test_from_time_to_time_all_is_written_for_something_else_may_have_been(terminal: Pty) -> None:
    lent = terminal.lent()
    lent.enter()
    for _ in range(WHOLE - 1):
        lent.draw([Line("one"), Line("")])
    assert terminal.written().count("one") == 1
    lent.draw([Line("one"), Line("")])
    assert terminal.written() == "\x1b[1;1H\x1b[2Kone\x1b[2;1H\x1b[2K", "without a moment in which nothing is there"
    lent.close()


async def test_a_terminal_that_takes_nothing_is_not_waited_for(terminal: Pty) -> None:
    lent = terminal.lent()
    lent.enter()
    for number in range(100):
        lent.draw([Line(f"{number} {'x' * 70}")] * 40)
    assert len(terminal.written()) < 100_000, "and what was left out does not pile up"
    for _ in range(10):
        await asyncio.sleep(0)
        terminal.written()
    lent.draw([Line("last")])
    await asyncio.sleep(0)
    assert terminal.written().endswith("last")
    lent.close()


@pytest.mark.parametrize(
    ("typed", "interrupts"), [(b"q", 1), (b"Q", 1), (b"x", 0), (b"\x1b[A\x1bOq", 0), (b"\x1b[15~q", 1), (b"qq", 1)]
)
async def test_q_is_an_interrupt(terminal: Pty, typed: bytes, interrupts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[int] = []
    monkeypatch.setattr(signal, "raise_signal", raised.append)
    lent = terminal.lent()
    lent.enter()
    terminal.type(typed + b"\x0c")
    drawn = asyncio.Event()
    lent.changed = drawn.set
    while not (drawn.is_set() or raised):
        await asyncio.sleep(0)
    assert raised == [signal.SIGINT] * interrupts
    lent.close()


@pytest.mark.parametrize("number", [signal.SIGWINCH, signal.SIGCONT])
async def test_another_size_is_drawn_at_once(terminal: Pty, number: signal.Signals) -> None:
    lent = terminal.lent()
    drawn = asyncio.Event()
    lent.changed = drawn.set
    lent.enter()
    os.kill(os.getpid(), number)
    await asyncio.wait_for(drawn.wait(), 10)
    lent.close()


ENDINGS = {
    "os.kill(os.getpid(), signal.SIGTERM)": 130,
    "os.kill(os.getpid(), signal.SIGHUP)": 130,
    "os.kill(os.getpid(), signal.SIGQUIT)": -signal.SIGQUIT,
}


@pytest.mark.parametrize(("ending", "status"), ENDINGS.items())
def test_a_signal_that_ends_the_process_gives_it_back(terminal: Pty, ending: str, status: int) -> None:
    code = f"""
import asyncio, os, resource, signal, sys
from loadgen.interrupts import end_at_once
from loadgen.report.terminal.alternate import Alternate

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
for ignored in (signal.SIGQUIT, signal.SIGHUP):  # by a shell's background jobs, and by what nohup runs
    signal.signal(ignored, signal.SIG_DFL)
end_at_once()
async def main():
    lent = Alternate.of(sys.stderr)
    lent.enter()
    {ending}
    await asyncio.sleep(60)
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=terminal.slave, check=False)
    assert done.returncode == status
    assert terminal.modes == (True, True)
    assert terminal.written() == ENTER + LEAVE


@pytest.mark.parametrize(
    ("stdout", "keys"), [(subprocess.PIPE, None), (subprocess.DEVNULL, False), ("terminal", True), ("other", False)]
)
def test_who_reads_stdout_may_want_it(terminal: Pty, stdout: int | str, keys: bool | None) -> None:
    """No keys are read where a program in the pipe may read them, or where stdin is another terminal."""
    code = """
import sys
from loadgen.report.terminal.alternate import Alternate
lent = Alternate.of(sys.stderr)
sys.exit(3 if lent is None else lent.keys)
"""
    other = Pty()
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdin=other.slave if stdout == "other" else terminal.slave,
        stdout=terminal.slave if isinstance(stdout, str) else stdout,
        stderr=terminal.slave,
        check=False,
    )
    other.close()
    assert done.returncode == (3 if keys is None else keys)


async def test_an_ascii_terminal_gets_ascii(terminal: Pty) -> None:
    terminal.stream.reconfigure(encoding="ascii")
    lent = terminal.lent()
    lent.enter()
    lent.draw([Line("▁▂▃▄▅▆▇█┄░●▲■▸─…·"), Line("日本")])
    shown = terminal.written()
    assert shown.isascii()
    assert "_.,:-+*#.!o^#>-~|" in shown
    lent.close()
