"""`loadgen report`: runs that are none, and a run by its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from called import Called, Loadgen
from paths import DATA


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", "bad/run.json: cannot be read: Expecting value: line 1 column 1 (char 0)"),
        ("[]", "bad/run.json: is not a result"),
        ('{"plan": {}}', "bad/run.json: is not a result: it has no schema"),
    ],
)
def test_a_run_that_is_none(loadgen: Loadgen, tmp_path: Path, content: str, line: str) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "run.json").write_text(content)
    (tmp_path / "bad" / "intervals.jsonl").write_text("")
    assert loadgen("report", "bad") == Called(2, "", f"loadgen: {line}\n")


@pytest.mark.parametrize(
    "content", ["{", "5", '{"schema": "loadgen.result/1"}', '{"schema": "loadgen.result/3", "trust": 5}']
)
def test_a_result_that_is_none(loadgen: Loadgen, tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text("{}")
    (tmp_path / "result.json").write_text(content)
    for run in (".", "result.json"):
        called = loadgen("report", run)
        assert (called.status, called.out) == (2, "")
        assert called.err.startswith("loadgen: result.json: ")
        assert called.err.count("\n") == 1


def test_a_run_is_found_by_its_name(loadgen: Loadgen, tmp_path: Path) -> None:
    result = DATA / "result.json"
    run = tmp_path / "runs" / "burst-20261122-120000"
    run.mkdir(parents=True)
    (run / "run.json").write_text("{}")
    (run / "result.json").write_text(result.read_text())
    called = loadgen("report", run.name)
    assert called.status == 0
    assert called == loadgen("report", str(run)) == loadgen("report")
