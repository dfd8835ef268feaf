"""`--until decided`: each phase goes on until its thresholds are decided, at looks that share the doubt."""

from __future__ import annotations

from random import Random
from typing import Any, cast

import numpy as np
import pytest
from engine_harness import Run, Script
from virtual_fleets import VirtualFleet

from loadgen.analysis.counted import Counted
from loadgen.clock import MILLISECOND, SECOND
from loadgen.engine.plan import Plan
from loadgen.errors import ProfileError
from loadgen.fleet.fleet import Fleet
from loadgen.profile.load import Loaded, load
from loadgen.result import run as result
from loadgen.result.reason import Reason
from loadgen.runner.until.decided import UntilDecided
from loadgen.runner.until.goal import Decided, Goal, goal_of, until_decided
from loadgen.stats.looks import levels
from loadgen.transport.scripted import Reply

TEXT = """name: t
target: http://127.0.0.1
load:
  - {name: warm, rate: 100/s, for: 1500ms, measure: false}
  - {name: steady, rate: 40/s, for: 5s}
  - {name: other, rate: 100/s, for: 3s}
timeout: 5s
thresholds: {steady: [response p99 < 100ms, 'errors < 1%'], other: ['errors < 1%', 'rate > 1/s']}
"""


def loaded(text: str = TEXT) -> Loaded:
    return load("t.yaml", text=text)


def carried_out(script: Script, at_most: str, text: str = TEXT) -> tuple[Run, UntilDecided, VirtualFleet, list[Reason]]:
    goal = goal_of("decided", at_most)
    assert isinstance(goal, Decided)
    found, whole = until_decided(loaded(text), goal)
    run, said = Run(found.profile, script), list[Reason]()
    until = UntilDecided(whole, run.plan, found.profile.thresholds)
    run.plan = run.plan.opened(until.runs)
    fleet = VirtualFleet(run)

    def tick(run: Run) -> None:
        for member in run.members:
            member.recorder.flush()
        until.count(run.recording.flush())
        until.each_second(cast(Fleet, fleet), said.append)

    for second in range(1, 200):
        run.at(second * SECOND + 20 * MILLISECOND, tick)
    run.go()
    return run, until, fleet, said


def slow(share: float, ms: int = 150) -> Script:
    """So many of the requests take longer than the limit."""
    random = Random(7)
    return lambda x: Reply(after=(ms if random.random() < share else 10) * MILLISECOND)


def looks(until: UntilDecided) -> list[tuple[str | None, int, tuple[str, ...]]]:
    return [(look.phase, look.after_s, look.undecided) for look in until.result(None, True).looks]


def test_a_phase_ends_at_the_first_look_that_leaves_nothing_open() -> None:
    """Nothing is slow: it takes 370 requests and a few more for the level of a look, at 40/s."""
    run, until, fleet, said = carried_out(slow(0), "60s")
    left = ("get response p99 < 100ms",)
    assert looks(until) == [("steady", 5, left), ("steady", 10, left), ("steady", 20, ()), ("other", 3, ())]
    assert fleet.ended_at == [24 * SECOND, 29 * SECOND], "a second for the answers, and the next one"
    found = until.result(0, True)
    assert (found.within, found.limit_s, found.planned_s) == (None, 60.0, (5, 10, 20, 40, 60))
    assert until.levels == {"steady": levels((5, 10, 20, 40, 60))[2], "other": levels((3, 6, 12, 24, 48, 60))[0]}
    assert [notice.code for notice in said] == ["until_undecided"] * 2 + ["until_decided"] * 2
    assert said[0].values["count"] == 1 and 2 <= float(said[0].values["more_s"] or 0) <= 10
    assert run.ledger.iteration(1)["started"] == run.ledger.iteration(1)["planned"]


def test_what_fails_is_decided_too() -> None:
    _, until, _, _ = carried_out(slow(0.5), "60s")
    assert looks(until)[0] == ("steady", 5, ())


def test_at_its_limit_a_phase_ends_by_itself() -> None:
    """1 % takes longer, which is what is allowed."""
    _, until, fleet, _ = carried_out(slow(0.01), "30s")
    assert [after for phase, after, _ in looks(until) if phase == "steady"] == [5, 10, 20]
    assert len(fleet.ended_at) == 1 and not until.result(0, True).stopped_by_until
    assert until.levels["steady"] == levels((5, 10, 20, 30))[-1]


def test_requests_that_are_still_open_are_no_errors() -> None:
    """Answers take 800 ms: at each look some are due and not there."""
    text = TEXT.replace("response p99 < 100ms, ", "")
    _, until, _, _ = carried_out(lambda x: Reply(after=800 * MILLISECOND), "60s", text)
    assert looks(until) == [("steady", 5, ()), ("other", 3, ())]


def test_a_look_has_the_bins_of_a_phase_of_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """Although the phase may last for a minute, whose bins are seconds: of five nobody could tell anything."""
    widths, plain = list[float](), Counted.of

    def of(*arguments: Any) -> Counted:
        found = plain(*arguments)
        widths.extend(tails.width for tails in found.latencies.values())
        assert all(np.count_nonzero(tails.count) > len(tails.count) / 2 for tails in found.latencies.values())
        return found

    monkeypatch.setattr(Counted, "of", of)
    run, _, fleet, _ = carried_out(slow(0), "60s")
    assert widths == [1 / 16, 1 / 8, 1 / 4]
    assert run.plan.timing(1, 0).lasts == run.plan.ending(1, SECOND).timing(2, 0).lasts == 0
    assert fleet.plan.timing(1, 0).lasts == 22_500 * MILLISECOND


def test_the_looks_of_a_run_that_died_are_in_its_folder() -> None:
    found, goal = until_decided(loaded(), cast(Decided, goal_of("decided", "1m")))
    until = UntilDecided(goal, Plan.of(found.profile), found.profile.thresholds)
    assert until.result(None, complete=False) == result.Until(
        "decided", False, False, None, 60.0, (5, 10, 20, 40, 60), ()
    )
    assert until.looks_made == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rate: 40/s,", "rate: 40/s..50/s,", "steady has a rate that changes"),
        ("rate: 40/s, for: 5s", "rate: 40/s, iterations: 50", "steady does not end by time. Give it for: 30s"),
        ("timeout: 5s", "cycles: 2", "steady runs 2 times. Use --set cycles=1"),
        ("timeout: 5s", "experiment: {variants: {a: {}, b: {client: aiohttp}}}", "an experiment has planned looks"),
        ("thresholds: {", "thresholds: {} #", "there is no threshold that more requests would decide"),
    ],
)  # fmt: skip
def test_what_cannot_be_decided_by_going_on(old: str, new: str, message: str) -> None:
    with pytest.raises(ProfileError) as caught:
        until_decided(loaded(TEXT.replace(old, new)), Decided(60 * SECOND))
    assert str(caught.value).startswith(f"--until: {message}")


def test_each_phase_may_take_as_long_as_said_or_as_it_was_to() -> None:
    found, goal = until_decided(loaded(), cast(Decided, goal_of(" decided ")))
    assert [phase.duration for phase in found.profile.load] == [1500 * MILLISECOND, 600 * SECOND, 600 * SECOND]
    _, short = until_decided(loaded(), cast(Decided, goal_of("decided", "4s")))
    assert (short.limit("steady"), short.limit("other"), goal.first("other")) == (5 * SECOND, 4 * SECOND, 3)
    assert isinstance(goal_of("steady response p99 within 5%"), Goal)
    for at_most, said in (("5", "'5' is not a duration"), ("0s", "is too short: expected more than 0")):
        with pytest.raises(ProfileError, match=said):
            goal_of("decided", at_most)
