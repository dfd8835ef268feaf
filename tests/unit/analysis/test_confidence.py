"""Each percentile of a run has an interval, or says why not and what would give one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from engine_harness import START, Run, always, go
from run_folders import write_run, write_seconds
from run_results import metadata

from loadgen.analysis.build import Measured
from loadgen.analysis.conclusion import Ending, conclude
from loadgen.analysis.latency import QUANTILES
from loadgen.analysis.standing import NOTHING_KNOWN
from loadgen.clock import MILLISECOND, SECOND
from loadgen.exchange import Exchange
from loadgen.profile.load import load
from loadgen.result.latency import Interval, Latency
from loadgen.result.reason import Reason
from loadgen.result.run import Phase, RunResult
from loadgen.result.settling import Settling
from loadgen.transport.scripted import NEVER, Reply

TEXT = """
name: t
target: http://127.0.0.1
load:
  - {name: warm, rate: 20/s, for: 1s, measure: false}
  - {name: steady, rate: 100/s, for: 30s}
  - {name: short, rate: 100/s, for: 5s}
  - {name: brief, rate: 20/s, for: 5s, arrivals: constant}
  - {name: crowd, at-once: 200}
timeout: 2s
scenarios:
  - name: order
    steps: [{name: put, post: /}, {name: read, get: /}]
"""
ONE_STEP = TEXT.replace("{name: put, post: /}, {name: read, get: /}", "{name: put, post: /}")


def lognormal(seed: int) -> Any:
    random = Random(seed)
    return lambda x: Reply(after=int(random.lognormvariate(2, 0.5) * MILLISECOND))


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    return write_run(tmp_path_factory.mktemp("r") / "run", load("t.yaml", text=TEXT).profile, lognormal(1))


def phase(result: RunResult, name: str) -> Phase:
    return next(phase for phase in result.variant.phases if phase.name == name)


def latency(result: RunResult, name: str, metric: str = "response") -> Latency:
    """Of the first step of a phase."""
    return phase(result, name).steps[0].latency_ms[metric]


def sure(figures: Latency, quantile: str) -> tuple[float, float, Interval]:
    """A percentile, and its interval, which has both ends: its width, and the whole of it."""
    value, interval = figures.quantiles[quantile], figures.intervals[quantile]
    assert value is not None and interval.high is not None
    return value, interval.high - interval.low, interval


def test_every_measured_percentile_has_one_or_says_why(result: RunResult) -> None:
    for name in ("steady", "short", "crowd"):
        every = [step.latency_ms[metric] for step in phase(result, name).steps for metric in ("response", "service")]
        for figures in [*every, *(whole.latency for whole in phase(result, name).iteration_ms)]:
            assert sorted([*figures.intervals, *figures.no_interval]) == sorted(QUANTILES), "one or the other"
            for quantile in figures.intervals:
                value, _, interval = sure(figures, quantile)
                assert interval.low <= value <= (interval.high or 0.0)
    assert "p95" in latency(result, "steady").intervals
    assert "p50" in phase(result, "steady").iteration_ms[0].latency.intervals
    warm = latency(result, "warm")
    assert (warm.intervals, warm.no_interval) == ({}, {}), "it is not measured"


def test_the_interval_is_about_as_wide_as_independent_requests_make_it(result: RunResult) -> None:
    """Of 3,000 lognormal values (sigma 0.5): the median is within 1.96 x 0.5 x sqrt(pi / 2 / n) = 2.2 %."""
    value, width, interval = sure(latency(result, "steady"), "p50")
    assert 0.02 < width / value < 0.09
    assert interval.warning is None


def test_why_there_is_none_and_what_would_give_one(result: RunResult) -> None:
    def none(name: str, quantile: str) -> Reason:
        return latency(result, name).no_interval[quantile]

    def more(reason: Reason) -> float:
        seconds = reason.values["more_s"]
        assert isinstance(seconds, float | int)
        return seconds

    short, brief, few = latency(result, "short").intervals["p50"], none("brief", "p99"), none("steady", "p99.9")
    assert (short.kind, short.sees_s, short.warning) == ("full", 5 / 20, None)
    assert (brief.code, brief.values["needs"], brief.values["events"]) == ("too_few_events", 7, 1.0)
    assert round(more(brief)) == 30, "7 events beyond the p99 take 35 s at 20/s"
    assert (few.code, few.values["needs"]) == ("too_few_events", 7)
    assert float(few.values["events"]) < 7 and more(few) > 0
    assert none("crowd", "p99") == Reason.of("at_once")
    assert none("crowd", "p99.9") == Reason.of("too_few", needs=1000, count=200)


def conclusion(run: Run, folder: str | None) -> RunResult:
    measured = Measured(run.plan, run.ledger, run.recording)
    return conclude(metadata(run.profile), measured, NOTHING_KNOWN, Ending(run.finished_at, folder), {})


def test_without_its_folder_a_run_has_none(tmp_path: Path) -> None:
    run = go(TEXT.replace("name: t\ntarget: http://127.0.0.1\n", ""), always(after=MILLISECOND))

    def reasons(folder: str | None) -> list[Reason]:
        figures = latency(conclusion(run, folder), "steady")
        assert figures.intervals == {}
        return [figures.no_interval[quantile] for quantile in QUANTILES]

    assert reasons(None) == [Reason.of("not_saved")] * len(QUANTILES)
    for reason in reasons(str(tmp_path / "none")):
        assert reason.code == "folder_unreadable"
        assert "No such file or directory" in str(reason.values["error"])
    write_seconds(tmp_path / "half", go("load: [{name: steady, rate: 50/s, for: 2s}]")).close()
    assert reasons(str(tmp_path / "half")) == [Reason.of("not_in_folder")] * len(QUANTILES)


def test_an_end_among_the_timeouts_has_no_bound(tmp_path: Path) -> None:
    random = Random(3)

    def script(x: Exchange) -> Reply:
        return Reply(after=NEVER if random.random() < 0.045 else int(random.uniform(5, 50) * MILLISECOND))

    profile = load("t.yaml", text=ONE_STEP).profile
    found = write_run(tmp_path / "run", profile, script)
    figures = latency(found, "steady")
    interval, value = figures.intervals["p95"], figures.quantiles["p95"]
    assert value is not None and interval.low <= value < 50
    assert interval.high is None


def test_cycles_have_their_own_each(tmp_path: Path) -> None:
    text = TEXT.replace("load:", "cycles: 2\nload:")
    random = Random(4)

    def script(x: Exchange) -> Reply:
        slow = 10 if x.slot >= 8 else 1  # the second cycle's phases
        return Reply(after=int(slow * random.uniform(5, 10) * MILLISECOND))

    result = write_run(tmp_path / "run", load("t.yaml", text=text).profile, script)
    cycles = [phase for phase in result.variant.phases if phase.name == "steady"]
    one, two = (sure(cycle.steps[0].latency_ms["response"], "p50")[2] for cycle in cycles)
    assert (one.high or 0.0) < 10 < 50 < two.low


def test_a_single_steps_iteration_has_its_steps_interval(tmp_path: Path) -> None:
    steady = phase(write_run(tmp_path / "run", load("t.yaml", text=ONE_STEP).profile, lognormal(2)), "steady")
    figures = steady.steps[0].latency_ms["response"]
    assert steady.iteration_ms[0].latency.intervals == figures.intervals
    value, _, interval = sure(figures, "p50")
    assert interval.low < value


def test_a_closed_load_has_those_of_its_service(tmp_path: Path) -> None:
    text = "name: t\ntarget: http://127.0.0.1\nload: [{name: steady, users: 4, for: 30s}]"
    result = write_run(tmp_path / "run", load("t.yaml", text=text).profile, lognormal(5))
    value, _, interval = sure(latency(result, "steady", "service"), "p99")
    assert interval.low < value < (interval.high or 0.0)


COLD = """
name: t
target: http://127.0.0.1
load: [{name: burst, rate: 1000/s, for: 3s}]
scenarios:
  - name: order
    steps: [{name: put, post: /, capture: {cold: header.x-cold}}]
    split_by: [cold]
"""


def test_a_stratum_has_its_own_and_what_came_in_one_burst_none(tmp_path: Path) -> None:
    random = Random(6)

    def script(x: Exchange) -> Reply:
        cold = x.due < START + 200 * MILLISECOND
        took = random.uniform(300, 320) if cold else random.lognormvariate(2, 0.5)
        return Reply(after=int(took * MILLISECOND), headers={"x-cold": str(cold).lower()})

    (step,) = phase(write_run(tmp_path / "run", load("t.yaml", text=COLD).profile, script), "burst").steps
    strata = {stratum.stratum: stratum.latency_ms["response"] for stratum in step.strata}
    assert {*strata["cold=false"].intervals} >= {"p50", "p90", "p95", "p99"}
    assert {interval.kind for interval in strata["cold=false"].intervals.values()} == {"full"}
    assert strata["cold=true"].no_interval["p50"] == Reason.of("few_bursts", needs=8, bursts=1)
    assert step.latency_ms["response"].no_interval["p99"] == Reason.of("few_bursts", needs=8, bursts=1)


GROWING = """
name: t
target: http://127.0.0.1
load:
  - {name: first, rate: 100/s, for: 2s, measure: false}
  - {name: steady, rate: 100/s, for: 20s}
  - {name: ramp, rate: 50/s..60/s, for: 2s}
  - {name: people, users: 3, for: 1s}
timeout: 60s
"""


def served(share: float) -> Callable[[Exchange], Reply]:
    """One server, which needs `share` of the time between two requests for each."""
    free = 0

    def script(x: Exchange) -> Reply:
        nonlocal free
        now = x.started - START
        free = max(now, free) + round(share * SECOND / 100)
        return Reply(after=free - now)

    return script


def test_a_phase_that_grows_has_no_full_interval(tmp_path: Path) -> None:
    profile = load("t.yaml", text=GROWING).profile
    steady = phase(write_run(tmp_path / "over", profile, served(1.3)), "steady")
    growing = steady.settling
    assert growing and growing.latency and growing.in_flight and growing.answered
    assert growing.settled == "no"
    assert growing.latency.begin < 2000 < 5000 < growing.latency.end
    assert growing.in_flight.end > 300
    assert growing.answered == pytest.approx(1 / 1.3, abs=0.03)
    interval = steady.steps[0].latency_ms["response"].intervals["p50"]
    assert (interval.kind, interval.warning) == ("binomial", Reason.of("not_settled"))


def test_a_phase_that_keeps_up_has_settled(tmp_path: Path) -> None:
    result = write_run(tmp_path / "below", load("t.yaml", text=GROWING).profile, served(0.7))
    settling = {phase.name: phase.settling for phase in result.variant.phases}
    steady = settling["steady"]
    assert steady and steady.settled == "yes" and steady.answered and steady.answered > 0.99
    assert (settling["first"], settling["ramp"], settling["people"]) == (None, None, None), "of a steady rate"
    assert phase(result, "steady").steps[0].latency_ms["response"].intervals["p50"].kind == "full"


def test_without_its_folder_it_is_not_known_whether_a_phase_has_settled() -> None:
    run = go(TEXT.replace("name: t\ntarget: http://127.0.0.1\n", ""), always(after=MILLISECOND))
    settling = phase(conclusion(run, None), "steady").settling
    assert settling == Settling("not known", None, None, None)
