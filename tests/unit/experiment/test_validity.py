"""No verdict without: each of what disturbs a comparison leaves its figures and takes its verdicts, and says why."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from engine_harness import Script
from experiment_folders import (
    ROUNDS,
    answering,
    bad,
    check,
    compared,
    comparison_of,
    figure,
    text,
    write_experiment,
)

from loadgen.analysis.standing import NOTHING_KNOWN, Standing
from loadgen.clock import MILLISECOND
from loadgen.errors import ProfileError
from loadgen.exchange import Exchange
from loadgen.experiment.comparison import decided
from loadgen.experiment.folder import assembled
from loadgen.profile.load import Variant
from loadgen.profile.model import Profile
from loadgen.record.seconds import FILE
from loadgen.result.experiment import Check, Comparison
from loadgen.result.reason import Reason
from loadgen.transport.scripted import Reply


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An experiment that nothing is wrong with."""
    return write_experiment(tmp_path_factory.mktemp("sound") / "x", text(), answering(), rounds=ROUNDS)


def copy(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to / "x"))


def test_nothing_is_wrong_with_a_sound_one(sound: Path) -> None:
    comparison = comparison_of(sound)
    assert (comparison.valid, [check for check in comparison.checks if not check.ok]) == (True, [])
    assert all(check.why for check in comparison.checks), "what a verdict rests on is told"


def no_verdict(comparison: Comparison, name: str) -> list[Reason]:
    """Why; the check named is the only one that fails."""
    assert comparison.valid is False
    assert {figure.verdict for figure in comparison.figures} == {"none"}
    assert all(figure.ratio and figure.ratio_low for figure in comparison.figures), "the figures are still shown"
    assert not decided(comparison)
    failed = [check for check in comparison.checks if not check.ok]
    assert [check.check for check in failed] == [name]
    assert comparison.why_not == failed[0].why
    return list(comparison.why_not)


def of_rounds(code: str, variant: str, *rounds: int, **values: float | str) -> list[Reason]:
    """A reason for the variant's run of each round."""
    return [Reason.of(code, variant=variant, round=number, **values) for number in rounds]


def kept(variant: Variant, number: int, profile: Profile) -> Profile:
    """fresh runs on a shared session, whatever it says."""
    if variant.name != "fresh":
        return profile
    return profile.model_copy(update={"session": profile.session.model_copy(update={"reuse": "shared"})})


def rewrite(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the results that runs have written."""
    for path in folder.glob("rounds/*/*/result.json"):
        result = json.loads(path.read_text())
        change(result)
        path.write_text(json.dumps(result))


def test_a_variant_that_keeps_its_connections(tmp_path: Path) -> None:
    folder = write_experiment(tmp_path / "x", text(), answering(), rounds=ROUNDS, change=kept)
    for path in folder.glob("rounds/*/fresh/result.json"):
        result = json.loads(path.read_text())
        result["session"]["reuse"] = "per-request"
        path.write_text(json.dumps(result))
    why = no_verdict(comparison_of(folder), "connections as said")
    assert [(reason.code, reason.run) for reason in why] == [
        ("connections_not_as_said", ("fresh", number)) for number in range(1, ROUNDS + 1)
    ]
    values = why[0].values
    assert (values["reuse"], values["expected"]) == ("per-request", 1)
    assert 0 <= float(values["per_request"]) < 0.1
    assert "closed_idle" not in values


def test_a_shared_session_that_opens_connections(sound: Path, tmp_path: Path) -> None:
    folder = copy(sound, tmp_path)
    for path in folder.glob("rounds/*/shared/result.json"):
        fresh = json.loads((path.parents[1] / "fresh" / "result.json").read_text())
        fresh["session"] = json.loads(path.read_text())["session"]
        fresh["variants"][0]["connections"]["closed_idle"] = 7
        path.write_text(json.dumps(fresh))
    why = no_verdict(comparison_of(folder), "connections as said")
    told = {"reuse": "shared", "per_request": 1, "closed_idle": 7}
    assert why == of_rounds("connections_not_as_said", "shared", *range(1, ROUNDS + 1), **told)


def test_a_cap_that_binds_in_one_variant(tmp_path: Path) -> None:
    """It is compared, and the wait is a part of the difference."""
    small = text().replace("connections: 50", "connections: 6")
    found = compared(tmp_path / "x", answering(connect=20), small)
    assert (found.valid, figure(found).verdict) == (True, "slower")
    assert found.notes == (caps(6, 0, 6, ROUNDS),)
    parts = {part.part: part for part in found.parts}
    assert parts["wait"].adds and parts["wait"].difference_low and parts["wait"].difference_low > 0
    assert math.fsum(part.difference_ms for part in found.parts if part.adds) == pytest.approx(
        parts["response"].difference_ms, abs=1e-5
    )
    target = figure(found, metric="target")
    assert (target.verdict, target.why and target.why.code) == ("none", "off_schedule"), "it had another load"


def caps(baseline_cap: int, baseline_runs: int, variant_cap: int, variant_runs: int, runs: int = ROUNDS) -> Reason:
    of_baseline = {"baseline": "shared", "baseline_cap": baseline_cap, "baseline_runs": baseline_runs}
    of_variant = {"variant": "fresh", "variant_cap": variant_cap, "variant_runs": variant_runs}
    return Reason.of("connection_caps", runs=runs, **of_baseline, **of_variant)


def test_a_cap_that_binds_in_all(tmp_path: Path) -> None:
    small = text(2).replace("connections: 50", "connections: 1")
    found = compared(tmp_path / "x", answering(median=12, connect=2), small, rounds=2)
    assert (found.valid, found.notes) == (True, (caps(1, 2, 1, 2, runs=2),))


def test_caps_that_differ(tmp_path: Path) -> None:
    written = text().replace("per-request}", "per-request, connections: 40}")
    found = compared(tmp_path / "x", answering(), written)
    assert (found.valid, found.notes) == (True, (caps(50, 0, 40, 0),))
    assert figure(found).verdict != "none"


def test_a_trend_over_the_rounds_is_a_note(tmp_path: Path) -> None:
    found = compared(tmp_path / "x", answering(ratio=lambda number: 1 + 0.1 * number))
    assert (found.valid, figure(found).verdict) == (True, "slower")
    (note,) = found.notes
    assert (note.code, note.values["variant"], note.values["baseline"]) == ("trend", "fresh", "shared")
    assert float(note.values["chance"]) < 0.01


def counted(code: str, of_shared: int, of_fresh: int) -> Reason:
    both = {"baseline": "shared", "variant": "fresh"}
    return Reason.of(code, runs=ROUNDS, **both, baseline_runs=of_shared, variant_runs=of_fresh)


@pytest.mark.parametrize(
    ("shared", "fresh", "code"),
    [
        ((), (3,), ""),
        ((1,), (3,), ""),
        ((3,), (3, 4), ""),
        ((1, 2), (3,), "many_invalid_runs"),
        ((), range(1, 9), "many_invalid_runs"),
    ],
)
def test_few_invalid_runs_take_nothing_down(
    tmp_path: Path, shared: Sequence[int], fresh: Sequence[int], code: str
) -> None:
    numbers = {"shared": shared, "fresh": fresh}
    comparison = compared(
        tmp_path / "x", answering(), standing=lambda v, number: bad() if number in numbers[v.name] else NOTHING_KNOWN
    )
    why = counted(code or "degraded_runs", len(shared), len(fresh))
    assert check(comparison, "trust") == Check("trust", not code, (why,))
    assert comparison.valid is not code
    by_quantile = {of.quantile: of for of in comparison.figures if of.metric == "response"}
    assert (by_quantile["p50"].verdict == "none") is bool(code)
    assert by_quantile["p90"].verdict != "none", "an INVALID p50 leaves p90 standing"


def test_invalid_runs_of_one_variant_alone_look_like_a_difference(tmp_path: Path) -> None:
    def of(v: Variant, number: int) -> Standing:
        return bad() if v.name == "fresh" and number <= 5 else NOTHING_KNOWN

    comparison = compared(tmp_path / "x", answering(), text(20), rounds=20, standing=of)
    (why,) = check(comparison, "trust").why
    assert (why.code, why.values["variant_runs"]) == ("uneven_invalid_runs", 5)


def test_invalid_rounds_that_were_accepted(tmp_path: Path) -> None:
    """Each run says itself whether its figures were to be taken whatever they are."""

    def of(v: Variant, number: int) -> Standing:
        return bad(accepted=number != 7) if v.name == "fresh" and number in (3, 5, 7) else NOTHING_KNOWN

    folder = tmp_path / "x"
    looked = check(compared(folder, answering(), standing=of), "trust")
    assert looked.ok
    assert list(looked.why) == [*of_rounds("accepted_run", "fresh", 3, 5), counted("degraded_runs", 0, 3)]
    whole = assembled(folder)
    assert (whole.trust.verdict, whole.trust.accepted) == ("INVALID", True)


def always(share: float) -> Callable[[Variant, int], Standing]:
    return lambda variant, number: bad(share)


@pytest.mark.parametrize(("ratio", "verdict"), [(3, "slower"), (1 / 3, "faster"), (1.3, "none"), (1, "none")])
def test_a_verdict_that_holds_whatever_this_machine_s_part_is(tmp_path: Path, ratio: float, verdict: str) -> None:
    """It made up to three tenths of every figure: a ratio of 3 is at least one of 2.1, one of 1.3 may be none."""
    found = compared(tmp_path / "x", answering(ratio=lambda number: ratio), standing=always(0.3))
    p50 = figure(found)
    looked = check(found, "trust")
    assert (p50.verdict, found.valid, looked.ok) == (verdict, verdict != "none", verdict != "none")
    assert p50.ratio == pytest.approx(ratio, rel=0.1), "what was measured is told"
    assert p50.why
    if verdict == "none":
        assert (p50.why.code, looked.why) == ("many_invalid_runs", (counted("many_invalid_runs", ROUNDS, ROUNDS),))
    else:
        assert (p50.why.code, looked.why) == ("whatever_own_part", (counted("degraded_runs", ROUNDS, ROUNDS),))
        low, high = (float(p50.why.values[end]) for end in ("ratio_low", "ratio_high"))
        assert low < 0.75 * ratio and high > 1.4 * ratio
        assert low > 1.05 or high < 0.95


def test_no_verdict_holds_on_a_load_that_was_not_the_one_planned(tmp_path: Path) -> None:
    """Requests that did not leave when they were due met another target."""
    folder = write_experiment(
        tmp_path / "x", text(), answering(ratio=lambda number: 3), rounds=ROUNDS, standing=always(0.3)
    )

    def displaced(result: dict[str, Any]) -> None:
        for step in result["variants"][0]["phases"][1]["steps"]:
            step["off_schedule"]["p50"] = {"requests": 100, "displaced": 11, "waited": 0}

    assert figure(comparison_of(folder)).verdict == "slower"
    rewrite(folder, displaced)
    assert no_verdict_on_p50(comparison_of(folder)) == "many_invalid_runs"


def test_no_verdict_holds_on_runs_that_a_signal_alone_makes_invalid(tmp_path: Path) -> None:
    folder = write_experiment(
        tmp_path / "x", text(), answering(ratio=lambda number: 3), rounds=ROUNDS, standing=always(0.3)
    )

    def jumped(result: dict[str, Any]) -> None:
        (share,) = (signal for signal in result["trust"]["signals"] if signal["signal"] == "share of a figure")
        result["trust"]["signals"].append(share | {"signal": "rate held"})

    rewrite(folder, jumped)
    assert no_verdict_on_p50(comparison_of(folder)) == "many_invalid_runs"


def no_verdict_on_p50(comparison: Comparison) -> str:
    p50 = figure(comparison)
    assert (p50.verdict, comparison.valid) == ("none", False)
    assert p50.why
    return p50.why.code


@pytest.mark.parametrize("rounds_of", [{"shared": 2, "fresh": 3}, {"shared": 8, "fresh": 8}, {"shared": 1, "fresh": 6}])
def test_degraded_runs_take_nothing_down(tmp_path: Path, rounds_of: dict[str, int]) -> None:
    comparison = compared(
        tmp_path / "x",
        answering(),
        standing=lambda v, number: bad(0.05) if number <= rounds_of[v.name] else NOTHING_KNOWN,
    )
    why = counted("degraded_runs", rounds_of["shared"], rounds_of["fresh"])
    assert check(comparison, "trust") == Check("trust", True, (why,))
    assert comparison.valid


def test_loads_that_differ(tmp_path: Path) -> None:
    written = text().replace("{session: {reuse: per-request}}", "{load: {steady: {rate: 120/s}}}")
    why = no_verdict(compared(tmp_path / "x", answering(), written), "load")
    assert why == of_rounds("other_load", "fresh", *range(1, ROUNDS + 1), baseline="shared")


def duet(rounds: int = ROUNDS) -> str:
    return text(rounds).replace("experiment:", "experiment:\n  duet: true")


def test_variants_at_the_same_time_have_the_same_rate_and_arrivals_of_their_own(tmp_path: Path) -> None:
    found = compared(tmp_path / "x", answering(), duet())
    (why,) = check(found, "load").why
    assert (found.valid, why.code, found.notes) == (True, "same_rate", ())


def test_in_turns_arrivals_of_their_own_are_another_load(tmp_path: Path) -> None:
    folder = write_experiment(tmp_path / "x", duet(), answering(), rounds=ROUNDS)
    path = folder / "run.json"
    path.write_text(path.read_text().replace('"duet": true', '"duet": false'))
    why = no_verdict(comparison_of(folder), "load")
    assert why == of_rounds("other_load", "fresh", *range(1, ROUNDS + 1), baseline="shared")


def test_constant_arrivals_at_the_same_time_are_in_step(tmp_path: Path) -> None:
    written = duet(6).replace("rate: 100/s,", "rate: 100/s, arrivals: constant,")
    found = compared(tmp_path / "x", answering(), written, rounds=6)
    assert found.notes == (Reason.of("in_step", variant="fresh", baseline="shared"),)


def test_a_load_that_was_not_held(sound: Path, tmp_path: Path) -> None:
    def fewer(result: dict[str, Any]) -> None:
        iterations = result["variants"][0]["phases"][1]["iterations"]
        iterations["started"] = iterations["planned"] * 9 // 10

    folder = copy(sound, tmp_path)
    rewrite(folder, fewer)
    why = no_verdict(comparison_of(folder), "load")
    assert len(why) == 2 * ROUNDS
    assert (why[0].code, why[0].run, why[0].values["phase"]) == ("load_not_started", ("shared", 1), "steady")
    assert float(why[0].values["share"]) == pytest.approx(0.9, abs=0.01)


def test_failures_of_one_variant_alone(tmp_path: Path) -> None:
    def behave(variant: Variant, number: int) -> Script:
        random, plain = Random(number), answering()(variant, number)
        return lambda x: Reply(status=503) if variant.name == "fresh" and random.random() < 0.2 else plain(x)

    (why,) = no_verdict(compared(tmp_path / "x", behave), "errors")
    share = float(why.values["variant_share"])
    told = {"variant": "fresh", "variant_share": share, "baseline": "shared", "baseline_share": 0}
    assert why == Reason.of("failures_uneven", **told, quantile="p50", allowed=0.05)
    assert share == pytest.approx(0.2, abs=0.03)


def test_a_variant_that_is_another_in_a_later_round(sound: Path, tmp_path: Path) -> None:
    folder = copy(sound, tmp_path)
    path = folder / "rounds" / "05" / "fresh" / "result.json"
    path.write_text(path.read_text().replace('"client": "wire"', '"client": "aiohttp"'))
    assert no_verdict(comparison_of(folder), "settings") == of_rounds("setting_changed", "fresh", 5, setting="client")


def test_a_run_that_did_not_come_to_its_end(sound: Path, tmp_path: Path) -> None:
    folder = copy(sound, tmp_path)
    path = folder / "rounds" / "05" / "fresh" / "result.json"
    path.write_text(path.read_text().replace('"exit_status": 0', '"exit_status": 6'))
    assert no_verdict(comparison_of(folder), "complete rounds") == of_rounds("broken_off", "fresh", 5)


def test_a_run_that_was_stopped_early(tmp_path: Path) -> None:
    """As `stop_if` does it, in a closed load, where nothing is planned that could be missing."""
    written = text(6).replace("rate: 100/s", "users: 3").replace("response p50", "service p50")
    folder = write_experiment(tmp_path / "x", written, answering(), rounds=6)
    path = folder / "rounds" / "05" / "shared" / "result.json"
    result = json.loads(path.read_text()) | {"duration_s": 1.7}
    path.write_text(json.dumps(result))
    assert no_verdict(comparison_of(folder), "complete rounds") == of_rounds("broken_off", "shared", 5)


def test_an_experiment_that_was_stopped_between_looks(sound: Path, tmp_path: Path) -> None:
    folder = copy(sound, tmp_path)
    path = folder / "run.json"
    path.write_text(path.read_text().replace(f'"looks": [{ROUNDS}]', '"looks": [6, 10]'))
    why = no_verdict(comparison_of(folder), "complete rounds")
    assert why == [Reason.of("unplanned_look", rounds=8, planned="6 or 10")]


def test_a_run_that_is_gone_takes_its_round_with_it(sound: Path, tmp_path: Path) -> None:
    folder = copy(sound, tmp_path)
    shutil.rmtree(folder / "rounds" / "03" / "fresh")
    comparison = assembled(folder, ROUNDS).comparison
    assert comparison
    why = Reason.of("unplanned_look", rounds=7, planned="8")
    assert check(comparison, "complete rounds") == Check("complete rounds", False, (why,))
    assert len(figure(comparison).rounds) == 7


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [(FILE, b"loadgen.", b"loadgem."), ("run.json", b'"plan"', b'"x"')],
)
def test_a_run_that_cannot_be_read_leaves_no_verdict(
    sound: Path, tmp_path: Path, name: str, old: bytes, new: bytes
) -> None:
    folder = copy(sound, tmp_path)
    path = folder / "rounds" / "02" / "fresh" / name
    path.write_bytes(path.read_bytes().replace(old, new))
    comparison = comparison_of(folder)
    assert (comparison.valid, comparison.figures) == (False, ())
    (why,) = comparison.why_not
    assert (why.code, name in str(why.values["error"])) == ("unreadable", True)


@pytest.mark.parametrize("key", ["phases", "latency_ms", "trust"])
def test_a_result_that_is_not_as_it_was_written_is_one_line(sound: Path, tmp_path: Path, key: str) -> None:
    folder = copy(sound, tmp_path)
    path = folder / "rounds" / "02" / "fresh" / "result.json"
    path.write_text(path.read_text().replace(f'"{key}"', '"x"'))
    with pytest.raises(ProfileError, match=rf"02/fresh/result\.json.*{key}: is missing"):
        assembled(folder)


@pytest.mark.parametrize(
    ("phase", "above", "barred"),
    [("burst", 8.5, {"p50", "p90", "p95", "p99", "mean"}), ("steady", 15.5, {"p90", "p95", "p99", "mean"})],
)
def test_a_figure_whose_slow_requests_failed_in_one_variant(
    tmp_path: Path, phase: str, above: float, barred: set[str]
) -> None:
    """In `burst`, which the primary figure is not of, or so few that its p50 does not mind."""
    slot = {"steady": 1, "burst": 2}[phase]

    def behave(variant: Variant, number: int) -> Script:
        plain = answering()(variant, number)

        def script(x: Exchange) -> Reply:
            reply = plain(x)
            shed = variant.name == "fresh" and x.slot == slot and reply.after > above * MILLISECOND
            return Reply(after=MILLISECOND, status=503) if shed else reply

        return script

    two = "  - {name: steady, rate: 100/s, for: 2s}"
    found = compared(tmp_path / "x", behave, text().replace(two, f"{two}\n  - {{name: burst, rate: 100/s, for: 2s}}"))
    assert found.valid
    for compared_figure in found.figures:
        hidden = compared_figure.phase == phase and compared_figure.quantile in barred
        assert (compared_figure.verdict == "none") is hidden, compared_figure
        assert (compared_figure.why is not None and compared_figure.why.code == "failures_uneven") is hidden
