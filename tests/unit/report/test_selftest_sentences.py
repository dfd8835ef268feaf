"""The sentences of a self-test's reasons."""

from __future__ import annotations

import pytest

from loadgen.report.selftest_sentences import SELFTEST_SENTENCES
from loadgen.report.sentences import sentence
from loadgen.result.reason import CODES, Reason


def test_each_is_of_the_vocabulary() -> None:
    assert {*SELFTEST_SENTENCES} <= {*CODES}
    assert {code for code in CODES if code.startswith("selftest_")} <= {*SELFTEST_SENTENCES}


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Reason.of("requests_failed", timeout=1200, reset=3), "requests failed: 1,200 timeout, 3 reset"),
        (
            Reason.of("not_valid", signal="rate held", observed="rate_held", share=0.9708, verdict="INVALID"),
            "rate held 97.08%",
        ),
        (
            Reason.of("busy_before", load_average=1.44),
            "other work was going on (load average 1.4 before): these are figures of this machine with that work",
        ),
        (Reason.of("not_measured", what="pacing", error="no ports"), "pacing could not be measured: no ports"),
        (Reason.of("not_saved_selftest", error="it is not complete"), "not saved: it is not complete"),
        (Reason.of("noise_measured", p50_ms=0.12, p99_ms=1.5), "noise: p50 0.120 ms, p99 1.500 ms"),
        (
            Reason.of("pacing_measured", rate=10_000, p50_ms=0.01, after_s=12.3, of_s=120),
            "  12 s of about 120 s  pacing: 10,000/s left 0.010 ms late at p50, not known at p99",
        ),
        (
            Reason.of("connections_measured", scheme="https", per_second=1200),
            "new connections: https 1,200/s",
        ),
        (Reason.of("rate_tried", scheme="http", rate=50), "http at 50/s: VALID"),
        (
            Reason.of(
                "rate_tried", scheme="http", rate=24_000, why="not_valid", signal="core use", observed="core_use",
                share=0.91, after_s=30.0, of_s=120,
            ),
            "  30 s of about 120 s  http at 24,000/s: core use 91%",
        ),
        (
            Reason.of("rate_tried", scheme="http", rate=9, why="requests_failed", timeout=3, after_s=1.0, of_s=12),
            "   1 s of about 12 s  http at 9/s: requests failed: 3 timeout",
        ),
        (
            Reason.of("beyond_selftest", scheme="http", day="2026-11-22", rate=60_000, workers=1, ceiling=24_000,
                      needed=3),
            "60,000 http requests a second are asked of one worker, and the self-test of 2026-11-22 stayed VALID up to "
            "24,000: this machine may make the tail. Use --workers 3, or a lower rate",
        ),
        (
            Reason.of("beyond_selftest", scheme="http", day="2026-11-22", rate=60_000, workers=4, ceiling=9_000,
                      connections=1),
            "60,000 new http connections a second are asked of each worker, and the self-test of 2026-11-22 made "
            "9,000: this machine may make the tail. Use more machines or CPUs, or a lower rate",
        ),
        (
            Reason.of("beyond_all_tried", scheme="https", day="2026-11-22", rate=20_000, workers=1, ceiling=19_000),
            "20,000 https requests a second are asked of one worker: more than was ever tried, as the self-test of "
            "2026-11-22 stayed VALID up to 19,000 or more",
        ),
        (
            Reason.of("none_was_valid", scheme="http", day="2026-11-22", rate=2100, workers=1, ceiling=2100),
            "2,100 http requests a second are asked of one worker, and in the self-test of 2026-11-22 not even 2,100 "
            "stayed VALID: this machine may make the tail",
        ),
        (
            Reason.of("selftest_elsewhere", path="/f", cpu="Slow 1", cpus=2),
            "the self-test in /f is of another CPU, another number of CPUs, and not believed",
        ),
        (
            Reason.of("selftest_unreadable", path="/f", error="Is a directory"),
            "the self-test in /f cannot be read (Is a directory), and was ignored",
        ),
        (Reason.of("selftest_malformed", path="/f"), "the self-test in /f is not as loadgen wrote it, and was ignored"),
        (
            Reason.of("selftest_other_version", path="/f"),
            "the self-test in /f is of another version of loadgen, and was ignored: run `loadgen selftest` again",
        ),
    ],
)  # fmt: skip
def test_it_says_what_it_knows(reason: Reason, text: str) -> None:
    assert sentence(reason) == text


@pytest.mark.parametrize("code", sorted(SELFTEST_SENTENCES))
def test_one_without_its_numbers_is_said_all_the_same(code: str) -> None:
    assert sentence(Reason(code)).isprintable()
