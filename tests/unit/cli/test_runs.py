"""`loadgen runs`: the saved runs of a folder, the newest first, whatever is in it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from called import Called, Loadgen
from paths import DATA

DOCUMENT = json.loads((DATA / "result.json").read_text())


def save(folder: Path, name: str, at: int, **changes: object) -> None:
    run = folder / name
    run.mkdir(parents=True)
    (run / "run.json").write_text("{}")
    (run / "result.json").write_text(json.dumps({**DOCUMENT, **changes}))
    os.utime(run / "run.json", (at, at))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def names(called: Called) -> list[str]:
    return [line.split()[0] for line in called.out.splitlines()[1:] if not line.startswith(" ")]


def test_the_newest_is_first(loadgen: Loadgen) -> None:
    for number, name in enumerate(("first", "second", "third")):
        save(Path("runs"), name, 1000 + number)
    called = loadgen("runs")
    assert (called.status, called.err, names(called)) == (0, "", ["third", "second", "first"])
    line = called.out.splitlines()[1]
    assert DOCUMENT["trust"]["verdict"] in line and DOCUMENT["started"][:10] in line


def test_a_run_that_cannot_be_read_does_not_hide_the_others(loadgen: Loadgen) -> None:
    save(Path("runs"), "good", 1000)
    (Path("runs") / "bad").mkdir()
    (Path("runs") / "bad" / "run.json").write_text("{")
    (Path("runs") / "no-run").mkdir()
    called = loadgen("runs")
    assert called.status == 0
    assert names(called) == ["bad", "good"]
    assert "unread" in called.out and "is not JSON" in " ".join(called.out.split())


def test_only_the_newest_twenty_unless_all_are_asked_for(loadgen: Loadgen) -> None:
    for number in range(22):
        save(Path("mine"), f"run-{number}", 1000 + number)
    called = loadgen("runs", "mine")
    assert names(called)[:20] == [f"run-{number}" for number in range(21, 1, -1)]
    assert called.out.endswith("2 more: --all\n")
    assert len(names(loadgen("runs", "mine", "--all"))) == 22


def test_a_name_cannot_control_the_terminal(loadgen: Loadgen) -> None:
    save(Path("runs"), "a\x1b[2Jb", 1000)
    assert "\x1b" not in loadgen("runs").out


def test_where_nothing_was_run(loadgen: Loadgen) -> None:
    assert loadgen("runs") == Called(0, "There are no runs here. `loadgen run burst` makes one.\n", "")
    assert loadgen("runs", "nowhere") == Called(2, "", "loadgen: nowhere: cannot be read: no such file or directory\n")
