"""Why something is not known, or not judged: a code, and the numbers that its sentence is made of.

`CODES` is the vocabulary. Report has a sentence for each code, and a test sees to it that it has no more and no less.
"""

from __future__ import annotations

from dataclasses import dataclass

from loadgen.result.codec import item

CODES = {
    # a percentile
    "too_few": "The figure takes `needs` requests, and there were `count`.",
    "among_timeouts": "The figure falls among the `timeouts` timeouts, and is greater than `bound_ms`.",
    "beside_timeouts": "`timeouts` timeouts may lie on either side of the figure.",
    "censored": "`timeouts` timeouts are known only to have lasted longer; the figure is greater than `bound_ms`.",
    "no_figure": "There is no such figure.",
    # an interval
    "no_requests": "There were no requests.",
    "all_timed_out": "Every request timed out.",
    "too_short": "An interval takes `needs` seconds, and there were `seconds`; `more_s` more would give one.",
    "too_few_events": "An interval takes `needs` independent events beyond the figure, and there were `events`; "
    "`worth` is what they are worth, as events hang together. `more_s` more seconds would give one.",
    "few_events": "The interval rests on `events` independent events.",
    "no_upper_bound": "The interval has no upper end.",
    "at_once": "All were due at the same instant, and only seconds would tell how much they vary.",
    "not_saved": "The run's folder, from which the interval would follow, could not be written.",
    "not_in_folder": "The run's folder does not hold all of it.",
    "folder_unreadable": "The run's folder cannot be read: `error`.",
    # a witness
    "none_ok": "The `of`, workers or witness, had no exchanges that were ok.",
    "too_few_of_workers": "`count` exchanges of the workers are too few.",
    "too_few_of_witness": "The witness had `count` exchanges, and `needs` are needed.",
    "workers_have_none": "The workers have no such figure: it falls among the `timeouts`, or there were too few "
    "exchanges.",
    # a threshold
    "nothing_sent": "Nothing was sent.",
    "stopped_before": "The run was stopped before the phase.",
    "stopped_after": "The run was stopped after `ran_s` of the phase.",
    "stopped": "The run was stopped, and nobody knows when in the phase.",
    "run_invalid": "The run is INVALID.",
    # a rate that a self-test tried
    "requests_failed": "Requests failed; each value says how many came to the outcome of its name.",
    "not_valid": "The run was `verdict`: its signal `signal` was `value`.",
    # a self-test that is not believed
    "selftest_elsewhere": "The self-test in `path` is of another machine, whose `cpu`, `cpus`, `kernel`, `python` and "
    "`loadgen` are told where they differ.",
    "selftest_unreadable": "The self-test in `path` cannot be read: `error`.",
    "selftest_malformed": "What is in `path` is not as loadgen wrote it.",
    "selftest_other_version": "The self-test in `path` is of another version of loadgen, as its schema is not this "
    "one's.",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is not known or not judged."""

    code: str = item("which reason it is", among=CODES)
    values: dict[str, float | str] = item("the numbers of its sentence", inline=".*", default_factory=dict)

    @classmethod
    def of(cls, code: str, **values: float | str | None) -> Reason:
        """A reason with those numbers; what is None is left out. Raises KeyError for a code that is not in `CODES`."""
        CODES[code]
        return cls(code, {name: value for name, value in values.items() if value is not None})
