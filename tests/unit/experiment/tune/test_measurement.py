"""`loadgen tune` in virtual time, on the sandbox's Lambda: the order of the visits, what is restored, what ends it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lambda_calls import ORDERS
from tunings import PROFILE, Function, tuned

from loadgen.errors import Exit, ProfileError, TargetError, WorkerLost
from loadgen.experiment.saved import read
from loadgen.experiment.tune.plan import Matrix, plan_of, profile_of, qualifiers_of, sizes_of, starts_of, visits_of
from loadgen.profile.load import load
from loadgen.report.sentences import notice_text
from loadgen.result.run import RunResult
from loadgen.runner.function.changes import SomebodyElse
from loadgen.runner.function.journal import read_journal

Patch = pytest.MonkeyPatch


def test_each_round_visits_each_size_and_the_memory_is_restored(tmp_path: Path, monkeypatch: Patch) -> None:
    function = Function()
    result = tuned(tmp_path / "run", monkeypatch, function, (128, 256, 1024), calls=30, rounds=3)
    assert result.complete and result.exit_status == 0 and not result.warnings
    assert [{*function.visited[at : at + 3]} for at in (0, 3, 6)] == [{128, 256, 1024}] * 3
    assert [visit.memory for visit in result.visits] == function.visited
    assert function.memory == 512 == result.original
    assert read_journal(tmp_path / "run").entries[-1].kind == "restored"
    assert [(size.memory, size.calls, size.warm.count, size.cold.count) for size in result.sizes] == [
        (128, 30, 27, 3), (256, 30, 27, 3), (1024, 30, 27, 3),
    ]  # fmt: skip
    assert read(tmp_path / "run") == result


def test_orders_are_drawn_from_the_seed_and_calls_are_shared_by_the_rounds() -> None:
    loaded = load("o.yaml", text=PROFILE)
    plan = plan_of(loaded, (128, 256, 512), calls=50, rounds=4)
    assert plan.each == 13
    orders = {tuple(visit.memory for visit in visits_of(replace(plan, seed=seed))) for seed in range(9)}
    assert len(orders) > 5
    of_visit = profile_of(loaded, plan, visits_of(plan)[0]).profile
    assert (of_visit.load[0].users, of_visit.load[0].iterations) == (1, 13)
    at_rate = profile_of(loaded, replace(plan, rate=7.0), visits_of(plan)[0]).profile
    assert at_rate.load[0].rate and at_rate.load[0].rate.highest == 7 and at_rate.load[0].iterations == 13
    first, second = (profile_of(loaded, plan, visits_of(plan)[at]).profile.seed for at in (0, 1))
    assert first == second, "the sizes of a round get the same payloads"


def test_somebody_elses_change_ends_it_and_is_left_alone(tmp_path: Path, monkeypatch: Patch) -> None:
    function = Function()

    def interfere(number: int) -> None:
        if number == 3:
            function.ask("PUT", MemorySize=640)

    function.before = interfere
    result = tuned(tmp_path / "run", monkeypatch, function)
    assert function.memory == 640
    assert result.exit_status == Exit.UNUSABLE and not result.complete
    assert len(result.visits) == 2, "nobody knows what the third was"
    assert [of.code for of in result.warnings] == ["tune_broken_off", "tune_not_restored"]
    assert "somebody else has changed it" in notice_text(result.warnings[0])
    assert "It had 512 MB before" in notice_text(result.warnings[1])


@pytest.mark.parametrize("error", [WorkerLost("worker 0 died"), TargetError("no more")])
def test_an_error_ends_it_with_what_is_known_and_the_memory_restored(
    tmp_path: Path, monkeypatch: Patch, error: WorkerLost | TargetError
) -> None:
    function = Function()

    def fail(number: int) -> None:
        if number == 3:
            raise error

    function.before = fail
    result = tuned(tmp_path / "run", monkeypatch, function)
    assert function.memory == 512
    assert result.exit_status == error.status and len(result.visits) == 2
    assert [of.code for of in result.warnings] == ["tune_broken_off"]


def test_a_bug_restores_too(tmp_path: Path, monkeypatch: Patch) -> None:
    function = Function()

    def fail(number: int) -> None:
        raise ZeroDivisionError

    function.before = fail
    with pytest.raises(ZeroDivisionError):
        tuned(tmp_path / "run", monkeypatch, function)
    assert function.memory == 512


def test_an_interrupt_restores_and_keeps_what_is_known(tmp_path: Path, monkeypatch: Patch) -> None:
    function = Function()

    def stop(number: int, result: RunResult) -> RunResult:
        return replace(result, interrupted=True, exit_status=Exit.INTERRUPTED) if number == 2 else result

    function.after = stop
    result = tuned(tmp_path / "run", monkeypatch, function)
    assert function.memory == 512
    assert (result.exit_status, result.interrupted, len(result.visits)) == (130, True, 1)


def interrupted(folder: Path, monkeypatch: Patch) -> Function:
    """A function whose tuning was interrupted in the third of its six visits."""
    function = Function()

    def stop(number: int, result: RunResult) -> RunResult:
        return replace(result, interrupted=True, exit_status=Exit.INTERRUPTED) if number == 3 else result

    function.after = stop
    assert len(tuned(folder, monkeypatch, function).visits) == 2
    return function


def test_cells_that_were_interrupted_are_gone_on_with(tmp_path: Path, monkeypatch: Patch) -> None:
    """Their versions were taken away, and are published again."""
    function = Function(of_lambda={"snap_start": {"restore": "9ms"}})
    matrix = Matrix(starts_of("on-demand,snapstart,provisioned=2"))

    def stop(number: int, result: RunResult) -> RunResult:
        return replace(result, interrupted=True, exit_status=Exit.INTERRUPTED) if number == 4 else result

    function.after = stop
    folder = tmp_path / "run"
    assert len(tuned(folder, monkeypatch, function, (128,), matrix=matrix, calls=10).visits) == 3
    assert len(function.ask("GET", f"{ORDERS}/versions")["Versions"]) == 1
    result = tuned(folder, monkeypatch, function, (128,), matrix=matrix, calls=10, again=True)
    assert result.complete and [size.cell for size in result.sizes] == [
        "128 MB", "128 MB snapstart", "128 MB provisioned=2",
    ]  # fmt: skip
    assert [size.calls for size in result.sizes] == [10, 10, 10]
    assert len(function.ask("GET", f"{ORDERS}/versions")["Versions"]) == 1 and function.memory == 512
    assert read(folder) == result


def test_an_interrupted_one_is_gone_on_with(tmp_path: Path, monkeypatch: Patch) -> None:
    function = interrupted(tmp_path / "run", monkeypatch)
    result = tuned(tmp_path / "run", monkeypatch, function, again=True)
    assert (result.complete, result.interrupted, result.exit_status) == (True, False, 0)
    assert [visit.number for visit in result.visits] == [1, 2, 3, 4, 5, 6] and len(function.visited) == 7
    assert [size.calls for size in result.sizes] == [20, 20, 20]
    assert function.memory == 512 and read(tmp_path / "run") == result
    assert (tmp_path / "run" / "visits" / "003-cut-short-1").is_dir()
    with pytest.raises(ProfileError, match="is complete"):
        tuned(tmp_path / "run", monkeypatch, function, again=True)


def test_what_somebody_else_has_changed_is_not_gone_on_with(tmp_path: Path, monkeypatch: Patch) -> None:
    function = interrupted(tmp_path / "run", monkeypatch)
    journal = tmp_path / "run" / "journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:-3]))
    function.ask("PUT", MemorySize=json.loads(lines[-4])["memory"])
    with pytest.raises(SomebodyElse):
        tuned(tmp_path / "run", monkeypatch, function, again=True)
    journal.write_text("".join(lines))
    function.ask("PUT", MemorySize=512)
    with pytest.raises(SomebodyElse):
        tuned(tmp_path / "run", monkeypatch, function, again=True)


def test_one_of_another_profile_is_not_gone_on_with(tmp_path: Path, monkeypatch: Patch) -> None:
    function = interrupted(tmp_path / "run", monkeypatch)
    with pytest.raises(ProfileError, match="is of another profile"):
        tuned(tmp_path / "run", monkeypatch, function, text=PROFILE.replace("id: 1", "id: 2"), again=True)


def test_no_visit_begins_beyond_the_cost(tmp_path: Path, monkeypatch: Patch) -> None:
    function = Function()
    result = tuned(tmp_path / "run", monkeypatch, function, max_usd=1e-5)
    assert result.usd and len(result.visits) < 6 and not result.complete
    before = sum(of.requests for of in result.visits[:-1]) * 0.2e-6
    assert result.usd >= 1e-5 > before
    assert [of.code for of in result.warnings] == ["tune_stopped_by_cost"]
    assert function.memory == 512


def test_answers_without_a_report_end_it(tmp_path: Path, monkeypatch: Patch) -> None:
    function = Function(of_lambda={"log_format": "json", "log_level": "warn"})
    result = tuned(tmp_path / "run", monkeypatch, function)
    assert result.exit_status == Exit.UNUSABLE and function.memory == 512
    assert "no answer has a REPORT line" in notice_text(result.warnings[0])


def test_calls_that_all_fail_end_it(tmp_path: Path, monkeypatch: Patch) -> None:
    function = Function(of_lambda={"errors": "100%"})
    result = tuned(tmp_path / "run", monkeypatch, function)
    assert result.exit_status == Exit.UNUSABLE and function.memory == 512
    assert result.unusable and len(result.visits) == 1


def test_one_that_died_is_reported_from_its_visits(tmp_path: Path, monkeypatch: Patch) -> None:
    result = tuned(tmp_path / "run", monkeypatch, Function())
    (tmp_path / "run" / "result.json").unlink()
    (tmp_path / "run" / "visits" / "006" / "result.json").unlink()
    found: Any = read(tmp_path / "run")
    assert (found.complete, found.exit_status, len(found.visits)) == (False, None, 5)
    assert Counter(of.memory for of in found.sizes) == Counter(of.memory for of in result.sizes)
    assert "loadgen tune --restore" in notice_text(found.warnings[0])


def test_one_that_died_tells_what_it_may_have_left(tmp_path: Path, monkeypatch: Patch) -> None:
    matrix = Matrix(starts_of("on-demand,provisioned=2"))
    tuned(tmp_path / "run", monkeypatch, Function(), (128,), matrix=matrix, calls=10)
    (tmp_path / "run" / "result.json").unlink()
    log = tmp_path / "run" / "versions.jsonl"
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[: next(at for at, line in enumerate(lines) if "released" in line)]))
    said = notice_text(read(tmp_path / "run").warnings[0])
    assert "a version that loadgen published may be there still" in said
    assert "provisioned concurrency, which is billed by the hour, may be there still (orders " in said


def test_variables_of_the_function_are_in_no_file(tmp_path: Path, monkeypatch: Patch) -> None:
    function = Function()
    function.ask("PUT", Environment={"Variables": {"PASSWORD": "canary-4711"}})
    tuned(tmp_path / "run", monkeypatch, function)
    assert function.ask("GET")["Environment"] == {"Variables": {"PASSWORD": "canary-4711"}}
    for path in (tmp_path / "run").rglob("*"):
        assert not path.is_file() or b"canary" not in path.read_bytes(), path


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("http://127.0.0.1:1", "its target is no Lambda function"),
        ("{lambda: {function: f, region: eu-west-1, qualifier: 7}}", "7 keeps the memory that it was published with"),
        ("{lambda: {function: f, region: eu-west-1, log_tail: false}}", "without the log there is no REPORT"),
    ],
)
def test_what_cannot_be_tuned_is_refused(target: str, problem: str) -> None:
    step = "get: /" if target.startswith("http") else "Invoke: {}"
    text = f"name: t\ntarget: {target}\nload: [{{name: a, users: 1, iterations: 1}}]\n"
    loaded = load("t.yaml", text=f"{text}scenarios: [{{name: s, steps: [{{name: c, {step}}}]}}]\n")
    with pytest.raises(ProfileError, match=problem):
        plan_of(loaded, (128, 256))


def test_a_step_that_does_not_wait_is_refused() -> None:
    loaded = load("t.yaml", text=PROFILE.replace("payload: {id: 1}", "type: event"))
    with pytest.raises(ProfileError, match="does not wait for the function"):
        plan_of(loaded, (128, 256))


@pytest.mark.parametrize("text", ["", "64,128", "128,20000", "a,b"])
def test_sizes_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ProfileError, match="--memory"):
        sizes_of(text)


def test_one_size_alone_is_no_comparison() -> None:
    with pytest.raises(ProfileError, match="--memory: takes 2 to 64 sizes, and this is 1"):
        plan_of(load("t.yaml", text=PROFILE), sizes_of("128, 128"))


@pytest.mark.parametrize(
    ("start", "problem"),
    [
        ("snapstart+provisioned=2", "--start: AWS does not allow SnapStart with provisioned concurrency"),
        ("warm", "--start: 'warm' is no way to start. Use on-demand, snapstart, or provisioned=5"),
        ("provisioned", "--start: 'provisioned' is no way to start"),
        ("provisioned=0", "--start: 'provisioned=0' is no way to start"),
        ("", "--start: names nothing"),
    ],
)
def test_starts_that_aws_does_not_allow_are_refused(start: str, problem: str) -> None:
    with pytest.raises(ProfileError) as caught:
        starts_of(start)
    assert problem in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("qualifiers", "start", "problem"),
    [
        ("live,7", "snapstart", "--qualifier: live keeps what it was published with. Use --memory with --start snaps"),
        ("$LATEST", "provisioned=2", "--qualifier: AWS allows provisioned concurrency on versions and aliases only"),
        ("li ve", "on-demand", "--qualifier: 'li ve' is not a version or an alias"),
    ],
)
def test_versions_that_aws_does_not_allow_are_refused(qualifiers: str, start: str, problem: str) -> None:
    with pytest.raises(ProfileError) as caught:
        qualifiers_of(qualifiers, starts_of(start))
    assert problem in str(caught.value) and "\n" not in str(caught.value)


def test_cells_are_all_combinations() -> None:
    matrix = Matrix(starts_of("on-demand,provisioned=2"), ("live",), ("orders-arm",))
    plan = plan_of(load("t.yaml", text=PROFILE), (128,), matrix=matrix)
    assert [(cell.name, cell.published) for cell in plan.cells] == [
        ("orders 128 MB", False), ("orders 128 MB provisioned=2", True),
        ("orders live", False), ("orders live provisioned=2", False),
        ("orders-arm 128 MB", False), ("orders-arm 128 MB provisioned=2", True),
        ("orders-arm live", False), ("orders-arm live provisioned=2", False),
    ]  # fmt: skip
    assert plan_of(load("t.yaml", text=PROFILE), (128, 256)).cells == (), "and without more there are sizes alone"
    visit = visits_of(plan)[0]
    of = profile_of(load("t.yaml", text=PROFILE), plan, visit, "7").profile.target.function
    assert of and (of.name, of.qualifier) == (visit.cell.function, "7")


def test_sizes_are_sorted() -> None:
    assert sizes_of("1024, 128MB,512") == (128, 512, 1024)


def test_the_journal_names_its_function(tmp_path: Path, monkeypatch: Patch) -> None:
    tuned(tmp_path / "run", monkeypatch, Function())
    first = json.loads((tmp_path / "run" / "journal.jsonl").read_text().splitlines()[0])
    assert (first["kind"], first["memory"], first["function"]) == ("original", 512, "orders")
