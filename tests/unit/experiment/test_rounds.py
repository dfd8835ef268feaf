"""The rounds of an experiment: what they carry out, what is carried out once more, and what ends them."""

from __future__ import annotations

import errno
import json
import os
import re
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from finished_runs import TEXT
from going_runs import BURST

from loadgen.errors import Exit, PlanError
from loadgen.experiment import rounds
from loadgen.experiment.check import check
from loadgen.experiment.order import order, seed_of
from loadgen.experiment.rounds import Within, run_experiment
from loadgen.experiment.share import part_of
from loadgen.profile.load import load
from loadgen.report.terminal.live import Lines, Silence
from loadgen.result.codec import to_json
from loadgen.result.reason import Reason
from loadgen.result.run import RunResult
from loadgen.runner.options import Options
from loadgen.runner.progress import Position, Progress


def test_a_duet_shares_the_load() -> None:
    a, b, c = part_of(load("p.yaml", text=TEXT).profile, 2).load
    assert a.rate
    assert (a.rate.start, a.rate.end, b.users, c.at_once) == (25, 50, 5, 3)
    with pytest.raises(PlanError, match=r"load\.c\.at-once: a duet runs 8 variants at once"):
        part_of(load("p.yaml", text=TEXT).profile, 8)


def test_a_warning_of_many_runs_is_said_once() -> None:
    lines = Lines(stream := StringIO())
    said: list[Reason] = []
    for number in (1, 2):
        for name in ("a", "b"):
            within = Within(lines, Position(number, 2, name, (name,)), said)
            within.message(Reason.of("tls_not_verified"))
            within.message(Reason.of("run_died" if name == "a" else "made_up_keys"))
    shown = stream.getvalue().splitlines()
    assert [line.partition(":")[0] for line in shown] == ["a, round 1", "a, round 1", "b, round 1"]


REFUSED = (
    ("session.connections=1", "variants={one: {}, two: {workers: 2}}", "variant two: session.connections: 1 cannot"),
    ("load.c.at-once=1", "duet=true", "variant shared: load.c.at-once: a duet runs 2 variants at once"),
)


@pytest.mark.parametrize(("key", "of_experiment", "problem"), REFUSED)
async def test_no_variant_runs_before_all_of_them_are_found_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, of_experiment: str, problem: str
) -> None:
    loaded = load("x.yaml", text=TEXT, sets=[key, f"experiment.{of_experiment}"])
    monkeypatch.setattr(rounds, "run_at", None)
    with pytest.raises(PlanError, match=re.escape(problem)) as refused:
        await run_experiment(loaded, Options(tmp_path / "x"), Silence())
    assert "Use --workers" not in str(refused.value), "a variant has its own"
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(("key", "of_experiment", "problem"), REFUSED)
def test_check_refuses_what_a_run_would(key: str, of_experiment: str, problem: str) -> None:
    loaded = load("x.yaml", text=TEXT, sets=[key, f"experiment.{of_experiment}"])
    with pytest.raises(PlanError, match=re.escape(problem)):
        check(loaded.profile, [variant.profile for variant in loaded.variants])


@pytest.mark.parametrize("full", [False, True])
async def test_a_run_that_the_disk_does_not_take_ends_the_experiment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: RunResult, full: bool
) -> None:
    """It is put together from what its runs have saved: the rounds from here on would be for nothing. Even where its
    own result cannot be saved, it is reported."""
    asked: list[Options] = []

    async def unsaved(loaded: Any, options: Options, *rest: Any) -> RunResult:
        asked.append(options)
        return replace(run, run=None)

    def no_room(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(rounds, "run_at", unsaved)
    if full:
        monkeypatch.setattr(os, "fsync", no_room)
    result = await run_experiment(load("x.yaml", text=TEXT), Options(tmp_path / "x"), Silence())
    assert [options.needed for options in asked] == [True]
    assert (result.complete, result.exit_status) == (False, Exit.USAGE)
    told = ["experiment_broken_off", *["folder_unusable"] * full]
    assert [warning.code for warning in result.warnings] == told
    assert "a run could not be saved" in str(result.warnings[0].values["error"])
    assert (tmp_path / "x" / "result.json").is_file() == (not full)


@pytest.mark.parametrize("bad", [{3}, {1, 2, 3, 4}])
async def test_a_round_with_an_invalid_run_is_run_again_as_long_as_few_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: RunResult, bad: set[int]
) -> None:
    """All of its variants, up to a quarter more rounds than planned. What it held is kept beside it."""
    made: list[str] = []

    async def ran(loaded: Any, options: Options, *rest: Any) -> RunResult:
        number, name = int(options.out.parent.name), options.out.name
        made.append(f"{number} {name}")
        assert loaded.profile.experiment.primary, "the run knows what it is decided by"
        invalid = number in bad and name == "per_request" and made.count(f"{number} {name}") == 1
        of = replace(run, trust=replace(run.trust, verdict="INVALID")) if invalid else run
        options.out.mkdir(parents=True)
        (options.out / "result.json").write_text(json.dumps(to_json(of)))
        return replace(of, run=str(options.out))

    monkeypatch.setattr(rounds, "run_at", ran)
    stream = StringIO()
    loaded = load("x.yaml", text=TEXT, sets=["experiment.pause=1us"])
    result = await run_experiment(loaded, Options(tmp_path / "x"), Lines(stream))
    again = min(bad)
    names = [("shared", "per_request")[index] for index in order(loaded.profile.seed, again, 2)]
    assert [of for of in made if of.startswith(f"{again} ")] == [f"{again} {name}" for name in names * 2]
    assert result.experiment.again == (again,)
    assert sorted(made) == sorted(
        [f"{number} {name}" for number in range(1, 5) for name in ("shared", "per_request")]
        + [f"{again} shared", f"{again} per_request"]
    )
    assert f"round {again} held an INVALID run and is run again" in stream.getvalue()
    kept = tmp_path / "x" / "rounds" / f"{again:02d}-invalid" / "per_request" / "result.json"
    assert json.loads(kept.read_text())["trust"]["verdict"] == "INVALID"
    in_rounds = {of.round: of.trust for of in result.variants[1].rounds}
    assert {number for number, verdict in in_rounds.items() if verdict == "INVALID"} == bad - {again}


@pytest.mark.parametrize("duet", [False, True])
async def test_in_a_duet_each_variant_has_arrivals_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: RunResult, duet: bool
) -> None:
    """Which follow from the profile's seed, and are in the result; in turns all variants of a round have the same."""

    async def ran(loaded: Any, options: Options, *rest: Any) -> RunResult:
        options.out.mkdir(parents=True)
        of = replace(run, seed=loaded.profile.seed, run=str(options.out))
        (options.out / "result.json").write_text(json.dumps(to_json(of)))
        return of

    monkeypatch.setattr(rounds, "run_at", ran)
    loaded = load("x.yaml", text=TEXT, sets=["experiment.pause=1us", f"experiment.duet={str(duet).lower()}"])
    result = await run_experiment(loaded, Options(tmp_path / "x"), Silence())
    seeds = {(place, of.round): of.seed for place, variant in enumerate(result.variants) for of in variant.rounds}
    assert seeds == {at: seed_of(loaded.profile.seed, at[1], at[0] if duet else None) for at in seeds}
    assert len({*seeds.values()}) == (8 if duet else 4)


async def test_a_round_that_cannot_be_put_aside_ends_the_experiment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: RunResult
) -> None:
    async def ran(loaded: Any, options: Options, *rest: Any) -> RunResult:
        options.out.mkdir(parents=True)
        of = replace(run, trust=replace(run.trust, verdict="INVALID"), run=str(options.out))
        (options.out / "result.json").write_text(json.dumps(to_json(of)))
        blocked = options.out.parent.with_name("01-invalid")
        blocked.mkdir(exist_ok=True)
        (blocked / "in the way").touch()
        return of

    monkeypatch.setattr(rounds, "run_at", ran)
    loaded = load("x.yaml", text=TEXT, sets=["experiment.pause=1us"])
    result = await run_experiment(loaded, Options(tmp_path / "x"), Silence())
    assert (result.complete, result.exit_status) == (False, Exit.USAGE)
    assert "round 1 is to be run again, and cannot be renamed" in str(result.warnings[0].values["error"])


class Shown:
    """Keeps what is shown."""

    detailed = False

    def __init__(self) -> None:
        self.seen: list[Progress] = []

    def update(self, progress: Progress) -> None:
        self.seen.append(progress)

    def message(self, notice: Reason) -> None: ...


async def shown_of(
    folder: Path, monkeypatch: pytest.MonkeyPatch, run: RunResult, *sets: str
) -> tuple[list[Progress], list[list[str]]]:
    """What is shown of an experiment whose runs show once that they go on; and the variants of each round in their
    order."""

    async def ran(loaded: Any, options: Options, display: Within, *rest: Any) -> RunResult:
        display.update(BURST)
        options.out.mkdir(parents=True)
        of = replace(run, run=str(options.out))
        (options.out / "result.json").write_text(json.dumps(to_json(of)))
        return of

    monkeypatch.setattr(rounds, "run_at", ran)
    load_ = "load=[{name: a, rate: 50/s, for: 5s}]"
    loaded = load("x.yaml", text=TEXT, sets=[load_, "experiment.pause=1ms", "experiment.rounds=2", *sets])
    display = Shown()
    await run_experiment(loaded, Options(folder / "x"), display)
    orders = [[("shared", "per_request")[at] for at in order(loaded.profile.seed, n, 2)] for n in (1, 2)]
    return display.seen, orders


async def test_each_run_says_where_it_stands_and_what_is_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: RunResult
) -> None:
    seen, orders = await shown_of(tmp_path, monkeypatch, run)
    assert [of.state for of in seen] == ["running", *["pausing", "running"] * 3]
    found = [of.position for of in seen if of.position]
    assert len(found) == 7
    (a, b), (c, d) = orders
    assert [(of.round, of.now, of.next, of.next_round) for of in found[::2]] == [
        (1, (a,), (b,), 1), (1, (b,), (c,), 2), (2, (c,), (d,), 2), (2, (d,), (), None),
    ]  # fmt: skip
    assert [of.round for of in found[1::2]] == [1, 2, 2], "in a pause: of the run to come"
    assert [of.left_s for of in found[::2]] == pytest.approx([15.003, 10.002, 5.001, 0])
    assert {of.rounds for of in found} == {2}
    assert [name for name, _ in found[0].verdicts] == ["shared", "per_request"]
    assert dict(found[-1].verdicts)[d] == (run.trust.verdict, "")
    assert dict(found[-1].verdicts)[c] == (run.trust.verdict,) * 2


async def test_in_a_duet_all_run_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: RunResult) -> None:
    seen, orders = await shown_of(tmp_path, monkeypatch, run, "experiment.duet=true")
    first, second, pause, *_ = (of.position for of in seen)
    assert first
    assert second
    assert pause
    assert (first.now, first.variant, second.variant) == (tuple(orders[0]), *orders[0])
    assert (first.next, first.next_round, first.left_s) == (tuple(orders[1]), 2, pytest.approx(5.001))
    assert pause.round == 2


async def test_where_users_set_the_pace_nobody_knows_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: RunResult
) -> None:
    seen, _ = await shown_of(tmp_path, monkeypatch, run, "load=[{name: a, users: 2, iterations: 9}]")
    assert {of.position.left_s for of in seen if of.position} == {None}
