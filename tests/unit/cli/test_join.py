"""`loadgen join`, with files: what it prints, what report shows from then on, and what it refuses."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from called import Loadgen
from joinable import access, exemplar, plain_run, report, run_with, step, uuid

from loadgen.errors import Exit
from loadgen.experiment.saved import read
from loadgen.result.codec import from_json
from loadgen.result.join import JoinResult
from loadgen.result.run import RunResult

ESCAPE = "\x1b[2J"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run behind an API, of which four requests were drawn."""
    return run_with(tmp_path / "runs" / "one", step([], [exemplar(n, 50.0) for n in range(4)], 400))


def written(folder: Path) -> tuple[str, ...]:
    """The options that name the exported logs."""
    with gzip.open(folder / "function.log.gz", "wt") as file:
        file.writelines(f"START RequestId: {uuid(n)}\n{report(n, 30.0, 100.0 if n else None)}\n" for n in range(9))
    (folder / "access.log").write_text("".join(f"{access(n, 45, 40)}\n" for n in range(2, 20)) + ESCAPE)
    return "--logs", str(folder / "function.log.gz"), "--logs", str(folder / "access.log")


def test_files_are_joined_and_the_report_shows_it(loadgen: Loadgen, run: Path, tmp_path: Path) -> None:
    """The function's file comes first, and yet its lines are found by the ids of the access log."""
    called = loadgen("join", str(run), *written(tmp_path))
    assert (called.status, called.err) == (0, "")
    said = "".join(called.out.split())  # a long path is broken wherever the line ends
    for told in ("2 of 4 requests found in its logs", "function.log.gz: 2 REPORTs",
                 "access.log: 2 lines of an access log",
                 "drawn: 100% warm (15.8% to 100%): REPORTs of 2 requests, a sample of all"):  # fmt: skip
        assert told.replace(" ", "") in said
    assert ESCAPE not in called.out
    rows = {line.rsplit(maxsplit=1)[0]: line.split()[-1] for line in called.out.splitlines() if line.strip()}
    assert (rows["API Gateway"], rows["Lambda"], rows["handler"]) == ("5.00", "10.0", "30.0")
    assert rows["network, the remainder"] == "4.50"
    result = read(run)
    assert isinstance(result, RunResult)
    assert result.join
    assert result.join.found == 2
    assert "2 of 4 requests found" in loadgen("report", str(run)).out
    assert "network, the remainder" in loadgen("report", str(run), "--full").out
    assert from_json(JoinResult, json.loads(loadgen("report", str(run), "--json").out)["join"]) == result.join


def test_what_is_shared_has_no_paths_and_no_ids(loadgen: Loadgen, run: Path, tmp_path: Path) -> None:
    loadgen("join", str(run), *written(tmp_path))
    for options in (("--full",), ("--json",)):
        out = loadgen("report", str(run), "--share", *options).out
        assert "gateway-" not in out
        assert str(tmp_path) not in out


def test_as_json(loadgen: Loadgen, run: Path, tmp_path: Path) -> None:
    joined = from_json(JoinResult, json.loads(loadgen("join", str(run), *written(tmp_path), "--json").out))
    assert (joined.looked_for, joined.found, joined.complete) == (4, 2, True)
    assert [(of.kind, of.reports, of.accesses) for of in joined.sources] == [("file", 2, 0), ("file", 0, 2)]


def test_an_access_log_of_another_format(loadgen: Loadgen, run: Path, tmp_path: Path) -> None:
    (tmp_path / "own.log").write_text(f'1.2.3.4 "GET /x" gateway-3 {uuid(3)}\n1.2.3.4 "GET /x" gateway-2 {uuid(2)}\n')
    options = (*written(tmp_path)[:2], "--logs", str(tmp_path / "own.log"))
    layout = '$context.identity.sourceIp "GET $context.path" $context.requestId $context.integration.requestId'
    joined = json.loads(loadgen("join", str(run), *options, "--access-format", layout, "--json").out)
    assert joined["found"] == 2
    assert joined["steps"][0]["groups"][0]["hops"]["rest_of"] == ["network", "gateway", "lambda"]
    assert joined["steps"][0]["groups"][0]["hops"]["gateway_ms"] is None


def test_nothing_is_found(loadgen: Loadgen, run: Path, tmp_path: Path) -> None:
    (tmp_path / "other.log").write_text("nothing of it\n" * 10)
    called = loadgen("join", str(run), "--logs", str(tmp_path / "other.log"))
    assert called.status == 0
    assert "0 of 4 requests found in its logs. These files have no line of them" in called.out
    assert "saved: " in called.out


def test_a_join_that_finds_nothing_leaves_one_that_did(loadgen: Loadgen, run: Path, tmp_path: Path) -> None:
    loadgen("join", str(run), *written(tmp_path))
    before = (run / "join.json").read_text()
    (tmp_path / "other.log").write_text("nothing of it\n")
    called = loadgen("join", str(run), "--logs", str(tmp_path / "other.log"))
    assert "0 of 4 requests found" in called.out
    said = "".join(called.out.split())  # a long path is broken wherever the line ends
    assert "keepsthejoinbefore,whichfound2requests" in said
    assert "notsaved:" in said
    assert (run / "join.json").read_text() == before


@pytest.mark.parametrize("indent", [None, 4])
def test_exported_events_are_found_in_one_line_too(loadgen: Loadgen, run: Path, tmp_path: Path, indent: Any) -> None:
    """As `aws logs filter-log-events` prints them, and as `jq -c` does."""
    others = [{"message": f"{report(n, 30.0)}\n"} for n in range(100, 600)]
    events = [{"message": line} for n in range(4) for line in (access(n, 45, 40), f"{report(n, 30.0)}\n")]
    (tmp_path / "events.json").write_text(json.dumps({"events": others + events}, indent=indent))
    joined = json.loads(loadgen("join", str(run), "--logs", str(tmp_path / "events.json"), "--json").out)
    assert (joined["found"], joined["complete"]) == (4, True)
    assert joined["steps"][0]["groups"][0]["reports"] == 4


def test_lines_that_cannot_be_are_told(loadgen: Loadgen, run: Path, tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text("".join(f"{access(n, 1 if n else 45, 999 if n else 40)}\n" for n in range(4)))
    called = loadgen("join", str(run), "--logs", str(tmp_path / "access.log"))
    assert "1 of 4 requests found in its logs. 3 lines told impossible times and were left out" in called.out


@pytest.mark.parametrize("kind", [None, "experiment"])
@pytest.mark.parametrize("options", [(), ("--log-group", "x")])
def test_a_sandbox_that_has_ended_is_said(loadgen: Loadgen, run: Path, kind: str | None, options: Any) -> None:
    (run / "profile.json").write_text('{"target": "sandbox"}')
    if kind:
        (run / "exemplars.json").unlink()
        (run / "run.json").write_text(json.dumps({"kind": kind}))
    called = loadgen("join", str(run), *options)
    assert called.status == Exit.USAGE
    assert "ran on a sandbox, which has ended, and its logs with it. loadgen run --join joins a run" in called.err


REFUSED: dict[str, tuple[tuple[str, ...], str]] = {
    "no such file": (("--logs", "none.log"), "none.log: cannot be read: "),
    "no gzip": (("--logs", "broken.gz"), "broken.gz: cannot be read: "),
    "no log is known": ((), "does not tell the log of its target. Name its log group with --log-group"),
    "no region is known": (("--log-group", "x"), "--region: is missing"),
    "no format": (("--access-format", "$context.status"), "--access-format: has no $context.requestId"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_is_refused(loadgen: Loadgen, run: Path, tmp_path: Path, why: str) -> None:
    (tmp_path / "broken.gz").write_bytes(b"\x1f\x8b\x08\x00 is not packed")
    options, said = REFUSED[why]
    called = loadgen("join", str(run), *options)
    assert (called.status, called.out) == (Exit.USAGE, "")
    assert said in called.err
    assert called.err.count("\n") == 1


def test_a_run_without_ids_says_how_to_get_some(loadgen: Loadgen, tmp_path: Path) -> None:
    plain_run(tmp_path / "runs" / "plain")
    called = loadgen("join", "plain", "--logs", "x")
    assert called.status == Exit.USAGE
    assert "has no ids of requests to look for. loadgen keeps ids from the headers of answers" in called.err


def test_of_several_runs_one_is_joined(loadgen: Loadgen, tmp_path: Path) -> None:
    (folder := tmp_path / "runs" / "several").mkdir(parents=True)
    (folder / "run.json").write_text('{"kind": "experiment"}')
    called = loadgen("join", "several", "--logs", "x")
    assert called.status == Exit.USAGE
    assert called.err == "loadgen: runs/several: is of several runs. Join one of the runs in it\n"


@pytest.mark.parametrize("name", ["exemplars.json", "join.json"])
@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema": "loadgen.result/4", "steps": 5}', "\0"])
def test_what_somebody_else_has_written_is_one_line(
    loadgen: Loadgen, run: Path, tmp_path: Path, name: str, content: Any
) -> None:
    options = written(tmp_path)
    (run / name).write_text(content)
    called = loadgen("join", str(run), *options) if name == "exemplars.json" else loadgen("report", str(run))
    assert called.status == Exit.USAGE
    assert called.err.startswith("loadgen: ")
    assert called.err.count("\n") == 1


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("sandbox", "its sandbox ends, and its logs with it"),
        ("{lambda: {function: orders, endpoint: sandbox}}", "its sandbox ends, and its logs with it"),
        ("http://127.0.0.1:1", "join the experiment's runs afterwards"),
    ],
)
def test_an_experiment_is_not_joined_as_it_ends(loadgen: Loadgen, tmp_path: Path, target: str, said: str) -> None:
    step = "Invoke: {payload: {id: 1}}" if "lambda" in target else "get: /"
    scenario = f"scenarios: [{{name: s, steps: [{{name: x, {step}}}]}}]\n"
    load = "load: [{name: a, users: 1, iterations: 3}]\nexperiment: {rounds: 1, variants: {a: {}, b: {}}}\n"
    (tmp_path / "p.yaml").write_text(f"name: t\ntarget: {target}\n{load}{scenario}")
    called = loadgen("run", str(tmp_path / "p.yaml"), "--join")
    assert called.status == Exit.USAGE
    assert said in called.err
