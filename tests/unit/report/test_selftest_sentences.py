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
)
def test_it_says_what_it_knows(reason: Reason, text: str) -> None:
    assert sentence(reason) == text


@pytest.mark.parametrize("code", sorted(SELFTEST_SENTENCES))
def test_one_without_its_numbers_is_said_all_the_same(code: str) -> None:
    assert sentence(Reason(code)).isprintable()
