"""kill -9 at random moments: nothing goes on running, and what there was is counted and reported."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from program import FULL, VALID, Program, prepare, run, saved, wait_for_end

from loadgen.clock import SECOND
from loadgen.fleet.group import SILENT

pytestmark = pytest.mark.real

TIMES = 10 if FULL else 2
RATE, SECONDS = 400, 4
STORED = 1.0  # s: what is older must have been stored
LATE = 0.5  # s that storing may take where the machine is busy

PROFILE = f"""
name: killed
target: sandbox
sandbox: {{service: 50ms}}
load: [{{name: a, rate: {RATE}/s, for: {SECONDS}s}}]
"""


def after(program: Program, most: float) -> float:
    """Let a random time pass, and return how long it was."""
    delay = random.SystemRandom().uniform(0, most)
    with pytest.raises(subprocess.TimeoutExpired):
        program.process.wait(delay)
    return delay


def without_times(result: dict[str, Any]) -> int:
    """How many exchanges came to an end and left no latencies; of each that did there is a lag."""
    steps = [step for phase in result["variants"][0]["phases"] for step in phase["steps"]]
    lost = sum(step["requests"]["outcomes"].get("lost", 0) for step in steps)
    timed = sum(step["latency_ms"]["lag"]["count"] for step in steps)
    return sum(step["requests"]["sent"] for step in steps) - lost - timed


@pytest.mark.parametrize("time", range(TIMES))
def test_a_killed_run_is_reported_from_its_folder(tmp_path: Path, time: int) -> None:
    with Program(tmp_path, *prepare(tmp_path, PROFILE), "--workers", str(1 + time % 2)) as program:
        program.begins()
        delay = after(program, SECONDS - 1.5)  # the first line may be late
        program.process.kill()
        assert program.wait().status == -signal.SIGKILL
        program.leaves_nothing()
    result = saved(tmp_path)
    requests = result["variants"][0]["requests"]
    assert not result["complete"]
    assert requests["sent"] > 0 or delay < LATE, "a load that has only just begun may have sent nothing"
    assert requests["outcomes"].get("ok", 0) + requests["outcomes"].get("lost", 0) == requests["sent"]
    assert 0 <= without_times(result) <= 1.3 * RATE * (STORED + LATE), f"killed after {delay:.2f} s"
    shown = run(tmp_path, "report", "run")
    assert shown.out.startswith("INCOMPLETE"), shown.out
    assert shown.status == 0
    assert saved(tmp_path) == result, "it can be read as often as one likes"


@pytest.mark.parametrize("time", range(TIMES))
def test_the_rest_of_a_run_outlives_a_killed_worker(tmp_path: Path, time: int) -> None:
    with Program(tmp_path, *prepare(tmp_path, PROFILE), "--workers", "2", "--json") as program:
        program.begins()
        after(program, SECONDS - 1.5)  # the first line may be late
        victim, other = program.workers()
        os.kill(victim, signal.SIGKILL)
        wait_for_end(victim)
        assert other in program.others(), "the other one goes on"
        ran = program.wait()
        program.leaves_nothing()
    assert ran.status == ran.result["exit_status"] == 6
    assert not ran.result["complete"]
    (warning,) = (text for text in ran.warnings if "was lost" in text)
    assert "worker" in warning
    assert "status -9" in warning
    assert warning in ran.err
    outcomes = ran.requests["outcomes"]
    assert outcomes["ok"] + outcomes.get("lost", 0) == ran.requests["sent"]
    assert 0 <= without_times(ran.result) <= 1.3 * RATE / 2 * (STORED + LATE)
    planned = ran.phases["a"]["iterations"]["planned"]
    assert abs(planned - RATE * SECONDS) < 5 * (RATE * SECONDS) ** 0.5, (
        "what it could not start was planned all the same"
    )
    assert saved(tmp_path) == ran.result


def test_a_worker_that_is_killed_while_it_prepares_is_lost(tmp_path: Path) -> None:
    with Program(tmp_path, *prepare(tmp_path, PROFILE), "--workers", "2") as program:
        program.says("preparing")
        os.kill(program.soon(program.workers)[0], signal.SIGKILL)
        ran = program.wait()
        program.leaves_nothing()
    assert ran.status == 6, ran.err
    assert "died before the load began" in ran.err or "was lost" in ran.err


@pytest.mark.parametrize("number", [None, signal.SIGTERM] if FULL else [None])
def test_a_worker_that_is_stopped_for_good_is_lost(tmp_path: Path, number: signal.Signals | None) -> None:
    """SIGSTOP, or a container that is frozen: the run goes on without it, and a signal ends it as any other."""
    with Program(tmp_path, *prepare(tmp_path, PROFILE), "--workers", "2", "--json") as program:
        program.begins()
        victim, _ = program.workers()
        os.kill(victim, signal.SIGSTOP)
        if number:
            program.process.send_signal(number)
        ran = program.wait()
        program.leaves_nothing()
    assert ran.status == (130 if number else 6)
    (warning,) = (text for text in ran.warnings if "was lost" in text)
    assert "said nothing for 6 s" in warning
    assert ran.requests["outcomes"]["ok"] + ran.requests["outcomes"].get("lost", 0) == ran.requests["sent"]
    assert number or ran.requests["outcomes"]["ok"] > RATE * SECONDS / 2 * 0.8, "the other one went on"


@pytest.mark.skipif(not FULL, reason="it takes longer than a worker may be silent")
def test_a_pause_of_the_whole_run_is_no_silence_of_its_workers(tmp_path: Path) -> None:
    """Ctrl-Z and fg, and the same to the parent alone, whose workers go on meanwhile."""
    for stop in (os.killpg, os.kill):
        folder = tmp_path / stop.__name__
        folder.mkdir()
        with Program(folder, *prepare(folder, PROFILE), "--workers", "2", "--json") as program:
            program.begins()
            stop(program.process.pid, signal.SIGSTOP)
            with pytest.raises(subprocess.TimeoutExpired):
                program.process.wait(2 * SILENT)
            stop(program.process.pid, signal.SIGCONT)
            ran = program.wait()
            program.leaves_nothing()
        assert ran.status in VALID
        assert ran.requests["outcomes"] == {"ok": ran.requests["sent"]}


def test_why_a_killed_workers_requests_failed_is_known_but_for_its_last_second(tmp_path: Path) -> None:
    throttled = PROFILE.replace("{service: 50ms}", "{service: 5ms, throttle: {rate: 20/s, burst: 1}}")
    with Program(tmp_path, *prepare(tmp_path, throttled), "--workers", "2", "--json") as program:
        program.begins()
        with pytest.raises(subprocess.TimeoutExpired):
            program.process.wait(SECONDS - 1.5)
        os.kill(program.workers()[0], signal.SIGKILL)
        ran = program.wait()
        program.leaves_nothing()
    assert ran.status == 6
    (step,) = ran.phases["a"]["steps"]
    (refused,) = (failure for failure in step["failures"] if failure["outcome"] == "throttled")
    ((_, told),) = refused["reasons"].items()
    assert 0 <= refused["count"] - told <= 1.3 * RATE / 2 * (STORED + LATE)
    assert told > 0.9 * refused["count"] / 2, "those of the other worker are all known"


def test_killed_before_the_load_it_leaves_nothing(tmp_path: Path) -> None:
    for _ in range(TIMES):
        with Program(tmp_path, *prepare(tmp_path, PROFILE)) as program:
            after(program, 1.0)
            program.process.kill()
            program.wait()
            program.leaves_nothing()
        if (tmp_path / "run").exists():
            ran = run(tmp_path, "report", "run")
            assert ran.status in (0, 2), ran.err
            (tmp_path / "run").rename(tmp_path / f"run-{random.SystemRandom().random()}")


def test_a_worker_that_dies_while_all_wait_for_each_other_holds_nobody_up(tmp_path: Path) -> None:
    """The next phase begins when all workers have come to the end of the last; of those that are left."""
    text = """
name: phases
target: sandbox
sandbox: {service: 20ms}
load: [{name: a, users: 2, iterations: 100}, {name: b, users: 2, iterations: 20}]
"""
    with Program(tmp_path, *prepare(tmp_path, text), "--workers", "2", "--json") as program:
        program.begins()
        os.kill(program.workers()[0], signal.SIGKILL)
        ran = program.wait()
        program.leaves_nothing()
    assert ran.status == 6
    assert ran.phases["b"]["iterations"]["completed"] >= 10


def test_a_run_without_its_sandbox_is_reported(tmp_path: Path) -> None:
    """The simulated target dies in the middle: every request that meets nothing is counted."""
    with Program(tmp_path, *prepare(tmp_path, PROFILE), "--json") as program:
        program.begins()
        (sandbox,) = (pid for pid, line in program.others().items() if "loadgen.sandbox" in line)
        os.kill(sandbox, signal.SIGKILL)
        ran = program.wait()
        program.leaves_nothing()
    assert ran.requests["outcomes"]["refused"] > RATE
    assert any("sandbox" in text for text in ran.warnings)
    assert ran.result["duration_s"] * SECOND > 0
