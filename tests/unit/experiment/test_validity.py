"""No verdict without: each of what disturbs a comparison leaves its figures and takes its verdicts, and says why."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from engine_harness import Script
from experiment_folders import ROUNDS, answering, bad, check, compared, figure, text, write_experiment

from loadgen.clock import MILLISECOND
from loadgen.exchange import Exchange
from loadgen.experiment.comparison import decided
from loadgen.experiment.folder import assembled, run_folder
from loadgen.profile.load import Variant
from loadgen.profile.model import Profile
from loadgen.transport.scripted import Reply
from loadgen.trust.verdict import Verdict


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An experiment that nothing is wrong with."""
    return write_experiment(tmp_path_factory.mktemp("sound") / "x", text(), answering(), rounds=ROUNDS)


def copy(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to / "x"))


def test_nothing_is_wrong_with_a_sound_one(sound: Path) -> None:
    found = assembled(sound)["comparison"]
    assert (found["valid"], [check for check in found["checks"] if not check["ok"]]) == (True, [])


def no_verdict(comparison: Any, name: str) -> str:
    """Why; the check named is the only one that fails."""
    assert comparison["valid"] is False
    assert {f["verdict"] for f in comparison["figures"]} == {"none"}
    assert all(f["ratio"] and f["ratio_low"] for f in comparison["figures"]), "the figures are still shown"
    assert not decided(comparison)
    failed = [check for check in comparison["checks"] if not check["ok"]]
    assert [check["check"] for check in failed] == [name]
    assert comparison["why_not"] == [failed[0]["why"]]
    return str(failed[0]["why"])


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
    why = no_verdict(assembled(folder)["comparison"], "connections as said")
    assert "fresh, round 1: per-request, and yet 0.0" in why
    assert "connections were opened for each request, not 1.00" in why


def test_a_shared_session_that_opens_connections(sound: Path, tmp_path: Path) -> None:
    folder = copy(sound, tmp_path)
    for path in folder.glob("rounds/*/shared/result.json"):
        fresh = json.loads((path.parents[1] / "fresh" / "result.json").read_text())
        fresh["session"] = json.loads(path.read_text())["session"]
        fresh["variants"][0]["connections"]["closed_idle"] = 7
        path.write_text(json.dumps(fresh))
    why = no_verdict(assembled(folder)["comparison"], "connections as said")
    assert (
        "shared, and yet 1.00 connections were opened for each request (7 were closed by the target while idle)" in why
    )


def test_a_cap_that_binds_in_one_arm(tmp_path: Path) -> None:
    small = text().replace("connections: 50", "connections: 6")
    why = no_verdict(compared(tmp_path / "x", answering(connect=20), small), "connection cap")
    assert why.startswith("requests waited for a connection in fresh, round 1; fresh, round 2; ")
    assert "alone; at most 6; open at once: shared 6, fresh 6" in why


def test_a_cap_that_binds_in_all(tmp_path: Path) -> None:
    small = text().replace("connections: 50", "connections: 1")
    found = compared(tmp_path / "x", answering(median=12, connect=2), small, rounds=2)
    assert check(found, "connection cap")["ok"]
    assert "it was in the way of all alike" in check(found, "connection cap")["why"]


def test_caps_that_differ(tmp_path: Path) -> None:
    written = text().replace("per-request}", "per-request, connections: 40}")
    why = no_verdict(compared(tmp_path / "x", answering(), written), "connection cap")
    assert why == "shared: at most 50; fresh: at most 40"


def test_a_trend_over_the_rounds(tmp_path: Path) -> None:
    found = compared(tmp_path / "x", answering(ratio=lambda number: 1 + 0.1 * number))
    assert no_verdict(found, "no trend").startswith(
        "the ratio of fresh to shared has a trend over the rounds (by chance:"
    )


def test_one_invalid_round(tmp_path: Path) -> None:
    found = compared(
        tmp_path / "x", answering(), found=lambda v, number: bad() if (v.name, number) == ("fresh", 3) else ()
    )
    assert no_verdict(found, "trust") == "INVALID: fresh, round 3"


def test_what_is_degraded_by_its_connections_alone_is_not_uneven(sound: Path, tmp_path: Path) -> None:
    folder = copy(sound, tmp_path)
    for number in range(1, ROUNDS + 1):
        path = run_folder(folder, number, "fresh") / "result.json"
        result = json.loads(path.read_text())
        result["trust"] |= {"verdict": "DEGRADED", "disturbed": number == 1}
        path.write_text(json.dumps(result))
    looked = check(assembled(folder)["comparison"], "trust")
    said = f"of {ROUNDS} runs each, 0 of shared and 1 of fresh were DEGRADED by more than making connections takes"
    assert (looked["ok"], looked["why"]) == (True, said)


def test_an_invalid_round_that_was_accepted(sound: Path, tmp_path: Path) -> None:
    """Each run says itself whether its figures were to be taken whatever they are."""
    folder = copy(sound, tmp_path)
    for number in (3, 5):
        path = run_folder(folder, number, "fresh") / "result.json"
        result = json.loads(path.read_text())
        result["trust"] |= {"verdict": "INVALID", "accepted": True}
        path.write_text(json.dumps(result))
    whole = assembled(folder)
    looked = check(whole["comparison"], "trust")
    assert (looked["ok"], looked["why"]) == (True, "INVALID, which was accepted: fresh, round 3; fresh, round 5")
    assert (whole["comparison"]["valid"], whole["trust"]["accepted"]) == (True, True)
    path.write_text(json.dumps(result | {"trust": {**result["trust"], "accepted": False}}))
    assert not assembled(folder)["comparison"]["valid"]


@pytest.mark.parametrize(
    ("rounds_of", "ok", "why"),
    [
        ({"shared": 2, "fresh": 3}, True, "of 8 runs each, 2 of shared and 3 of fresh were DEGRADED"),
        ({"shared": 8, "fresh": 8}, True, "of 8 runs each, 8 of shared and 8 of fresh were DEGRADED"),
        ({"shared": 1, "fresh": 6}, False, "of 8 runs each, 1 of shared and 6 of fresh were DEGRADED"),
    ],
    ids=["some", "all", "one-variant"],
)
def test_degraded_runs_are_allowed_where_they_are_in_both(
    tmp_path: Path, rounds_of: dict[str, int], ok: bool, why: str
) -> None:
    found = compared(
        tmp_path / "x",
        answering(),
        found=lambda v, number: bad(Verdict.DEGRADED) if number <= rounds_of[v.name] else (),
    )
    assert (check(found, "trust")["ok"], check(found, "trust")["why"]) == (ok, why)
    assert found["valid"] is ok


def test_loads_that_differ(tmp_path: Path) -> None:
    written = text().replace("{session: {reuse: per-request}}", "{load: {steady: {rate: 120/s}}}")
    assert "fresh had another load than shared in round 1; " in no_verdict(
        compared(tmp_path / "x", answering(), written), "load"
    )


def test_a_load_that_was_not_held(sound: Path, tmp_path: Path) -> None:
    def fewer(result: dict[str, Any]) -> None:
        result["variants"][0]["phases"][1]["iterations"]["started"] *= 0.9

    folder = copy(sound, tmp_path)
    rewrite(folder, fewer)
    why = no_verdict(assembled(folder)["comparison"], "load")
    assert why.startswith("shared, round 1: 90.0% of what steady planned was started; ")
    assert why.endswith("(and 13 more like it)")


def test_failures_of_one_variant_alone(tmp_path: Path) -> None:
    def behave(variant: Variant, number: int) -> Script:
        random, plain = Random(number), answering()(variant, number)
        return lambda x: Reply(status=503) if variant.name == "fresh" and random.random() < 0.2 else plain(x)

    why = no_verdict(compared(tmp_path / "x", behave), "errors")
    assert "of fresh failed, and 0.00% of shared: p50 allows a difference of 5.00%" in why


def test_a_variant_that_is_another_in_a_later_round(sound: Path, tmp_path: Path) -> None:
    folder = copy(sound, tmp_path)
    path = folder / "rounds" / "05" / "fresh" / "result.json"
    path.write_text(path.read_text().replace('"client": "wire"', '"client": "aiohttp"'))
    assert no_verdict(assembled(folder)["comparison"], "settings") == "fresh: another client in round 5"


def test_a_run_that_did_not_come_to_its_end(sound: Path, tmp_path: Path) -> None:
    folder = copy(sound, tmp_path)
    path = folder / "rounds" / "05" / "fresh" / "result.json"
    path.write_text(path.read_text().replace('"exit_status": 0', '"exit_status": 6'))
    assert no_verdict(assembled(folder)["comparison"], "complete rounds") == "fresh, round 5 did not come to its end"


def test_a_run_that_was_stopped_early(tmp_path: Path) -> None:
    """As `stop_if` does it, in a closed load, where nothing is planned that could be missing."""
    written = text(6).replace("rate: 100/s", "users: 3").replace("response p50", "service p50")
    folder = write_experiment(tmp_path / "x", written, answering(), rounds=6)
    path = folder / "rounds" / "05" / "shared" / "result.json"
    result = json.loads(path.read_text()) | {"duration_s": 1.7}
    path.write_text(json.dumps(result))
    assert no_verdict(assembled(folder)["comparison"], "complete rounds") == "shared, round 5 did not come to its end"


def test_an_experiment_that_was_stopped_between_looks(sound: Path, tmp_path: Path) -> None:
    folder = copy(sound, tmp_path)
    path = folder / "run.json"
    path.write_text(path.read_text().replace(f'"looks": [{ROUNDS}]', '"looks": [6, 10]'))
    why = no_verdict(assembled(folder)["comparison"], "complete rounds")
    assert why == "8 rounds are complete, and a verdict was planned after 6 or 10"


def test_a_run_that_is_gone_takes_its_round_with_it(sound: Path, tmp_path: Path) -> None:
    folder = copy(sound, tmp_path)
    shutil.rmtree(folder / "rounds" / "03" / "fresh")
    found = assembled(folder, ROUNDS)["comparison"]
    assert check(found, "complete rounds")["why"] == "7 rounds are complete, and a verdict was planned after 8"
    assert len(figure(found)["rounds"]) == 7


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [("intervals.jsonl", "deltas", "x"), ("run.json", '"plan"', '"x"'), ("result.json", '"phases"', '"x"'),
     ("result.json", '"latency_ms"', '"x"')],
)  # fmt: skip
def test_a_run_that_cannot_be_read_leaves_no_verdict(
    sound: Path, tmp_path: Path, name: str, old: str, new: str
) -> None:
    folder = copy(sound, tmp_path)
    path = folder / "rounds" / "02" / "fresh" / name
    path.write_text(path.read_text().replace(old, new))
    comparison = assembled(folder)["comparison"]
    assert (comparison["valid"], comparison["figures"], len(comparison["why_not"])) == (False, [], 1)


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
    assert found["valid"]
    for each in found["figures"]:
        hidden = each["phase"] == phase and each["quantile"] in barred
        assert (each["verdict"] == "none") is hidden, each
        assert ("of fresh failed" in each["why"]) is hidden
