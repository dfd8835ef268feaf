"""`--until` as a user runs it: a phase that goes on, ends when it tells enough, and is followed by the next one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from program import VALID, prepare, run, saved

pytestmark = pytest.mark.real

PROFILE = """
name: until
target: sandbox
sandbox: {service: 5ms}
load:
  - {name: steady, rate: 50/s, for: 2s}
  - {name: after, rate: 50/s, for: 1s}
thresholds: {steady: [errors < 1%], after: [errors < 1%]}
"""


def test_a_phase_goes_on_until_it_tells_enough(tmp_path: Path) -> None:
    goal = ["--until", "steady response p50 within 50%", "--at-most", "3m"]
    files = ["--html", "page.html", "--csv", "a.csv", "--junit", "a.xml", "--markdown", "a.md"]
    ran = run(tmp_path, *prepare(tmp_path, PROFILE), *goal, *files, "--json", "--workers", "2")
    assert ran.status in VALID, ran.err
    assert "reached after 20 s" in (tmp_path / "page.html").read_text()
    assert all((tmp_path / name).stat().st_size for name in files[1::2])
    until = ran.result["until"]
    assert (until["reached"], until["stopped_by_until"], until["planned_s"][:3]) == (True, True, [20, 40, 80])
    (look,) = until["looks"]
    (figure,) = look["figures"]
    assert figure["low"] <= figure["ms"] <= figure["high"]
    steady, after = ran.phases["steady"], ran.phases["after"]
    assert 22 <= steady["seconds"] < 180, "the look, a second for its answers, and the next whole one"
    assert steady["seconds"] == int(steady["seconds"])
    assert after["seconds"] == 1
    for phase in (steady, after):
        assert phase["iterations"]["planned"] == phase["iterations"]["started"] > 0
    assert saved(tmp_path) == ran.result
    assert "after 20 s: " in ran.err and "well enough" in ran.err
    assert "until       steady response p50 within 50%: reached" in run(tmp_path, "report", "run").out
    shown = run(tmp_path, "report", "run", "--full")
    assert "until  steady response p50 within 50%: reached after 20 s" in shown.out
    (tmp_path / "run" / "result.json").unlink()  # as if it had died later
    died = json.loads(run(tmp_path, "report", str(tmp_path / "run"), "--json").out)
    assert (died["complete"], died["until"]["reached"], died["until"]["looks"][0]["after_s"]) == (False, True, 20)
    seconds = {phase["name"]: phase["seconds"] for phase in died["variants"][0]["phases"]}
    assert seconds["steady"] == steady["seconds"], "not the limit"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--at-most", "5m"], "loadgen run: --at-most goes with --until"),
        (["--until", "steady response p99"], "loadgen: --until: 'steady response p99' says not how well"),
        (["--until", "staedy response p99 within 5%"], "loadgen: --until: no measured phase is called staedy"),
    ],
)
def test_a_mistake_is_one_line_and_sends_nothing(tmp_path: Path, options: list[str], message: str) -> None:
    ran = run(tmp_path, *prepare(tmp_path, PROFILE), *options)
    assert ran.status == 2
    assert ran.err.startswith(message)
    assert ran.err.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_an_experiment_has_looks_of_its_own(tmp_path: Path) -> None:
    text = f"{PROFILE}experiment: {{variants: {{a: {{}}, b: {{session: per-request}}}}, rounds: 2}}\n"
    ran = run(tmp_path, *prepare(tmp_path, text), "--until", "steady response p99 within 5%")
    assert (ran.status, json.dumps(ran.out)) == (2, '""')
    assert "an experiment has planned looks of its own. Use experiment.rounds: [10, 20]" in ran.err
