"""`loadgen keepalive --idle`: a run for each pause, one after the other on one display."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from called import Loadgen
from finished_runs import finished_run
from going_runs import BURST

from loadgen.result.run import RunResult
from loadgen.runner import session
from loadgen.runner.options import Options
from loadgen.runner.progress import Position


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    return finished_run(tmp_path_factory.mktemp("finished") / "run")


NAMES = ["idle-1s", "idle-1_5s", "idle-3s"]


@pytest.mark.parametrize(("interrupted", "made"), [(False, 3), (True, 1)])
def test_each_pause_has_its_run_and_says_which_is_next(
    loadgen: Loadgen, monkeypatch: pytest.MonkeyPatch, run: RunResult, interrupted: bool, made: int
) -> None:
    ran: list[str] = []
    shown: list[Position] = []

    async def carried_out(loaded: Any, options: Options, display: Any) -> RunResult:
        ran.append(options.out.name)
        display.update(BURST)
        shown.append(display.last.position)
        return replace(run, interrupted=interrupted)

    monkeypatch.setattr(session, "run", carried_out)
    called = loadgen("keepalive", "http://127.0.0.1:9/", "--idle", "1s,1500ms,3s", "--out", "all")
    assert called.out.count("\n") >= made
    assert ran == [*NAMES[:made]]
    assert [(of.round, of.rounds, of.now) for of in shown] == [(n + 1, 3, (NAMES[n],)) for n in range(made)]
    assert [of.next for of in shown] == [tuple(NAMES[n + 1 : n + 2]) for n in range(made)]
    assert f"round 1 of 3: {NAMES[0]}\n" in called.err
