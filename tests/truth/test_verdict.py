"""Whose the tail was (12): a client that stalls is found out by its own figures, a target that stalls is not taken for
one; and what would have been without the client is what the target knows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from engine_harness import START, Run, Script, always, profile

from loadgen.clock import MILLISECOND, SECOND
from loadgen.exchange import Exchange
from loadgen.transport.scripted import Reply
from truth.pipeline import FULL, Told, nearest_rank, ns, told

SERVICE, SECONDS = 25 * MILLISECOND, 10
TEXT = f"""
load: [{{name: steady, rate: 300/s, for: {SECONDS}s}}]
thresholds: {{steady: [response p99 < 1s, response p99 < 26ms]}}
"""


def steady(x: Exchange) -> Reply:
    """25 to 26 ms, whoever asks when."""
    return Reply(after=SERVICE + x.due % MILLISECOND)


def truth(found: Told) -> list[int]:
    return [SERVICE + x.due % MILLISECOND for x in found.run.of(0)]


def stalled(folder: Path, busy: int, every: int, script: Script = steady, accepted: bool = False) -> Told:
    """The client's loop is busy for `busy` ns in each `every` ns; 0: never."""
    run = Run(profile(TEXT), script)
    for instant in range(every // 2, SECONDS * SECOND, every) if busy else ():
        run.stall(instant, busy)
    return told(run.go(), folder, accepted)


def of_p99(found: Told) -> dict[str, float]:
    return next(figure for figure in found.result["trust"]["figures"] if figure["quantile"] == "p99")


def verdict(found: Told) -> str:
    return str(found.result["trust"]["verdict"])


def test_a_quiet_client_is_valid(tmp_path: Path) -> None:
    found = stalled(tmp_path / "run", 0, SECOND)
    assert (verdict(found), found.result["exit_status"]) == ("VALID", 0)
    assert of_p99(found)["share"] == 0
    assert [entry["status"] for entry in found.result["thresholds"]] == ["passed", "passed"]


BUSY = (0.1, 0.3, 0.5, 1, 2, 3, 5, 10, 20, 35, 50) if FULL else (0.5, 5, 50)


@pytest.mark.parametrize("every", [SECOND // 10, SECOND // 3, SECOND] if FULL else [SECOND // 10, SECOND])
def test_what_the_client_did_to_p99_is_never_valid(every: int, tmp_path: Path) -> None:
    changed_at_all = 0
    for busy in BUSY:
        found = stalled(tmp_path / f"{busy}", round(busy * MILLISECOND), every)
        exact = nearest_rank(truth(found), "p99")
        told_p99 = ns(found.block("steady")["p99"])
        changed = told_p99 / exact - 1
        assert not (changed > 0.1 and verdict(found) == "VALID"), (busy, changed)
        changed_at_all += changed > 0.1
        without = ns(of_p99(found)["without_ms"])
        assert without == pytest.approx(exact, abs=MILLISECOND), (busy, "service minus client delay")
        delays = [x.done - x.received for x in found.run.of(0)]
        assert ns(found.block("steady", "client_delay")["spent"]) == sum(delays)
        assert ns(found.block("steady", "service")["spent"]) - sum(delays) == sum(truth(found))
    assert changed_at_all


@pytest.mark.parametrize("busy", [5, 50])
def test_the_verdict_and_whose_time_it_was_have_one_figure(busy: int, tmp_path: Path) -> None:
    found = stalled(tmp_path / "run", busy * MILLISECOND, SECOND)
    figures = {figure["quantile"]: figure for figure in found.result["trust"]["figures"]}
    (step,) = found.phase("steady")["steps"]
    assert step["whose_ms"].keys() >= {"p50", "p99"}
    for name, of in step["whose_ms"].items():
        if name in figures:
            assert of["own"] == pytest.approx(figures[name]["share"] * of["value"], abs=1e-4)
    assert step["whose_ms"]["p99"]["own"] > 0


def looked_at_late(x: Exchange) -> Reply:
    """One answer in 30, each by itself, lies there for 50 ms."""
    return Reply(after=SERVICE + x.due % MILLISECOND, client_delay=50 * MILLISECOND * (x.due // 1000 % 30 == 0))


@pytest.mark.parametrize("how", ["stalls", "looks late"])
def test_an_invalid_figure_decides_only_what_it_keeps_all_the_same(how: str, tmp_path: Path) -> None:
    def run(folder: Path, accepted: bool) -> Told:
        if how == "stalls":
            return stalled(folder, 50 * MILLISECOND, SECOND, accepted=accepted)
        return stalled(folder, 0, SECOND, looked_at_late, accepted)

    found = run(tmp_path / "run", False)
    assert (verdict(found), found.result["exit_status"]) == ("INVALID", 5)
    kept, missed = found.result["thresholds"]
    assert (kept["status"], kept["why"]["code"]) == ("passed", "met_with_own"), "even with this machine's part inside"
    assert (missed["status"], missed["why"]["code"], missed["accepted"]) == ("undecided", "figure_invalid", False)
    assert found.result["trust"]["reasons"], "it says why"
    accepted = run(tmp_path / "accepted", True)
    assert verdict(accepted) == "INVALID"
    kept, missed = accepted.result["thresholds"]
    assert (missed["status"], missed["why"], missed["accepted"]) == ("failed", None, True)


def test_behind_what_the_client_made_slow_is_what_the_target_did(tmp_path: Path) -> None:
    """One in 30 is looked at so late that it is among the slowest; of those that are not, one in 50 was slow itself."""

    def took(x: Exchange) -> int:
        return 100 * MILLISECOND if x.due // 1000 % 50 == 7 else SERVICE + x.due % MILLISECOND

    def script(x: Exchange) -> Reply:
        return Reply(after=took(x), client_delay=150 * MILLISECOND * (x.due // 1000 % 30 == 0))

    found = stalled(tmp_path / "run", 0, SECOND, script)
    assert ns(found.block("steady")["p99"]) > 170 * MILLISECOND
    truth = [took(x) for x in found.run.of(0)]
    assert ns(of_p99(found)["without_ms"]) == pytest.approx(nearest_rank(truth, "p99"), abs=MILLISECOND)
    assert verdict(found) == "INVALID"


def frozen(every: int, busy: int) -> Script:
    """The same stalls, but the target's."""

    def script(x: Exchange) -> Reply:
        at = x.started - START + SERVICE
        into = (at - every // 2) % every
        wait = busy - into if into < busy else 0
        return Reply(after=SERVICE + x.due % MILLISECOND + wait)

    return script


def test_a_target_that_stalls_as_much_is_the_targets_fault(tmp_path: Path) -> None:
    busy, every = 50 * MILLISECOND, SECOND
    found = stalled(tmp_path / "run", 0, every, frozen(every, busy))
    block = found.block("steady")
    assert ns(block["p99"]) > 1.5 * SERVICE
    assert (verdict(found), found.result["exit_status"]) == ("VALID", 4)
    assert ns(of_p99(found)["without_ms"]) == pytest.approx(ns(block["p99"]), rel=0.001)


@pytest.mark.parametrize("script", [always(after=SERVICE), always(after=SERVICE, connect=9 * MILLISECOND)])
def test_waits_that_the_profile_asks_for_are_not_the_machines(
    script: Callable[[Exchange], Reply], tmp_path: Path
) -> None:
    text = TEXT.replace("thresholds", "session: {connections: 9}\nthresholds")
    found = told(Run(profile(text), script).go(), tmp_path / "run")
    assert ns(found.block("steady", "wait")["p99"]) > SERVICE / 4
    assert verdict(found) == "VALID"


QUICK = 5 * MILLISECOND


def quick(x: Exchange) -> Reply:
    return Reply(after=QUICK + x.due % MILLISECOND)


@pytest.mark.parametrize(("reuse", "connections"), [("shared", 1), ("shared", 2), ("per-request", 2), ("shared", 5)])
def test_waits_behind_what_the_client_made_late_are_the_clients(reuse: str, connections: int, tmp_path: Path) -> None:
    """What p99 would have been without its stalls is what it was in the same load without them: of several connections
    within a tenth, as exchanges may take each other's."""
    rate = 135 * connections  # which keeps them busy for three quarters of the time
    load = TEXT.replace("300/s", f"{rate}/s")
    text = f"session: {{reuse: {reuse}, connections: {connections}}}\n{load}"
    quiet = told(Run(profile(text), quick).go(), tmp_path / "quiet")
    assert (verdict(quiet), of_p99(quiet)["share"]) == ("VALID", 0)
    exact = ns(quiet.block("steady")["p99"])
    for busy in (5, 20, 60):
        held_up = Run(profile(text), quick)
        for instant in range(SECOND // 2, SECONDS * SECOND, SECOND):
            held_up.stall(instant, busy * MILLISECOND)
        found = told(held_up.go(), tmp_path / f"held up {busy}")
        p99, without = ns(found.block("steady")["p99"]), ns(of_p99(found)["without_ms"])
        assert without == pytest.approx(exact, rel=0.002 if connections == 1 else 0.1)
        assert verdict(found) == "INVALID" or p99 < 1.1 * exact + MILLISECOND
        waits = [(x.started - x.signed, x.wait_delay) for x in found.run.of(0)]
        assert (
            all(delay <= wait for wait, delay in waits)
            and any(0 < delay < wait for wait, delay in waits)
            and any(delay < -1 for _, delay in waits)
        )
