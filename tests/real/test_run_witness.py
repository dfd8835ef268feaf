"""A run with a witness, in processes of its own: what both sent is what the target was asked, the witness goes through
the phases with the workers and ends with them, and a worker that is busy with something else is told by it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from program import VALID, Program, Ran, balanced, load, prepare, run, saved

from loadgen.report.words import ms
from loadgen.runner.witness.load import EACH

pytestmark = pytest.mark.real

PHASES = """
name: witnessed
target: sandbox
sandbox: {service: 5ms}
load:
  - {name: warm, rate: 200/s, for: 300ms, measure: false}
  - {name: steady, rate: 1000/s, for: 1500ms}
  - {name: users, users: 8, iterations: 600}
  - {name: crowd, at-once: 60}
  - {name: last, users: 6, iterations: 300}
"""
LONG = """
name: long
target: sandbox
sandbox: {service: 5ms}
load: [{name: a, rate: 500/s, for: 60s}]
"""
BUSY = """
name: busy
target: sandbox
sandbox: {service: 5ms}
load: [{name: a, rate: 400/s, for: 5s}]
"""
# a sitecustomize: whoever has more than a witness's rate is busy with something else for 30 of each 60 ms
HOOK = """
import sys

if "loadgen.fleet.worker" in sys.orig_argv:
    import time

    import loadgen.transport.registry as registry

    make = registry.make_client

    def make_client(loop, clock, profile, *more):
        def busy():
            until = time.monotonic_ns() + 30_000_000
            while time.monotonic_ns() < until:
                pass
            loop.call_later(0.03, busy)

        if profile.load[0].rate.start > 100:
            loop.call_later(0.03, busy)
        return make(loop, clock, profile, *more)

    registry.make_client = make_client
"""


def witness(ran: Ran) -> dict[str, Any]:
    return dict(ran.result["witness"])


def own(folder: Path) -> dict[str, Any]:
    """The witness's own result, whose sums have been checked."""
    found: dict[str, Any] = json.loads((folder / "run" / "witness" / "result.json").read_text())
    balanced(found)
    return found


def test_both_ledgers_together_are_what_the_target_was_asked(tmp_path: Path) -> None:
    ran = load(tmp_path, PHASES, "--witness", "--workers", "2")
    assert ran.status in VALID
    told = witness(ran)
    assert ran.result["target"]["sandbox"]["requests"] == ran.requests["on_wire"] + told["requests"]["on_wire"]
    assert ran.iterations["planned"] == sum(phase["iterations"]["planned"] for phase in ran.phases.values())
    assert ran.phases["users"]["iterations"]["completed"] == 600, "the witness's iterations are its own"
    phases = {phase["name"]: phase["iterations"] for phase in own(tmp_path)["variants"][0]["phases"]}
    assert told["iterations"] == own(tmp_path)["variants"][0]["iterations"]
    assert told["iterations"]["completed"] == told["iterations"]["started"] > 0
    assert phases["steady"]["planned"] == pytest.approx(1500 / EACH, abs=25)
    assert phases["users"]["completed"] > 0
    assert phases["last"]["completed"] > 0
    assert phases["crowd"]["planned"] == 0
    assert {(figure["phase"], figure["metric"]) for figure in told["figures"]} == {
        ("steady", "response"), ("users", "service"), ("last", "service"),
    }  # fmt: skip
    assert not told["lost"]
    signal_of = next(found for found in ran.result["trust"]["signals"] if found["signal"] == "witness")
    assert signal_of["observed"]["code"].startswith("witness_")
    again = run(tmp_path, "report", "run/witness")
    assert (again.status, "steady" in again.out) == (0, True)
    assert "witness  1 in 53 of the load" in run(tmp_path, "report", "run", "--full").out
    assert saved(tmp_path)["witness"] == told


def test_a_busy_worker_is_told_with_both_figures(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(HOOK)
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    ran = run(tmp_path, *prepare(tmp_path, BUSY), "--json", "--witness", env={"PYTHONPATH": path})
    p50 = next(figure for figure in witness(ran)["figures"] if figure["quantile"] == "p50")
    assert p50["says"] == "above", p50
    assert p50["workers_ms"] > p50["high"] >= p50["witness_ms"] >= p50["low"] >= 5
    assert "witness a, get, response p50: the workers' " in ran.reasons
    assert f"its own {ms(p50['witness_ms'])} ms" in ran.reasons
    assert ran.result["trust"]["verdict"] != "VALID"


def test_without_its_witness_a_run_goes_on(tmp_path: Path) -> None:
    text = LONG.replace("60s", "2s")
    with Program(tmp_path, *prepare(tmp_path, text), "--json", "--witness") as program:
        program.begins()
        os.kill(program.workers()[-1], signal.SIGKILL)  # it is started after the workers
        ran = program.wait()
        program.leaves_nothing()
    assert ran.status in VALID
    assert not ran.iterations["unsent"]
    told = witness(ran)
    assert (told["lost"], told["figures"]) == (True, [])
    assert any("the witness was lost" in warning for warning in ran.warnings)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system cannot tell")
def test_its_cpu_is_its_own(tmp_path: Path) -> None:
    """Where there is one to spare; that there are eight is a tale."""
    allowed = os.sched_getaffinity(0)
    if len(allowed) < 2:
        pytest.skip("there is one CPU")
    (tmp_path / "sitecustomize.py").write_text("import loadgen.trust.host as host\nhost.cpus = lambda: 8\n")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    arguments = [*prepare(tmp_path, LONG.replace("60s", "1s")), "--json", "--witness", "--workers", "2"]
    with Program(tmp_path, *arguments, env={"PYTHONPATH": path}) as program:
        program.begins()
        *workers, own_pid = program.workers()
        cpus = [os.sched_getaffinity(pid) for pid in workers]
        own_cpus = os.sched_getaffinity(own_pid)
        ran = program.wait()
        program.leaves_nothing()
    assert own_cpus == {max(allowed)}
    assert cpus == [allowed - own_cpus] * 2
    assert witness(ran)["cpu"] == max(allowed)
    assert not any("no CPU of its own" in warning for warning in ran.warnings)


def test_what_a_killed_run_leaves_of_it(tmp_path: Path) -> None:
    text = LONG.replace(
        "{name: a, rate: 500/s, for: 60s}",
        "{name: a, users: 60, iterations: 1000000, think: 100ms}, {name: b, at-once: 9}",
    )
    with Program(tmp_path, *prepare(tmp_path, text), "--witness") as program:
        program.begins()
        with pytest.raises(subprocess.TimeoutExpired):
            program.process.wait(1.5)
        program.process.kill()
        program.process.wait()
        program.leaves_nothing()
    told = run(tmp_path, "report", "run/witness", "--json")
    assert told.status == 0
    result = json.loads(told.out)
    balanced(result)
    assert not result["complete"]
    assert result["variants"][0]["phases"][0]["users"] == 1
    assert result["variants"][0]["requests"]["sent"] > 0


def test_a_signal_stops_both(tmp_path: Path) -> None:
    with Program(tmp_path, *prepare(tmp_path, LONG), "--json", "--witness") as program:
        program.begins()
        os.kill(program.process.pid, signal.SIGINT)
        ran = program.wait()
        program.leaves_nothing()
    assert ran.status == 130
    told = witness(ran)
    assert not told["lost"]
    assert ran.result["target"]["sandbox"]["requests"] == ran.requests["on_wire"] + told["requests"]["on_wire"]
    assert own(tmp_path)["interrupted"]
