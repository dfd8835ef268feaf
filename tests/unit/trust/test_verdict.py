"""VALID, DEGRADED, INVALID: the share of a figure first, then each signal at its limits, and what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from evidence import BLIND, QUIET, figure

from loadgen.clock import MILLISECOND
from loadgen.result.reason import Reason
from loadgen.trust.evidence import Evidence
from loadgen.trust.finding import Finding, Verdict
from loadgen.trust.signals import SIGNALS
from loadgen.trust.verdict import SHARE, held, judge, on_metric, overall, spoiling


def worse(evidence: Evidence) -> dict[str, str]:
    """The signals that are not VALID."""
    return {finding.signal: finding.verdict.name for finding in judge(evidence) if finding.verdict}


def test_a_quiet_run_is_valid_and_every_signal_was_looked_at() -> None:
    findings = judge(QUIET)
    always = [signal.name for signal in SIGNALS if signal.name not in ("sandbox", "pool", "reconnects")]
    assert [finding.signal for finding in findings] == [SHARE, *always]
    assert worse(QUIET) == {}
    assert overall(findings) is Verdict.VALID


# the share


@pytest.mark.parametrize(
    ("share", "own", "verdict"),
    [
        (0.0, 0, "VALID"),
        (0.02, 10 * MILLISECOND, "VALID"),
        (0.0201, 10 * MILLISECOND, "DEGRADED"),
        (0.10, 10 * MILLISECOND, "DEGRADED"),
        (0.1001, 10 * MILLISECOND, "INVALID"),
        (0.05, 99_999, "VALID"),  # below the resolution
        (0.05, 100_100, "DEGRADED"),
        (0.5, 99_999, "VALID"),
        (0.5, 100_100, "INVALID"),
    ],
)
def test_the_share_has_its_limits(share: float, own: float, verdict: str) -> None:
    (found, *others) = judge(replace(QUIET, figures=(figure(share, own),)))
    assert (found.signal, found.verdict.name) == (SHARE, verdict)
    assert not any(other.verdict for other in others)


def test_the_worst_figure_that_decides_is_told() -> None:
    other = replace(figure(0.5, 30 * MILLISECOND, decides=False), quantile="p99.9")
    seen = replace(QUIET, figures=(figure(0.001), figure(0.34, 18 * MILLISECOND), figure(0.05), other))
    assert judge(seen)[0].observed == Reason.of(
        "share_of_figure", phase="burst", cycle=1, quantile="p99", share=0.34, value_ms=52.941176, own_ms=18.0,
        resolution_ms=0.1, lag_ms=18.0,
    )  # fmt: skip


def test_a_figure_that_nothing_depends_on_takes_no_run_down() -> None:
    other = replace(figure(0.5, 30 * MILLISECOND, decides=False), quantile="p99.9")
    assert worse(replace(QUIET, figures=(figure(0.001), other), **BUSY)) == {"core use": "DEGRADED"}
    assert worse(replace(QUIET, figures=(other,))) == {}


def test_the_part_of_a_metric_is_judged_against_it() -> None:
    """Of p99, 40 ms, 3 ms are lag and 1 ms is client delay. Its service has 1 ms, its connect nothing, of this
    machine's."""
    parts = {"lag": 3.0 * MILLISECOND, "client_delay": 1.0 * MILLISECOND}
    of = replace(figure(0.1001, 4 * MILLISECOND), parts=parts).to_result()
    verdicts = [on_metric(of, metric, ms).name for metric, ms in (("response", 40.0), ("operation", 80.0))]
    assert verdicts == ["INVALID", "INVALID"]
    assert [on_metric(of, "service", ms).name for ms in (60.0, 30.0, 9.0)] == ["VALID", "DEGRADED", "INVALID"]
    assert [on_metric(of, metric, 2.0).name for metric in ("connect", "lag", "backoff")] == ["VALID"] * 3


def test_what_stands_alone_spoils_latencies_and_some_of_it_counts() -> None:
    assert spoiling(["lag", "quota", SHARE, "witness"]) is None
    assert spoiling(["lag", "clock"]) == "clock"
    assert spoiling(["sandbox"]) == "sandbox"
    assert spoiling(["sandbox"], longer=True) is None, "what only makes times longer leaves a kept limit kept"
    assert spoiling(["clock", "rate held"], counts=True) is None
    assert [spoiling([name], counts=True) for name in ("ledgers", "client resources")] == [
        "ledgers",
        "client resources",
    ]


def test_a_load_is_held_if_it_left_in_its_second() -> None:
    assert held(QUIET)
    assert not held(replace(QUIET, started=9949))
    assert not held(replace(QUIET, lag_p999=1000 * MILLISECOND))
    assert not held(replace(QUIET, lag_p99=None, lag_p999=None)), "a closed load has no schedule to hold"


def test_what_says_why_is_the_cause_and_not_what_says_how_late_things_were() -> None:
    seen = replace(QUIET, figures=(figure(0.34),), lag_p999=50 * MILLISECOND, waiting_for_cpu=0.5)
    assert judge(seen)[0].observed.values["cause"] == "waiting_for_cpu"
    assert "cause" not in judge(replace(seen, waiting_for_cpu=0.0))[0].observed.values
    assert worse(seen) == {SHARE: "INVALID", "lag": "INVALID", "waiting for a CPU": "INVALID"}


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
    assert worse(replace(QUIET, figures=(figure(share),), **BUSY)) == dict.fromkeys((SHARE, *names), verdict)
    assert worse(replace(BLIND, **BUSY)) == dict.fromkeys(names, "INVALID")


def test_where_the_tail_was_not_ours_what_would_explain_it_is_noted() -> None:
    """But a busy core may be what a closed load was held to."""
    findings = judge(replace(QUIET, **BUSY))
    assert {finding.signal: finding.verdict.name for finding in findings if finding.verdict} == {"core use": "DEGRADED"}
    noted = [finding for finding in findings if finding.noted]
    assert len(noted) == len(BUSY) - 1
    assert {(finding.verdict, finding.limits) for finding in noted} == {(Verdict.VALID, Verdict.INVALID)}
    assert not any(finding.noted for finding in judge(QUIET))


def test_what_the_client_costs_is_no_contamination_where_it_is_what_is_asked() -> None:
    """Its garbage and its CPU. But who else has the CPU is not it, nor what left late, nor what may have limited the
    load."""
    sdk = replace(QUIET, figures=(figure(0.001, at_least=True),), client_asked=True)
    assert worse(replace(sdk, gc_max=10**9)) == {}
    assert worse(replace(sdk, loop_lag_max=10**9)) == {"loop stalls": "INVALID"}
    assert worse(replace(sdk, core_use=0.9)) == {"core use": "DEGRADED"}
    assert worse(replace(sdk, waiting_for_cpu=0.3, steal=0.1)) == {"waiting for a CPU": "INVALID", "steal": "INVALID"}


def test_a_share_that_is_known_in_part_leaves_the_signals_to_themselves() -> None:
    seen = replace(QUIET, figures=(figure(0.001, at_least=True),), core_use=0.9)
    assert judge(seen)[0].observed.values["at_least"] == 1
    assert worse(seen) == {"core use": "INVALID"}


def test_no_share_is_said_where_there_is_none() -> None:
    assert judge(BLIND)[0].observed == Reason.of("too_few_answered")
    assert worse(BLIND) == {}


def test_a_place_is_named() -> None:
    where = replace(figure(0.05), phase="burst", cycle=2, step="order/put")
    values = judge(replace(QUIET, figures=(where,)))[0].observed.values
    assert [values[name] for name in ("phase", "cycle", "step", "quantile")] == ["burst", 2, "order/put", "p99"]


# the signals


def test_mismatches_are_told_but_not_without_end() -> None:
    (found,) = [f for f in judge(replace(QUIET, mismatches=[f"slot {n}: x" for n in range(1000)])) if f.verdict]
    assert found.observed == Reason.of("ledgers", differences="slot 0: x; slot 1: x; slot 2: x")


def test_the_worst_finding_is_the_verdict() -> None:
    assert overall([]) is Verdict.VALID
    both = judge(replace(QUIET, core_use=0.8, client_resources=1))
    assert overall(both) is Verdict.INVALID
    assert overall([Finding("x", Reason.of("not_observed"), Verdict.DEGRADED)]) is Verdict.DEGRADED
    assert Verdict.VALID < Verdict.DEGRADED < Verdict.INVALID


# notes


def noted(evidence: Evidence) -> list[Reason]:
    assert worse(evidence) == {}
    return [finding.observed for finding in judge(evidence) if finding.noted]


def test_a_cap_that_made_requests_wait_is_a_note_and_nothing_against_the_machine() -> None:
    waited = replace(QUIET, wait_p99=12 * MILLISECOND)
    assert noted(waited) == []
    assert noted(replace(waited, capped=10)) == [Reason.of("pool", p99_ms=12.0, cap=10)]
    assert noted(replace(QUIET, wait_p99=MILLISECOND - 1, capped=10)) == []
    behind = figure(0.005, 200_000)
    behind.parts["wait_delay"] = 2 * MILLISECOND
    assert noted(replace(waited, capped=10, figures=(behind,))) == [Reason.of("pool", p99_ms=12.0, cap=10, late_ms=2.0)]


def test_connections_that_the_target_closed_are_a_note_where_they_are_shared() -> None:
    closed = replace(QUIET, closed_idle=7, dns_max=3 * MILLISECOND)
    assert noted(closed) == []
    assert noted(replace(closed, shared=True)) == [Reason.of("reconnects", connections=7, dns_max_ms=3.0)]
