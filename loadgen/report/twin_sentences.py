"""Where a value of a twin's sandbox comes from, or why it has none, as sentences. `sentences` combines them."""

from __future__ import annotations

from loadgen.report.values import Sentence, Values, number
from loadgen.report.words import count, ms, rate, several

UNKNOWN = frozenset(
    {
        "twin_no_connects",
        "twin_client_inside",
        "twin_no_answers",
        "twin_no_flag",
        "twin_flag_of_some",
        "twin_most_unknown",
        "twin_idle_unknown",
        "twin_throttle_unknown",
        "twin_timeouts",
        "twin_not_simulated",
        "twin_no_table",
    }
)
"""What a reader should know who trusts the twin: it could not be told, and is left at its default."""


def _trip(of: str) -> Sentence:
    return lambda values: of.format(ms=ms(number(values, "ms")), connects=_connects(values))


def _connects(values: Values) -> str:
    return several(number(values, "connects"), "connect")


def _service(values: Values) -> str:
    answers = several(number(values, "requests"), "answer")
    return f"the times of {answers} of {values['step']}, less the round trip; no cold starts are among them"


def _timeouts(values: Values) -> str:
    timeouts = several(number(values, "timeouts"), "timeout")
    return f"{timeouts} of {values['step']} took longer than anybody knows; they time out on the twin as well"


def _init(values: Values) -> str:
    cold = several(number(values, "cold"), "cold start")
    return f"{cold} took {ms(number(values, 'ms'))} ms more than warm answers on average"


def _idle(values: Values) -> str:
    low, high = number(values, "low_s"), number(values, "high_s")
    if low == high:
        return f"with {low:g} s there are about as many cold starts as in the run"
    return f"from {low:g} to {high:g} s there are about as many cold starts as in the run; this is in the middle"


def _throttle(values: Values) -> str:
    within = several(number(values, "seconds"), "second")
    let_in = rate(number(values, "rate"))
    return f"in {within} with 429s all around, {let_in} were let in, and {count(number(values, 'burst'))} more before"


def _fault(values: Values) -> str:
    of = several(number(values, "of"), "request")
    return f"{count(number(values, 'requests'))} of {of} ended as {values['outcome']}"


TWIN_SENTENCES: dict[str, Sentence] = {
    "twin_http": "the target was reached over HTTP",
    "twin_round_trip": _trip("the median TCP handshake of {connects} took {ms} ms"),
    "twin_round_trip_half": _trip(
        "half of the median of {connects}: {ms} ms. The target was a sandbox, which delays the handshake as a whole"
    ),
    "twin_round_trip_at_most": _trip(
        "the fastest answer took so long; the handshakes of {connects} make the round trip {ms} ms"
    ),
    "twin_round_trip_kernel": lambda values: (
        f"{ms(number(values, 'ms'))} ms, as the kernel measured it on connections that were open before the run"
    ),
    "twin_round_trip_reported": lambda values: (
        f"answers take {ms(number(values, 'ms'))} ms longer than the time `{values['name']}` that they report"
    ),
    "twin_no_connects": "no connection was opened in the run, so the round trip is not known and stays in the service",
    "twin_service": _service,
    "twin_timeouts": _timeouts,
    "twin_client_inside": (
        "client: {client} does not tell the target's time by itself, so the times have this machine's part in them"
    ),
    "twin_no_answers": "{step} has no successful answers that are warm, so it has no time",
    "twin_of_a_table": "a DynamoDB has none",
    "twin_of_a_function": "the handler's time has Lambda's own in it: the twin's REPORT tells them as one",
    "twin_no_flag": "the answers do not tell cold starts: capture a flag such as header.x-cold and split by it",
    "twin_never_cold": lambda values: f"none of {several(number(values, 'answers'), 'answer')} was a cold start",
    "twin_flag_of_some": lambda values: (
        f"only {count(number(values, 'told'))} of {several(number(values, 'answers'), 'answer')} "
        "tell whether they were cold starts"
    ),
    "twin_init": _init,
    "twin_most": lambda values: f"with {count(number(values, 'most'))} there are as many cold starts as in the run",
    "twin_most_unknown": lambda values: (
        "the run did not come to the greatest number; "
        f"{count(number(values, 'most'))} is what an AWS account has at first"
    ),
    "twin_overflow": lambda values: (
        f"{several(number(values, 'refused'), 'request')} got a 429 because all environments were busy"
    ),
    "twin_idle": _idle,
    "twin_idle_unknown": "the run does not tell how long an environment lives that is idle: the default",
    "twin_throttle": _throttle,
    "twin_throttle_unknown": lambda values: (
        f"{several(number(values, 'throttled'), '429')} do not show the same rate in three seconds"
    ),
    "twin_fault": _fault,
    "twin_not_simulated": lambda values: (
        f"{several(number(values, 'requests'), 'request')} ended as {values['outcome']}, which the sandbox does not do"
    ),
    "twin_left_out": "left out, as the sandbox needs none",
    "twin_no_table": "the run used the table {table}, which was there; for the sandbox, add a setup that creates it",
    "twin_expects": "left out, as the sandbox has another answer",
    "twin_captures": lambda values: (
        f"now {values['now']}, as the sandbox has another answer"
        if "now" in values
        else "left out, as the sandbox does not answer with it"
    ),
    "twin_records": "left out, as the sandbox does not report it",
    "twin_too_long": lambda values: (
        f"the run has {several(number(values, 'requests'), 'request')}, "
        f"and more than {count(number(values, 'most'))} take too long to try"
    ),
    "twin_other_load": "the run had another load than its profile says, as --until or a capacity makes it",
    "twin_cut_short": "the run was stopped before its planned end, so its load cannot be repeated",
}
