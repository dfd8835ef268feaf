"""Experiments as a user runs them: rounds on the sandbox, interrupted, killed, at the same time."""

# ruff: noqa: E501

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from program import VALID, Program, prepare, run

from loadgen.experiment.saved import read
from loadgen.result.experiment import ExperimentResult

pytestmark = pytest.mark.real

PROFILE = """
name: experiment
target: sandbox
sandbox: {rtt: 2ms}
load: [{name: steady, rate: 100/s, for: 500ms}]
scenarios: [{name: s, steps: [{name: one, get: /}, {name: two, get: /}]}]
experiment: {variants: {shared: {}, fresh: {session: per-request}, once: {session: per-iteration}}, rounds: 2, pause: 10ms}
"""
TWO = PROFILE.replace(", once: {session: per-iteration}", "")


def runs(result: dict[str, Any]) -> dict[tuple[str, int], dict[str, Any]]:
    return {(variant["name"], each["round"]): each for variant in result["variants"] for each in variant["rounds"]}


def test_each_variant_runs_once_a_round_with_the_same_arrivals(tmp_path: Path) -> None:
    ran = run(tmp_path, *prepare(tmp_path, PROFILE), "--json")
    assert ran.status in VALID, ran.err
    result = json.loads(ran.out)
    assert result == json.loads((tmp_path / "run" / "result.json").read_text())
    found = runs(result)
    assert sorted(found) == [(name, number) for name in ("fresh", "once", "shared") for number in (1, 2)]
    arrivals: dict[int, set[tuple[int, int]]] = {1: set(), 2: set()}
    for (_, number), each in found.items():
        whole = json.loads((tmp_path / "run" / each["folder"] / "result.json").read_text())
        arrivals[number].add((whole["seed"], whole["variants"][0]["phases"][0]["iterations"]["planned"]))
    assert [len(each) for each in arrivals.values()] == [1, 1], "every variant of a round has the same arrivals"
    assert arrivals[1] != arrivals[2], "and each round has others"
    for (name, _), each in found.items():
        sent, opened = each["requests"]["sent"], each["connections"]["opened"] - each["connections"]["preopened"]
        assert each["requests"]["outcomes"] == {"ok": sent}
        assert opened == {"shared": 0, "fresh": sent, "once": each["iterations"]["started"]}[name]
    shown = run(tmp_path, "report", str(tmp_path / "run"), "--full")
    assert shown.status == 0
    assert "2 rounds of shared, fresh, once, in turns" in shown.out


def test_a_duet_runs_its_variants_at_the_same_time(tmp_path: Path) -> None:
    text = TWO.replace("rounds: 2", "rounds: 1, duet: true").replace("500ms", "1s")
    ran = run(tmp_path, *prepare(tmp_path, text), "--json")
    assert ran.status in VALID, ran.err
    found = runs(json.loads(ran.out))
    assert 60 < sum(each["iterations"]["planned"] for each in found.values()) < 140, "half the rate each"
    assert ran.err.count("round 1 of 1: ") == 1
    assert len({each["seed"] for each in found.values()}) == 2, "each has arrivals of its own"


def test_each_variant_has_as_many_workers_as_it_says(tmp_path: Path) -> None:
    text = PROFILE.partition("experiment: {")[0]
    text += "workers: '${matrix.n}'\nexperiment: {matrix: {n: [1, 2]}, rounds: 1, pause: 10ms}\n"
    ran = run(tmp_path, *prepare(tmp_path, text), "--json")
    assert ran.status in VALID, ran.err
    folders = {name: tmp_path / "run" / each["folder"] for (name, _), each in runs(json.loads(ran.out)).items()}
    results = {name: json.loads((folder / "result.json").read_text()) for name, folder in folders.items()}
    assert {name: result["workers"] for name, result in results.items()} == {"n=1": 1, "n=2": 2}
    ledgers = {name: len([*folder.glob("worker-*.counters")]) for name, folder in folders.items()}
    assert ledgers == {"n=1": 1, "n=2": 2}


def test_an_interrupt_ends_it_and_keeps_what_there_is(tmp_path: Path) -> None:
    text = TWO.replace("rounds: 2", "rounds: 50")
    with Program(tmp_path, *prepare(tmp_path, text), "--json") as program:
        program.says("round 2 of 50: ")
        os.killpg(program.process.pid, signal.SIGINT)
        ran = program.wait()
        program.leaves_nothing()
    assert ran.status == 130, ran.err
    result = json.loads(ran.out)
    assert (result["interrupted"], result["complete"], result["experiment"]["rounds"]) == (True, False, 1)
    assert {name for name, number in runs(result) if number == 1} == {"shared", "fresh"}


EARLY = """
import asyncio, os, signal
from loadgen.cli import main
from loadgen.runner import session as run

carry_out = run.Running.carry_out

async def interrupted(self):
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(100):
        await asyncio.sleep(0)
    return await carry_out(self)

run.Running.carry_out = interrupted
main()
"""


def test_an_interrupt_while_a_run_is_made_ready_is_heeded(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", EARLY, *prepare(tmp_path, PROFILE)]
    ran = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 130, ran.stderr
    assert "stopping: waiting for what is open" in ran.stderr
    assert "Traceback" not in ran.stderr
    (first,) = (tmp_path / "run" / "rounds" / "01").iterdir()
    result = json.loads((first / "result.json").read_text())
    assert result["variants"][0]["requests"]["sent"] == 0


def test_one_that_is_killed_can_be_reported(tmp_path: Path) -> None:
    text = TWO.replace("rounds: 2", "rounds: 50")
    with Program(tmp_path, *prepare(tmp_path, text)) as program:
        program.says("round 2 of 50: ")
        program.process.kill()
        program.process.wait()
        program.leaves_nothing()
    result = read(tmp_path / "run")
    assert isinstance(result, ExperimentResult)
    assert (result.complete, result.experiment.rounds) == (False, 1)
    shown = run(tmp_path, "report", str(tmp_path / "run"))
    assert shown.status == 0
    assert "INCOMPLETE" in shown.out


def test_a_target_that_is_not_there_ends_it_at_once(tmp_path: Path) -> None:
    text = PROFILE.replace("target: sandbox", "target: http://127.0.0.1:1").replace("sandbox: {rtt: 2ms}\n", "")
    ran = run(tmp_path, *prepare(tmp_path, text), "--json")
    assert ran.status == 3, ran.err
    assert len(runs(json.loads(ran.out))) == 1
