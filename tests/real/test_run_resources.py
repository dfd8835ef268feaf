"""What this machine lacks is said to be this machine's: descriptors, disk; and the profile's own limits hold."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from program import COMMAND, VALID, Program, Ran, load, prepare, run

pytestmark = pytest.mark.real


def profile(load: str, sandbox: str = "service: 20ms", more: str = "") -> str:
    return f"name: r\ntarget: sandbox\nsandbox: {{{sandbox}}}\nload: [{load}]\n{more}\n"


# descriptors


def test_too_few_descriptors_are_told_before_the_run(tmp_path: Path) -> None:
    prepare(tmp_path, profile("{name: a, rate: 10/s, for: 1s}"))
    shell = f"ulimit -n 64; exec {' '.join(COMMAND)}"
    for command in ("run profile.yaml --out run", "check profile.yaml"):
        done = subprocess.run(
            f"{shell} {command}", shell=True, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert "the 64 a process may have. Raise ulimit -n" in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_cap_that_needs_more_descriptors_than_there_are(tmp_path: Path) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    text = profile("{name: a, rate: 10/s, for: 1s}", more=f"session: {{connections: {hard}}}")
    ran = load(tmp_path, text)
    assert (ran.status, ran.out) == (2, "")
    assert f"session.connections: {hard:,} connections need more descriptors" in ran.err


def test_descriptors_that_run_out_are_not_the_targets_fault(tmp_path: Path) -> None:
    """Somebody lowers the worker's limit in the middle of the load."""
    text = profile("{name: a, rate: 200/s, for: 3s}", more="session: per-request\nthresholds: {a: [errors < 1%]}")
    with Program(tmp_path, *prepare(tmp_path, text), "--json") as program:
        program.begins()
        (worker,) = program.workers()
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (8, 8))
        ran = program.wait()
        program.leaves_nothing()
    assert ran.status == 5, ran.err
    assert [entry["status"] for entry in ran.result["thresholds"]] == ["undecided"], (
        "errors of this machine decide nothing"
    )
    outcomes = ran.requests["outcomes"]
    assert outcomes["client_resource"] > 0
    assert set(outcomes) <= {"ok", "client_resource"}
    assert ran.result["trust"]["verdict"] == "INVALID"
    assert "requests failed for want of them: the machine ran out of ports, descriptors" in ran.reasons
    assert any(sample["reason"] == "no free descriptor: EMFILE" for sample in ran.result["samples"]["failed"])


# disk


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 64 KiB."""
    path = tmp_path / "small"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(path)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount the small disk that this is about")
    try:
        yield path
    finally:
        subprocess.run(["umount", str(path)], check=True)


LOAD = "{name: a, rate: 300/s, for: 3s}"


def told_once(err: str, what: str) -> None:
    lines = [line for line in err.splitlines() if "the run goes on" in line]
    assert len(lines) == 1, err
    assert what in lines[0]


def test_a_disk_that_fills_up_does_not_end_the_run(tmp_path: Path, small: Path) -> None:
    text = profile(LOAD, "service: 'lognormal(p50=20ms, p99=90ms)'")
    arguments = prepare(tmp_path, text)[:2]
    ran = run(tmp_path, *arguments, "--out", str(small / "run"), "--json", "--workers", "2")
    assert ran.status in VALID
    told_once(ran.err, "No space left on device")
    assert ran.requests["outcomes"] == {"ok": ran.requests["sent"]}
    assert abs(ran.requests["sent"] - 900) < 150
    assert ran.result["run"] is None
    assert any("No space left on device" in warning for warning in ran.warnings)
    assert run(tmp_path, *arguments, "--out", str(small / "run")).status == 2, "it exists already"


def refused(ran: Ran, why: str) -> None:
    """A folder that was asked for and cannot be had ends the run before its load. (Without --out a run goes on:
    `test_run_disk`.)"""
    assert (ran.status, ran.out) == (2, "")
    assert why in ran.err and len(ran.err.splitlines()) == 1


def test_a_disk_that_is_full_from_the_beginning(tmp_path: Path, small: Path) -> None:
    with suppress(OSError), (small / "filler").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    arguments = prepare(tmp_path, profile("{name: a, rate: 50/s, iterations: 20}"))[:2]
    ran = run(tmp_path, *arguments, "--out", str(small / "run"), "--json", "--workers", "2")
    refused(ran, "No space left on device")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """Where nothing can be written, whoever one is: below a file."""
    (tmp_path / "file").write_text("")
    arguments = prepare(tmp_path, profile("{name: a, rate: 50/s, iterations: 20}"))[:2]
    ran = run(tmp_path, *arguments, "--out", "file/run")
    refused(ran, "cannot be made: Not a directory")


def test_a_read_only_disk(tmp_path: Path, small: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    arguments = prepare(tmp_path, profile("{name: a, rate: 50/s, iterations: 20}"))[:2]
    ran = run(tmp_path, *arguments, "--out", str(small / "run"), "--json")
    refused(ran, "Read-only file system")


def test_a_dead_run_is_reported_from_a_read_only_disk(tmp_path: Path, small: Path) -> None:
    arguments = prepare(tmp_path, profile("{name: a, rate: 50/s, for: 60s}"))[:2]
    with Program(tmp_path, *arguments, "--out", str(small / "run")) as program:
        program.begins()
        program.process.kill()
        program.wait()
        program.leaves_nothing()
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    ran = run(tmp_path, "report", str(small / "run"))
    assert ran.status == 0, ran.err
    assert ran.out.startswith("INCOMPLETE")


# the profile's own limits


def test_no_more_are_in_flight_than_may_be(tmp_path: Path) -> None:
    more = "in_flight_limit: 10\nthresholds: {a: [response p50 < 400ms]}"
    text = profile("{name: a, rate: 200/s, for: 2s}", "service: 500ms", more)
    ran = load(tmp_path, text, "--workers", "2")
    assert ran.status == 5, "a load that could not be held is not the one that was asked for"
    assert ran.iterations["unsent_why"] == {"in-flight limit": ran.iterations["unsent"]}
    assert ran.phases["a"]["iterations"]["unsent"] > 200
    assert ran.phases["a"]["iterations"]["started"] <= 10 * 5
    assert ran.requests["outcomes"] == {"ok": ran.requests["sent"]}
    assert "rate held" in ran.reasons


def test_stop_if_gives_up(tmp_path: Path) -> None:
    text = profile("{name: a, rate: 100/s, for: 60s}", "faults: {errors: 100%}", "stop_if: errors > 50% for 1s")
    ran = load(tmp_path, text)
    assert ran.status == 3
    assert ran.err.count("the run was stopped early by stop_if: errors > 50% for 1s") == 1
    assert any("stopped early by stop_if" in warning for warning in ran.warnings)
    assert ran.requests["outcomes"] == {"http_5xx": ran.requests["sent"]}
    assert ran.iterations["unsent_why"] == {"stopped": ran.iterations["unsent"]}
    assert ran.iterations["unsent"] > 4000
    assert ran.result["complete"]
    assert not ran.result["interrupted"]


def test_stop_if_lets_a_sound_target_alone(tmp_path: Path) -> None:
    more = "stop_if: errors > 50% for 1s"
    ran = load(tmp_path, profile("{name: a, rate: 100/s, for: 3s}", "faults: {errors: 30%}", more))
    assert ran.status in VALID
    assert ran.iterations["unsent"] == 0


def test_max_rate_refuses_and_holds_users_back(tmp_path: Path) -> None:
    ran = load(tmp_path, profile("{name: a, rate: 200/s, for: 2s}", more="max_rate: 100/s"))
    assert (ran.status, ran.out) == (2, "")
    assert "200/s is more than max_rate allows, 100/s" in ran.err
    ran = load(tmp_path, profile("{name: a, users: 20, for: 2s}", "service: 1ms", "max_rate: 100/s"), "--workers", "2")
    assert ran.status in VALID
    assert 0 < ran.iterations["started"] <= 100 * 2 + 20
