"""What a report says of a run's trust: the meaning of the verdict, reasons and notes as sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest
from evidence import BLIND, LIMITS, QUIET, figure

from loadgen.clock import MILLISECOND
from loadgen.report.trust import SHARE, meaning, note, observed, reason, why
from loadgen.report.trust_sentences import SIGNAL_WORDS
from loadgen.result.reason import Reason
from loadgen.result.run import TrustSignal
from loadgen.trust import verdict
from loadgen.trust.evidence import Evidence
from loadgen.trust.verdict import judge


def signals(evidence: Evidence) -> dict[str, TrustSignal]:
    return {finding.signal: finding.to_result() for finding in judge(evidence)}


def of(name: str, code: str, **values: float | str | None) -> TrustSignal:
    return TrustSignal(name, "DEGRADED", Reason.of(code, **values), "DEGRADED", noted=False)


def test_a_reason_says_what_was_observed_why_it_matters_and_what_to_do() -> None:
    assert reason(signals(replace(QUIET, core_use=0.9, busiest=3))["core use"]) == (
        "core use 90% (worker 3): a busy generator answers late, and its own queueing is in the figures. "
        "Use more --workers or a lower rate"
    )
    assert reason(signals(replace(QUIET, figures=(figure(0.34, 18 * MILLISECOND),)))[SHARE]) == (
        "share of a figure 34.0% of p99 of burst: the generator made 18.00 of its 52.94 ms (lag 18.00 ms). Use more "
        "--workers, a lower rate or a quieter machine"
    )


def test_every_signal_beyond_its_limit_has_all_three() -> None:
    for _, _, _, invalid in LIMITS:
        for signal in signals(replace(BLIND, **invalid)).values():
            words = SIGNAL_WORDS[signal.observed.code]
            assert signal.verdict == "VALID" or (observed(signal) and why(signal) and words.remedy)


def test_the_share_has_the_remedy_of_its_cause() -> None:
    seen = replace(QUIET, figures=(figure(0.34),), lag_p999=50 * MILLISECOND, waiting_for_cpu=0.5)
    assert reason(signals(seen)[SHARE]).endswith(". Stop what else runs on the machine")


def test_a_run_of_an_experiment_is_named() -> None:
    late = replace(of("lag", "lag", p99_ms=9.0), variant="fresh", round=3)
    assert reason(late).startswith("fresh, round 3: lag p99 9.00 ms: requests left later")


@pytest.mark.parametrize(
    ("signal", "text"),
    [
        (of("lag", "lag", p99_ms=0.1, p999_ms=2.0), "lag p99 0.10 ms, p99.9 2.00 ms"),
        (of("rate held", "rate_held", share=0.998, worst_share=0.9), "rate held 99.80%, 90.0% in the worst 10 s"),
        (
            of("waiting for a CPU", "waiting_for_cpu", share=0.031, preemptions_per_s=41.0),
            "waiting for a CPU 3.1%, preempted 41 times a second",
        ),
        (of("quota", "quota", periods=3), "quota throttled in 3 periods"),
        (of("quota", "quota", periods=0), "quota never throttled"),
        (of("client resources", "client_resources", requests=0), "client resources enough"),
        (of("retransmits", "retransmits", segments=1000, sent_again=0), "retransmits none of 1,000 segments"),
        (of("retransmits", "retransmits", segments=100, sent_again=5), "retransmits 5 of 100 segments (5.00%)"),
        (of("SYN retries", "no_connects"), "SYN retries do not apply: nothing was connected"),
        (
            of("SYN retries", "syn_retries", connects=1000, retried=2, by="kernel", after_s=1, dropped=3),
            "SYN retries 2 of 1,000 connects (0.20%), most of them after 1 s; 3 were dropped where they were sent, by "
            "a listener whose queue was full",
        ),
        (
            of("SYN retries", "syn_retries", connects=100, retried=0, by="times"),
            "SYN retries none of 100 connects, by how long they took",
        ),
        (of("ledgers", "ledgers"), "ledgers add up"),
        (of("core use", "too_soon_to_know"), "core use not known: it was over too soon"),
        (of("witness", "witness_agrees", figures=1, not_judged=2), "witness agrees in 1 figure; 2 not judged"),
        (
            of(
                "witness", "witness_above", phase="steady", cycle=2, step="get", metric="response", quantile="p99",
                workers_ms=31.25, witness_ms=12.0, low_ms=11.0, high_ms=14.0, others=1,
            ),
            "witness steady 2, get, response p99: the workers' 31.2 ms, its own 12.0 ms (11.0 to 14.0), and 1 more",
        ),
        (
            of(
                SHARE, "share_of_figure", phase="burst", cycle=2, step="order/put", quantile="p95", share=0.05,
                at_least=1,
            ),
            "share of a figure at least 5.0% of p95 of burst cycle 2 order/put",
        ),
    ],
    ids=lambda value: value.observed.code if isinstance(value, TrustSignal) else "",
)  # fmt: skip
def test_what_was_observed(signal: TrustSignal, text: str) -> None:
    assert observed(signal) == text


def test_notes() -> None:
    quiet = signals(QUIET)
    assert [text for text in map(note, quiet.values()) if text] == []
    pool = signals(replace(QUIET, wait_p99=12 * MILLISECOND, capped=10))["pool"]
    assert note(pool) == "session.connections: 10 made requests wait, and it was neither the target nor the generator"
    late = replace(pool, observed=Reason.of("pool", p99_ms=12.0, cap=10, late_ms=3.0))
    assert note(late).endswith("made requests wait, and what was late in the generator made it longer")
    closed = signals(replace(QUIET, closed_idle=7, dns_max=3 * MILLISECOND, shared=True))["reconnects"]
    assert "closed 7 connections while idle" in note(closed) and "look-up took 3.00 ms" in note(closed)
    busy = signals(replace(QUIET, waiting_for_cpu=1.0))["waiting for a CPU"]
    assert note(busy) == (
        "waiting for a CPU 100.0%: the generator was ready to run and had to wait for a CPU; but it made hardly "
        "anything of the figures"
    )


def test_what_a_later_version_observed_is_said_in_its_code() -> None:
    later = TrustSignal("heat", "DEGRADED", Reason("core_heat", {"share": 0.5}), "DEGRADED", noted=True)
    assert (reason(later), note(later)) == ("heat core heat", "")
    broken = TrustSignal("steal", "DEGRADED", Reason("witness_below", {}), "DEGRADED", noted=True)
    assert reason(broken).startswith("steal witness below")


@pytest.mark.parametrize(
    ("worst", "said"),
    [
        ({"share_of_figure"}, "this machine made too much of the figures marked !"),
        ({"share_of_figure", "lag"}, "this machine made too much of the figures marked !"),
        ({"clock"}, "something disturbed the figures, as the reasons say"),
        ({"rate_held", "lag"}, "something disturbed the figures, as the reasons say"),
        ({"rate_held"}, "the load was not the one planned"),
        ({"rate_held", "ledgers"}, "the figures are not the target's alone"),
        (set(), "something disturbed the figures, as the reasons say"),
    ],
)
def test_not_every_reason_accuses_this_machine(worst: set[str], said: str) -> None:
    assert meaning("INVALID", worst) == said
    assert said.startswith("this machine") == meaning("DEGRADED", worst).startswith("this machine")


def test_the_share_has_one_name() -> None:
    assert verdict.SHARE == SHARE
