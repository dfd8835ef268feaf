"""The sentences of a self-test's reasons: why a rate was not VALID, and why a self-test was not believed."""

from __future__ import annotations

from collections.abc import Callable

from loadgen.report.words import count
from loadgen.result.reason import Reason

ANOTHER = {
    "cpu": "another CPU", "cpus": "another number of CPUs", "kernel": "another kernel", "python": "another Python",
    "loadgen": "another loadgen",
}  # fmt: skip


def sentence(reason: Reason) -> str:
    """Raises KeyError for a reason that is no self-test's."""
    return SENTENCES[reason.code](reason)


def _requests_failed(reason: Reason) -> str:
    counts = [f"{count(float(number))} {outcome}" for outcome, number in reason.values.items()]
    return f"requests failed: {', '.join(counts)}"


def _not_valid(reason: Reason) -> str:
    return f"{reason.values.get('signal', '')} {reason.values.get('value', '')}"


def _elsewhere(reason: Reason) -> str:
    others = [words for name, words in ANOTHER.items() if name in reason.values]
    return f"{_file(reason)} is of {', '.join(others) or 'another machine'}, and not believed"


def _unreadable(reason: Reason) -> str:
    return f"{_file(reason)} cannot be read ({reason.values.get('error', '')}), and was ignored"


def _malformed(reason: Reason) -> str:
    return f"{_file(reason)} is not as loadgen wrote it, and was ignored"


def _other_version(reason: Reason) -> str:
    return f"{_file(reason)} is of another version of loadgen, and was ignored: run `loadgen selftest` again"


def _file(reason: Reason) -> str:
    return f"the self-test in {reason.values.get('path', '')}"


SENTENCES: dict[str, Callable[[Reason], str]] = {
    "requests_failed": _requests_failed,
    "not_valid": _not_valid,
    "selftest_elsewhere": _elsewhere,
    "selftest_unreadable": _unreadable,
    "selftest_malformed": _malformed,
    "selftest_other_version": _other_version,
}
