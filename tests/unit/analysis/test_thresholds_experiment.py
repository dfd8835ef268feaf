"""Thresholds of an experiment: of two variants, decided by an interval; and of one, counted over its rounds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from engine_harness import Script
from experiment_folders import ROUNDS, answering, bad, rewritten, text, write_experiment

from loadgen.analysis.rounds import over_rounds
from loadgen.analysis.standing import NOTHING_KNOWN
from loadgen.clock import MILLISECOND
from loadgen.errors import Exit, ProfileError
from loadgen.experiment.folder import assembled, conclude, decided
from loadgen.profile.load import Variant, load
from loadgen.result.reason import Reason
from loadgen.result.run import Beyond, Status, Threshold
from loadgen.transport.scripted import NEVER, Reply

STEPS = "scenarios: [{name: s, steps: [{name: one, get: /}, {name: two, get: /}]}]\n"


def written(*thresholds: str, rounds: object = ROUNDS) -> str:
    return f"{text(rounds)}thresholds: {{steady: [{', '.join(thresholds)}]}}\n"


Doubled = Callable[..., Path]


@pytest.fixture(scope="module")
def carried_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fresh is twice as slow as shared."""
    return write_experiment(
        tmp_path_factory.mktemp("doubled") / "x", written("errors < 1%"), answering(ratio=lambda n: 2), rounds=ROUNDS
    )


@pytest.fixture
def doubled(carried_out: Path, tmp_path: Path) -> Doubled:
    """The function that gives the folder of that experiment with other thresholds of two variants."""
    numbers = count(1)
    return lambda profile, rounds=ROUNDS: rewritten(carried_out, tmp_path / f"{next(numbers)}", profile, rounds)


def held(folder: Path) -> list[Threshold]:
    """The thresholds of two variants."""
    return [threshold for threshold in assembled(folder).thresholds if "/" in threshold.text]


def only(folder: Path) -> tuple[str, Reason | None]:
    """Status and reason."""
    (threshold,) = held(folder)
    return threshold.status, threshold.why


def carry_out(folder: Path, profile: str, rounds: int = ROUNDS, **options: Any) -> Path:
    return write_experiment(
        folder, profile, options.pop("behave", answering(ratio=lambda n: 2)), rounds=rounds, **options
    )


# of two variants


def test_the_interval_of_the_ratio_decides(doubled: Doubled) -> None:
    found = held(doubled(written(
        "fresh / shared p50 < 3", "fresh / shared p50 < 2", "fresh / shared p50 > 1.5", "fresh / shared p90 < 1.5",
        "shared / fresh p50 < 0.6", "fresh / shared mean > 3",
    )))  # fmt: skip
    assert [threshold.status for threshold in found] == ["passed", "undecided", "passed", "failed", "passed", "failed"]
    times, low, high = found[0].value_ratio, found[0].ratio_low, found[0].ratio_high
    assert times and low and high
    assert 1.9 < low < times < high < 2.1
    assert found[4].value_ratio == pytest.approx(1 / times, rel=0.01)


def test_undecided_and_failed_have_a_status_each(doubled: Doubled) -> None:
    for limit, status in ((3, Exit.PASSED), (2, Exit.UNDECIDED), (1.5, Exit.THRESHOLD)):
        folder = doubled(written(f"fresh / shared p50 < {limit}"))
        assert conclude(folder, [], ROUNDS).exit_status == status
        if limit == 2:
            assert only(folder) == ("undecided", Reason.of("limit_inside", limit=2))


def test_each_step_is_judged_by_itself(tmp_path: Path) -> None:
    def behave(variant: Any, number: int) -> Any:
        fresh = variant.name == "fresh"
        noise = number % 3
        return lambda x: Reply(after=(40 + noise if fresh and x.slot % 2 else 20 + noise) * MILLISECOND)

    profile = written("fresh / shared p50 < 1.5", "fresh / shared iteration p50 > 1.3") + STEPS
    profile = profile.replace("steady response p50", "steady iteration p50")
    write_experiment(tmp_path / "x", profile, behave, rounds=ROUNDS)
    found = assembled(tmp_path / "x").thresholds
    assert [(of.step, of.status) for of in found] == [("one", "passed"), ("two", "failed"), ("", "passed")]
    assert {(of.variant, of.phase, of.cycle) for of in found} == {("fresh", "steady", 1)}


def test_a_metric_may_be_named_and_a_quantile_asked_for(tmp_path: Path) -> None:
    found = held(carry_out(tmp_path / "x", written("fresh / shared service p50 < 3", "fresh / shared p97 < 3")))
    assert [threshold.status for threshold in found] == ["passed", "passed"]


def test_a_closed_load_is_judged_by_its_service(tmp_path: Path) -> None:
    profile = written("fresh / shared p50 < 3").replace("rate: 100/s", "users: 3")
    profile = profile.replace("steady response p50", "steady service p50")
    assert only(carry_out(tmp_path / "x", profile))[0] == "passed"


def test_what_no_verdict_may_be_given_on_is_undecided(doubled: Doubled, tmp_path: Path) -> None:
    wanted = written("fresh / shared p50 < 3")
    few = doubled(wanted.replace(f"rounds: {ROUNDS}", "rounds: 3"), 3)
    assert only(few) == ("undecided", Reason.of("too_few_rounds", needs=6, rounds=3))
    status, why = only(doubled(wanted, 7))
    assert (status, why) == ("undecided", Reason.of("unplanned_look", rounds=7, planned="8"))
    status, why = only(
        carry_out(
            tmp_path / "bad",
            wanted,
            standing=lambda variant, number: bad(0.6, "p50", "p90", "p99") if number <= 4 else NOTHING_KNOWN,
        )
    )
    assert (status, why and why.code) == ("undecided", "many_invalid_runs")
    status, why = only(
        carry_out(tmp_path / "less", wanted, standing=lambda variant, number: bad(0.2, "p50", "p90", "p99"))
    )
    assert (status, why) == ("passed", None), "of 2 it may be 2.5 at the most"

    def reused(variant: Any, number: int, profile: Any) -> Any:
        kept = profile.session.model_copy(update={"reuse": "shared"})
        return profile.model_copy(update={"session": kept})

    status, why = only(carry_out(tmp_path / "same", wanted, change=reused))
    assert status == "passed", "the session is what the run says that it is"


def test_a_step_whose_requests_failed_in_one_variant_is_undecided(tmp_path: Path) -> None:
    """1.7 % of a step, half as many of the phase: p90 allows 1 %."""

    def behave(variant: Variant, number: int) -> Script:
        plain, counted = answering(ratio=lambda n: 2)(variant, number), count(1)
        fails = variant.name == "fresh"
        return lambda x: Reply(status=503) if fails and x.slot % 2 and next(counted) % 60 == 0 else plain(x)

    profile = (written("fresh / shared p90 < 3") + STEPS).replace("steady response p50", "steady iteration p50")
    write_experiment(tmp_path / "x", profile, behave, rounds=ROUNDS)
    found = {threshold.step: threshold for threshold in assembled(tmp_path / "x").thresholds}
    assert found["one"].status == "passed"
    why = found["two"].why
    assert (found["two"].status, why and why.code) == ("undecided", "failures_uneven")
    assert why and (why.values["quantile"], why.values["allowed"]) == ("p90", pytest.approx(0.01))


def test_a_figure_that_is_not_known_is_undecided(doubled: Doubled) -> None:
    status, why = only(doubled(written("fresh / shared p99.9 < 3")))
    assert status == "undecided"
    assert why and (why.code, why.values["needs"], why.run) == ("too_few", 1000, ("shared", 1))
    assert only(doubled(written("fresh / shared wait p50 < 3"))) == ("undecided", Reason.of("zero_figure"))
    assert only(doubled(written("fresh / shared build p50 < 3"))) == ("undecided", Reason.of("no_figure"))


def test_timeouts_decide_what_their_bound_can(tmp_path: Path) -> None:
    def behave(variant: Any, number: int) -> Any:
        late = variant.name == "fresh"
        return lambda x: Reply(after=NEVER if late and x.due // MILLISECOND % 7 == 0 else (20 + number) * MILLISECOND)

    profile = written("fresh / shared p95 > 10", "fresh / shared p95 < 10", "fresh / shared p95 < 1000")
    found = held(carry_out(tmp_path / "x", profile, behave=behave))
    assert [threshold.status for threshold in found] == ["passed", "failed", "undecided"]


def test_a_look_goes_on_while_a_threshold_is_open(doubled: Doubled) -> None:
    for limit, ends in ((3, True), (2, False)):
        folder = doubled(written(f"fresh / shared p50 < {limit}", rounds="[6, 12]"), 6)
        assert decided(folder, 6) is ends


def test_of_a_matrix_any_two_may_be_named(tmp_path: Path) -> None:
    profile = written("n=1 rate=100/s / n=2 rate=100/s p50 < 1.5", "n=3 rate=100/s / n=2 rate=100/s p50 < 1.5").replace(
        "variants: {shared: {}, fresh: {session: {reuse: per-request}}}", "matrix: {n: [1, 2, 3], rate: [100/s]}"
    )
    used = profile.replace("rate: 100/s, for", 'rate: "${matrix.rate}", for') + 'in_flight_limit: "100${matrix.n}"\n'
    found = held(carry_out(tmp_path / "x", used))
    assert [threshold.status for threshold in found] == ["passed", "passed"]


def test_no_round_decides_nothing(tmp_path: Path) -> None:
    none = carry_out(tmp_path / "x", written("fresh / shared p50 < 3"), rounds=0)
    assert only(none) == ("undecided", Reason.of("no_round"))
    folder = tmp_path / "y"
    write_experiment(folder, written("fresh / shared p50 < 3"), answering(), rounds=1)
    (folder / "rounds/01/fresh/run.json").write_text("{}")
    (found,) = assembled(folder).thresholds
    assert (found.status, found.why and found.why.code) == ("undecided", "unreadable")


# of one variant


def test_those_of_one_variant_are_counted_over_the_rounds(tmp_path: Path) -> None:
    """A round that is nine times as slow is one piece of evidence among six."""
    folder = tmp_path / "x"
    behave = answering(ratio=lambda number: 9 if number == 2 else 1)
    write_experiment(folder, written("response p50 < 20ms", "response p99.9 < 1s", "errors < 1%"), behave, rounds=6)
    found = assembled(folder).thresholds
    assert [(of.variant, of.text, of.status, of.rounds_passed, of.rounds) for of in found] == [
        ("shared", "response p50 < 20ms", "passed", 6, 6),
        ("shared", "response p99.9 < 1s", "undecided", 0, 6),
        ("shared", "errors < 1%", "passed", 6, 6),
        ("fresh", "response p50 < 20ms", "undecided", 5, 6),
        ("fresh", "response p99.9 < 1s", "undecided", 0, 6),
        ("fresh", "errors < 1%", "passed", 6, 6),
    ]  # fmt: skip
    slow, rare = found[3].counts, found[1].counts
    assert slow and rare
    assert slow.beyond / slow.requests == pytest.approx(1 / 6, rel=0.01) and slow.overdispersion > 100
    assert rare.beyond == 0 and 10 < (rare.more_rounds or 0) < 20, "3,700 requests decide it"
    assert [(of.round, of.value_ms) for of in found] == [(None, None)] * 6, "it has no value of its own"
    assert conclude(folder, [], 6).exit_status == Exit.UNDECIDED


def entry(status: Status, cycle: int = 1, beyond: int | None = None, code: str = "") -> Threshold:
    """A threshold of a run, which was decided by so many of a thousand requests."""
    why = Reason.of(code) if code else None
    limit, share = Threshold("a", cycle, "", "errors < 1%", status, value_share=cycle / 100, why=why), beyond or 0
    if beyond is None:
        return limit
    return replace(limit, counts=Beyond(1000, share, share / 1000, 0.0, 1.0, 0.01, 1.0, 10.0, 0.95))


def test_a_round_that_is_not_counted_passes_where_each_of_its_cycles_does() -> None:
    rounds = {
        1: [entry("passed"), entry("passed", 2)],
        2: [entry("passed"), entry("undecided", 2)],
        3: [entry("undecided"), entry("failed", 2)],
    }
    (found,) = over_rounds("shared", rounds)
    assert (found.status, found.rounds_passed, found.rounds) == ("failed", 1, 3)
    assert (found.round, found.value_share) == (3, 0.02)
    assert over_rounds("shared", {}) == []


@pytest.mark.parametrize(
    ("beyond", "status"),
    [
        ((5, 4, 6, 5, 4, 6), "passed"),  # 0.5 % in each round
        ((5, 4, 6, 5, 4, 16), "undecided"),  # one that failed by itself: rounds differ
        ((15, 17, 16, 14, 16, 15), "failed"),
        ((0, 0), "passed"),
        ((4, 16), "undecided"),
        ((5,), "undecided"),
    ],
)
def test_rounds_are_judged_by_what_they_differ_by(beyond: tuple[int, ...], status: str) -> None:
    rounds = {number: [entry("undecided", beyond=of)] for number, of in enumerate(beyond, 1)}
    (found,) = over_rounds("shared", rounds)
    assert found.status == status
    assert found.counts and found.counts.requests == 1000 * len(beyond)


def test_rounds_that_this_machine_spoiled_are_left_out_if_they_are_few() -> None:
    rounds = {number: [entry("passed", beyond=2)] for number in range(1, 9)}
    spoiled = [entry("undecided", beyond=500, code="figure_invalid")]
    (few,) = over_rounds("shared", {**rounds, 9: spoiled, 10: spoiled})
    assert (few.status, few.rounds, few.rounds_passed) == ("passed", 10, 8)
    (many,) = over_rounds("shared", {**rounds, 9: spoiled, 10: spoiled, 11: spoiled})
    assert (many.status, many.round, many.why) == ("undecided", 9, Reason.of("figure_invalid"))


def test_a_run_by_itself_is_not_held_to_what_is_of_two() -> None:
    profile = load("t.yaml", text=written("fresh / shared p50 < 3", "errors < 1%")).profile
    assert [threshold.kind for threshold in profile.thresholds["steady"]] == ["ratio", "errors"]


@pytest.mark.parametrize("thresholds", [[1], [{}], [{"phase": "a", "text": "x", "step": ""}], 5])
def test_a_folder_that_is_not_as_it_was_written_is_one_line(tmp_path: Path, thresholds: Any) -> None:
    folder = write_experiment(tmp_path / "x", written("errors < 1%"), answering(), rounds=1)
    path = folder / "rounds/01/fresh/result.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"thresholds": thresholds}))
    with pytest.raises(ProfileError, match=r"fresh/result\.json: is not as loadgen wrote it: thresholds"):
        assembled(folder)


@pytest.mark.parametrize("thresholds", [{"steady": ["x / y"]}, {"steady": [5]}, ["x"], {"steady": 5}])
def test_thresholds_that_nobody_wrote_are_one_line(tmp_path: Path, thresholds: Any) -> None:
    folder = write_experiment(tmp_path / "x", written("errors < 1%"), answering(), rounds=1)
    known = json.loads((folder / "run.json").read_text())
    known["experiment"]["thresholds"] = thresholds
    (folder / "run.json").write_text(json.dumps(known))
    with pytest.raises(ProfileError, match=r"experiment.thresholds|the experiment's thresholds cannot be read"):
        assembled(folder)
