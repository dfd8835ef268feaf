"""`runner.shared`: what machines that share a load, and do not hear of each other, must know before it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from loadgen.clock import SECOND, now, wall
from loadgen.engine.machine import MachineShare
from loadgen.engine.plan import Plan
from loadgen.errors import PlanError
from loadgen.profile.load import Loaded, load
from loadgen.runner.options import Options
from loadgen.runner.shared import check_in_time, check_shareable, ended, instant_of, iso, plan_of, shared

PROFILE = "name: t\ntarget: http://127.0.0.1:9\nload: [{phases}]\n"
OPEN, COUNTED, AT_ONCE = "{name: a, rate: 9/s, for: 1s}", "{name: b, users: 2, iterations: 9}", "{name: c, at-once: 9}"
STEP_OF_TOKEN = 'scenarios: [{name: s, steps: [{name: g, get: /, headers: {x-token: "${TOKEN}"}}]}]\n'
START = 1_767_182_400 * SECOND


def of(phases: str = OPEN, more: str = "", folder: Path | None = None) -> Loaded:
    return load((folder or Path()) / "t.yaml", text=PROFILE.format(phases=phases) + more)


@pytest.mark.parametrize(
    "phases", [OPEN, COUNTED, AT_ONCE, f"{OPEN}, {AT_ONCE}", "{name: u, users: 2, for: 1s}, " + OPEN]
)
def test_what_begins_by_the_clock_alone_can_be_shared(phases: str) -> None:
    loaded = of(phases)
    check_shareable(loaded.profile, Plan.of(loaded.profile))


@pytest.mark.parametrize(
    ("phases", "more", "why"),
    [
        (f"{COUNTED}, {OPEN}", "", "load.b ends when its last answer is there"),
        (f"{AT_ONCE}, {OPEN}", "", "load.c ends"),
        (AT_ONCE, "cycles: 2\n", "load.c ends"),
        (OPEN, "workers: auto\n", "Give --workers N"),
    ],
)
def test_what_a_machine_cannot_know_of_the_others_is_refused(phases: str, more: str, why: str) -> None:
    loaded = of(phases, more)
    with pytest.raises(PlanError, match=why):
        check_shareable(loaded.profile, Plan.of(loaded.profile))


def test_each_machine_would_have_a_sandbox_of_its_own() -> None:
    loaded = load("t.yaml", text=f"name: t\ntarget: sandbox\nload: [{OPEN}]\n")
    with pytest.raises(PlanError, match="Start one with `loadgen sandbox`, and name it with --target"):
        check_shareable(loaded.profile, Plan.of(loaded.profile))


def digest(loaded: Loaded) -> str:
    return plan_of(loaded, Plan.of(loaded.profile))


def test_a_plan_is_known_by_all_that_the_load_follows_from(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("row\n1\n2\n")
    with_rows = "scenarios: [{name: s, data: rows.csv, steps: [{name: g, get: '/{{row}}'}]}]\n"
    one = digest(of(more=with_rows, folder=tmp_path))
    assert one == digest(of(more=with_rows, folder=tmp_path))
    (tmp_path / "rows.csv").write_text("row\n1\n3\n")
    others = [
        digest(of(more=with_rows, folder=tmp_path)),
        digest(of()),
        digest(of(more="seed: 8\n")),
        digest(of(COUNTED)),
    ]
    assert len({one, *others}) == 5


def test_a_number_of_workers_that_is_written_is_as_one_that_is_not() -> None:
    """The run tells the number, and it is compared as the run has it."""
    assert digest(of(more="workers: 1\n")) == digest(of())


def test_the_plan_tells_nothing_of_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    said = set()
    for secret in ("hunter2", "correct horse"):
        monkeypatch.setenv("TOKEN", secret)
        said.add(digest(of(more=STEP_OF_TOKEN)))
    assert len(said) == 1


def test_a_result_says_whose_part_it_is() -> None:
    options = Options(Path("run"), share=MachineShare(2, 8), start_at=START)
    part = shared(options, "abc")
    assert part
    assert (part.index, part.of, part.start_at, part.start_at_ns, part.plan) == (2, 8, iso(START), START, "abc")
    assert part.clock_moved_ms is None
    assert shared(replace(options, share=MachineShare()), "abc") is None


def test_how_far_the_clock_moved_is_against_the_one_that_is_never_set() -> None:
    at, start = wall(), now()
    part = shared(Options(Path("run"), share=MachineShare(1, 2), start_at=at - SECOND), "abc")
    moved = ended(part, start)
    assert moved and moved.clock_moved_ms == pytest.approx(1000, abs=50), "it was set forward by a second"
    assert ended(part, 0) == part, "the load never began"
    assert ended(None, start) is None


def test_a_machine_that_is_late_does_not_begin() -> None:
    check_in_time(wall() + 60 * SECOND)
    with pytest.raises(PlanError, match=r"ready 2\.\d s after 20.*Give all of them a later instant"):
        check_in_time(wall() - 2 * SECOND)


def test_an_instant_of_the_wall_clock_is_one_of_the_other() -> None:
    assert abs(instant_of(wall() + SECOND) - now() - SECOND) < SECOND // 10


def test_an_instant_is_written_in_utc() -> None:
    assert iso(START) == "2025-12-31T12:00:00Z"
    assert iso(START + 1_500_000) == "2025-12-31T12:00:00.001Z"
