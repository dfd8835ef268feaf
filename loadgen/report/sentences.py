"""Why something is not known, as a sentence. Only this module turns the codes of `result.reason` into words."""

from __future__ import annotations

import math

from loadgen.report.capacity_sentences import CAPACITY_SENTENCES
from loadgen.report.experiment_sentences import EXPERIMENT_SENTENCES
from loadgen.report.finding_sentences import FINDING_SENTENCES
from loadgen.report.notice_sentences import NOTICE_SENTENCES
from loadgen.report.selftest_sentences import SELFTEST_SENTENCES
from loadgen.report.trust_sentences import TRUST_SENTENCES
from loadgen.report.tune_sentences import TUNE_SENTENCES
from loadgen.report.twin_sentences import TWIN_SENTENCES
from loadgen.report.values import Sentence, Values, number, words
from loadgen.report.words import count, several, there
from loadgen.result.reason import Reason

UNITS = ((3600, "hour"), (60, "minute"))


def sentence(reason: Reason) -> str:
    """The reason in words, without a full stop: `needs 1,000 requests, there were 991`. If the code is unknown, because
    a later version wrote it, or its values are wrong, the code itself."""
    try:
        return words(SENTENCES[reason.code], reason.values)
    except (KeyError, TypeError, ValueError, OverflowError):
        return reason.code.replace("_", " ")


def notice_text(notice: Reason) -> str:
    """A warning or a word on the progress, with the run of an experiment that it is about, or how many gave it."""
    values = notice.values
    machine = f"machine {values['machine']}: " if "machine" in values else ""
    run = f"{values['variant']}, round {values['round']}: " if notice.run else machine
    runs = f" ({values['in_runs']} of {values['of_runs']} runs)" if {"in_runs", "of_runs"} <= values.keys() else ""
    return f"{run}{sentence(notice)}{runs}"


def more(reason: Reason) -> str:
    """`about 9 more minutes at this rate`, if so much more time would give the missing figure; else nothing."""
    seconds = reason.values.get("more_s")
    if not isinstance(seconds, float | int) or not math.isfinite(seconds):
        return ""
    return more_time(seconds)


def more_time(seconds: float) -> str:
    """`about 9 more minutes at this rate`."""
    size, unit = next(((size, unit) for size, unit in UNITS if seconds >= 2 * size), (1, "second"))
    amount = max(1, round(seconds / size))
    return f"about {amount:,} more {unit if amount == 1 else f'{unit}s'} at this rate"


def at_least(ms: float) -> str:
    """A bound in ms, rounded down."""
    return f"{math.floor(round(ms * 1e6) / 1000) / 1000:.15g}"


def _too_few(values: Values) -> str:
    return f"needs {several(number(values, 'needs'), 'request')}, {there(number(values, 'count'))}"


def _too_short(values: Values) -> str:
    needs, seconds = number(values, "needs"), number(values, "seconds")
    return f"needs {needs:,.3g} seconds, there {'was' if seconds == 1 else 'were'} {seconds:,.3g}"


def _few_bursts(values: Values) -> str:
    seen, needs = number(values, "bursts"), number(values, "needs")
    return f"{several(seen, 'burst')} {'was' if seen == 1 else 'were'} seen, {count(needs)} are needed"


def _among_timeouts(values: Values) -> str:
    timeouts = number(values, "timeouts")
    falls = "is the only timeout" if timeouts == 1 else f"falls among the {count(timeouts)} timeouts"
    return f"> {at_least(number(values, 'bound_ms'))} ms: it {falls}"


def _beside_timeouts(values: Values) -> str:
    return f"not known: {several(number(values, 'timeouts'), 'timeout')} may lie on either side of it"


def _censored(values: Values) -> str:
    bound = f"> {at_least(number(values, 'bound_ms'))} ms: " if "bound_ms" in values else ""
    timeouts = number(values, "timeouts")
    return f"{bound}{several(timeouts, 'timeout')} {_are(timeouts)} known only to have lasted longer"


def _unstamped(values: Values) -> str:
    requests, of = number(values, "requests"), number(values, "of")
    if requests == of:
        return "not known: no request has a stamp of the kernel"
    lack = "has" if requests == 1 else "have"
    return f"not known: {count(requests)} of {several(of, 'request')} {lack} no stamp of the kernel"


def _too_few_events(values: Values) -> str:
    worth = f"; they may be worth as few as {values['worth']:.1f}" if "worth" in values else ""
    return f"needs {values['needs']:,} independent events beyond it, there were {values['events']:.1f}{worth}"


def _workers_have_none(values: Values) -> str:
    timeouts = number(values, "timeouts")
    return f"the workers have none: {'it falls among the timeouts' if timeouts else 'too few exchanges'}"


def _nothing_answered(values: Values) -> str:
    return f"nothing answered: {_most_frequent(values)}"


def _everything_failed(values: Values) -> str:
    return f"everything failed: {_most_frequent(values)}"


def _most_frequent(values: Values) -> str:
    failed, sent = number(values, "count"), number(values, "sent")
    often = "most often " if failed < sent else ""
    run = f" ({values['variant']}, round {values['round']})" if "variant" in values else ""
    return f"{often}{values['reason'] or values['outcome']}, {count(failed)} of {count(sent)}{run}"


def _few_events(values: Values) -> str:
    return f"its interval rests on {several(number(values, 'events'), 'independent event')}"


def _off_schedule(values: Values) -> str:
    displaced, requests, waited = (number(values, name) for name in ("displaced", "requests", "waited"))
    late = displaced - waited
    others = f", and {count(late)} left late or {'was' if late == 1 else 'were'} not sent" if late else ""
    of = f" of {values['variant']}" if "variant" in values else ""
    slowest = f"of the {count(requests)} slowest requests {count(waited)} waited for a connection"
    return f"the target{of} had another load than planned: {slowest}{others}"


def _too_few_of_workers(values: Values) -> str:
    exchanges = number(values, "count")
    return f"{several(exchanges, 'exchange')} of the workers {_are(exchanges)} too few"


def _too_few_of_witness(values: Values) -> str:
    needs = number(values, "needs")
    return f"the witness had {several(number(values, 'count'), 'exchange')}, {count(needs)} {_are(needs)} needed"


def _are(amount: float) -> str:
    return "is" if amount == 1 else "are"


SENTENCES: dict[str, Sentence] = {
    "too_few": _too_few,
    "among_timeouts": _among_timeouts,
    "beside_timeouts": _beside_timeouts,
    "censored": _censored,
    "unstamped": _unstamped,
    "no_figure": "there is no such figure",
    "no_requests": "there were no requests",
    "all_timed_out": "every request timed out",
    "too_short": _too_short,
    "few_bursts": _few_bursts,
    "not_settled": "not settled: it depends on how long the phase ran",
    "too_few_events": _too_few_events,
    "few_events": _few_events,
    "no_upper_bound": "its interval has no upper end",
    "at_once": "all requests were due at the same instant; an interval takes requests in several seconds",
    "not_saved": "the run's folder, which it is computed from, could not be written",
    "not_in_folder": "the run's folder does not hold all of it",
    "folder_unreadable": "the run's folder cannot be read: {error}",
    "none_ok": "the {of} had no exchanges that were ok",
    "too_few_of_workers": _too_few_of_workers,
    "too_few_of_witness": _too_few_of_witness,
    "workers_have_none": _workers_have_none,
    "off_schedule": _off_schedule,
    "not_decided": "too few requests to decide",
    "nothing_sent": "nothing was sent",
    "cold_not_told": "no answer tells whether it was a cold start: capture cold, and split_by: [cold]",
    "nothing_before": "the phase before has no p99 with an interval, which this one would be compared with",
    "not_recovered": "p99 was not back when the phase ended, after {ran_s:.3g} s",
    "counts_unread": "a node was lost with its counts, and how much it sent is not known",
    "stopped_before": "the run was stopped before it",
    "stopped_after": "the run was stopped after {ran_s:.3g} s of it",
    "stopped": "the run was stopped",
    "run_invalid": "{signal} is INVALID. --accept-invalid decides nevertheless",
    "figure_invalid": "the generator made {own_ms:.3g} ms of it, {share:.1%}. --accept-invalid decides nevertheless",
    "part_of_rate": "on 1 of {of} machines, compared with its part of the limit",
    "met_with_own": "kept, although the generator made {share:.1%} of it",
    "nothing_answered": _nothing_answered,
    "everything_failed": _everything_failed,
    **CAPACITY_SENTENCES,
    **TUNE_SENTENCES,
    **EXPERIMENT_SENTENCES,
    **FINDING_SENTENCES,
    **SELFTEST_SENTENCES,
    **TRUST_SENTENCES,
    **TWIN_SENTENCES,
    **NOTICE_SENTENCES,
}
