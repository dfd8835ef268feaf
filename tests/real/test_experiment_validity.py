"""No verdict where the variants were not what they say, as experiments on real connections find it out."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from program import VALID, prepare, run

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


def carried_out(folder: Path, sandbox: str, session: str, rate: str, lasting: str, rounds: int, path: str = "") -> Any:
    """The comparison of shared and fresh."""
    text = PROFILE.replace("SANDBOX", sandbox).replace("SESSION", session).replace("ROUNDS", str(rounds))
    env = {"PYTHONPATH": path} if path else None
    text = text.replace("RATE", rate).replace("LASTING", lasting)
    ran = run(folder, *prepare(folder, text), "--json", env=env, limit=300)
    assert ran.status in VALID, ran.err
    return json.loads(ran.out)["comparison"]


def compared(folder: Path, *arguments: Any, path: str = "") -> Any:
    """One in which no verdict is given."""
    found = carried_out(folder, *arguments, path=path)
    assert found["valid"] is False
    assert {figure["verdict"] for figure in found["figures"]} == {"none"}
    assert all(figure["baseline_ms"] and figure["variant_ms"] for figure in found["figures"] if figure["primary"])
    return found


def reasons(found: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Why that check failed, which is among the reasons for no verdict. Others may be, on a busy machine."""
    (check,) = (check for check in found["checks"] if check["check"] == name)
    assert not check["ok"], check
    assert check["why"] and all(why in found["why_not"] for why in check["why"])
    return list(check["why"])


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
    whys = reasons(found, "connections as said")
    assert [(why["code"], why["variant"], why["round"]) for why in whys] == [
        ("connections_not_as_said", "fresh", 1), ("connections_not_as_said", "fresh", 2),
    ]  # fmt: skip
    assert all((why["reuse"], why["expected"]) == ("per-request", 1) and why["per_request"] < 1 for why in whys)


def test_a_target_that_silently_closes(tmp_path: Path) -> None:
    """The shared session keeps its connections, and the target does not: both variants are the same."""
    found = compared(tmp_path, "{service: 2ms, requests_per_connection: 1}", "shared", "100/s", "1s", 2)
    first, *others = reasons(found, "connections as said")
    assert (first["code"], first["variant"], first["round"]) == ("connections_not_as_said", "shared", 1)
    assert {why["variant"] for why in (first, *others)} == {why["reuse"] for why in (first, *others)} == {"shared"}


def test_a_cap_that_binds_in_one_arm(tmp_path: Path) -> None:
    """One request each 50 ms holds its connection for 45 ms if that is there, and for 125 ms if it is opened: two do
    for the one variant, and the other queues for them. The wait is a part of the difference."""
    found = carried_out(tmp_path, "{rtt: 40ms, service: 5ms}", "{reuse: shared, connections: 2}", "20/s", "600ms", 6)
    (note,) = (note for note in found["notes"] if note["code"] == "connection_caps")
    assert (note["baseline_cap"], note["variant_cap"]) == (2, 2)
    assert note["variant_runs"] > 0
    parts = {part["part"]: part for part in found["parts"]}
    assert parts["wait"]["difference_low"] > 0
    (primary,) = (figure for figure in found["figures"] if figure["primary"])
    assert primary["verdict"] == ("slower" if found["valid"] else "none")
