"""SIGINT, SIGTERM and SIGHUP at every stage of a run, and readers of its output that go away."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from program import COMMAND, FULL, LIMIT, Program, prepare, run, saved

pytestmark = pytest.mark.real

PROFILE = """
name: signals
target: sandbox
sandbox: {service: 200ms}
load: [{name: a, rate: 200/s, for: 500ms}, {name: b, rate: 200/s, for: 60s}]
thresholds: {a: ["response p50 < 1ms"]}
"""
ENDLESS = """
name: endless
target: sandbox
sandbox: {service: 50s}
load: [{name: a, rate: 100/s, for: 500ms}, {name: b, rate: 100/s, for: 60s}]
"""
STAGED = (sys.executable, "-P", str(Path(__file__).with_name("staged.py")))


def interrupt(program: Program, number: signal.Signals, group: bool) -> None:
    """As `kill` does, or as a terminal and `timeout` do: to the whole process group."""
    (os.killpg if group else os.kill)(program.process.pid, number)


SHORT_LOAD = """
name: short
target: sandbox
load: [{name: a, rate: 50/s, for: 500ms}]
"""


@pytest.mark.parametrize(
    ("number", "group"),
    [(signal.SIGINT, True), (signal.SIGTERM, True), (signal.SIGTERM, False), (signal.SIGHUP, True)],
)
def test_a_signal_stops_drains_and_reports(tmp_path: Path, number: signal.Signals, group: bool) -> None:
    with Program(tmp_path, *prepare(tmp_path, PROFILE), "--json", "--workers", "2") as program:
        program.says(" s  b, ")
        interrupt(program, number, group)
        ran = program.wait()
        program.leaves_nothing()
    assert ran.status == 130, ran.err
    assert "stopping: waiting for what is open" in ran.err
    assert ran.result["interrupted"]
    assert ran.result["complete"], "all that was sent is in it"
    assert ran.requests["outcomes"] == {"ok": ran.requests["sent"]}, "what was open came to its end"
    assert ran.requests["sent"] > 0
    assert ran.iterations["unsent_why"] == {"stopped": ran.iterations["unsent"]}
    assert ran.iterations["planned"] > 11_000, "of all that was planned it is told what was not sent"
    assert saved(tmp_path) == ran.result


def test_a_second_signal_stops_at_once(tmp_path: Path) -> None:
    with Program(tmp_path, *prepare(tmp_path, ENDLESS), "--json", "--workers", "2") as program:
        program.says(" s  b, ")
        interrupt(program, signal.SIGINT, True)
        program.says("once more to stop at once")
        interrupt(program, signal.SIGINT, True)
        ran = program.wait()
        program.leaves_nothing()
    assert ran.status == 130
    assert "stopping at once" in ran.err
    assert ran.requests["outcomes"] == {"cancelled": ran.requests["sent"]}
    assert ran.result["duration_s"] < 40, "nobody waited for the answers"
    assert ran.result["interrupted"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_workers_start_is_reported_too(tmp_path: Path, number: signal.Signals) -> None:
    with Program(tmp_path, *prepare(tmp_path, PROFILE), "--json") as program:
        program.says("preparing")
        interrupt(program, number, True)
        ran = program.wait()
        program.leaves_nothing()
    assert ran.status == 130, ran.err
    assert ran.result["interrupted"]
    assert ran.requests["sent"] == ran.iterations["started"] == 0
    assert saved(tmp_path) == ran.result


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_that_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    """A target that takes a request and never answers: the run is held up by its check before the load."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(LIMIT)
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with Program(tmp_path, "once", address) as program:
            connection, _ = silent.accept()
            with connection:
                assert connection.recv(65536).startswith(b"GET / HTTP/1.1\r\n")
                interrupt(program, number, True)
                ran = program.wait()
            program.leaves_nothing()
    assert (ran.status, ran.out) == (130, "")
    assert ran.err == "loadgen: interrupted before there was anything to report\n"


RUN = ["run", "profile.yaml", "--out", "run", "--workers", "2"]
EXPERIMENT = ["run", "experiment.yaml", "--out", "run"]
STAGES = [  # with how many calls of functions later the second signal comes
    (RUN, "loadgen.cli:main", 0),
    (RUN, "loadgen.profile.load:load", 30),
    (RUN, "loadgen.sandbox.process:start", 30),
    (RUN, "loadgen.runner.session:run_at", 1000),
    (RUN, "loadgen.fleet.group:Group.spawn", 0),
    (RUN, "loadgen.fleet.group:Group.see_through", 1000),
    (RUN, "loadgen.runner.session:Running._conclude", 30),
    (RUN, "loadgen.sandbox.process:SandboxProcess.stop", 0),
    (RUN, "loadgen.interrupts:ignore", 0),
    (EXPERIMENT, "loadgen.runner.session:run_at", 0),
    (["selftest", "--quick"], "loadgen.runner.prepared:Checked.of", 30),
    (["sandbox"], "loadgen.sandbox.process:SandboxProcess._line", 30),
]
MORE = [
    (RUN, "loadgen.interrupts:interrupts"),
    (RUN, "loadgen.runner.secrets:keeper"),
    (RUN, "loadgen.runner.prepared:Prepared.of"),
    (RUN, "loadgen.fleet.group:Group.close"),
    (RUN, "loadgen.store:RunFolder.finish"),
    (RUN, "loadgen.report.terminal.run:show"),
    (["once", "profile.yaml"], "loadgen.runner.probe:probe"),
    (EXPERIMENT, "loadgen.experiment.rounds:_Experiment._pause"),
    (EXPERIMENT, "loadgen.experiment.folder:conclude"),
    (["selftest", "--quick"], "loadgen.selftest.loads:Loads.run"),
]
if FULL:
    STAGES += [(arguments, stage, later) for arguments, stage in MORE for later in (0, 30, 1000)]


@pytest.mark.parametrize(("arguments", "stage", "later"), STAGES, ids=[f"{a[0]}-{s}-{n}" for a, s, n in STAGES])
def test_two_signals_at_any_stage(tmp_path: Path, arguments: list[str], stage: str, later: int) -> None:
    prepare(tmp_path, SHORT_LOAD)
    variants = "experiment: {rounds: 2, variants: {a: {}, b: {client: aiohttp}}}\n"
    (tmp_path / "experiment.yaml").write_text(SHORT_LOAD + variants)
    ran = run(tmp_path, stage, str(later), "-", *arguments, command=STAGED, env={"XDG_STATE_HOME": str(tmp_path)})
    assert ran.status == 130, f"{ran.status}: {ran.err}"


@pytest.mark.parametrize("command", [["run", "--out", "run"], ["check"]], ids=["run", "check"])
def test_a_signal_while_the_look_up_of_a_name_hangs(tmp_path: Path, command: list[str]) -> None:
    stage = ("loadgen.net.names:resolve", "1", "hanging")
    ran = run(tmp_path, *stage, command[0], "http://silent.example/", *command[1:], command=STAGED)
    assert ran.status == 130, ran.err


def test_a_signal_to_the_sandbox_ends_it(tmp_path: Path) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        output = (tmp_path / f"out-{number}").open("w+")
        with output, Program(tmp_path, "sandbox", stdout=output) as program:
            program.says("Ctrl-C ends it")
            interrupt(program, number, True)
            ran = program.wait()
            program.leaves_nothing()
            output.seek(0)
            assert "http://127.0.0.1:" in output.read()
        assert ran.status == 0
        assert "0 requests, 0 cold starts" in ran.err


SHORT = (
    "name: s\ntarget: sandbox\nload: [{name: a, rate: 50/s, iterations: 30}]\nthresholds: {a: [response p50 < 1ns]}\n"
)


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    """`loadgen run | head`: the exit status is that of the run."""
    command = [*COMMAND, *prepare(tmp_path, SHORT), "--set", "sandbox.service=20ms", "--quiet"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        process.stdout.close()  # before there is anything to be read
        status = process.wait(LIMIT)
        assert process.stderr.read() == b""
    assert status in (4, 5)
    assert json.loads((tmp_path / "run" / "result.json").read_text())["exit_status"] == status


def test_nobody_reads_the_progress(tmp_path: Path) -> None:
    """A terminal that goes away takes nothing with it."""
    with Program(tmp_path, *prepare(tmp_path, SHORT.replace("1ns", "1h")), "--json") as program:
        assert program.process.stderr
        program.process.stderr.close()
        program.process.stderr = None
        ran = program.wait()
    assert ran.status in (0, 5)
    assert ran.requests["outcomes"] == {"ok": 30}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_output_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full, Program(tmp_path, *prepare(tmp_path, SHORT), stdout=full) as program:
        ran = program.wait()
    assert ran.status == 2
    assert ran.err.endswith("loadgen: stdout cannot be written: No space left on device\n")
    assert run(tmp_path, "report", "run").status == 0, "nothing is lost"
