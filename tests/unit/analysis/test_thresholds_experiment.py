"""Thresholds of an experiment: of two variants, decided by an interval; and of one, counted over its rounds."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from engine_harness import Script
from experiment_folders import ROUNDS, answering, bad, text, write_experiment

from loadgen.analysis.thresholds import over_rounds
from loadgen.clock import MILLISECOND
from loadgen.errors import Exit, ProfileError
from loadgen.experiment.folder import assembled, decided, finished
from loadgen.profile.load import Variant, load
from loadgen.transport.scripted import NEVER, Reply

STEPS = "scenarios: [{name: s, steps: [{name: one, get: /}, {name: two, get: /}]}]\n"


def written(*thresholds: str, rounds: object = ROUNDS) -> str:
    return f"{text(rounds)}thresholds: {{steady: [{', '.join(thresholds)}]}}\n"


def held(folder: Path, profile: str, **options: Any) -> list[tuple[str, str, str]]:
    """(text, status, value) of each, where fresh is twice as slow as shared."""
    rounds = options.pop("rounds", ROUNDS)
    behave = options.pop("behave", answering(ratio=lambda number: 2))
    write_experiment(folder, profile, behave, rounds=rounds, **options)
    return [(each["text"], each["status"], each["value"]) for each in assembled(folder)["thresholds"]]


def only(folder: Path, profile: str, **options: Any) -> tuple[str, str]:
    """Status and reason."""
    options.setdefault("behave", answering(ratio=lambda number: 2))
    write_experiment(folder, profile, rounds=options.pop("rounds", ROUNDS), **options)
    (found,) = assembled(folder)["thresholds"]
    return found["status"], found["why"]


# of two variants


def test_the_interval_of_the_ratio_decides(tmp_path: Path) -> None:
    found = held(tmp_path / "x", written(
        "fresh / shared p50 < 3", "fresh / shared p50 < 2", "fresh / shared p50 > 1.5", "fresh / shared p90 < 1.5",
        "shared / fresh p50 < 0.6", "fresh / shared mean > 3",
    ))  # fmt: skip
    assert [status for _, status, _ in found] == ["passed", "undecided", "passed", "failed", "passed", "failed"]
    times, low, high = (float(word.strip("[],")) for word in found[0][2].split())
    assert 1.9 < low < times < high < 2.1
    assert float(found[4][2].split()[0]) == pytest.approx(1 / times, rel=0.01)


def test_undecided_and_failed_end_with_status_4(tmp_path: Path) -> None:
    for name, limit, status in (("a", 3, Exit.PASSED), ("b", 2, Exit.THRESHOLD), ("c", 1.5, Exit.THRESHOLD)):
        folder = tmp_path / name
        write_experiment(folder, written(f"fresh / shared p50 < {limit}"), answering(ratio=lambda n: 2), rounds=ROUNDS)
        ended = finished(folder, [], ROUNDS)
        assert (ended.status, ended.result["exit_status"]) == (status, status)
    assert assembled(tmp_path / "b")["thresholds"][0]["why"] == "2 lies within"


def test_each_step_is_judged_by_itself(tmp_path: Path) -> None:
    def behave(variant: Any, number: int) -> Any:
        fresh = variant.name == "fresh"
        noise = number % 3
        return lambda x: Reply(after=(40 + noise if fresh and x.slot % 2 else 20 + noise) * MILLISECOND)

    profile = written("fresh / shared p50 < 1.5", "fresh / shared iteration p50 > 1.3") + STEPS
    profile = profile.replace("steady response p50", "steady iteration p50")
    write_experiment(tmp_path / "x", profile, behave, rounds=ROUNDS)
    found = assembled(tmp_path / "x")["thresholds"]
    assert [(each["step"], each["status"]) for each in found] == [("one", "passed"), ("two", "failed"), ("", "passed")]
    assert {(each["variant"], each["phase"], each["cycle"]) for each in found} == {("fresh", "steady", 1)}


def test_a_metric_may_be_named_and_a_quantile_asked_for(tmp_path: Path) -> None:
    found = held(tmp_path / "x", written("fresh / shared service p50 < 3", "fresh / shared p97 < 3"))
    assert [status for _, status, _ in found] == ["passed", "passed"]


def test_a_closed_load_is_judged_by_its_service(tmp_path: Path) -> None:
    profile = written("fresh / shared p50 < 3").replace("rate: 100/s", "users: 3")
    profile = profile.replace("steady response p50", "steady service p50")
    assert only(tmp_path / "x", profile)[0] == "passed"


def test_what_no_verdict_may_be_given_on_is_undecided(tmp_path: Path) -> None:
    wanted = written("fresh / shared p50 < 3")
    assert only(tmp_path / "few", wanted.replace(f"rounds: {ROUNDS}", "rounds: 3"), rounds=3) == (
        "undecided",
        "needs 6 rounds, there were 3",
    )
    status, why = only(tmp_path / "unplanned", wanted, rounds=7)
    assert (status, why) == ("undecided", "7 rounds are complete, and a verdict was planned after 8")
    status, why = only(tmp_path / "bad", wanted, found=lambda variant, number: bad() if number == 2 else ())
    assert (status, why) == ("undecided", "INVALID: shared, round 2; fresh, round 2")

    def reused(variant: Any, number: int, profile: Any) -> Any:
        kept = profile.session.model_copy(update={"reuse": "shared"})
        return profile.model_copy(update={"session": kept})

    status, why = only(tmp_path / "same", wanted, change=reused)
    assert status == "passed", "the session is what the run says that it is"


def test_a_step_whose_requests_failed_in_one_variant_is_undecided(tmp_path: Path) -> None:
    """1.7 % of a step, half as many of the phase: p90 allows 1 %."""

    def behave(variant: Variant, number: int) -> Script:
        plain, counted = answering(ratio=lambda n: 2)(variant, number), count(1)
        fails = variant.name == "fresh"
        return lambda x: Reply(status=503) if fails and x.slot % 2 and next(counted) % 60 == 0 else plain(x)

    profile = (written("fresh / shared p90 < 3") + STEPS).replace("steady response p50", "steady iteration p50")
    write_experiment(tmp_path / "x", profile, behave, rounds=ROUNDS)
    found = {each["step"]: each for each in assembled(tmp_path / "x")["thresholds"]}
    assert found["one"]["status"] == "passed"
    assert found["two"]["status"] == "undecided"
    assert "of fresh failed, and 0.00% of shared: p90 allows a difference of 1.00%" in found["two"]["why"]


def test_a_figure_that_is_not_known_is_undecided(tmp_path: Path) -> None:
    status, why = only(tmp_path / "x", written("fresh / shared p99.9 < 3"))
    assert status == "undecided"
    assert why.startswith("shared, round 1: p99.9: needs 1,000 requests, there were ")
    assert only(tmp_path / "y", written("fresh / shared wait p50 < 3"))[0] == "undecided", "all are 0"
    assert only(tmp_path / "z", written("fresh / shared build p50 < 3")) == ("undecided", "there is no such figure")


def test_timeouts_decide_what_their_bound_can(tmp_path: Path) -> None:
    def behave(variant: Any, number: int) -> Any:
        late = variant.name == "fresh"
        return lambda x: Reply(after=NEVER if late and x.due // MILLISECOND % 7 == 0 else (20 + number) * MILLISECOND)

    profile = written("fresh / shared p95 > 10", "fresh / shared p95 < 10", "fresh / shared p95 < 1000")
    found = held(tmp_path / "x", profile, behave=behave)
    assert [status for _, status, _ in found] == ["passed", "failed", "undecided"]


def test_a_look_goes_on_while_a_threshold_is_open(tmp_path: Path) -> None:
    slower = answering(ratio=lambda number: 2)
    for name, limit, ends in (("a", 3, True), ("b", 2, False)):
        profile = written(f"fresh / shared p50 < {limit}", rounds="[6, 12]")
        write_experiment(tmp_path / name, profile, slower, rounds=6)
        assert decided(tmp_path / name, 6) is ends


def test_of_a_matrix_any_two_may_be_named(tmp_path: Path) -> None:
    profile = written("n=1 rate=100/s / n=2 rate=100/s p50 < 1.5", "n=3 rate=100/s / n=2 rate=100/s p50 < 1.5").replace(
        "variants: {shared: {}, fresh: {session: {reuse: per-request}}}", "matrix: {n: [1, 2, 3], rate: [100/s]}"
    )
    found = held(tmp_path / "x", profile.replace("rate: 100/s, for", 'rate: "${matrix.rate}", for'))
    assert [status for _, status, _ in found] == ["passed", "passed"]


def test_no_round_decides_nothing(tmp_path: Path) -> None:
    assert only(tmp_path / "x", written("fresh / shared p50 < 3"), rounds=0) == ("undecided", "no round is complete")
    folder = tmp_path / "y"
    write_experiment(folder, written("fresh / shared p50 < 3"), answering(), rounds=1)
    (folder / "rounds/01/fresh/run.json").write_text("{}")
    (found,) = assembled(folder)["thresholds"]
    assert found["status"] == "undecided"
    assert "run" in found["why"]


# of one variant


def test_those_of_one_variant_are_counted_over_the_rounds(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    behave = answering(ratio=lambda number: 9 if number == 2 else 1)
    write_experiment(folder, written("response p50 < 20ms", "response p99.9 < 1s", "errors < 1%"), behave, rounds=6)
    found = [
        {key: each[key] for key in ("variant", "text", "status", "value")} for each in assembled(folder)["thresholds"]
    ]
    assert [tuple(each.values()) for each in found] == [
        ("shared", "response p50 < 20ms", "passed", "passed in 6 of 6 rounds"),
        ("shared", "response p99.9 < 1s", "undecided", "passed in 0 of 6 rounds"),
        ("shared", "errors < 1%", "passed", "passed in 6 of 6 rounds"),
        ("fresh", "response p50 < 20ms", "failed", "passed in 5 of 6 rounds"),
        ("fresh", "response p99.9 < 1s", "undecided", "passed in 0 of 6 rounds"),
        ("fresh", "errors < 1%", "passed", "passed in 6 of 6 rounds"),
    ]  # fmt: skip
    why = [each["why"] for each in assembled(folder)["thresholds"]]
    assert why[3].startswith("round 2: 7") and why[3].endswith(" ms")
    assert why[1].startswith("round 1: p99.9: needs 1,000 requests")
    assert finished(folder, [], 6).status == Exit.THRESHOLD


def entry(status: str, cycle: int = 1) -> dict[str, Any]:
    return {"phase": "a", "cycle": cycle, "text": "errors < 1%", "step": "", "value": f"{cycle}%", "status": status,
            "why": ""}  # fmt: skip


def test_a_round_passes_where_each_of_its_cycles_does() -> None:
    rounds = {
        1: [entry("passed"), entry("passed", 2)],
        2: [entry("passed"), entry("undecided", 2)],
        3: [entry("undecided"), entry("failed", 2)],
    }
    (found,) = over_rounds("shared", rounds)
    assert (found["status"], found["value"], found["why"]) == ("failed", "passed in 1 of 3 rounds", "round 3: 2%")
    assert over_rounds("shared", {}) == []


def test_a_run_by_itself_is_not_held_to_what_is_of_two() -> None:
    profile = load("t.yaml", text=written("fresh / shared p50 < 3", "errors < 1%")).profile
    assert [threshold.kind for threshold in profile.thresholds["steady"]] == ["ratio", "errors"]


@pytest.mark.parametrize("thresholds", [[1], [{}], [{"phase": "a", "text": "x", "step": ""}], 5])
def test_a_folder_that_is_not_as_it_was_written_is_one_line(tmp_path: Path, thresholds: Any) -> None:
    folder = write_experiment(tmp_path / "x", written("errors < 1%"), answering(), rounds=1)
    path = folder / "rounds/01/fresh/result.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"thresholds": thresholds}))
    with pytest.raises(ProfileError, match="the thresholds of fresh cannot be read"):
        assembled(folder)


@pytest.mark.parametrize("thresholds", [{"steady": ["x / y"]}, {"steady": [5]}, ["x"], {"steady": 5}])
def test_thresholds_that_nobody_wrote_are_one_line(tmp_path: Path, thresholds: Any) -> None:
    folder = write_experiment(tmp_path / "x", written("errors < 1%"), answering(), rounds=1)
    known = json.loads((folder / "run.json").read_text())
    known["experiment"]["thresholds"] = thresholds
    (folder / "run.json").write_text(json.dumps(known))
    with pytest.raises(ProfileError, match="the experiment's thresholds cannot be read"):
        assembled(folder)
