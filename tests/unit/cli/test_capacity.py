"""The command line of `loadgen capacity`, as far as it sends nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from capacity_steps import RATES, capacity_result, rising, write_capacity
from click.testing import CliRunner
from engine_harness import Script, always

from loadgen.cli.capacity import command
from loadgen.cli.check import command as check
from loadgen.cli.report import command as report
from loadgen.clock import MILLISECOND
from loadgen.errors import ProfileError
from loadgen.experiment.capacity.course import Next
from loadgen.report.formats.github import NAMED_BY

URL = "http://127.0.0.1:1/"
KEEP = ("--keep", "p99 < 100ms")


def test_a_dry_run_says_what_would_be_sent() -> None:
    result = CliRunner().invoke(command, [URL, *KEEP, "--max-rate", "200/s", "--dry-run"], standalone_mode=False)
    assert result.return_value == 0, result.output
    assert "the rate that keeps p99 < 100ms and errors < 1%" in result.output
    assert "The search begins at 50/s, at most 200/s" in result.output
    assert "39 runs, about 7 min 41 s" in result.output


def test_a_dry_run_as_json() -> None:
    result = CliRunner().invoke(command, [URL, *KEEP, "--dry-run", "--json", "--from", "5/s"], standalone_mode=False)
    document = json.loads(result.output)
    assert document["kind"] == "capacity-plan"
    assert (document["plan"]["first_rate"], document["requests_at_most"]) == (5, None)


def profile(folder: Path) -> str:
    text = "{keep: p99 < 70ms, for: 4m, max_rate: 300/s, from: 30/s, thresholds: [capacity > 120/s]}"
    load = "load: [{name: a, rate: 1/s, for: 1s}]"
    (folder / "c.yaml").write_text(f"name: c\ntarget: {URL}\n{load}\ncapacity: {text}\n")
    return str(folder / "c.yaml")


def test_a_profile_has_defaults_and_the_options_win(tmp_path: Path) -> None:
    def planned(*options: str) -> dict[str, object]:
        command_line = [profile(tmp_path), "--dry-run", "--json", *options]
        result = CliRunner().invoke(command, command_line, standalone_mode=False)
        plan: dict[str, object] = json.loads(result.output)["plan"]
        return {name: plan[name] for name in ("keep", "for_s", "max_rate", "first_rate", "thresholds")}

    own = {"keep": ["p99 < 70ms", "errors < 1%"], "for_s": 240, "max_rate": 300, "first_rate": 30}
    assert planned() == {**own, "thresholds": ["capacity > 120/s"]}
    other = planned("--keep", "p50 < 9ms, errors < 5%", "--for", "5m", "--max-rate", "200/s", "--from", "10/s")
    assert other == {
        "keep": ["p50 < 9ms", "errors < 5%"], "for_s": 300, "max_rate": 200, "first_rate": 10,
        "thresholds": ["capacity > 120/s"],
    }  # fmt: skip


def test_check_tells_the_steps_beforehand(tmp_path: Path) -> None:
    short, whole = (
        " ".join(CliRunner().invoke(check, [profile(tmp_path), *full], standalone_mode=False).output.split())
        for full in ([], ["--full"])
    )
    said = "loadgen capacity would look for the rate that keeps p99 < 70ms and errors < 1%: "
    assert re.search(f"{said}[0-9]+ runs, about 4 min.*, at most .* requests; it has to be: capacity > 120/s", short)
    assert said in whole
    assert "The search begins at 30/s, at most 300/s" in whole and "What it has to be: capacity > 120/s" in whole
    assert "At most" in whole and "requests" in whole
    document = json.loads(CliRunner().invoke(check, [profile(tmp_path), "--json"], standalone_mode=False).output)
    assert document["capacity"]["runs"] > 18 and document["capacity"]["requests_at_most"] > 10_000


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ((), "--keep is missing"),
        ((*KEEP, "--for", "soon"), "--for: 'soon' is not a duration"),
        ((*KEEP, "--max-rate", "0/s"), "--max-rate: '0/s' is no rate"),
        ((*KEEP, "--resume", "x"), "--keep goes with a new measurement"),
        (("--resume", "x", "--dry-run"), "--dry-run goes with a new measurement"),
    ],
)
def test_what_does_not_go_together(options: tuple[str, ...], problem: str) -> None:
    result = CliRunner().invoke(command, [URL, *options])
    assert result.exit_code == 2
    assert problem in result.output.replace('"', "'"), result.output


def test_a_condition_that_is_none() -> None:
    result = CliRunner().invoke(command, [URL, "--keep", "p99 > 1s"], standalone_mode=False)
    assert isinstance(result.exception, ProfileError)


def test_the_result_is_written_in_every_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "profile.json").write_text('{"name": "c"}')
    made = capacity_result(rising(RATES), run=str(tmp_path), exit_status=4)
    monkeypatch.setattr("loadgen.cli.capacity._carry_out", lambda *given: made)
    monkeypatch.setenv(NAMED_BY, str(tmp_path / "summary.md"))
    files = [f"--{name}={tmp_path / name}" for name in ("html", "junit", "markdown")]
    result = CliRunner().invoke(command, [URL, *KEEP, *files, "--csv", "-"], standalone_mode=False)
    assert result.return_value == 4, result.output
    assert result.output.startswith("variant,stage,number,rate"), "and no screen besides"
    assert "keeps p99 &lt; 100ms" in (tmp_path / "html").read_text()
    assert 'classname="c.capacity"' in (tmp_path / "junit").read_text()
    assert (tmp_path / "summary.md").read_text() == (tmp_path / "markdown").read_text()


def test_a_saved_capacity_is_written_in_every_format(tmp_path: Path) -> None:
    def behave(step: Next) -> Script:
        return always(after=(200 if step.rate > 60 else 20) * MILLISECOND)

    folder = write_capacity(tmp_path / "run", behave)
    files = [f"--{name}={tmp_path / name}" for name in ("html", "junit", "markdown", "csv")]
    result = CliRunner().invoke(report, [str(folder), *files], standalone_mode=False)
    assert result.return_value == 0 and result.output == ""
    assert all((tmp_path / name).stat().st_size > 200 for name in ("html", "junit", "markdown", "csv"))
    log = CliRunner().invoke(report, [str(folder), "--hlog", str(tmp_path / "log")], standalone_mode=False)
    assert "nothing is written: each of its runs has its own" in log.output and not (tmp_path / "log").exists()
    two = CliRunner().invoke(report, [str(folder), str(folder)])
    assert f"{folder}: is made of several runs. Report it by itself, or name runs that it is made of" in str(
        two.exception
    )
