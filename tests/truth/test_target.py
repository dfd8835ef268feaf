"""The target's own time is no back door for coordinated omission, and no two targets are the same because this machine
is slow: what it may decide, and what not."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from engine_harness import START, Run, Script, always, profile
from experiment_folders import compared, figure, text

from loadgen.clock import MILLISECOND, SECOND
from loadgen.exchange import Exchange
from loadgen.profile.load import Variant
from loadgen.result.experiment import Figure
from loadgen.transport.scripted import Reply
from truth.pipeline import FULL, Told, ns, tell, told

TAKES = 5 * MILLISECOND


def freezing(x: Exchange) -> Reply:
    """Any number at a time in 5 ms, but in the last second of each thirty nothing until it is over."""
    at = x.started - START
    thaw = -(-at // (30 * SECOND)) * 30 * SECOND
    return Reply(after=TAKES + (thaw - at if thaw - at < SECOND else 0))


class OneByOne:
    """A target with one server, first come first served."""

    def __init__(self) -> None:
        self._free = 0

    def __call__(self, x: Exchange) -> Reply:
        self._free = max(x.started, self._free) + TAKES
        return Reply(after=self._free - x.started)


def statuses(found: Told) -> dict[str, tuple[str, str]]:
    return {
        entry["text"]: (entry["status"], (entry["why"] or {}).get("code", "")) for entry in found.result["thresholds"]
    }


FREEZE = """
load: [{name: steady, rate: 100/s, for: 180s, arrivals: constant}]
session: {connections: CAP}
thresholds: {steady: [target p99 < 50ms, ttfb p99 < 50ms, target p50 < 50ms, response p99 < 50ms]}
"""


def test_a_freeze_behind_a_cap_is_not_judged_by_the_targets_time(tmp_path: Path) -> None:
    """20 of the 100 that were due in it were sent, and 20 of 3,000 are less than a hundredth: p99 shows nothing.
    Of six freezes it is certain that they are more than a hundredth of all; of two nobody knows."""
    found = tell(FREEZE.replace("CAP", "20"), freezing, tmp_path / "capped")
    assert ns(found.block("steady", "target")["p99"]) == pytest.approx(TAKES, rel=0.001)
    assert statuses(found) == {
        "target p99 < 50ms": ("undecided", "off_schedule"),
        "ttfb p99 < 50ms": ("undecided", "off_schedule"),
        "target p50 < 50ms": ("passed", ""),
        "response p99 < 50ms": ("failed", ""),
    }
    tail = found.phase("steady")["steps"][0]["off_schedule"]["p99"]
    assert tail["requests"] == 180 and tail["displaced"] == tail["waited"] > 10


def test_where_all_were_sent_the_targets_time_shows_the_freeze(tmp_path: Path) -> None:
    found = tell(FREEZE.replace("CAP", "200"), freezing, tmp_path / "run")
    assert statuses(found)["target p99 < 50ms"] == ("failed", "")
    assert found.block("steady", "target")["p99"] == found.block("steady")["p99"]


def test_what_was_not_even_sent_counts_as_waiting(tmp_path: Path) -> None:
    """With a limit of 20 in flight nothing waits for a connection: what is due meanwhile is never sent."""
    text = FREEZE.replace("CAP", "200") + "in_flight_limit: 20\n"
    found = told(Run(profile(text), freezing).go(), tmp_path / "run", accepted=True)
    assert found.phase("steady")["iterations"]["unsent"] > 100
    assert statuses(found)["target p99 < 50ms"] == ("undecided", "off_schedule")


STALLS = """
load: [{name: steady, rate: 140/s, for: 30s}]
thresholds: {steady: [target p99 < 1s, response p99 < 1s]}
"""


@pytest.mark.parametrize(("busy", "status"), [(0, "passed"), (50 * MILLISECOND, "undecided")])
def test_a_client_that_stalls_gave_the_target_another_load(busy: int, status: str, tmp_path: Path) -> None:
    """At 70 % of what the target can take: what is sent after the stall, all at once, queues at the target."""
    run = Run(profile(STALLS), OneByOne())
    for second in range(30) if busy else ():
        run.stall(second * SECOND + SECOND // 2, busy)
    found = told(run.go(), tmp_path / "run", accepted=True)
    assert statuses(found)["target p99 < 1s"][0] == status
    assert statuses(found)["response p99 < 1s"][0] == "passed"


def test_a_burst_is_sent_as_planned_if_it_goes_out_at_once(tmp_path: Path) -> None:
    text = "load: [{name: burst, at-once: 200}]\nthresholds: {burst: [target p99 < 1s]}\nsession: {connections: CAP}"
    free = tell(text.replace("CAP", "200"), always(after=TAKES), tmp_path / "free")
    assert statuses(free)["target p99 < 1s"] == ("passed", "")
    capped = tell(text.replace("CAP", "20"), always(after=TAKES), tmp_path / "capped")
    assert statuses(capped)["target p99 < 1s"] == ("undecided", "off_schedule")


# comparisons


def slow_client(shared: float, fresh: float, seed: int) -> Script:
    """Targets that take so many ms, and a client that takes 6 ms to read."""

    def behave(variant: Variant, number: int) -> Script:
        random = Random(f"{variant.name} {number} {seed}")
        takes = fresh if variant.name == "fresh" else shared

        def script(x: Exchange) -> Reply:
            return Reply(
                after=round(takes * random.uniform(0.9, 1.1) * MILLISECOND),
                client_delay=round(random.uniform(5.8, 6.2) * MILLISECOND),
            )

        return script

    return behave  # type: ignore[return-value]


def both(folder: Path, shared: float, fresh: float, seed: int) -> tuple[Figure, Figure]:
    found = compared(folder, slow_client(shared, fresh, seed))  # type: ignore[arg-type]
    return figure(found), figure(found, metric="target")


@pytest.mark.parametrize("seed", range(30 if FULL else 3))
def test_twice_as_slow_a_target_is_not_the_same_behind_a_slow_client(seed: int, tmp_path: Path) -> None:
    """0.15 ms more than 0.13 ms, in a response of 6 ms: 2.5 %, well within the margin."""
    response, target = both(tmp_path / "x", 0.13, 0.28, seed)
    assert response.ratio and response.ratio_high and response.ratio_high < 1.05
    assert target.verdict == "slower"
    assert response.verdict == "inconclusive"
    assert response.why and (response.why.code, response.why.values["verdict"]) == ("target_not_equivalent", "slower")


def test_the_same_target_behind_a_slow_client_is_the_same(tmp_path: Path) -> None:
    response, target = both(tmp_path / "x", 0.13, 0.13, 1)
    assert (response.verdict, response.why, target.verdict) == ("equivalent", None, "equivalent")


def test_two_that_freeze_behind_a_cap_are_not_the_same_by_what_they_were_sent(tmp_path: Path) -> None:
    written = text(6).replace("rate: 100/s, for: 2s", "rate: 100/s, for: 30s, arrivals: constant")
    written = written.replace("p50", "p99").replace("connections: 50", "connections: 20")
    written = written.replace("  - {name: warm, rate: 50/s, for: 500ms, measure: false}\n", "")
    written = written.replace("fresh: {session: {reuse: per-request}}", "fresh: {}")
    found = compared(tmp_path / "x", lambda variant, number: freezing, written, rounds=6)
    response, target = figure(found, "p99"), figure(found, "p99", "target")
    assert target.verdict == "none"
    assert target.why and (target.why.code, target.why.values["variant"]) == ("off_schedule", "shared")
    assert response.verdict == "inconclusive"
    assert response.why and response.why.values["verdict"] == "none"
