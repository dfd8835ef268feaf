"""The reasons of a self-test as sentences: why a rate was not VALID, and why a self-test was not used. `sentences`
combines them with those of a run."""

from __future__ import annotations

from loadgen.report.trust_sentences import TRUST_SENTENCES
from loadgen.report.values import Sentence, Values, words

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


def _progress(values: Values, text: str) -> str:
    at = f"{values['after_s']:4.0f} s of about {values['of_s']} s  " if "of_s" in values else ""
    return f"{at}{text}"


def _noise(values: Values) -> str:
    return _progress(values, f"noise: p50 {_ms(values, 'p50_ms')}, p99 {_ms(values, 'p99_ms')}")


def _pacing(values: Values) -> str:
    late = f"{_ms(values, 'p50_ms')} late at p50, {_ms(values, 'p99_ms')} at p99"
    return _progress(values, f"pacing: {values['rate']:,}/s left {late}")


def _connections(values: Values) -> str:
    return _progress(values, f"new connections: {values['scheme']} {values['per_second']:,}/s")


def _tried(values: Values) -> str:
    why = words(SELFTEST_SENTENCES[str(values["why"])], _of_trial(values)) if "why" in values else "VALID"
    return _progress(values, f"{values['scheme']} at {values['rate']:,.0f}/s: {why}")


def _of_trial(values: Values) -> Values:
    return {name: value for name, value in values.items() if name not in TRIAL}


def _ms(values: Values, name: str) -> str:
    return f"{values[name]:.3f} ms" if name in values else "not known"


def _asked(values: Values) -> str:
    kind = f"new {values['scheme']} connections" if "connections" in values else f"{values['scheme']} requests"
    of = "each" if float(values["workers"]) > 1 else "one"
    return f"{values['rate']:,.0f} {kind} a second are asked of {of} worker"


def _did(values: Values) -> str:
    did = "made" if "connections" in values else "stayed VALID up to"
    return f"the self-test of {values['day']} {did} {values['ceiling']:,.0f}"


def _beyond(values: Values) -> str:
    room = f"--workers {values['needed']:.0f}" if "needed" in values else "more machines or CPUs"
    return f"{_asked(values)}, and {_did(values)}: this machine may make the tail. Use {room}, or a lower rate"


def _beyond_all(values: Values) -> str:
    return f"{_asked(values)}: more than was ever tried, as {_did(values)} or more"


def _none_valid(values: Values) -> str:
    return (
        f"{_asked(values)}, and in the self-test of {values['day']} not even {values['ceiling']:,.0f} stayed VALID: "
        "this machine may make the tail"
    )


TRIAL = {"scheme", "rate", "why", "after_s", "of_s"}  # the values of a trial, beside those of its reason

SELFTEST_SENTENCES: dict[str, Sentence] = {
    "requests_failed": _requests_failed,
    "not_valid": _not_valid,
    "busy_before": "other work was going on (load average {load_average:.1f} before): these are figures of this "
    "machine with that work",
    "not_measured": "{what} could not be measured: {error}",
    "not_saved_selftest": "not saved: {error}",
    "noise_measured": _noise,
    "pacing_measured": _pacing,
    "connections_measured": _connections,
    "rate_tried": _tried,
    "beyond_selftest": _beyond,
    "beyond_all_tried": _beyond_all,
    "none_was_valid": _none_valid,
    "selftest_elsewhere": _elsewhere,
    "selftest_unreadable": "the self-test in {path} cannot be read ({error}), and was ignored",
    "selftest_malformed": "the self-test in {path} is not as loadgen wrote it, and was ignored",
    "selftest_other_version": "the self-test in {path} is of another version of loadgen, and was ignored: run `loadgen "
    "selftest` again",
}
