"""What a run prints, and where: for a person at a terminal, for a pipe, and for a program."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from program import COMMAND, VALID, Ran, prepare, run

pytestmark = pytest.mark.real

PROFILE = """
name: output
target: sandbox
sandbox: {service: 20ms, environments: {max: 50, init: 50ms}}
load:
  - {name: warm-up, rate: 100/s, iterations: 30, measure: false}
  - {name: open, rate: 100/s, iterations: 100}
  - {name: closed, users: 3, iterations: 200}
cycles: 2
scenarios:
  - name: s
    split_by: [cold]
    steps:
      - {name: first, get: /, capture: {cold: header.x-cold}, record: {fn: header.server-timing.fn}}
      - {name: second, post: /x, json: {n: "{{seq}}"}, expect: {status: 201}}
thresholds: {open: ["errors < 1%"], closed: ["service p50 < 10s"]}
"""
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
COLOR = re.compile(r"\x1b\[[0-9;]*(3[0-7]|4[0-7]|9[0-7]|[34]8)[0-9;]*m")


@pytest.fixture(scope="module")
def once_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    """A run whose result is printed as JSON, in a process that wants colours wherever it may have them."""
    folder = tmp_path_factory.mktemp("output")
    wants = {"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1", "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    return folder, run(folder, *prepare(folder, PROFILE), "--json", env=wants)


REQUESTS = {"sent": int, "on_wire": int, "outcomes": dict}
ITERATIONS = {"planned": int, "started": int, "unsent": int}
LATENCY = ("count", "mean", "p50", "p90", "p95", "p99", "p99.9", "max", "why")
OPEN = ("response", "service", "connect", "lag", "wait", "client_delay")


def has(found: Mapping[str, Any], wanted: Mapping[str, type]) -> None:
    for name, kind in wanted.items():
        assert isinstance(found[name], kind), name


def test_the_json_is_one_object_with_the_promised_keys(once_run: tuple[Path, Ran]) -> None:
    _, ran = once_run
    assert ran.status in VALID
    result = ran.result
    assert (result["schema"], result["kind"]) == ("loadgen.result/4", "run")
    assert result["trust"]["verdict"] in ("VALID", "DEGRADED", "INVALID")
    has(result["trust"], {"reasons": list})
    (variant,) = result["variants"]
    has(variant, {"name": str, "phases": list})
    has(variant["iterations"], ITERATIONS)
    has(variant["requests"], REQUESTS)
    has(variant["connections"], {"opened": int, "reused": int, "closed_idle": int})
    runs = [(phase["name"], phase["cycle"]) for phase in variant["phases"] if phase["name"] != "drain"]
    assert runs == [("warm-up", 1), ("open", 1), ("closed", 1), ("open", 2), ("closed", 2)]
    for phase in variant["phases"]:
        has(phase["iterations"], ITERATIONS)
        has(phase["requests"], REQUESTS)
        for step in phase["steps"]:
            assert (step["scenario"], step["step"]) in (("s", "first"), ("s", "second"))
            has(step["requests"], REQUESTS)
            expected = OPEN if phase["kind"] != "closed" else ("service", "connect", "wait", "client_delay")
            assert set(expected) <= set(step["latency_ms"])
            for block in step["latency_ms"].values():
                assert set(LATENCY) <= set(block)
                for name in LATENCY[1:-1]:
                    assert block[name] is None or block[name] >= 0
                    assert block[name] is not None or name in block["why"] or not block["count"]


def test_the_folder_holds_the_same_result(once_run: tuple[Path, Ran]) -> None:
    folder, ran = once_run
    assert json.loads((folder / "run" / "result.json").read_text()) == ran.result
    assert json.loads(run(folder, "report", "run", "--json").out) == ran.result
    for name in ("profile.json", "run.json", "seconds.bin", "worker-0.counters"):
        assert (folder / "run" / name).stat().st_size > 0, name


def test_a_pipe_gets_plain_lines(once_run: tuple[Path, Ran]) -> None:
    folder, ran = once_run
    wants = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
    shown = run(folder, "report", "run", "--full", env=wants)
    for text in (ran.out, ran.err, shown.out, shown.err):
        assert "\x1b" not in text
        assert "\r" not in text
    assert shown.err == ""
    assert max(map(len, shown.out.splitlines())) <= 100
    lines = ran.err.splitlines()
    assert len(lines) >= 3, "a line for each phase at least"
    assert all(re.match(r" *[0-9.]+ s  ", line) for line in lines), lines
    told = [p for p in ("open 1/2", "closed 1/2", "open 2/2", "closed 2/2") if any(p in line for line in lines)]
    assert len(told) >= 2, "on a busy machine a short phase may go by between two looks"


def test_trust_comes_first_then_phases_and_steps(once_run: tuple[Path, Ran]) -> None:
    folder, ran = once_run
    shown = run(folder, "report", "run", "--full").out
    verdict = ran.result["trust"]["verdict"]
    order = [verdict, "simulated target:", "\niterations ", "\nopen", "\nclosed", "\nconnections"]
    places = [shown.index(word) for word in order]
    assert places == sorted(places), shown
    for word in ("first", "second", "cold=false", "fn"):
        assert word in shown


def test_quiet_says_nothing_but_the_result(tmp_path: Path) -> None:
    ran = run(tmp_path, *prepare(tmp_path, SHORT), "--quiet")
    assert ran.status in VALID
    assert ran.err == ""
    assert "on the simulated target" in ran.out


SHORT = "name: s\ntarget: sandbox\nload: [{name: one, rate: 50/s, iterations: 20}, {name: two, at-once: 5}]\n"


def on_terminal(folder: Path, env: Mapping[str, str]) -> tuple[int, str]:
    """What a terminal gets to see of a run, stdout and stderr alike."""
    master, slave = pty.openpty()
    pieces = []
    with subprocess.Popen(
        [*COMMAND, *prepare(folder, SHORT)],
        cwd=folder,
        env={**os.environ, "TERM": "xterm-256color", **env},
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
    ) as process:
        os.close(slave)
        while True:
            try:
                pieces.append(os.read(master, 65536))
            except OSError:  # the last of them has closed it
                break
    os.close(master)
    return process.returncode, b"".join(pieces).decode()


def test_a_terminal_gets_colours_and_a_picture(tmp_path: Path) -> None:
    status, seen = on_terminal(tmp_path, {"NO_COLOR": ""})
    assert status in VALID
    assert COLOR.search(seen)
    assert "\x1b[?25h" in seen, "the cursor is back"
    assert "one ▸ two" in ESCAPE.sub("", seen)
    assert "simulated target" in seen


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_who_wants_no_colours_gets_none(tmp_path: Path, env: Mapping[str, str]) -> None:
    status, seen = on_terminal(tmp_path, env)
    assert status in VALID
    assert not COLOR.search(seen)
    if "TERM" in env:
        assert "\x1b" not in seen
    assert "simulated target" in seen
