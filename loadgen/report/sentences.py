"""Why something is not known, as a sentence. Only this module turns the codes of `result.reason` into words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from loadgen.report.experiment_sentences import EXPERIMENT_SENTENCES
from loadgen.report.notice_sentences import NOTICE_SENTENCES
from loadgen.report.selftest_sentences import SELFTEST_SENTENCES
from loadgen.report.trust_sentences import TRUST_SENTENCES
from loadgen.report.words import count
from loadgen.result.reason import Reason

Values = Mapping[str, float | str]
UNITS = ((3600, "hour"), (60, "minute"))


def sentence(reason: Reason) -> str:
    """The reason in words, without a full stop: `needs 1,000 requests, there were 991`. If the code is unknown, because
    a later version wrote it, or its values are wrong, the code itself."""
    try:
        made = SENTENCES[reason.code]
        return made(reason.values) if callable(made) else made.format_map(reason.values)
    except (KeyError, TypeError, ValueError, OverflowError):
        return reason.code.replace("_", " ")


def notice_text(notice: Reason) -> str:
    """A warning or a word on the progress, with the run of an experiment that it is about, or how many gave it."""
    values = notice.values
    run = f"{values['variant']}, round {values['round']}: " if notice.run else ""
    runs = f" ({values['in_runs']} of {values['of_runs']} runs)" if {"in_runs", "of_runs"} <= values.keys() else ""
    return f"{run}{sentence(notice)}{runs}"


def more(reason: Reason) -> str:
    """`about 9 more minutes at this rate`, if so much more time would give the missing figure; else nothing."""
    seconds = reason.values.get("more_s")
    if not isinstance(seconds, float | int) or not math.isfinite(seconds):
        return ""
    size, unit = next(((size, unit) for size, unit in UNITS if seconds >= 2 * size), (1, "second"))
    number = max(1, round(seconds / size))
    return f"about {number:,} more {unit}{'s' if number != 1 else ''} at this rate"


def at_least(ms: float) -> str:
    """A bound in ms, rounded down."""
    return f"{math.floor(round(ms * 1e6) / 1000) / 1000:.15g}"


def _among_timeouts(values: Values) -> str:
    timeouts = count(_number(values, "timeouts"))
    return f"> {at_least(_number(values, 'bound_ms'))} ms: it falls among the {timeouts} timeouts"


def _censored(values: Values) -> str:
    bound = f"> {at_least(_number(values, 'bound_ms'))} ms: " if "bound_ms" in values else ""
    return f"{bound}{count(_number(values, 'timeouts'))} timeouts are known only to have lasted longer"


def _too_few_events(values: Values) -> str:
    worth = f"; they may be worth as few as {values['worth']:.1f}" if "worth" in values else ""
    return f"needs {values['needs']:,} independent events beyond it, there were {values['events']:.1f}{worth}"


def _workers_have_none(values: Values) -> str:
    timeouts = _number(values, "timeouts")
    return f"the workers have none: {'it falls among the timeouts' if timeouts else 'too few exchanges'}"


def _number(values: Values, name: str) -> float:
    value = values[name]
    if isinstance(value, str):
        raise TypeError(f"{name} is no number")
    return value


SENTENCES: dict[str, str | Callable[[Values], str]] = {
    "too_few": "needs {needs:,} requests, there were {count:,}",
    "among_timeouts": _among_timeouts,
    "beside_timeouts": "not known: {timeouts:,} timeouts may lie on either side of it",
    "censored": _censored,
    "no_figure": "there is no such figure",
    "no_requests": "there were no requests",
    "all_timed_out": "every request timed out",
    "too_short": "needs {needs:,} seconds, there were {seconds:,}",
    "too_few_events": _too_few_events,
    "few_events": "its interval rests on {events:,} independent events",
    "no_upper_bound": "its interval has no upper end",
    "at_once": "all were due at the same instant, and only seconds would tell how much they vary",
    "not_saved": "the run's folder, from which it would follow, could not be written",
    "not_in_folder": "the run's folder does not hold all of it",
    "folder_unreadable": "the run's folder cannot be read: {error}",
    "none_ok": "the {of} had no exchanges that were ok",
    "too_few_of_workers": "{count:,} exchanges of the workers are too few",
    "too_few_of_witness": "the witness had {count:,} exchanges, {needs:,} are needed",
    "workers_have_none": _workers_have_none,
    "nothing_sent": "nothing was sent",
    "stopped_before": "the run was stopped before it",
    "stopped_after": "the run was stopped after {ran_s:.3g} s of it",
    "stopped": "the run was stopped",
    "run_invalid": "the run is INVALID. --accept-invalid decides all the same",
    **EXPERIMENT_SENTENCES,
    **SELFTEST_SENTENCES,
    **TRUST_SENTENCES,
    **NOTICE_SENTENCES,
}
