"""The reasons of a self-test as sentences: why a rate was not VALID, and why a self-test was not used. `sentences`
combines them with those of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from loadgen.report.trust_sentences import TRUST_SENTENCES, words

Values = Mapping[str, float | str]

ANOTHER = {
    "cpu": "another CPU", "cpus": "another number of CPUs", "kernel": "another kernel", "python": "another Python",
    "loadgen": "another loadgen",
}  # fmt: skip


def _requests_failed(values: Values) -> str:
    return "requests failed: " + ", ".join(f"{number:,} {outcome}" for outcome, number in values.items())


def _not_valid(values: Values) -> str:
    return f"{values['signal']} {words(TRUST_SENTENCES[str(values['observed'])], values)}"


def _elsewhere(values: Values) -> str:
    others = [words for name, words in ANOTHER.items() if name in values]
    return f"the self-test in {values['path']} is of {', '.join(others) or 'another machine'}, and not believed"


SELFTEST_SENTENCES: dict[str, str | Callable[[Values], str]] = {
    "requests_failed": _requests_failed,
    "not_valid": _not_valid,
    "selftest_elsewhere": _elsewhere,
    "selftest_unreadable": "the self-test in {path} cannot be read ({error}), and was ignored",
    "selftest_malformed": "the self-test in {path} is not as loadgen wrote it, and was ignored",
    "selftest_other_version": "the self-test in {path} is of another version of loadgen, and was ignored: run `loadgen "
    "selftest` again",
}
