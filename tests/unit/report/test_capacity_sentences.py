"""The sentences of a capacity: what set the limit, and what speaks against a step."""

from __future__ import annotations

import pytest

from loadgen.report.capacity_sentences import CAPACITY_SENTENCES, LIMITS
from loadgen.report.sentences import sentence
from loadgen.result.reason import CODES, Reason

FAILED = {"share": 0.8, "failed": 250, "reason": "429 Too Many Requests"}
EACH = [
    (Reason.of("step_not_settled"), "not settled: it grew as long as the step ran"),
    (Reason.of("step_not_reached", share=0.83), "83% was completed in time"),
    (Reason.of("step_not_offered", share=0.9), "90% was started"),
    (
        Reason.of("limit_target", share=0.974, grew=3, steps=4, core=0.03),
        "beyond it the queue grew, and 97.4% of their time is the target's; this machine used 3% of a core",
    ),
    (Reason.of("limit_target", grew=1, steps=4), "beyond it the requests took longer"),
    (
        Reason.of("limit_machine", share=0.71, invalid=1, steps=4, core=0.99),
        "71% of the slow requests' time is its own; this machine used 99% of a core; the target may do more",
    ),
    (
        Reason.of("limit_machine", share=0.1, invalid=3, steps=4),
        "3 of the 4 steps above it are INVALID; the target may do more",
    ),
    (
        Reason.of("limit_connections", share=0.8),
        "80% of the slow requests' time is the wait for a connection; the target may do more",
    ),
    *(
        (Reason.of(code, **FAILED), "of the 250 failures above it 80% are 429 Too Many Requests")
        for code in ("limit_throttle", "limit_ports", "limit_resources")
    ),
    (
        Reason.of("limit_throttle", **FAILED, lets=120.26, burst=83),
        "of the 250 failures above it 80% are 429 Too Many Requests; it lets 120/s through, and about 83 at once",
    ),
    (
        Reason.of("limit_errors", outcome="http_5xx", reason="503", share=1.0, failed=1),
        "of the 1 failure above it 100% is 503",
    ),
    (Reason.of("limit_max_rate", rate=500.0), "500/s kept all conditions, and nothing above it was tried"),
    (Reason.of("limit_not_reached", rate=500.0), "all rates up to 500/s kept all conditions"),
    (Reason.of("limit_not_reached"), "all rates kept all conditions"),
    (Reason.of("limit_not_known"), "no step above it shows what set the limit"),
    (Reason.of("capacity_not_complete"), "the measurement did not come to its end"),
    (Reason.of("capacity_not_known"), "no step tells anything of the capacity"),
    (Reason.of("capacity_not_decided"), "its interval holds that rate; more time (--for) makes it narrower"),
    (Reason.of("capacity_only_bounded"), "no higher rate was tried; raise --max-rate"),
    (Reason.of("capacity_limited_here"), "this machine set the limit, and the target may do more"),
    (Reason.of("capacity_broken_off", error="no ports"), "the measurement was broken off: no ports"),
    (Reason.of("capacity_died"), "the measurement died before its end; this is what its steps had written"),
    (
        Reason.of("capacity_stopped_by_cost", usd=1.5),
        "the measurement was stopped early by max_cost: its steps have come to $1.50",
    ),
    (
        Reason.of("capacity_step", step=7, rate=162.0, beyond=0.012, text="p99 < 150ms", failed=0.0, kept=0),
        "step 7 at 162/s: 1.2% beyond p99 < 150ms · broken",
    ),
    (
        Reason.of("capacity_step", step=7, rate=162.0, beyond=0.002, text="p99 < 150ms", failed=0.0005, kept=1),
        "step 7 at 162/s: 0.2% beyond p99 < 150ms, 0.05% failed · kept",
    ),
    (Reason.of("capacity_so_far", rate=162.0, low=154.0, high=171.0), "so far: 162/s [154, 171]"),
    (
        Reason.of("capacity_step", step=7, variant="fresh", rate=162.0, beyond=0, text="p99 < 1s", kept=1),
        "step 7, fresh, at 162/s: 0% beyond p99 < 1s · kept",
    ),
    (
        Reason.of("capacity_so_far", variant="fresh", rate=162.0, low=154.0, high=171.0),
        "so far of fresh: 162/s [154, 171]",
    ),
    (Reason.of("capacity_step_again", step=7), "step 7 lost a worker, and was carried out once more"),
]


@pytest.mark.parametrize(("reason", "text"), EACH, ids=lambda value: getattr(value, "code", ""))
def test_a_sentence_says_what_a_reason_is(reason: Reason, text: str) -> None:
    assert sentence(reason) == text


def test_each_code_is_tried_and_each_limit_has_its_words() -> None:
    assert {reason.code for reason, _ in EACH} == {*CAPACITY_SENTENCES} <= {*CODES}
    assert {*LIMITS} == {code for code in CAPACITY_SENTENCES if code.startswith("limit_")}
