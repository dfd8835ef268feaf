"""`loadgen report`: runs that are none, and a run by its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from called import Called, Loadgen
from no_files import KINDS, put
from paths import DATA


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", "bad/run.json: is empty: perhaps the disk was full, or the run died at once"),
        ("{", "bad/run.json: is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("[]", "bad/run.json: is not a result"),
        ('{"plan": {}}', "bad/run.json: is not a result: it has no schema"),
    ],
)
def test_a_run_that_is_none(loadgen: Loadgen, tmp_path: Path, content: str, line: str) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "run.json").write_text(content)
    (tmp_path / "bad" / "seconds.bin").write_text("")
    assert loadgen("report", "bad") == Called(2, "", f"loadgen: {line}\n")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "loop"])
def test_a_run_json_that_is_no_file(loadgen: Loadgen, tmp_path: Path, kind: str) -> None:
    put(tmp_path / "run.json", kind)
    line = "loadgen: .: is not a run's folder: its run.json is no regular file\n"
    assert loadgen("report", ".") == Called(2, "", line)


@pytest.mark.parametrize(
    "content", ["{", "5", '{"schema": "loadgen.result/1"}', '{"schema": "loadgen.result/4", "trust": 5}']
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


@pytest.fixture
def two(tmp_path: Path) -> list[Path]:
    runs = [tmp_path / "one", tmp_path / "two"]
    for run in runs:
        run.mkdir()
        (run / "run.json").write_text("{}")
        (run / "result.json").write_text((DATA / "result.json").read_text())
    return runs


def test_several_runs_are_laid_over_each_other(loadgen: Loadgen, tmp_path: Path, two: list[Path]) -> None:
    called = loadgen("report", *two)
    assert (called.status, called.err) == (0, "")
    assert [line.split()[1] for line in called.out.splitlines()[:2]] == ["one", "two"]
    page = tmp_path / "page.html"
    assert loadgen("report", *two, "--html", page) == Called(0, "", "")
    assert "B two" in page.read_text()
    assert "B two" not in loadgen("report", *two, "--html", "-", "--share").out, "it may be the name of a host"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--csv", "-"), "--csv takes one run"),
        (("--json",), "--full and --json take one run"),
        (("none",), "is not a run's folder: it has no run.json"),
        (("one",) * 7, "9 runs are more than the 8 that can be told apart"),
    ],
)
def test_what_several_runs_do_not_have(loadgen: Loadgen, two: list[Path], options: tuple[str, ...], why: str) -> None:
    called = loadgen("report", *two, *options)
    assert (called.status, called.out) == (2, "")
    assert why in called.err and called.err.count("\n") == 1
