"""The reasons of an experiment as sentences, one by one and as the lines of a page."""

from __future__ import annotations

import pytest

from loadgen.report.experiment_sentences import EXPERIMENT_SENTENCES
from loadgen.report.reasons import lines, of_figure
from loadgen.report.sentences import sentence
from loadgen.result.reason import CODES, Reason

RUN = {"variant": "fresh", "round": 3}
BOTH = {"variant": "fresh", "baseline": "shared"}
SHARES = {**BOTH, "variant_share": 0.02, "baseline_share": 0.0}
GRADED = {**BOTH, "runs": 8, "baseline_runs": 1, "variant_runs": 6}


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Reason("rounds_complete", {"rounds": 6, "planned": 10}), "6 of 10 rounds"),
        (
            Reason("unplanned_look", {"rounds": 7, "planned": "6 or 10"}),
            "7 rounds are complete, and a verdict was planned after 6 or 10",
        ),
        (Reason("broken_off", RUN), "did not come to their end: fresh, round 3"),
        (Reason("all_valid"), "every run was VALID"),
        (Reason("accepted_run", RUN), "INVALID, which was accepted: fresh, round 3"),
        (Reason("degraded_runs", GRADED), "less than VALID, of 8 runs each 1 of shared, 6 of fresh"),
        (
            Reason("many_invalid_runs", GRADED),
            "INVALID, of 8 runs each 1 of shared, 6 of fresh: too many of the figures are this machine's",
        ),
        (
            Reason("uneven_invalid_runs", GRADED),
            "INVALID, of 8 runs each 1 of shared, 6 of fresh: what this machine does would look like a difference "
            "between them",
        ),
        (
            Reason("whatever_own_part", {"ratio_low": 2.128, "ratio_high": 4.5}),
            "it holds whatever part of the figures this machine made: 2.13 to 4.50 times",
        ),
        (
            Reason("same_settings", {"variant": "fresh", "client": "wire", "reuse": "shared", "target": "http://h"}),
            "fresh: wire, shared, http://h",
        ),
        (Reason("setting_changed", {**RUN, "setting": "client"}), "fresh: another client in round 3"),
        (Reason("no_connections", RUN), "no request had a connection: fresh, round 3"),
        (
            Reason("connections_as_said", {"variant": "fresh", "per_request": 1.0}),
            "opened for each request: fresh 1.00",
        ),
        (
            Reason("connections_not_as_said", {**RUN, "reuse": "per-request", "per_request": 0.02, "expected": 1.0}),
            "fresh, round 3: the session is per-request, but 0.02 connections were opened for each request, not 1.00",
        ),
        (
            Reason("connections_not_as_said", {**RUN, "reuse": "shared", "per_request": 1.0, "closed_idle": 7}),
            "fresh, round 3: the session is shared, but 1.00 connections were opened for each request (closed by "
            "the target while idle: 7)",
        ),
        (
            Reason("connection_caps", {**BOTH, "runs": 8, "variant_cap": 40, "baseline_runs": 0, "variant_runs": 8}),
            "requests waited for a connection in 0 of 8 runs of shared (no cap) and 8 of 8 runs of fresh (at most "
            "40); the wait is a part of the difference",
        ),
        (
            Reason("connection_caps", {**BOTH, "runs": 8, "variant_cap": 40, "baseline_runs": 0, "variant_runs": 0}),
            "shared (no cap) and fresh (at most 40) have other caps, and no request waited for a connection",
        ),
        (
            Reason("same_load", {"share": 0.995}),
            "the same arrivals for both in each round, and 99.5% of them started at the least",
        ),
        (
            Reason("same_rate", {"share": 0.995}),
            "the same rate for both, with arrivals of their own, and 99.5% of them started at the least",
        ),
        (
            Reason("in_step", BOTH),
            "fresh and shared have constant arrivals at the same time, so that one may always be behind the other. "
            "`arrivals: poisson` mixes them",
        ),
        (Reason("other_load", {**RUN, **BOTH}), "fresh had another load than shared in round 3"),
        (
            Reason("load_not_started", {**RUN, "phase": "steady", "share": 0.9}),
            "fresh, round 3: 90.0% of what steady planned was started",
        ),
        (Reason("failures_even", SHARES), "2.00% of fresh failed, and 0.00% of shared"),
        (
            Reason("failures_uneven", {**SHARES, "quantile": "p90", "allowed": 0.01}),
            "2.00% of fresh failed, and 0.00% of shared: p90 allows a difference of 1.00%",
        ),
        (Reason("primary_missing", BOTH), "fresh and shared do not both have the primary figure"),
        (
            Reason("trend", {**BOTH, "chance": 0.001}),
            "the ratio of fresh to shared has a trend over the rounds (by chance: 0.10%): it is given for all of them "
            "together",
        ),
        (Reason("no_round"), "no round is complete"),
        (Reason("zero_figure"), "a figure is 0, so there is no ratio"),
        (Reason("too_few_rounds", {"needs": 6, "rounds": 3}), "3 rounds: no interval, which takes 6"),
        (
            Reason("target_not_equivalent", {"step": "get", "verdict": "slower"}),
            "the figures are alike, but the target's own time of get is slower",
        ),
        (
            Reason("target_not_equivalent", {"step": "", "verdict": "inconclusive"}),
            "the figures are alike, but the target's own time is not known well enough",
        ),
        (
            Reason("target_not_equivalent", {"step": "get", "verdict": "none"}),
            "the figures are alike, but the target's own time of get is not judged",
        ),
        (Reason("could_be_chance", {"figures": 7}), "with 7 figures compared, this could be chance"),
        (Reason("limit_inside", {"limit": 3.0}), "3 lies within"),
        (Reason("unreadable", {"error": "x"}), "a run cannot be read: x"),
        (
            Reason("different_times"),
            "the runs were at different times, and the machine, the network or the target may have been slower in "
            "between. For a verdict, let the variants take turns in an experiment",
        ),
        (
            Reason("same_arrivals", {"seed": 7}),
            "both runs have seed 7, and so the same arrivals. What they have in common may be due to these: `--seed "
            "random` draws others",
        ),
        (
            Reason("compared_invalid", {"run": "runs/a"}),
            "runs/a is INVALID, which was accepted: its figures are not the target's",
        ),
    ],
    ids=lambda value: value.code if isinstance(value, Reason) else "",
)
def test_a_sentence_says_what_a_reason_is(reason: Reason, text: str) -> None:
    assert sentence(reason) == text
    assert reason.code in CODES


def test_no_code_has_a_sentence_that_it_may_not_have() -> None:
    assert set(EXPERIMENT_SENTENCES) < set(CODES)


def of_round(number: int) -> Reason:
    return Reason.of("broken_off", variant="fresh", round=number)


def test_runs_of_a_kind_are_one_line_and_only_some_are_named() -> None:
    other = Reason.of("primary_missing", variant="fresh", baseline="shared")
    assert list(lines([of_round(1), other, of_round(2)])) == [
        "did not come to their end: fresh, round 1; fresh, round 2",
        "fresh and shared do not both have the primary figure",
    ]
    assert list(lines([of_round(number) for number in range(1, 6)])) == [
        "did not come to their end: fresh, round 1; fresh, round 2; fresh, round 3 (and 2 more like it)"
    ]


def test_values_that_are_not_as_they_should_be_leave_a_line() -> None:
    broken = [Reason("broken_off", {"x": 1}), Reason("broken_off", {})]
    assert list(lines(broken)) == ["broken off"]
    assert list(lines([Reason("made up")])) == ["made up"]


def test_a_figure_of_one_run_is_told_with_that_run() -> None:
    few = Reason.of("too_few", needs=100, count=60)
    assert of_figure(few) == "needs 100 requests, there were 60"
    assert of_figure(few.of_run("fresh", 3)) == "fresh, round 3: needs 100 requests, there were 60"
    assert of_figure(of_round(3)) == "did not come to their end: fresh, round 3", "which names its run itself"
