"""VALID, DEGRADED, INVALID: each signal at its limits, and what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from loadgen.clock import MILLISECOND
from loadgen.trust.verdict import Evidence, Finding, Verdict, judge, overall

QUIET = Evidence(
    lag_p99=50_000,
    lag_p999=200_000,
    response_p999=40 * MILLISECOND,
    planned=10_000,
    started=10_000,
    core_use=0.3,
    loop_lag_p99=100_000,
    loop_lag_max=MILLISECOND,
    steal=0.0,
    throttled=0,
    waiting_for_cpu=0.001,
    gc_max=0,
    gc_share=0.0,
    client_resources=0,
    connections=0.01,
    ports=0.01,
    mismatches=[],
    delay_p99=50_000,
    delay_p999=200_000,
    delayed_p999=40 * MILLISECOND,
)
SIGNALS = (
    "lag", "client delay", "rate held", "core use", "loop stalls", "steal", "quota", "waiting for a CPU", "gc",
    "client resources", "descriptors", "ports", "ledgers",
)  # fmt: skip


def worse(evidence: Evidence) -> dict[str, str]:
    """The signals that are not VALID."""
    return {finding.signal: finding.verdict.name for finding in judge(evidence) if finding.verdict}


def test_a_quiet_run_is_valid_and_every_signal_was_looked_at() -> None:
    findings = judge(QUIET)
    assert [finding.signal for finding in findings] == list(SIGNALS)
    assert worse(QUIET) == {}
    assert overall(findings) is Verdict.VALID


LIMITS: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    # signal, still valid, degraded at the most, invalid
    ("lag", {"lag_p99": 1_000_000}, {"lag_p99": 1_000_001}, {"lag_p999": 5_000_001}),
    ("lag", {"lag_p999": 5_000_000}, {"lag_p99": 5_000_000}, {"lag_p99": 5_000_001, "lag_p999": None}),
    ("client delay", {"delay_p99": 1_000_000}, {"delay_p99": 1_000_001}, {"delay_p999": 5_000_001}),
    ("client delay", {"delay_p999": 5_000_000}, {"delay_p99": 5_000_000}, {"delay_p99": 5_000_001, "delay_p999": None}),
    ("rate held", {"started": 9950}, {"started": 9800}, {"started": 9799}),
    ("core use", {"core_use": 0.7}, {"core_use": 0.85}, {"core_use": 0.851}),
    ("loop stalls", {"loop_lag_max": 20_000_000}, {"loop_lag_max": 100_000_000}, {"loop_lag_max": 100_000_001}),
    ("steal", {"steal": 0.005}, {"steal": 0.02}, {"steal": 0.0201}),
    ("waiting for a CPU", {"waiting_for_cpu": 0.02}, {"waiting_for_cpu": 0.25}, {"waiting_for_cpu": 0.251}),
    ("gc", {"gc_max": 2_000_000}, {"gc_max": 20_000_000}, {"gc_max": 20_000_001}),
    ("gc", {"gc_share": 0.002}, {"gc_share": 0.005}, {"gc_share": 0.0051}),
    ("descriptors", {"connections": 0.7}, {"connections": 1.0}, {"connections": 1.01}),
    ("ports", {"ports": 0.7}, {"ports": 1.0}, {"ports": 1.01}),
]


@pytest.mark.parametrize(("signal", "valid", "degraded", "invalid"), LIMITS)
def test_each_signal_has_its_two_limits(
    signal: str, valid: dict[str, Any], degraded: dict[str, Any], invalid: dict[str, Any]
) -> None:
    assert worse(replace(QUIET, **valid)) == {}
    assert worse(replace(QUIET, **degraded)) == {signal: "DEGRADED"}
    assert worse(replace(QUIET, **invalid)) == {signal: "INVALID"}


@pytest.mark.parametrize(
    ("signal", "change"),
    [("quota", {"throttled": 1}), ("client resources", {"client_resources": 1}), ("ledgers", {"mismatches": ["x"]})],
)
def test_some_signals_bear_nothing_at_all(signal: str, change: dict[str, Any]) -> None:
    assert worse(replace(QUIET, **change)) == {signal: "INVALID"}


def test_loop_lag_alone_only_degrades() -> None:
    assert worse(replace(QUIET, loop_lag_p99=2 * MILLISECOND)) == {}
    assert worse(replace(QUIET, loop_lag_p99=10**9)) == {"loop stalls": "DEGRADED"}


def test_lag_is_measured_against_what_it_is_part_of() -> None:
    """40 ms of lag are nothing in a tail of a second, and everything in one of 50 ms."""
    late = replace(QUIET, lag_p999=40 * MILLISECOND)
    assert worse(replace(late, response_p999=1000 * MILLISECOND)) == {}
    assert worse(replace(late, response_p999=50 * MILLISECOND)) == {"lag": "INVALID"}
    assert worse(replace(late, response_p999=None)) == {"lag": "INVALID"}


def test_a_closed_load_is_judged_by_how_late_its_answers_were_read() -> None:
    closed = replace(QUIET, lag_p99=None, lag_p999=None, response_p999=None)
    late = replace(closed, delay_p999=40 * MILLISECOND)
    assert worse(replace(late, delayed_p999=1000 * MILLISECOND)) == {}
    assert worse(replace(late, delayed_p999=50 * MILLISECOND)) == {"client delay": "INVALID"}
    without = replace(closed, delay_p99=None, delay_p999=None, delayed_p999=None)
    assert worse(without) == {}
    assert judge(without)[1].value == "not known: no answer has a kernel stamp"


def test_what_could_not_be_seen_is_not_said_to_be_well() -> None:
    seen = replace(QUIET, core_use=None, steal=None, throttled=None, ports=None)
    values = {finding.signal: finding.value for finding in judge(seen)}
    assert all(values[signal].startswith("not known") for signal in ("core use", "steal", "quota", "ports"))
    assert worse(seen) == {}


def test_a_closed_load_has_no_lag_and_an_empty_one_no_rate() -> None:
    closed = replace(QUIET, lag_p99=None, lag_p999=None, response_p999=None, planned=0, started=0)
    assert worse(closed) == {}
    assert judge(closed)[0].value == "does not apply: no measured request had a due time"


@pytest.mark.parametrize(
    ("figures", "verdict"),
    [
        ({"lag_ns": {"p99": 10**6}, "cpu": 0.85}, "VALID"),
        ({"lag_ns": {"p99": 10**6 + 1}, "cpu": 0.1}, "DEGRADED"),
        ({"lag_ns": {"p99": 10**7 + 1}, "cpu": 0.1}, "INVALID"),
        ({"lag_ns": {"p99": 5}, "cpu": 0.9}, "DEGRADED"),
        ({"lag_ns": {"p99": 5}, "cpu": 0.98}, "INVALID"),
        ({"lag_ns": None, "cpu": None, "requests": 1}, "VALID"),
        ({"lag_ns": {"p99": None}, "requests": 1}, "VALID"),
    ],
)
def test_a_simulated_target_is_judged_too(figures: dict[str, Any], verdict: str) -> None:
    (found,) = [finding for finding in judge(replace(QUIET, sandbox=figures)) if finding.signal == "sandbox"]
    assert found.verdict.name == verdict


def test_a_reason_says_what_was_seen_why_it_matters_and_what_to_do() -> None:
    (found,) = [finding for finding in judge(replace(QUIET, core_use=0.9)) if finding.verdict]
    assert found.reason == (
        "core use 90%: a busy generator answers late, and its own queueing is in the figures. "
        "Use more --workers or a lower rate"
    )
    for _, _, _, invalid in LIMITS:
        for finding in judge(replace(QUIET, **invalid)):
            assert not finding.verdict or (finding.why and finding.remedy and finding.value)


def test_mismatches_are_told_but_not_without_end() -> None:
    (found,) = [f for f in judge(replace(QUIET, mismatches=[f"slot {n}: x" for n in range(1000)])) if f.verdict]
    assert found.why == "slot 0: x; slot 1: x; slot 2: x"


def test_the_worst_finding_is_the_verdict() -> None:
    assert overall([]) is Verdict.VALID
    both = judge(replace(QUIET, core_use=0.8, steal=0.5))
    assert overall(both) is Verdict.INVALID
    assert overall([Finding("x", "", Verdict.DEGRADED)]) is Verdict.DEGRADED
    assert Verdict.VALID < Verdict.DEGRADED < Verdict.INVALID
