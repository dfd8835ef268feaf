"""Thresholds: passed, failed, or undecided with the reason, for each measured run of a phase by itself."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from engine_harness import START, always, go
from judged_runs import judged_run

from loadgen.analysis.build import Measured, variant
from loadgen.analysis.counted import Counted
from loadgen.analysis.standing import Standing
from loadgen.analysis.thresholds import check, undecided_if_unread
from loadgen.clock import MILLISECOND, SECOND
from loadgen.exchange import Exchange, Outcome
from loadgen.result.reason import Reason
from loadgen.result.run import JudgedFigure, Threshold
from loadgen.transport.scripted import NEVER, Reply
from loadgen.trust.finding import Finding, Verdict

STEP = 10 * MILLISECOND  # between the requests of `one`


def checked(written: str, script: Any = None) -> list[Threshold]:
    return judged_run(go(written, script or always(after=20 * MILLISECOND)))


def one(threshold: str, script: Any = None, count: int = 1000, load: str = "") -> Threshold:
    phase = load or f"rate: 100/s, iterations: {count}, arrivals: constant"
    written = f"load: [{{name: a, {phase}}}]\nthresholds: {{a: ['{threshold}']}}\ntimeout: 2s"
    (found,) = checked(written, script)
    assert found.text == threshold
    return found


def status(threshold: str, script: Any = None, count: int = 1000, load: str = "") -> tuple[str, Reason | None]:
    found = one(threshold, script, count, load)
    return found.status, found.why


def some(share: int, reply: Reply) -> Any:
    """`share` of a hundred get `reply`, the rest an answer after 20 ms."""
    return lambda x: reply if x.due // (10 * MILLISECOND) % 100 < share else Reply(after=20 * MILLISECOND)


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        ("response p99 < 20.1ms", "passed"),
        ("response p99 < 20ms", "failed"),
        ("response p99 <= 20ms", "passed"),
        ("response p99 > 19.9ms", "passed"),
        ("response p99 > 20ms", "failed"),
        ("response p99 >= 20ms", "passed"),
        ("response mean <= 20ms", "passed"),
        ("response min >= 20ms", "passed"),
        ("response max < 20ms", "failed"),
        ("response p12.5 <= 20ms", "passed"),
        ("service p99.5 <= 20ms", "passed"),
        ("lag max <= 1ns", "passed"),
        ("wait p50 < 1ns", "passed"),
        ("iteration p99 <= 20ms", "passed"),
        ("errors < 1%", "passed"),
        ("errors <= 0%", "passed"),
        ("errors > 0%", "failed"),
        ("rate > 99/s", "passed"),
        ("rate >= 100/s", "passed"),
        ("rate < 100/s", "failed"),
    ],
)
def test_a_known_figure_decides(threshold: str, expected: str) -> None:
    assert status(threshold) == (expected, None)


def test_the_value_is_in_the_key_of_its_unit() -> None:
    latency, errors, rate = one("response p99 < 1s"), one("errors < 1%"), one("rate > 1/s")
    assert (latency.value_ms, latency.value_share, latency.value_per_s) == (20.0, None, None)
    assert (errors.value_ms, errors.value_share, errors.value_per_s) == (None, 0.0, None)
    assert (rate.value_ms, rate.value_share, rate.value_per_s) == (None, None, 100.0)
    assert one("response p99.99 < 1s").value_ms is None, "it is not known"


def test_figures_at_their_limit_are_compared_to_the_nanosecond() -> None:
    """16.1 ms times a million is 16,100,000.000000002 in floating point."""
    script = always(after=16_100_000)
    assert status("response p99 <= 16.1ms", script)[0] == "passed"
    assert status("response p99 < 16.100001ms", script)[0] == "passed"
    assert status("response p99 < 16.1ms", script)[0] == "failed"


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        ("response p95 < 250ms", "passed"),
        ("response p99 < 250ms", "failed"),
        ("response p99 < 2s", "failed"),
        ("response p99 <= 2s", "failed"),
        ("response p99 < 3s", "undecided"),
        ("response p99 > 1s", "passed"),
        ("response p99 >= 2s", "passed"),
        ("response p99 > 3s", "undecided"),
        ("response max < 1s", "failed"),
        ("response max < 3s", "undecided"),
        ("response mean < 50ms", "failed"),
        ("response mean < 100ms", "undecided"),
        ("response mean > 50ms", "passed"),
        ("response min < 21ms", "passed"),
    ],
)
def test_a_figure_among_timeouts_decides_what_its_bound_can(threshold: str, expected: str) -> None:
    """3 % wait 2 s in vain: the mean is above 79.4 ms, and the p99 above 2 s."""
    found = one(threshold, some(3, Reply(after=NEVER)))
    assert found.status == expected
    reasons = {
        "p99": Reason.of("among_timeouts", bound_ms=2000.0, timeouts=30),
        "max": Reason.of("censored", bound_ms=2000.0, timeouts=30),
        "mean": Reason.of("censored", bound_ms=79.4, timeouts=30),
    }
    why = reasons.get(threshold.split()[1])
    assert found.why == why
    assert (found.value_ms is None) == (why is not None)


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        ("operation p99 <= 315ms", "passed"),
        ("operation p99 < 315ms", "failed"),
        ("response p99 <= 5ms", "passed"),
        ("iteration p99 <= 315ms", "passed"),
        ("iteration p99 < 315ms", "failed"),
    ],
)
def test_an_operation_is_judged_apart_from_its_attempts(threshold: str, expected: str) -> None:
    def again(x: Exchange, attempt: int) -> tuple[int, None] | None:
        return (100 * attempt * MILLISECOND, None) if x.outcome else None

    written = "load: [{name: a, rate: 100/s, iterations: 500, arrivals: constant}]\n"
    script = lambda x: Reply(after=5 * MILLISECOND, status=200 if x.attempt == 3 else 503)  # noqa: E731
    run = go(f"{written}thresholds: {{a: ['{threshold}']}}", script, again=again)
    (found,) = judged_run(run)
    assert found.status == expected


def test_an_operation_of_one_attempt_is_that_attempt() -> None:
    assert status("operation p99 <= 20ms") == ("passed", None)
    assert status("operation p99 < 20ms") == ("failed", None)
    closed = status("operation p99 < 20ms", load="users: 1, iterations: 100")
    assert closed == ("undecided", Reason.of("no_figure"))


def test_what_was_never_built_decides_nothing() -> None:
    assert status("build p99 < 1s") == ("undecided", Reason.of("no_figure"))


def test_too_few_values_decide_nothing() -> None:
    few = Reason.of("not_decided")
    assert status("response p99.9 < 1s", count=3600) == ("undecided", few)
    assert status("response p99.9 < 1s", count=3700) == ("passed", None)
    assert status("response p9 < 1s", count=1) == ("undecided", few)
    assert status("connect p50 < 1s", count=1)[0] == "undecided"


def test_what_never_happened_is_undecided() -> None:
    refused = always(after=1, status=503)
    assert status("response mean < 1s", refused) == ("undecided", Reason.of("no_figure"))
    assert status("iteration p50 < 1s", refused) == ("undecided", Reason.of("no_figure"))
    assert status("errors < 1%", refused) == ("failed", None)


def test_nothing_sent_is_no_share_of_errors() -> None:
    written = "load: [{name: a, rate: 1/s..2/s, for: 1ns}]\nthresholds: {a: ['errors < 1%', 'rate >= 0/s']}"
    errors, rate = checked(written)
    assert (errors.status, errors.why, errors.value_share) == ("undecided", Reason.of("nothing_sent"), None)
    assert (rate.status, rate.why, rate.value_per_s) == ("passed", None, 0.0)


def test_a_closed_phase_is_judged_by_its_service() -> None:
    load = "users: 10, for: 10s"
    assert status("service p99 <= 20ms", load=load) == ("passed", None)
    assert status("errors < 1%", load=load) == ("passed", None)
    assert status("rate > 499/s", load=load) == ("passed", None)


def test_each_cycle_and_step_is_judged_for_itself_and_no_other_phase() -> None:
    def second_is_slow(x: Exchange) -> Reply:
        return Reply(after=(500 if x.due > 1010 * SECOND else 10) * MILLISECOND + (x.slot % 2) * 10 * MILLISECOND)

    written = """
load:
  - {name: warm, rate: 100/s, for: 1s, arrivals: constant, measure: false}
  - {name: a, rate: 100/s, for: 9s, arrivals: constant}
scenarios: [{name: s, steps: [{name: one, get: /one}, {name: two, get: /two}]}]
cycles: 2
thresholds: {a: [response p99 <= 10ms, iteration p99 < 1s]}
"""
    found = checked(written, second_is_slow)
    assert [(entry.phase, entry.cycle, entry.step, entry.status) for entry in found] == [
        ("a", 1, "one", "passed"), ("a", 1, "two", "failed"), ("a", 1, "s", "passed"),
        ("a", 2, "one", "failed"), ("a", 2, "two", "failed"), ("a", 2, "s", "failed"),
    ]  # fmt: skip


def test_steps_of_several_scenarios_are_told_apart() -> None:
    written = """
load: [{name: a, rate: 100/s, iterations: 1000, arrivals: constant}]
scenarios: [{name: s, steps: [{name: get, get: /}]}, {name: t, steps: [{name: get, get: /}]}]
thresholds: {a: [response p50 < 1s, iteration p50 < 1s]}
"""
    assert [entry.step for entry in checked(written)] == ["s/get", "t/get", "s", "t"]


def test_iterations_are_judged_over_all_strata() -> None:
    written = """
load: [{name: a, rate: 100/s, iterations: 1000, arrivals: constant}]
scenarios:
  - name: s
    steps: [{name: one, get: /, capture: {cold: header.x-cold}}, {name: two, get: /}]
    split_by: [cold]
thresholds: {a: [iteration p99.5 < 41ms]}
"""
    (found,) = checked(written, lambda x: Reply(after=20 * MILLISECOND, headers={"x-cold": str(x.due % 2 == 0)}))
    assert (found.step, found.status, found.value_ms) == ("s", "passed", 40.0)


def test_arrivals_during_the_drain_are_not_judged_as_a_phase_of_that_name() -> None:
    written = "load: [{name: drain, rate: 100/s, for: 1s}]\nthresholds: {drain: ['errors < 1%']}"
    found = checked(written, lambda x: Reply(after=SECOND, status=500 if x.slot else 200))
    assert [(entry.phase, entry.status) for entry in found] == [("drain", "passed")]


@pytest.mark.parametrize(
    ("stopped", "ran", "said"),
    [
        (None, [2.0, 4.0], ["passed", "passed"]),
        (7 * SECOND, [2.0, 4.0], ["passed", "passed"]),
        (3 * SECOND, [2.0, 1.0], ["passed", Reason.of("stopped_after", ran_s=1.0)]),
        (SECOND // 2, [0.5, 0.0], [Reason.of("stopped_after", ran_s=0.5), Reason.of("stopped_before")]),
    ],
)
def test_a_rate_is_of_the_time_for_which_the_phase_ran(
    stopped: int | None, ran: list[float], said: list[str | Reason]
) -> None:
    each = "arrivals: constant}"
    written = (
        f"load: [{{name: a, rate: 100/s, for: 2s, {each}, {{name: b, rate: 100/s, for: 4s, {each}]\n"
        "thresholds: {a: ['rate > 99/s'], b: ['rate > 99/s']}\n"
    )
    run = go(written, always(after=MILLISECOND))
    phases = variant(Measured(run.plan, run.ledger, run.recording, stopped=stopped)).phases
    assert [phase.ran for phase in phases] == ran
    assert [phase.seconds for phase in phases] == [2.0, 4.0]
    found = judged_run(run, stopped=stopped)
    assert [entry.why or entry.status for entry in found] == said
    assert all((entry.status == "undecided") == (entry.why is not None) for entry in found)


def test_a_rate_of_a_phase_that_nobody_knows_the_time_of_is_undecided() -> None:
    """What comes after a crowd may have begun at any time when the run was stopped."""
    written = "load: [{name: crowd, at-once: 9}, {name: b, rate: 100/s, for: 4s}]\nthresholds: {b: ['rate > 1/s']}\n"
    run = go(written, always(after=MILLISECOND))
    phases = variant(Measured(run.plan, run.ledger, run.recording, stopped=2 * SECOND)).phases
    assert [phase.ran for phase in phases] == [None, None]
    (entry,) = judged_run(run, stopped=2 * SECOND)
    assert (entry.status, entry.why, entry.value_per_s) == ("undecided", Reason.of("stopped"), None)


def judged(share: float, quantile: str = "p50", **parts: float) -> JudgedFigure:
    return JudgedFigure(
        phase="a", cycle=1, step="", quantile=quantile, value_ms=10.0, without_ms=7.0, share=share, at_least=False,
        parts_ms=parts or {"lag": 10 * share}, requests=100, resolution_ms=0.1, verdict="VALID", decides=True,
    )  # fmt: skip


def clock(verdict: Verdict = Verdict.INVALID, signal: str = "clock") -> Finding:
    return Finding(signal, Reason.of("clock", step_ms=200.0), verdict, verdict)


INVALID = Reason.of("figure_invalid", quantile="p50", share=0.3, own_ms=3.0)


@pytest.mark.parametrize(
    ("standing", "low", "high"),
    [
        (Standing(), "passed", "failed"),
        (Standing((judged(0.3),)), INVALID, INVALID),
        (Standing((judged(0.3),), held=True), Reason.of("met_with_own", share=0.3), INVALID),
        (Standing((judged(0.05),)), "passed", "failed"),
        (Standing((judged(0.3, "p99"),)), "passed", "failed"),
        (Standing(findings=(clock(),), held=True), *[Reason.of("run_invalid", signal="clock")] * 2),
        (Standing(findings=(clock(Verdict.DEGRADED),)), "passed", "failed"),
        (Standing(findings=(clock(signal="lag"),)), "passed", "failed"),
        (
            Standing(findings=(clock(signal="sandbox"),), held=True),
            "passed",
            Reason.of("run_invalid", signal="sandbox"),
        ),
    ],
)
def test_what_this_machine_did_takes_down_no_more_than_it_must(
    standing: Standing, low: str | Reason, high: str | Reason
) -> None:
    """Of a p50 that keeps one upper limit and misses another. An upper limit that is kept with this machine's part
    inside would be kept without it, if all of the load was sent in its second."""
    run = go(
        "load: [{name: a, rate: 100/s, for: 1s}]\nthresholds: {a: ['response p50 < 5s', 'response p50 < 1ms']}\n",
        always(after=20 * MILLISECOND),
    )
    entries = judged_run(run, standing)
    assert [entry.why or entry.status for entry in entries] == [low, high]
    assert [entry.status for entry in entries][1] == ("failed" if high == "failed" else "undecided")
    accepted = judged_run(run, replace(standing, accepted=True))
    assert [entry.status for entry in accepted] == ["passed", "failed"]
    assert [entry.accepted for entry in accepted] == [entry.status == "undecided" for entry in entries]


def test_counts_are_judged_whatever_the_latencies() -> None:
    run = go("load: [{name: a, rate: 100/s, for: 1s}]\nthresholds: {a: ['errors < 1%', 'rate > 50/s']}\n")
    for standing in (Standing((judged(0.9),)), Standing(findings=(clock(),))):
        assert [entry.status for entry in judged_run(run, standing)] == ["passed", "passed"]
    broken = Standing(findings=(clock(signal="ledgers"),))
    why = Reason.of("run_invalid", signal="ledgers")
    assert [entry.why for entry in judged_run(run, broken)] == [why, why]


def test_counts_that_nobody_could_read_decide_nothing() -> None:
    limits = "thresholds: {a: ['errors < 1%', 'rate > 50/s', 'response p50 < 1s']}\n"
    found = judged_run(go("load: [{name: a, rate: 100/s, for: 1s}]\n" + limits))
    assert [undecided_if_unread(entry, unread=False) for entry in found] == found
    unread = [undecided_if_unread(entry, unread=True) for entry in found]
    assert [entry.status for entry in unread] == ["undecided", "undecided", "passed"]
    assert unread[0].why == Reason.of("counts_unread")


def test_a_metric_is_taken_down_by_the_part_that_is_in_it() -> None:
    """The lag of a response is not in its service, nor in itself a fault of a limit on lag."""
    limits = ", ".join(f"'{metric} p50 < 1ns'" for metric in ("response", "service", "lag", "operation", "iteration"))
    run = go(f"load: [{{name: a, rate: 100/s, for: 1s}}]\nthresholds: {{a: [{limits}]}}\n", always(after=MILLISECOND))
    late = judged_run(run, Standing((judged(0.3),)))
    assert [entry.status for entry in late] == ["undecided", "failed", "passed", "undecided", "undecided"]
    unread = judged_run(run, Standing((judged(0.3, client_delay=3.0),)))
    assert [entry.status for entry in unread] == ["undecided", "undecided", "passed", "undecided", "undecided"]


# by counts


def test_the_counts_are_told(tmp_path: Path) -> None:
    """1.5 % of the requests take 300 ms, against 1 % that may."""
    found = one(
        "response p99 < 250ms", lambda x: Reply(after=(300 if x.due % (67 * STEP) < STEP else 20) * MILLISECOND)
    )
    assert (found.status, found.value_ms) == ("undecided", 300)
    counts = found.counts
    assert counts and (counts.requests, counts.beyond, counts.limit, counts.confidence) == (1000, 15, 0.01, 0.95)
    assert counts.share == 0.015 and counts.low < 0.01 < counts.high < 0.03
    assert (counts.overdispersion, counts.events) == (1, 10), "they come evenly"
    assert 5 < (counts.more_s or 0) < 60


@pytest.mark.parametrize(
    ("outcome", "status"),
    [(Outcome.RESET, "failed"), (Outcome.REFUSED, "failed"), (Outcome.HTTP_5XX, "passed"), (Outcome.OK, "passed")],
)
def test_a_request_without_an_answer_is_beyond_every_limit(outcome: Outcome, status: str) -> None:
    """5 % are not answered; an answer that is a failure is in no percentile."""
    found = one(
        "response p99 < 1s",
        some(5, Reply(after=MILLISECOND, outcome=outcome, status=500 * (outcome == Outcome.HTTP_5XX) or 200)),
    )
    assert (found.status, found.value_ms) == (status, 20)


@pytest.mark.parametrize(
    ("failing", "count", "status"),
    [
        (0, 20, "passed"),
        (0, 200, "passed"),
        (1, 200, "undecided"),
        (5, 200, "undecided"),
        (7, 200, "failed"),
        (1, 1000, "passed"),
        (200, 200, "failed"),
        (20, 20, "failed"),
    ],
)
def test_none_failed_passes_and_a_few_of_few_do_not_decide(failing: int, count: int, status: str) -> None:
    every = count // failing if failing else 0

    def script(x: Exchange) -> Reply:
        number = (x.due - START) // STEP
        bad = every and number % every == 0 and number // every < failing
        return Reply(after=MILLISECOND, status=500 if bad else 200)

    found = one("errors < 1%", script, count)
    assert (found.status, found.value_share) == (status, failing / count)


def test_cycles_share_the_doubt() -> None:
    load = "load: [{name: a, rate: 100/s, iterations: 400, arrivals: constant}]\nthresholds: {a: [response p99 < 1s]}\n"
    assert [(of.status, of.counts and of.counts.confidence) for of in checked(load)] == [("passed", 0.95)]
    both = checked(f"{load}cycles: 2")
    assert [(of.status, of.counts and of.counts.confidence) for of in both] == [("undecided", 0.975)] * 2


def test_requests_that_are_due_at_once_are_compared_as_they_are() -> None:
    (found,) = checked("load: [{name: a, at-once: 150}]\nthresholds: {a: [response p99 < 30ms]}\n")
    assert (found.status, found.counts) == ("passed", None)


def test_without_a_folder_nobody_knows_how_they_come_together() -> None:
    """None beyond is none; but 3 of 1,000 may be one event."""
    texts = "response p99 < 1s", "response p99 < 25ms", "response p99 < 15ms", "errors < 1%"
    run = go(
        f"load: [{{name: a, rate: 100/s, iterations: 1000, arrivals: constant}}]\nthresholds: {{a: {[*texts]}}}\n",
        lambda x: Reply(after=(30 if (x.due - START) // STEP in (130, 520, 640) else 20) * MILLISECOND),
    )
    measured = Measured(run.plan, run.ledger, run.recording)
    found = check(run.profile.thresholds, variant(measured).phases, partial(Counted.read, measured, None))
    assert [of.status for of in found] == ["passed", "undecided", "failed", "passed"]
    assert [of.status for of in judged_run(run)] == ["passed", "passed", "failed", "passed"]


def test_a_few_requests_are_no_doubt_of_this_machine() -> None:
    """A limit that the figure keeps, with this machine's part inside: what is missing is requests."""
    load = "load: [{name: a, rate: 100/s, iterations: 200}]\n"
    run = go(f"{load}thresholds: {{a: ['response p99 < 5s', 'response p99 < 1ms']}}\n", always(after=MILLISECOND))
    standing = Standing((judged(0.3, "p99"),), held=True)
    low, high = judged_run(run, standing)
    assert (low.status, low.why) == ("undecided", Reason.of("not_decided"))
    assert (high.status, high.why and high.why.code) == ("undecided", "figure_invalid")
