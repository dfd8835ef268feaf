"""The command line: helps that teach, mistakes in one line, and an exit status for each."""

# ruff: noqa: E501

from __future__ import annotations

import errno
import fcntl
import io
import os
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest
from broken_profiles import BROKEN
from called import Called, Loadgen

from loadgen import __version__
from loadgen.cli import COMMANDS, _open_standard_streams, output
from loadgen.cli.run import seeded
from loadgen.errors import Exit
from loadgen.form import FORM
from loadgen.interrupts import SIGNALS
from loadgen.profile.load import shipped

# helps


SHIPPED = ", ".join(shipped())


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_the_help_names_every_command_and_status(loadgen: Loadgen, arguments: list[str]) -> None:
    called = loadgen(*arguments)
    assert (called.status, called.err) == (0, "")
    for command in COMMANDS:
        line = next(line for line in called.out.splitlines() if line.startswith(f"  {command} "))
        assert line.endswith("."), f"the summary of {command} is cut off"
    for status in Exit:
        assert f"\n  {status.value} " in called.out
    assert "loadgen run burst" in called.out


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_has_examples_that_work(loadgen: Loadgen, command: str) -> None:
    called = loadgen(command, "--help")
    assert (called.status, called.err) == (0, "")
    assert loadgen(command, "-h") == called
    examples = [line.split("#")[0].split() for line in called.out.splitlines() if line.startswith("  loadgen ")]
    assert examples
    for words in examples:
        assert words[1] == command
        names = [word for word in words if word.startswith("--")]
        assert all(f"  {name} " in called.out or f", {name} " in called.out for name in names), words
    assert max(map(len, called.out.splitlines())) <= 100


def test_the_version(loadgen: Loadgen) -> None:
    assert loadgen("--version") == Called(0, f"loadgen, version {__version__} ({FORM})\n", "")


def test_the_help_loads_nothing_heavy() -> None:
    """It answers at once: what takes long to import is left to the command that needs it."""
    code = """
import sys
from loadgen.cli import main
sys.argv = ["loadgen", "--help"]
try:
    main()
except SystemExit as stop:
    assert not stop.code
heavy = {"pydantic", "numpy", "aiohttp", "rich", "uvloop", "ruamel", "hdrh", "cryptography", "asyncio", "ssl"}
print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_it_is_being_imported_is_no_traceback(number: int) -> None:
    code = f"""
import os, sys
from loadgen.__main__ import main

class Interrupting:
    def find_spec(self, name, path, target=None):
        if name == "click":
            os.kill(os.getpid(), {int(number)})

sys.meta_path.insert(0, Interrupting())
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize(("arguments", "status"), [(["schema"], 0), (["frob"], 2), (["run", "nowhere"], 2)])
def test_a_terminal_that_is_gone_changes_no_exit_status(arguments: list[str], status: int) -> None:
    """After the hangup that ends a run its report meets a terminal that takes nothing any more."""
    master, terminal = os.openpty()
    code = "import sys; sys.stdin.read(1); from loadgen.__main__ import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=terminal, stderr=terminal) as process:
        os.close(terminal)
        os.close(master)
        assert process.stdin
        process.stdin.close()
        assert process.wait(60) == status


# mistakes


@pytest.mark.parametrize("width", [40, 60])
def test_on_a_terminal_a_mistake_breaks_between_words(width: int) -> None:
    master, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    command = [sys.executable, "-m", "loadgen", "run", "http://h/", "--target", "http://i/"]
    with subprocess.Popen(command, stderr=terminal) as process:
        assert process.wait(60) == 2
    os.close(terminal)
    with os.fdopen(master, "rb", 0) as screen:
        lines = screen.read(4096).decode().splitlines()
    said = "loadgen run: --target goes with a profile; a URL is its own target. Try loadgen run --help"
    assert len(lines) > 1
    assert " ".join(line.strip() for line in lines) == said
    assert max(map(len, lines)) <= width


NO_URL = "loadgen: URL: '{}' is not a URL: expected sandbox, http://HOST/PATH or https://HOST/PATH"
MISTAKES = [
    (["frob"], "loadgen: there is no command 'frob', only run, once, check, new, report, runs, merge, compare, keepalive, capacity, tune, join, fit, selftest, sandbox, schema. A profile or URL is for loadgen run. Try loadgen --help"),
    (["--frob"], "loadgen: No such option '--frob'. Try loadgen --help"),
    (["run"], "loadgen run: Missing argument 'PROFILE'. Try loadgen run --help"),
    (["run", "burst", "steady"], "loadgen run: Got unexpected extra argument (steady). Try loadgen run --help"),
    (["run", "brust"], "loadgen: there is no profile 'brust'. Did you mean burst? `loadgen new URL` writes a new one"),
    (["run", "nothere.yaml"], f"loadgen: there is no profile 'nothere.yaml'. Shipped: {SHIPPED}. `loadgen new URL` writes a new one"),
    (["run", "127.0.0.1:9101/x"], "loadgen: there is no profile '127.0.0.1:9101/x'. Did you mean http://127.0.0.1:9101/x?"),
    (["check", "localhost:9101"], "loadgen: there is no profile 'localhost:9101'. Did you mean http://localhost:9101?"),
    (["once", "api.example.com/prod/x?a=1"], "loadgen: there is no profile 'api.example.com/prod/x?a=1'. Did you mean https://api.example.com/prod/x?a=1?"),
    (["run", "[::1]:8443/"], "loadgen: there is no profile '[::1]:8443/'. Did you mean https://[::1]:8443/?"),
    (["check", "127.0.0.1:9101/x", "--rate", "5/s", "--for", "1s"], "loadgen: there is no profile '127.0.0.1:9101/x'. Did you mean http://127.0.0.1:9101/x?"),
    (["run", "localhost:9101", "-H", "a: b"], "loadgen: there is no profile 'localhost:9101'. Did you mean http://localhost:9101?"),
    (["run", "brust", "--users", "5"], "loadgen: there is no profile 'brust'. Did you mean burst? `loadgen new URL` writes a new one"),
    (["run", ":8080/x", "--rate", "5/s"], "loadgen: there is no profile ':8080/x'. Did you mean http://127.0.0.1:8080/x?"),
    (["run", "http:/h/x"], "loadgen: there is no profile 'http:/h/x'. Did you mean http://h/x?"),
    (["once", "https//h:8443/x"], "loadgen: there is no profile 'https//h:8443/x'. Did you mean https://h:8443/x?"),
    (["run", "htp://h/x"], f"{NO_URL.format('htp://h/x')}. Did you mean http://h/x?"),
    (["run", "http:///h/x"], f"{NO_URL.format('http:///h/x')}. Did you mean http://h/x?"),
    (["run", "htps://h/x"], f"{NO_URL.format('htps://h/x')}. Did you mean https://h/x?"),
    (["run", "GET:http://h/x"], f"{NO_URL.format('GET:http://h/x')}. Did you mean http://h/x?"),
    (["run", "POST: https://h/x", "--rate", "5/s"], f"{NO_URL.format('POST: https://h/x')}. Did you mean https://h/x?"),
    (["run", "GET https://h/a b"], "loadgen: URL: 'GET https://h/a b' holds characters that a URL must not: percent-encode the path, punycode the host"),
    (["run", "profiles/no.yaml"], f"loadgen: there is no profile 'profiles/no.yaml'. Shipped: {SHIPPED}. `loadgen new URL` writes a new one"),
    (["run", "10.0.0.1"], "loadgen: there is no profile '10.0.0.1'. Did you mean http://10.0.0.1?"),
    (["run", "."], "loadgen: .: is a folder. Name a profile in it"),
    (["run", ""], "loadgen: .: is a folder. Name a profile in it"),
    (["run", "burst", "--rate", "5/s"], "loadgen run: --rate goes with a URL; with a profile, use --set, as in load.NAME.rate=500/s. Try loadgen run --help"),
    (["run", "burst", "--for", "5s"], "loadgen run: --for goes with a URL; with a profile, use --set, as in load.NAME.rate=500/s. Try loadgen run --help"),
    (["run", "burst", "--users", "5"], "loadgen run: --users goes with a URL; with a profile, use --set, as in load.NAME.rate=500/s. Try loadgen run --help"),
    (["run", "burst", "--workers", "0"], "loadgen run: --workers 0: expected a number from 1 to 256, or auto. Try loadgen run --help"),
    (["run", "burst", "--workers", "-1"], "loadgen run: --workers -1: expected a number from 1 to 256, or auto. Try loadgen run --help"),
    (["run", "burst", "--workers", "many"], "loadgen run: --workers many: expected a number from 1 to 256, or auto. Try loadgen run --help"),
    (["run", "burst", "--workers", "257"], "loadgen run: --workers 257: expected a number from 1 to 256, or auto. Try loadgen run --help"),
    (["run", "burst", "--workers", "2", "--set", "experiment={variants: {one: {}, three: {workers: 3}}}"], "loadgen run: --workers: the experiment's variants have workers of their own. Leave the option out. Try loadgen run --help"),
    (["run", "http://h/", "--rate", "5/s", "--users", "3"], "loadgen: --rate and --users are two kinds of load. Give one of them"),
    (["run", "http://h/", "--target", "http://i/"], "loadgen run: --target goes with a profile; a URL is its own target. Try loadgen run --help"),
    (["run", "http://h/", "--users", "0"], "loadgen run: Invalid value for '--users': 0 is not in the range x>=1. Try loadgen run --help"),
    (["run", "http://h/", "--rate", "5"], "loadgen: --rate: '5' is not a rate: expected a number a second, minute or hour, for example 200/s, 12000/m or 1/h"),
    (["run", "http://h/", "--rate", "0/s"], "loadgen: --rate: '0/s' starts nothing: expected more than 0/s, at one end of a ramp at least"),
    (["run", "http://h/", "--for", "30"], "loadgen: --for: '30' is not a duration: expected a number and its unit (ns, us, ms, s, m, h), for example 250ms, 1.5s, 5m or 1m30s"),
    (["run", "ftp://h/"], "loadgen: URL: 'ftp://h/' is not a URL: expected sandbox, http://HOST/PATH or https://HOST/PATH"),
    (["run", "http://u:secret@h/"], "loadgen: URL: a URL's user name and password would be shown in reports: send an authorization header instead"),
    (["run", "http://169.254.169.254/"], "loadgen: URL: 169.254.169.254 is an address where cloud machines serve credentials: choose another target"),
    (["run", "burst", "--set", "cycles"], "loadgen: --set: 'cycles' is not KEY=VALUE. Write --set load.burst.rate=500/s"),
    (["run", "burst", "--set", "load.brust.rate=5/s"], "loadgen: --set load.brust.rate: there is no 'brust' in this list. Did you mean burst? Known: warm-up, steady, burst, recover"),
    (["run", "burst", "--set", "cycles=x"], "loadgen: --set cycles: 'x' is not a whole number"),
    (["run", "burst", "--target", "nowhere"], "loadgen: --target: 'nowhere' is not a URL: expected sandbox, http://HOST/PATH or https://HOST/PATH"),
    (["once"], "loadgen once: Missing argument 'PROFILE'. Try loadgen once --help"),
    (["once", "brust"], "loadgen: there is no profile 'brust'. Did you mean burst? `loadgen new URL` writes a new one"),
    (["check", "http://h/", "--target", "http://i/"], "loadgen check: --target goes with a profile; a URL is its own target. Try loadgen check --help"),
    (["run", "burst", "--seed", "many"], "loadgen run: --seed: 'many' is not a whole number, and not random. Try loadgen run --help"),
    (["check", "burst", "--workers", "1.5"], "loadgen check: --workers 1.5: expected a number from 1 to 256, or auto. Try loadgen check --help"),
    (["check", "burst", "--rate", "5/s"], "loadgen check: --rate goes with a URL; with a profile, use --set, as in load.NAME.rate=500/s. Try loadgen check --help"),
    (["new"], "loadgen new: Missing argument 'URL'. Try loadgen new --help"),
    (["new", "h"], "loadgen: URL: 'h' is not a URL: expected sandbox, http://HOST/PATH or https://HOST/PATH"),
    (["new", "127.0.0.1:9101/x"], "loadgen: URL: '127.0.0.1:9101/x' is not a URL: expected sandbox, http://HOST/PATH or https://HOST/PATH. Did you mean http://127.0.0.1:9101/x?"),
    (["run", "burst", "--target", "localhost:8443"], "loadgen: --target: 'localhost:8443' is not a URL: expected sandbox, http://HOST/PATH or https://HOST/PATH. Did you mean https://localhost:8443?"),
    (["keepalive", "localhost:80"], "loadgen: URL: 'localhost:80' is not a URL: expected sandbox, http://HOST/PATH or https://HOST/PATH. Did you mean http://localhost:80?"),
    (["new", "http://h/", "--out", "no/file.yaml"], "loadgen: no/file.yaml: cannot be written: No such file or directory"),
    (["run", "burst", "--out", ""], "loadgen run: Invalid value for '--out': it is empty. Give a name, or leave the option out. Try loadgen run --help"),
    (["new", "https://h/${HOME}"], "loadgen: URL: holds ${…}, whose value would be written. Put it into the profile"),
    (["report"], "loadgen: runs: there is no run to report. `loadgen run burst` makes one"),
    (["report", "nothere"], "loadgen: nothere: is not a run's folder: it has no run.json"),
    (["report", "--format", "html"], "loadgen report: No such option '--format'. Try loadgen report --help"),
    (["sandbox", "--http-port", "99999"], "loadgen sandbox: Invalid value for '--http-port': 99999 is not in the range 0<=x<=65535. Try loadgen sandbox --help"),
    (["sandbox", "--set", "sandbox.rtt=5"], "loadgen: --set sandbox.rtt: '5' is not a duration: expected a number and its unit (ns, us, ms, s, m, h), for example 250ms, 1.5s, 5m or 1m30s"),
    (["schema", "x"], "loadgen schema: Got unexpected extra argument (x). Try loadgen schema --help"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "line"), MISTAKES, ids=[" ".join(words) for words, _ in MISTAKES])
def test_a_mistake_is_one_line(loadgen: Loadgen, arguments: list[str], line: str) -> None:
    assert loadgen(*arguments) == Called(2, "", f"{line}\n")


ALONE = [(text, line) for text, line in BROKEN if "data:" not in text and "file:" not in text]


@pytest.mark.parametrize("command", ["run", "once", "check"])
def test_a_broken_profile_is_one_line(loadgen: Loadgen, tmp_path: Path, command: str) -> None:
    assert len(ALONE) > 50
    for text, line in ALONE:
        (tmp_path / "p.yaml").write_text(text)
        assert loadgen(command, "p.yaml") == Called(2, "", f"loadgen: {line}\n")
    assert not (tmp_path / "runs").exists()


def test_a_system_that_it_does_not_run_on(loadgen: Loadgen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    called = loadgen("run", "burst")
    assert called == Called(2, "", "loadgen: uvloop does not run on Windows. Use Linux, macOS, or WSL\n")


class FullStream(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_where_stderr_takes_nothing_the_status_is_the_same(loadgen: Loadgen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", FullStream())
    assert loadgen("report", "nothing").status == loadgen("run", "--nope").status == Exit.USAGE
    assert loadgen("new", "http://127.0.0.1/", "--out", "mine.yaml").status == Exit.PASSED


def test_a_seed_is_drawn_if_it_is_to_be_random() -> None:
    assert seeded(None) == ()
    assert seeded("7") == ("seed=7",)
    drawn = {seeded("random") for _ in range(20)}
    assert len(drawn) > 1
    assert all(re.fullmatch("seed=[0-9]{1,6}", text) for (text,) in drawn)


class Partial(io.RawIOBase):
    """A pipe that takes a part of each write, as one does where a signal comes."""

    def __init__(self) -> None:
        self.taken = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.taken += bytes(data)[:10]
        return min(10, len(data))


def test_a_stream_without_a_buffer_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """PYTHONUNBUFFERED makes such streams."""
    pipe = Partial()
    bare = io.TextIOWrapper(pipe, encoding="utf-8", write_through=True)  # type: ignore[arg-type]
    monkeypatch.setattr(sys, "stdout", bare)
    _open_standard_streams()
    with output() as out:
        out.write("0123456789" * 30_000 + "\n")
    assert len(pipe.taken) == 300_001
