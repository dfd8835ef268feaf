"""The process that counts: it alone gives way, and whatever becomes of it, all is counted."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from program import COMMAND, VALID, Program, Ran, prepare

pytestmark = pytest.mark.real

PROFILE = """
name: counted
target: sandbox
sandbox: {service: 20ms}
load: [{name: a, rate: 400/s, for: 4s}]
"""
# root may come back from SCHED_IDLE, and would start normal processes from an idle one
UNPRIVILEGED = ("setpriv", "--bounding-set", "-all", "--inh-caps", "-all", "--") if os.geteuid() == 0 else ()
NO_WAY_BACK = """
import os, resource
resource.setrlimit(resource.RLIMIT_NICE, (0, 0))
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
try:
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
except PermissionError:
    print("none")
"""


def all_counted(ran: Ran) -> None:
    """Every exchange that ended has its latencies, once."""
    (step,) = ran.phases["a"]["steps"]
    sent = step["requests"]["sent"]
    assert step["requests"]["outcomes"] == {"ok": sent}
    assert [step["latency_ms"][metric]["count"] for metric in ("response", "lag", "service")] == [sent] * 3


@pytest.mark.skipif(UNPRIVILEGED and not shutil.which("setpriv"), reason="root needs setpriv to be nobody")
def test_it_alone_gives_way_where_there_is_no_way_back(tmp_path: Path) -> None:
    tried = subprocess.run([*UNPRIVILEGED, sys.executable, "-c", NO_WAY_BACK], capture_output=True, text=True)
    assert tried.stdout == "none\n", f"the test would show nothing: {tried.stderr}"
    command = (*UNPRIVILEGED, *COMMAND)
    arguments = [*prepare(tmp_path, PROFILE), "--workers", "2", "--witness"]
    with Program(tmp_path, *arguments, command=command) as program:
        program.begins()
        others = program.others()
        policies = {pid: os.sched_getscheduler(pid) for pid in (program.process.pid, *others)}
        program.wait()
    idle = {pid for pid, policy in policies.items() if policy == os.SCHED_IDLE}
    assert idle == {pid for pid, line in others.items() if "loadgen.fleet.aggregator" in line}
    assert len(idle) == 2, "the workers' and the witness's"
    assert {policy for pid, policy in policies.items() if pid not in idle} == {os.SCHED_OTHER}
    assert sum("loadgen.fleet.worker" in line for line in others.values()) == 3
    assert any("loadgen.sandbox" in line for line in others.values())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
@pytest.mark.parametrize("early", [True, False])
def test_one_that_dies_or_stands_still_loses_nothing(tmp_path: Path, number: signal.Signals, early: bool) -> None:
    with Program(tmp_path, *prepare(tmp_path, PROFILE), "--json", "--workers", "2") as program:
        if not early:
            program.begins()
        (pid,) = program.soon(program.aggregators)
        os.kill(pid, number)
        ran = program.wait()
        program.leaves_nothing()
    assert ran.status in VALID, ran.err
    all_counted(ran)


def test_one_that_stands_still_does_not_hold_up_who_gives_up(tmp_path: Path) -> None:
    profile = PROFILE.replace("for: 4s", "for: 60s").replace("20ms", "50s")
    with Program(tmp_path, *prepare(tmp_path, profile), "--json") as program:
        program.begins()
        (pid,) = program.aggregators()
        os.kill(pid, signal.SIGSTOP)
        program.process.send_signal(signal.SIGINT)
        program.says("stopping: waiting for what is open")
        program.process.send_signal(signal.SIGINT)
        ran = program.wait(20)
        program.leaves_nothing()
    assert ran.status == 130
    assert ran.result["interrupted"]


def test_it_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    with Program(tmp_path, *prepare(tmp_path, PROFILE)) as program:
        program.begins()
        (pid,) = program.aggregators()
        os.kill(pid, signal.SIGSTOP)
        program.process.kill()
        program.wait()
        program.leaves_nothing()
