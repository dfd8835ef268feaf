"""The table of signals: the limits of each, and what each says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from evidence import BLIND, LIMITS, QUIET

from loadgen.clock import MILLISECOND
from loadgen.result.reason import Reason
from loadgen.trust.evidence import Evidence
from loadgen.trust.signals import SIGNALS, table
from loadgen.trust.verdict import judge


def worse(evidence: Evidence) -> dict[str, str]:
    """The signals that are not VALID."""
    return {finding.signal: finding.verdict.name for finding in judge(evidence) if finding.verdict}


@pytest.mark.parametrize(("signal", "valid", "degraded", "invalid"), LIMITS)
def test_each_signal_has_its_two_limits(
    signal: str, valid: dict[str, Any], degraded: dict[str, Any], invalid: dict[str, Any]
) -> None:
    row = next(each for each in SIGNALS if each.name == signal)
    assert worse(replace(BLIND, **valid)) == {}
    assert worse(replace(BLIND, **degraded)) == {signal: "DEGRADED"}
    assert worse(replace(BLIND, **invalid)) == {signal: "INVALID"}
    known = {signal: "INVALID"} if row.alone else {signal: "DEGRADED"} if row.bounds else {}
    assert worse(replace(QUIET, **invalid)) == known


@pytest.mark.parametrize(
    ("signal", "change"),
    [("client resources", {"client_resources": 1}), ("ledgers", {"mismatches": ["x"]})],
)
def test_some_signals_bear_nothing_at_all(signal: str, change: dict[str, Any]) -> None:
    assert worse(replace(QUIET, **change)) == {signal: "INVALID"}


def test_loop_lag_alone_only_degrades() -> None:
    assert worse(replace(BLIND, loop_lag_p99=2 * MILLISECOND)) == {}
    assert worse(replace(BLIND, loop_lag_p99=10**9)) == {"loop stalls": "DEGRADED"}


def test_lag_is_measured_against_what_it_is_part_of() -> None:
    """40 ms of lag are nothing in a tail of a second, and everything in one of 50 ms."""
    late = replace(BLIND, lag_p999=40 * MILLISECOND)
    assert worse(replace(late, response_p999=1000 * MILLISECOND)) == {}
    assert worse(replace(late, response_p999=50 * MILLISECOND)) == {"lag": "INVALID"}
    assert worse(replace(late, response_p999=None)) == {"lag": "INVALID"}


def test_a_closed_load_is_judged_by_how_late_its_answers_were_read() -> None:
    closed = replace(BLIND, lag_p99=None, lag_p999=None, response_p999=None)
    late = replace(closed, delay_p999=40 * MILLISECOND)
    assert worse(replace(late, delayed_p999=1000 * MILLISECOND)) == {}
    assert worse(replace(late, delayed_p999=50 * MILLISECOND)) == {"client delay": "INVALID"}
    without = replace(closed, delay_p99=None, delay_p999=None, delayed_p999=None)
    assert worse(without) == {}
    assert judge(without)[2].observed == Reason.of("no_stamps")


def test_what_could_not_be_seen_is_not_said_to_be_well() -> None:
    seen = replace(QUIET, core_use=None, steal=None, throttled=None, ports=None, pressure=None, clock_step=None)
    codes = {finding.signal: finding.observed.code for finding in judge(seen)}
    unseen = ("core use", "steal", "quota", "ports", "CPU pressure", "clock")
    assert {codes[signal] for signal in unseen} == {"too_soon_to_know", "not_observed"}
    assert worse(seen) == {}


def test_a_closed_load_has_no_lag_and_an_empty_one_no_rate() -> None:
    closed = replace(QUIET, lag_p99=None, lag_p999=None, response_p999=None, planned=0, started=0)
    assert worse(closed) == {}
    assert judge(closed)[1].observed == Reason.of("no_due_time")


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


def test_a_simulated_target_is_late_by_what_it_is_late_for() -> None:
    late = {"lag_ns": {"p99": 2 * MILLISECOND}, "cpu": 0.1}
    assert worse(replace(QUIET, sandbox=late, delayed_p999=99 * MILLISECOND)) == {"sandbox": "DEGRADED"}
    assert worse(replace(QUIET, sandbox=late, delayed_p999=100 * MILLISECOND)) == {}
    assert worse(replace(QUIET, sandbox=late, delayed_p999=None)) == {"sandbox": "DEGRADED"}


def test_the_table_has_each_signal_with_its_limits() -> None:
    rows = {line.split("|")[1].strip(" `"): [cell.strip() for cell in line.split("|")[2:-1]] for line in table()[2:]}
    assert list(rows) == [signal.name for signal in SIGNALS]
    assert rows["rate held"][1:] == ["missing > 0.5 %", "missing > 2 %, or worst > 5 %", "yes"]
    assert rows["quota"][1:] == ["", "any", ""]
    assert rows["loop stalls"][1:] == ["p99 > 2 ms, or max > 20 ms", "max > 100 ms", ""]
