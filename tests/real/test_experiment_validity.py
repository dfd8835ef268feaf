"""No verdict where the variants were not what they say, as experiments on real connections find it out."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from program import VALID, prepare, run

from loadgen.experiment import comparison
from loadgen.experiment.folder import assembled

pytestmark = pytest.mark.real

PROFILE = """
name: validity
target: sandbox
sandbox: SANDBOX
session: SESSION
load: [{name: steady, rate: RATE, arrivals: constant, for: LASTING}]
experiment:
  variants: {shared: {}, fresh: {session: {reuse: per-request}}}
  rounds: ROUNDS
  pause: 10ms
  primary: steady get response p50
"""

KEEPS = """
from loadgen.transport.pool import Pool

known = Pool.__init__
Pool.__init__ = lambda self, reuse, *more: known(self, reuse.replace("per-request", "shared"), *more)
"""


def compared(folder: Path, sandbox: str, session: str, rate: str, lasting: str, rounds: int, path: str = "") -> Any:
    """The comparison of shared and fresh, in which no verdict is given."""
    text = PROFILE.replace("SANDBOX", sandbox).replace("SESSION", session).replace("ROUNDS", str(rounds))
    env = {"PYTHONPATH": path} if path else None
    text = text.replace("RATE", rate).replace("LASTING", lasting)
    ran = run(folder, *prepare(folder, text), "--json", env=env, limit=300)
    assert ran.status in VALID, ran.err
    found = json.loads(ran.out)["comparison"]
    assert found["valid"] is False
    assert {figure["verdict"] for figure in found["figures"]} == {"none"}
    assert all(figure["baseline_ms"] and figure["variant_ms"] for figure in found["figures"] if figure["primary"])
    return found


def reason(found: dict[str, Any], name: str) -> str:
    """Why that check failed, which is among the reasons for no verdict. Others may be, on a busy machine."""
    (check,) = (check for check in found["checks"] if check["check"] == name)
    assert not check["ok"], check
    assert check["why"] in found["why_not"]
    return str(check["why"])


def test_a_client_that_silently_keeps_its_connections(tmp_path: Path) -> None:
    """It is told to open one for each request, its settings say that it does, and it does not. loadgen's own client
    obeys: a fault is put into its workers."""
    (tmp_path / "faulty").mkdir()
    (tmp_path / "faulty" / "sitecustomize.py").write_text(KEEPS)
    log = tmp_path / "truth.csv"
    found = compared(
        tmp_path, f"{{service: 2ms, log: {log}}}", "shared", "100/s", "1s", 2, path=str(tmp_path / "faulty")
    )
    about = json.loads((tmp_path / "run" / "rounds" / "01" / "fresh" / "run.json").read_text())
    assert about["session"]["reuse"] == "per-request", "nothing that the run says of itself gives it away"
    with log.open(newline="") as lines:
        requests = [row["connection"] for row in csv.DictReader(lines)]
    assert len(requests) > 350 and len(set(requests)) < 300, "the target saw them kept"
    why = reason(found, "connections as said")
    assert why.startswith("fresh, round 1: per-request, and yet 0.")
    assert "connections were opened for each request, not 1.00; fresh, round 2: per-request, and yet 0." in why


def test_a_target_that_silently_closes(tmp_path: Path) -> None:
    """The shared session keeps its connections, and the target does not: both variants are the same."""
    found = compared(tmp_path, "{service: 2ms, requests_per_connection: 1}", "shared", "100/s", "1s", 2)
    why = reason(found, "connections as said")
    assert why.startswith("shared, round 1: shared, and yet ")
    assert "fresh" not in why


def test_a_cap_that_binds_in_one_arm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One request each 50 ms holds its connection for 45 ms if that is there, and for 125 ms if it is opened: two do
    for the one variant, and the other queues for them. What that makes of it is not what a connection costs."""
    found = compared(tmp_path, "{rtt: 40ms, service: 5ms}", "{reuse: shared, connections: 2}", "20/s", "600ms", 6)
    why = reason(found, "connection cap")
    assert why.startswith("requests waited for a connection in ")
    assert "fresh, round " in why
    assert why.endswith(" alone; at most 2; open at once: shared 2, fresh 2")
    monkeypatch.setattr(comparison, "checks", lambda pair: [])
    monkeypatch.setattr(comparison, "_trend", lambda pair, found: iter(()))
    figures = assembled(tmp_path / "run")["comparison"]["figures"]
    (primary,) = (figure for figure in figures if figure["primary"])
    assert primary["verdict"] == "slower", "it would have been told, and of a difference that is mostly the queue's"
