"""The sentences of findings. `tests/unit/analysis/test_findings.py` has the findings themselves."""

from __future__ import annotations

import pytest

from loadgen.analysis.findings import ORDER
from loadgen.report.finding_sentences import FINDING_SENTENCES, where
from loadgen.report.sentences import sentence
from loadgen.result.reason import CODES, Reason
from loadgen.result.run import Finding

TAIL = {
    "stratum": "cold=true", "share": 0.031, "p99_low_ms": 328.0, "p99_high_ms": 335.2, "others_low_ms": 56.2,
    "others_high_ms": 62.1, "p50_low_ms": 328.0, "p50_high_ms": 328.1,
}  # fmt: skip
KINDS = {
    "fast_share": 0.988, "fast_high_ms": 41.0, "slow_share": 0.012, "slow_share_low": 0.009, "slow_share_high": 0.015,
    "slow_low_ms": 276.0, "slow_high_ms": 332.0, "between": 2,
}  # fmt: skip


def test_each_finding_has_a_sentence_and_a_rank() -> None:
    assert {*FINDING_SENTENCES} == {*ORDER} <= {*CODES}


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (
            Reason.of("stratum_made_tail", **TAIL),
            "Cold starts made the p99, 328-335 ms. 3.1% of its requests were cold (p50 328 ms); the warm ones kept a "
            "p99 of 56.2-62.1 ms.",
        ),
        (
            Reason.of(
                "stratum_made_tail", **TAIL, before="steady", before_low_ms=59.0, before_high_ms=70.0,
                before_per_s=200.0, per_s=1000.0,
            ),
            "p99 rose from 59.0-70.0 ms in steady (200/s) to 328-335 (1,000/s): cold starts. 3.1% of its requests were "
            "cold (p50 328 ms); the warm ones kept a p99 of 56.2-62.1 ms.",
        ),
        (
            Reason.of("stratum_made_tail", **{**TAIL, "stratum": "zone=b"}),
            "The requests with zone=b made the p99, 328-335 ms. 3.1% of its requests have it (p50 328 ms); the others "
            "kept a p99 of 56.2-62.1 ms.",
        ),
        (
            Reason.of("two_kinds", **KINDS),
            "Two kinds of answer: 98.8% took at most 41.0 ms, 1.2% [0.9, 1.5] took 276-332 ms, 2 in between.",
        ),
        (
            Reason.of("two_kinds", **{**KINDS, "between": 0}, quantile="p99", low_ms=35.0, high_ms=315.0),
            "Two kinds of answer: 98.8% took at most 41.0 ms, 1.2% [0.9, 1.5] took 276-332 ms, none in between. p99 "
            "lies on that step: it may be 35.0 or 315.",
        ),
        (
            Reason.of("timeouts_hide", quantile="p99", bound_ms=5000.0, timeouts=41, requests=1000),
            "p99 is among 41 timeouts of 1,000 requests: it is more than 5,000 ms, and nobody knows how much more. A "
            "longer timeout would tell.",
        ),
        (
            Reason.of("phase_grows", begin_ms=2.0, end_ms=1012.0, answered=0.952),
            "Not settled: these figures depend on how long it ran. The mean grew from 2.00 to 1,012 ms, and 95.2% was "
            "answered while it ran.",
        ),
        (
            Reason.of("phase_grows", begin_ms=0.0, end_ms=12.0, answered=None),
            "Not settled: these figures depend on how long it ran. The mean grew from 0 to 12.0 ms.",
        ),
        (Reason.of("throttled", requests=31, sent=1000), "31 of 1,000 requests, 3.1%, were throttled."),
        (
            Reason.of("far_away", quantile="p50", value_ms=64.0, part_ms=38.0),
            "38.0 of the 64.0 ms at p50 are your way to the target, one round trip. Run loadgen in the target's "
            "region.",
        ),
        (
            Reason.of("queue_for_connections", quantile="p99", value_ms=64.0, part_ms=31.0),
            "31.0 of the 64.0 ms at p99 are waiting for a connection. A higher session.connections lets more requests "
            "out at once.",
        ),
        (
            Reason.of("new_connections", quantile="p50", value_ms=71.3, part_ms=42.0),
            "42.0 of the 71.3 ms at p50 are making a new connection. A shared session would save them.",
        ),
        (
            Reason.of("step_behind", quantile="p99", p99_low_ms=140.0, p99_high_ms=150.0, others_low_ms=40.0,
                      others_high_ms=40.0),
            "This step is behind: its p99 is 140-150 ms, that of the others 40.0 ms.",
        ),
        (
            Reason.of("step_behind", quantile="p99", p99_low_ms=140.0, p99_high_ms=140.0, others_low_ms=40.0,
                      others_high_ms=44.0, tail_share=0.97, share=0.3, timeouts=2),
            "This step is behind: its p99 is more than 140 ms, that of the others 40.0-44.0 ms. Of the requests beyond "
            "the p99 of all, 97% are of this step, which has 30% of all requests.",
        ),
        (
            Reason.of("worker_differs", worker="2", quantile="p99", value_low_ms=140.0, value_high_ms=150.0,
                      others_low_ms=40.0, others_high_ms=50.0),
            "One worker differs: the p99 of worker 2 is 140-150 ms, that of the others 40.0-50.0 ms.",
        ),
        (
            Reason.of("key_differs", key="3", quantile="p99", value_low_ms=140.0, value_high_ms=150.0,
                      others_low_ms=40.0, others_high_ms=50.0),
            "One partition key is behind: the p99 of key 3 of the profile's choice is 140-150 ms, that of the others "
            "40.0-50.0 ms.",
        ),
        (
            Reason.of("worker_differs", worker="0", quantile="p99", value_low_ms=5000.0, value_high_ms=5000.0,
                      others_low_ms=40.0, others_high_ms=40.0, timeouts=31),
            "One worker differs: the p99 of worker 0 is more than 5,000 ms, that of the others 40.0 ms.",
        ),
        (
            Reason.of("node_differs", node="2", quantile="p99", value_low_ms=41.0, value_high_ms=41.0,
                      others_low_ms=19.0, others_high_ms=21.0),
            "One node differs: the p99 of node 2 is 41.0 ms, that of the others 19.0-21.0 ms.",
        ),
        (
            Reason.of("machine_differs", machine=3, of=8, quantile="p99", value_low_ms=41.0, value_high_ms=41.0,
                      others_low_ms=19.0, others_high_ms=21.0),
            "One machine differs: the p99 of machine 3 of 8 is 41.0 ms, that of the others 19.0-21.0 ms. Look at where "
            "it stands.",
        ),
    ],
    ids=lambda value: getattr(value, "code", ""),
)  # fmt: skip
def test_a_finding_is_a_sentence(reason: Reason, text: str) -> None:
    assert sentence(reason) == text


def test_a_finding_begins_with_where_it_is() -> None:
    finding = Finding("burst", "put", Reason.of("throttled", requests=1, sent=2))
    assert (where(finding, True), where(finding, False)) == ("burst put: ", "put: ")
    assert where(Finding("burst", "", finding.observed), False) == ""


@pytest.mark.parametrize("code", FINDING_SENTENCES)
def test_values_that_are_missing_leave_the_code(code: str) -> None:
    assert sentence(Reason(code, {})) == code.replace("_", " ")
