"""`runner.prepared`: what is checked before anything is made, and what each worker is to do."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scripted_nodes import ABOUT

from loadgen.engine.machine import MachineShare
from loadgen.errors import PlanError, ProfileError
from loadgen.fleet.nodes import Nodes, RemoteNode
from loadgen.net.names import Address, Origin
from loadgen.profile.load import Loaded, load
from loadgen.redaction import Secrets
from loadgen.runner.destination import Destination
from loadgen.runner.options import Options
from loadgen.runner.prepared import Checked, Prepared
from loadgen.runner.secrets import Keeper
from loadgen.runner.until.goal import Goal, prolonged
from loadgen.runner.warnings import Warnings
from loadgen.runner.witness.load import EACH

TEXT = """name: t
target: http://127.0.0.1:9
load: [{name: a, rate: 1060/s, for: 60s}]
max_rate: 2000/s
in_flight_limit: 11
session: {connections: 7}
"""
ORIGIN = Origin.of("http://127.0.0.1:9")
SEVERAL = tuple(Address(socket.AF_INET, (f"127.0.0.{number}", 9)) for number in (1, 2, 3))


def prepared(folder: Path, loaded: Loaded, to: Destination | None = None, **options: Any) -> Prepared:
    to, keeper = to or Destination(ORIGIN, SEVERAL, True), Keeper(loaded.profile, False, loaded.secrets)
    chosen = Options(folder / "run", **options)
    checked = Checked.of(loaded.profile, chosen, to)
    warn = Warnings(lambda text: None, loaded.secrets)
    run = Prepared.of(loaded, chosen, to, keeper, None, checked, warn)
    run.folder.close()
    return run


def test_all_limits_are_dealt_to_the_workers(tmp_path: Path) -> None:
    run = prepared(tmp_path, load("t.yaml", text=TEXT + "workers: 3\n"))
    work = run.assignments
    assert [(of.share.index, of.share.workers) for of in work] == [(0, 3), (1, 3), (2, 3)]
    assert sum(of.share.in_flight for of in work) == 11
    assert sum(of.connections for of in work) == sum(of.preopen for of in work) == 7
    assert {of.share.users_gap for of in work} == {3 * 10**9 // 2000}
    assert [of.addresses[0] for of in work] == list(SEVERAL)
    assert all(set(of.addresses) == set(SEVERAL) for of in work)
    assert {of.payloads for of in work} == {(run.began,)}
    assert [of.ledger.exists() for of in work] == [True] * 3


def test_beside_a_witness_users_leave_room_for_its_own(tmp_path: Path) -> None:
    run = prepared(tmp_path, load("t.yaml", text=TEXT), witness=True)
    assert run.checked.witness_load
    assert run.assignments[0].share.users_gap == round(10**9 * (1 + 1 / EACH) / 2000)


def test_what_is_known_before_the_load_is_written_before_it_and_without_secrets(tmp_path: Path) -> None:
    secret = load("t.yaml", text=TEXT.replace("name: t", "name: hunter2"))
    loaded, goal = prolonged(replace(secret, secrets=Secrets("hunter2")), Goal.parse("a response p50 within 5%"))
    run = prepared(tmp_path, loaded, until=goal)
    written = json.loads((tmp_path / "run" / "run.json").read_text())
    assert written == json.loads(json.dumps(run.description))
    assert written["name"] == "[redacted]"
    assert (written["until"]["looks"], written["until"]["reached"]) == ([], False)
    assert written["plan"]["cycles"] == 1
    assert written["payloads"] == run.began
    assert "hunter2" not in json.dumps(written)


def test_a_run_that_dies_has_said_that_its_load_came_from_nodes(tmp_path: Path) -> None:
    link: Any = None
    nodes = Nodes([RemoteNode(number, link, ABOUT) for number in (1, 2)])
    run = prepared(tmp_path, load("t.yaml", text=TEXT), nodes=nodes)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["from_nodes"] == 2
    assert len(run.assignments) == 2


@pytest.mark.parametrize(
    ("text", "options", "why"),
    [
        (TEXT.replace("connections: 7", "connections: 1") + "workers: 2\n", {}, "cannot be shared by 2 workers"),
        (TEXT.replace("2000/s", "1061/s"), {"witness": True}, "Raise max_rate to 1080/s"),
    ],
)
def test_what_cannot_be_carried_out_is_refused_before_there_is_a_folder(
    tmp_path: Path, text: str, options: dict[str, Any], why: str
) -> None:
    with pytest.raises(PlanError, match=why):
        prepared(tmp_path, load("t.yaml", text=text), **options)
    assert not (tmp_path / "run").exists()


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(ProfileError, match="exists already"):
        prepared(tmp_path, load("t.yaml", text=TEXT))
    assert list((tmp_path / "run").iterdir()) == []


def test_a_machine_s_workers_are_some_of_all_machines(tmp_path: Path) -> None:
    """The limits are dealt to all of them, what is sent follows from the common start, and each ledger has its file."""
    text = TEXT.replace("connections: 7", "connections: 70") + "workers: 3\n"
    runs = [
        prepared(tmp_path / str(index), load("t.yaml", text=text), share=MachineShare(index, 4), start_at=10**18)
        for index in (1, 2, 3, 4)
    ]
    work = [of for run in runs for of in run.assignments]
    assert [(of.share.index, of.share.workers) for of in work] == [(number, 12) for number in range(12)]
    assert sum(of.connections for of in work) == 70
    assert {of.share.users_gap for of in work} == {12 * 10**9 // 2000}
    assert {of.payloads for of in work} == {(10**18,)}
    assert [of.ledger.name for of in work] == [f"worker-{number}.counters" for number in (0, 1, 2)] * 4
    said = [json.loads((run.folder.path / "run.json").read_text()) for run in runs]
    assert [(of["share"]["index"], of["share"]["of"]) for of in said] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert {of["workers"] for of in said} == {3}
    assert len({of["share"]["plan"] for of in said}) == 1
