"""The sentences of a twin: where a value comes from, and what could not be told."""

from __future__ import annotations

import pytest

from loadgen.report.sentences import sentence
from loadgen.report.twin_sentences import TWIN_SENTENCES, UNKNOWN
from loadgen.result.reason import CODES, Reason

EACH = [
    (Reason.of("twin_http"), "the target was reached over HTTP"),
    (Reason.of("twin_round_trip", connects=60, ms=20.04), "the median TCP handshake of 60 connects took 20.0 ms"),
    (
        Reason.of("twin_round_trip_half", connects=1, ms=20.04),
        "half of the median of 1 connect: 20.0 ms. The target was a sandbox, which delays the handshake as a whole",
    ),
    (
        Reason.of("twin_round_trip_at_most", connects=60, ms=20.04),
        "the fastest answer took so long; the handshakes of 60 connects make the round trip 20.0 ms",
    ),
    (
        Reason.of("twin_round_trip_kernel", ms=20.04),
        "20.0 ms, as the kernel measured it on connections that were open before the run",
    ),
    (
        Reason.of("twin_round_trip_reported", ms=20.04, name="function"),
        "answers take 20.0 ms longer than the time `function` that they report",
    ),
    (
        Reason.of("twin_no_connects"),
        "no connection was opened in the run, so the round trip is not known and stays in the service",
    ),
    (
        Reason.of("twin_service", step="put, read", match="GET /a", requests=1200),
        "the times of 1,200 answers of put, read, less the round trip; no cold starts are among them",
    ),
    (
        Reason.of("twin_timeouts", step="put", timeouts=1),
        "1 timeout of put took longer than anybody knows; they time out on the twin as well",
    ),
    (
        Reason.of("twin_client_inside", client="aiohttp"),
        "client: aiohttp does not tell the target's time by itself, so the times have this machine's part in them",
    ),
    (
        Reason.of("twin_no_answers", step="put", match="GET /a"),
        "put has no successful answers that are warm, so it has no time",
    ),
    (Reason.of("twin_of_a_table"), "a DynamoDB has none"),
    (
        Reason.of("twin_of_a_function", memory_mb=512),
        "the handler's time has Lambda's own in it: the twin's REPORT tells them as one",
    ),
    (
        Reason.of("twin_no_flag"),
        "the answers do not tell cold starts: capture a flag such as header.x-cold and split by it",
    ),
    (Reason.of("twin_never_cold", answers=2000), "none of 2,000 answers was a cold start"),
    (
        Reason.of("twin_flag_of_some", told=900, answers=2000),
        "only 900 of 2,000 answers tell whether they were cold starts",
    ),
    (Reason.of("twin_init", cold=375, ms=300.2), "375 cold starts took 300 ms more than warm answers on average"),
    (Reason.of("twin_most", most=200), "with 200 there are as many cold starts as in the run"),
    (
        Reason.of("twin_most_unknown", most=1000),
        "the run did not come to the greatest number; 1,000 is what an AWS account has at first",
    ),
    (
        Reason.of("twin_idle", low_s=1.8, high_s=4.9),
        "from 1.8 to 4.9 s there are about as many cold starts as in the run; this is in the middle",
    ),
    (Reason.of("twin_overflow", refused=12), "12 requests got a 429 because all environments were busy"),
    (Reason.of("twin_idle", low_s=4.6, high_s=4.6), "with 4.6 s there are about as many cold starts as in the run"),
    (
        Reason.of("twin_idle_unknown"),
        "the run does not tell how long an environment lives that is idle: the default",
    ),
    (
        Reason.of("twin_throttle", rate=120.4, seconds=9, burst=300),
        "in 9 seconds with 429s all around, 120.4/s were let in, and 300 more before",
    ),
    (Reason.of("twin_throttle_unknown", throttled=3), "3 429s do not show the same rate in three seconds"),
    (Reason.of("twin_fault", outcome="http_5xx", requests=20, of=1000), "20 of 1,000 requests ended as http_5xx"),
    (
        Reason.of("twin_not_simulated", outcome="http_4xx", requests=20),
        "20 requests ended as http_4xx, which the sandbox does not do",
    ),
    (Reason.of("twin_left_out"), "left out, as the sandbox needs none"),
    (
        Reason.of("twin_no_table", table="orders"),
        "the run used the table orders, which was there; for the sandbox, add a setup that creates it",
    ),
    (Reason.of("twin_expects"), "left out, as the sandbox has another answer"),
    (Reason.of("twin_captures", now="body.id"), "now body.id, as the sandbox has another answer"),
    (Reason.of("twin_captures"), "left out, as the sandbox does not answer with it"),
    (Reason.of("twin_records"), "left out, as the sandbox does not report it"),
    (
        Reason.of("twin_too_long", requests=2_000_000, most=1_000_000),
        "the run has 2,000,000 requests, and more than 1,000,000 take too long to try",
    ),
    (
        Reason.of("twin_other_load"),
        "the run had another load than its profile says, as --until or a capacity makes it",
    ),
    (Reason.of("twin_cut_short"), "the run was stopped before its planned end, so its load cannot be repeated"),
]


@pytest.mark.parametrize(("reason", "text"), EACH, ids=lambda value: getattr(value, "code", ""))
def test_a_sentence_says_what_a_reason_is(reason: Reason, text: str) -> None:
    assert sentence(reason) == text


def test_each_code_is_tried() -> None:
    assert {reason.code for reason, _ in EACH} == {*TWIN_SENTENCES} <= {*CODES}
    assert {*UNKNOWN} <= {*TWIN_SENTENCES}
