"""VALID, DEGRADED, INVALID: the effect first, then each signal at its limits, and what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from evidence import BLIND, LIMITS, QUIET, effect

from loadgen.clock import MILLISECOND
from loadgen.trust.evidence import Evidence
from loadgen.trust.finding import Finding, Verdict
from loadgen.trust.signals import SIGNALS
from loadgen.trust.verdict import EFFECT, judge, meaning, overall


def worse(evidence: Evidence) -> dict[str, str]:
    """The signals that are not VALID."""
    return {finding.signal: finding.verdict.name for finding in judge(evidence) if finding.verdict}


def test_a_quiet_run_is_valid_and_every_signal_was_looked_at() -> None:
    findings = judge(QUIET)
    always = [signal.name for signal in SIGNALS if signal.name not in ("sandbox", "pool", "reconnects")]
    assert [finding.signal for finding in findings] == [EFFECT, *always]
    assert worse(QUIET) == {}
    assert overall(findings) is Verdict.VALID


# the effect


@pytest.mark.parametrize(
    ("share", "own", "verdict"),
    [
        (0.0, 0, "VALID"),
        (0.02, 10 * MILLISECOND, "VALID"),
        (0.0201, 10 * MILLISECOND, "DEGRADED"),
        (0.10, 10 * MILLISECOND, "DEGRADED"),
        (0.1001, 10 * MILLISECOND, "INVALID"),
        (0.05, 100_000, "VALID"),  # a twentieth of 2 ms: too little time to matter
        (0.05, 100_100, "DEGRADED"),
        (0.5, 1_000_000, "DEGRADED"),  # half of 2 ms: never VALID, and no reason to throw the run away
        (0.5, 1_000_100, "INVALID"),
        (0.2, 50_000, "DEGRADED"),
    ],
)
def test_the_share_of_the_tail_has_its_limits(share: float, own: float, verdict: str) -> None:
    (found, *others) = judge(replace(QUIET, effects=(effect(share, own),)))
    assert (found.signal, found.verdict.name) == (EFFECT, verdict)
    assert not any(other.verdict for other in others)


def test_a_quantile_that_this_machine_changed_counts_as_much() -> None:
    """Nine of ten of the slowest hundredth are the target's seconds, and the quantile is one of the others."""
    lifted = effect(0.018, 30 * MILLISECOND, value=30 * MILLISECOND, without=25 * MILLISECOND)
    assert judge(replace(QUIET, effects=(lifted,)))[0].verdict is Verdict.INVALID
    assert lifted.greatest == pytest.approx(1 / 6)


def test_the_worst_effect_is_told() -> None:
    seen = replace(QUIET, effects=(effect(0.001), effect(0.34, 18 * MILLISECOND), effect(0.05)))
    found = judge(seen)[0]
    assert found.reason == (
        "share of the tail 34.0% of the slowest 1% of burst: this machine took 18.00 ms of each (lag 18.00 ms); p99 "
        "was 52.94 ms, and 34.94 ms without it. Use more --workers, a lower rate or a quieter machine"
    )


def test_what_says_why_says_what_to_do() -> None:
    seen = replace(QUIET, effects=(effect(0.34),), lag_p999=50 * MILLISECOND, waiting_for_cpu=0.5)
    assert judge(seen)[0].remedy == "Stop what else runs on this machine"
    assert worse(seen) == {EFFECT: "INVALID", "lag": "INVALID", "waiting for a CPU": "INVALID"}


BUSY: dict[str, Any] = {
    "core_use": 1.0,
    "lag_p999": 10**9,
    "loop_lag_max": 10**9,
    "steal": 1.0,
    "waiting_for_cpu": 1.0,
    "gc_max": 10**9,
}


@pytest.mark.parametrize(("share", "verdict"), [(0.05, "DEGRADED"), (0.2, "INVALID")])
def test_what_explains_is_no_worse_than_what_it_did(share: float, verdict: str) -> None:
    names = ("lag", "loop stalls", "core use", "waiting for a CPU", "steal", "gc")
    assert worse(replace(QUIET, effects=(effect(share),), **BUSY)) == dict.fromkeys((EFFECT, *names), verdict)
    assert worse(replace(BLIND, **BUSY)) == dict.fromkeys(names, "INVALID")


def test_where_the_tail_was_not_ours_what_would_explain_it_is_a_note() -> None:
    """But a busy core may be what a closed load was held to."""
    findings = judge(replace(QUIET, **BUSY))
    assert {finding.signal: finding.verdict.name for finding in findings if finding.verdict} == {"core use": "DEGRADED"}
    notes = [finding.note for finding in findings if finding.note]
    assert len(notes) == len(BUSY) - 1
    assert "waiting for a CPU 100.0%: the generator was ready to run and had to wait for a CPU; but hardly any of " in (
        " ".join(notes)
    )
    assert not [finding.note for finding in judge(QUIET) if finding.note]


def test_a_share_that_is_known_in_part_leaves_the_signals_to_themselves() -> None:
    seen = replace(QUIET, effects=(effect(0.001, at_least=True),), core_use=0.9)
    assert judge(seen)[0].value == "at least 0.1% of the slowest 1% of burst"
    assert worse(seen) == {"core use": "INVALID"}


def test_no_share_is_said_where_there_is_none() -> None:
    assert judge(BLIND)[0].value == "not known: too few requests were answered"
    assert worse(BLIND) == {}


def test_a_place_is_named() -> None:
    where = replace(effect(0.05), phase="burst", cycle=2, step="order/put", count=10, of=333)
    assert judge(replace(QUIET, effects=(where,)))[0].value == "5.0% of the slowest 3% of burst cycle 2 order/put"


# the signals


def test_a_reason_says_what_was_seen_why_it_matters_and_what_to_do() -> None:
    (found,) = [finding for finding in judge(replace(QUIET, core_use=0.9, busiest=3)) if finding.verdict]
    assert found.reason == (
        "core use 90% (worker 3): a busy generator answers late, and its own queueing is in the figures. "
        "Use more --workers or a lower rate"
    )
    for _, _, _, invalid in LIMITS:
        for finding in judge(replace(BLIND, **invalid)):
            assert not finding.verdict or (finding.why and finding.remedy and finding.value)


def test_mismatches_are_told_but_not_without_end() -> None:
    (found,) = [f for f in judge(replace(QUIET, mismatches=[f"slot {n}: x" for n in range(1000)])) if f.verdict]
    assert found.why == "slot 0: x; slot 1: x; slot 2: x"


def test_the_worst_finding_is_the_verdict() -> None:
    assert overall([]) is Verdict.VALID
    both = judge(replace(QUIET, core_use=0.8, throttled=1))
    assert overall(both) is Verdict.INVALID
    assert overall([Finding("x", "", Verdict.DEGRADED)]) is Verdict.DEGRADED
    assert Verdict.VALID < Verdict.DEGRADED < Verdict.INVALID


# notes


def notes(evidence: Evidence) -> list[str]:
    assert worse(evidence) == {}
    return [finding.note for finding in judge(evidence) if finding.note]


def test_a_cap_that_made_requests_wait_is_a_note_and_nothing_against_the_machine() -> None:
    waited = replace(QUIET, wait_p99=12 * MILLISECOND)
    assert notes(waited) == []
    assert notes(replace(waited, capped=10)) == [
        "session.connections: 10 made requests wait, and it was neither the target nor this machine"
    ]
    assert notes(replace(QUIET, wait_p99=MILLISECOND - 1, capped=10)) == []
    behind = effect(0.005, 200_000)
    behind.parts["wait_delay"] = 2 * MILLISECOND
    assert notes(replace(waited, capped=10, effects=(behind,))) == [
        "session.connections: 10 made requests wait, and what was late on this machine made it longer"
    ]


def test_connections_that_the_target_closed_are_a_note_where_they_are_shared() -> None:
    closed = replace(QUIET, closed_idle=7, dns_max=3 * MILLISECOND)
    assert notes(closed) == []
    (note,) = notes(replace(closed, shared=True))
    assert "closed 7 connections while idle" in note
    assert "name look-up took 3.00 ms" in note


@pytest.mark.parametrize(
    ("worst", "said"),
    [
        ({EFFECT}, "this machine, not the target, made the tail"),
        ({"quota"}, "this machine, not the target, made the tail"),
        ({"rate held", "lag"}, "this machine, not the target, made the tail"),
        ({"rate held"}, "the load was not the one planned"),
        ({"rate held", "retransmits"}, "the figures are not the target's alone"),
        (set(), "this machine, not the target, made the tail"),
    ],
)
def test_not_every_reason_accuses_this_machine(worst: set[str], said: str) -> None:
    assert meaning("INVALID", worst) == said
    assert said.startswith("this machine") == meaning("DEGRADED", worst).startswith("this machine")
