"""Why something is not known, as a sentence: each code with its values, without those that may be missing, and with
such as nobody would write."""

from __future__ import annotations

import pytest

from loadgen.report.capacity_sentences import CAPACITY_SENTENCES
from loadgen.report.experiment_sentences import EXPERIMENT_SENTENCES
from loadgen.report.finding_sentences import FINDING_SENTENCES
from loadgen.report.notice_sentences import NOTICE_SENTENCES
from loadgen.report.selftest_sentences import SELFTEST_SENTENCES
from loadgen.report.sentences import SENTENCES, at_least, more, sentence
from loadgen.report.trust_sentences import TRUST_SENTENCES
from loadgen.report.tune_sentences import TUNE_SENTENCES
from loadgen.report.twin_sentences import TWIN_SENTENCES
from loadgen.result.reason import CODES, Reason

EACH = [
    (Reason.of("too_few", needs=1000, count=991), "needs 1,000 requests, there were 991"),
    (
        Reason.of("among_timeouts", bound_ms=2000.0, timeouts=1030),
        "> 2000 ms: it falls among the 1,030 timeouts",
    ),
    (
        Reason.of("beside_timeouts", timeouts=1030),
        "not known: 1,030 timeouts may lie on either side of it",
    ),
    (
        Reason.of("censored", bound_ms=69.7, timeouts=30),
        "> 69.7 ms: 30 timeouts are known only to have lasted longer",
    ),
    (Reason.of("censored", timeouts=1030), "1,030 timeouts are known only to have lasted longer"),
    (Reason.of("unstamped", requests=1030, of=1030), "not known: no request has a stamp of the kernel"),
    (Reason.of("unstamped", requests=1, of=2000), "not known: 1 of 2,000 requests has no stamp of the kernel"),
    (
        Reason.of("off_schedule", requests=1030, displaced=500, waited=499),
        "the target had another load than planned: of the 1,030 slowest requests 499 waited for a connection, and 1 "
        "left late or was not sent",
    ),
    (
        Reason.of("off_schedule", requests=30, displaced=20, waited=20, variant="fresh"),
        "the target of fresh had another load than planned: of the 30 slowest requests 20 waited for a connection",
    ),
    (Reason.of("no_figure"), "there is no such figure"),
    (Reason.of("no_requests"), "there were no requests"),
    (Reason.of("all_timed_out"), "every request timed out"),
    (Reason.of("too_short", needs=20, seconds=5, more_s=15), "needs 20 seconds, there were 5"),
    (
        Reason.of("too_few_events", needs=5, events=2.34, more_s=60.0),
        "needs 5 independent events beyond it, there were 2.3",
    ),
    (
        Reason.of("too_few_events", needs=5, events=101.0, worth=1.1, more_s=60.0),
        "needs 5 independent events beyond it, there were 101.0; they may be worth as few as 1.1",
    ),
    (Reason.of("too_short", needs=1.25, seconds=1.0, more_s=0.25), "needs 1.25 seconds, there was 1"),
    (Reason.of("few_bursts", needs=8, bursts=3), "3 bursts were seen, 8 are needed"),
    (Reason.of("few_bursts", needs=8, bursts=1), "1 burst was seen, 8 are needed"),
    (Reason.of("not_settled"), "not settled: it depends on how long the phase ran"),
    (Reason.of("few_events", events=7), "its interval rests on 7 independent events"),
    (Reason.of("no_upper_bound"), "its interval has no upper end"),
    (
        Reason.of("at_once"),
        "all requests were due at the same instant; an interval takes requests in several seconds",
    ),
    (Reason.of("not_saved"), "the run's folder, which it is computed from, could not be written"),
    (Reason.of("not_in_folder"), "the run's folder does not hold all of it"),
    (
        Reason.of("folder_unreadable", error="[Errno 13] Permission denied"),
        "the run's folder cannot be read: [Errno 13] Permission denied",
    ),
    (Reason.of("none_ok", of="witness"), "the witness had no exchanges that were ok"),
    (Reason.of("too_few_of_workers", count=1200), "1,200 exchanges of the workers are too few"),
    (
        Reason.of("too_few_of_witness", count=150, needs=1600),
        "the witness had 150 exchanges, 1,600 are needed",
    ),
    (Reason.of("workers_have_none", timeouts=3), "the workers have none: it falls among the timeouts"),
    (Reason.of("workers_have_none", timeouts=0), "the workers have none: too few exchanges"),
    (
        Reason.of("nothing_answered", outcome="refused", reason="connection refused", count=77, sent=77),
        "nothing answered: connection refused, 77 of 77",
    ),
    (
        Reason.of("nothing_answered", outcome="timeout", reason="", count=1500, sent=1512),
        "nothing answered: most often timeout, 1,500 of 1,512",
    ),
    (
        Reason.of("everything_failed", outcome="http_4xx", reason="status 401", count=7, sent=9).of_run("b", 2),
        "everything failed: most often status 401, 7 of 9 (b, round 2)",
    ),
    (Reason.of("not_decided"), "too few requests to decide"),
    (Reason.of("counts_unread"), "a node was lost with its counts, and how much it sent is not known"),
    (Reason.of("nothing_sent"), "nothing was sent"),
    (
        Reason.of("cold_not_told"),
        "no answer tells whether it was a cold start: capture cold, and split_by: [cold]",
    ),
    (
        Reason.of("nothing_before"),
        "the phase before has no p99 with an interval, which this one would be compared with",
    ),
    (Reason.of("not_recovered", ran_s=12.0), "p99 was not back when the phase ended, after 12 s"),
    (Reason.of("stopped_before"), "the run was stopped before it"),
    (Reason.of("stopped_after", ran_s=0.5), "the run was stopped after 0.5 s of it"),
    (Reason.of("stopped_after", ran_s=1.0), "the run was stopped after 1 s of it"),
    (Reason.of("stopped"), "the run was stopped"),
    (Reason.of("run_invalid", signal="clock"), "clock is INVALID. --accept-invalid decides nevertheless"),
    (
        Reason.of("figure_invalid", quantile="p99", share=0.123, own_ms=2.0),
        "the generator made 2 ms of it, 12.3%. --accept-invalid decides nevertheless",
    ),
    (Reason.of("part_of_rate", of=8), "on 1 of 8 machines, compared with its part of the limit"),
    (Reason.of("met_with_own", share=0.123), "kept, although the generator made 12.3% of it"),
]


def test_each_code_has_a_sentence_and_each_sentence_a_code() -> None:
    assert set(SENTENCES) == set(CODES)
    tables = (EXPERIMENT_SENTENCES, FINDING_SENTENCES, SELFTEST_SENTENCES, TRUST_SENTENCES, NOTICE_SENTENCES)
    assert sum(map(len, tables)) == len(set().union(*tables))


@pytest.mark.parametrize(("reason", "text"), EACH, ids=lambda value: getattr(value, "code", ""))
def test_a_reason_is_a_sentence(reason: Reason, text: str) -> None:
    assert sentence(reason) == text


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Reason.of("too_few", needs=100, count=1), "needs 100 requests, there was 1"),
        (Reason.of("among_timeouts", bound_ms=2000.0, timeouts=1), "> 2000 ms: it is the only timeout"),
        (Reason.of("beside_timeouts", timeouts=1), "not known: 1 timeout may lie on either side of it"),
        (Reason.of("censored", timeouts=1), "1 timeout is known only to have lasted longer"),
        (Reason.of("too_short", needs=20, seconds=1, more_s=19), "needs 20 seconds, there was 1"),
        (Reason.of("few_events", events=1), "its interval rests on 1 independent event"),
        (Reason.of("too_few_of_workers", count=1), "1 exchange of the workers is too few"),
        (Reason.of("too_few_of_witness", count=1, needs=1600), "the witness had 1 exchange, 1,600 are needed"),
        (Reason.of("unplanned_look", rounds=1, planned="6"), "1 round is complete, and a verdict was planned after 6"),
        (Reason.of("too_few_rounds", needs=6, rounds=1), "1 round: no interval, which takes 6"),
    ],
    ids=lambda value: getattr(value, "code", ""),
)
def test_one_of_a_thing_is_in_the_singular(reason: Reason, text: str) -> None:
    assert sentence(reason) == text


OF_COMMANDS = (CAPACITY_SENTENCES, TUNE_SENTENCES, TWIN_SENTENCES)


def test_each_code_of_a_run_is_tried() -> None:
    others = (EXPERIMENT_SENTENCES, FINDING_SENTENCES, SELFTEST_SENTENCES, TRUST_SENTENCES, NOTICE_SENTENCES)
    assert {reason.code for reason, _ in EACH} == {*SENTENCES}.difference(*others, *OF_COMMANDS)


@pytest.mark.parametrize("code", ["of_a_later_version", "{needs}", "", "nö_such_thing"])
def test_a_code_that_nobody_knows_is_its_words(code: str) -> None:
    assert sentence(Reason(code, {"needs": 5})) == code.replace("_", " ")


TEXTS = {"error", "of", "outcome", "reason", "variant", "round", "signal", "quantile"}  # values that are words


@pytest.mark.parametrize(
    ("reason", "name"),
    [(reason, name) for reason, _ in EACH for name in reason.values if name not in TEXTS and name != "more_s"],
    ids=lambda value: getattr(value, "code", value),
)
def test_a_text_where_a_number_should_be_gives_the_code_in_words(reason: Reason, name: str) -> None:
    for text in ("many", "12", "", "{needs}", "inf", "nan"):
        assert sentence(Reason(reason.code, {**reason.values, name: text})) == reason.code.replace("_", " ")


@pytest.mark.parametrize("code", sorted({reason.code for reason, _ in EACH if set(reason.values) - {"more_s"}}))
def test_without_its_values_a_reason_is_its_code_in_words(code: str) -> None:
    assert sentence(Reason(code)) == code.replace("_", " ")


def test_a_text_of_a_reason_is_no_template() -> None:
    assert sentence(Reason("folder_unreadable", {"error": "{needs:,} {0} %s"})).endswith(": {needs:,} {0} %s")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "about 1 more second at this rate"),
        (15, "about 15 more seconds at this rate"),
        (119.4, "about 119 more seconds at this rate"),
        (540, "about 9 more minutes at this rate"),
        (7199, "about 120 more minutes at this rate"),
        (7200, "about 2 more hours at this rate"),
        (36_000_000, "about 10,000 more hours at this rate"),
        ("soon", ""),
        (float("inf"), ""),
        (None, ""),
    ],
)
def test_what_would_give_it(seconds: float | str | None, text: str) -> None:
    assert more(Reason.of("too_short", needs=20, seconds=5, more_s=seconds)) == text


@pytest.mark.parametrize(
    ("ms", "text"),
    [(2000.0, "2000"), (1999.999999, "1999.999"), (69.7, "69.7"), (0.0004, "0"), (16.1, "16.1"), (3.6e6, "3600000")],
)
def test_a_bound_is_never_rounded_up(ms: float, text: str) -> None:
    assert at_least(ms) == text
