"""Why something is not known, or not judged: a code, and the numbers that its sentence is made of.

`CODES` is the vocabulary. Report has a sentence for each code; a test checks that it has one for each, and no other.
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
    "`worth` is how many they count for, because events depend on each other. `more_s` more seconds would give one.",
    "few_events": "The interval rests on `events` independent events.",
    "no_upper_bound": "The interval has no upper end.",
    "at_once": "All requests were due at the same instant; an interval takes requests in several seconds.",
    "not_saved": "The run's folder, which the interval is computed from, could not be written.",
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
    "stopped": "The run was stopped, and it is not known when in the phase.",
    "run_invalid": "The run is INVALID.",
    # the checks before a verdict: an experiment's
    "rounds_complete": "`rounds` of `planned` rounds are complete.",
    "unplanned_look": "`rounds` rounds are complete, and a verdict was planned after `planned`.",
    "broken_off": "The run of `variant` in `round` did not come to its end.",
    "all_valid": "Every run was VALID.",
    "invalid_run": "The run of `variant` in `round` is INVALID.",
    "accepted_run": "The run of `variant` in `round` is INVALID, and its user accepts its figures nevertheless.",
    "degraded_runs": "Of `runs` runs each, `baseline_runs` of `baseline` and `variant_runs` of `variant` were "
    "DEGRADED.",
    "disturbed_runs": "Of `runs` runs each, `baseline_runs` of `baseline` and `variant_runs` of `variant` were "
    "DEGRADED by more than the making of connections.",
    "same_settings": "Every run of `variant` had the `client`, the session `reuse` and the `target`.",
    "setting_changed": "The `setting` of `variant` was another in `round`.",
    "no_connections": "No request of `variant` in `round` had a connection.",
    "connections_as_said": "`variant` opened `per_request` connections for each request.",
    "connections_not_as_said": "`variant` has a session that is `reuse`, but in `round` it opened `per_request` "
    "connections for each request, not `expected`, or if shared about none. The target closed `closed_idle` while they "
    "were idle.",
    "peak_connections": "`variant` had at most `peak` connections open at once, of `cap`; no cap if that is missing.",
    "caps_differ": "`baseline` may open `baseline_cap` connections, and `variant` `variant_cap`; no cap if the number "
    "is missing.",
    "cap_in_the_way": "Requests of `variant` in `round` waited for one of `cap` connections; requests of other runs "
    "did not.",
    "cap_for_all": "Requests of every run waited for one of `cap` connections.",
    "same_load": "The load was the same, and every phase started at least `share` of it.",
    "other_load": "`variant` had another load than `baseline` in `round`.",
    "load_not_started": "`variant` in `round` started the `share` of what `phase` planned.",
    "failures_even": "`variant_share` of the requests of `variant` failed, and `baseline_share` of `baseline`.",
    "failures_uneven": "`variant_share` of the requests of `variant` failed, and `baseline_share` of `baseline`: "
    "`quantile` allows a difference of `allowed`.",
    "primary_missing": "`variant` and `baseline` do not both have the primary figure.",
    "no_trend": "The ratio of `variant` to `baseline` has no trend over the rounds: a trend like this comes by "
    "chance with probability `chance`.",
    "trend": "The ratio of `variant` to `baseline` has a trend over the rounds: a trend like this comes by "
    "chance with probability `chance`.",
    # a figure over the rounds; if a run lacks it, the reason is one of a percentile's, with `variant` and `round`
    "no_round": "No round is complete.",
    "one_round": "There is one round, which does not show how much rounds differ.",
    "zero_figure": "A figure is 0, and so there is no ratio.",
    "too_few_rounds": "A verdict takes `needs` rounds, and there were `rounds`.",
    "ratio_drifts": "The difference grows, or shrinks, from round to round.",
    "could_be_chance": "With `figures` figures compared, this could be chance.",
    "limit_inside": "The `limit` lies within the interval.",
    "unreadable": "A run's folder cannot be read: `error`.",
    # two runs
    "different_times": "The runs were at different times, and their difference cannot be told from drift.",
    "compared_invalid": "`run` is INVALID, and was compared nevertheless.",
    # a rate that a self-test tried
    "requests_failed": "Requests failed; each value says how many came to the outcome of its name.",
    "not_valid": "The run was `verdict`: its signal `signal` was `value`.",
    # a self-test that is not used
    "selftest_elsewhere": "The self-test in `path` is of another machine, whose `cpu`, `cpus`, `kernel`, `python` and "
    "`loadgen` are given where they differ.",
    "selftest_unreadable": "The self-test in `path` cannot be read: `error`.",
    "selftest_malformed": "What is in `path` is not as loadgen wrote it.",
    "selftest_other_version": "The self-test in `path` is of another version of loadgen, as its schema is not this "
    "one's.",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is not known or not judged."""

    code: str = item("the reason's code", among=CODES)
    values: dict[str, float | str] = item(
        "the numbers that the reason's sentence is made of", inline=".*", default_factory=dict
    )

    @classmethod
    def of(cls, code: str, **values: float | str | None) -> Reason:
        """A reason with those numbers, without those that are None. Raises KeyError for a code that is not in
        `CODES`."""
        CODES[code]
        return cls(code, {name: value for name, value in values.items() if value is not None})

    def of_run(self, variant: str, round: int) -> Reason:
        """The same reason, about one run of an experiment."""
        return Reason(self.code, {**self.values, "variant": variant, "round": round})

    @property
    def run(self) -> tuple[str, int] | None:
        """The variant and the round of the one run that it is about; None if it is about no one run."""
        variant, number = self.values.get("variant"), self.values.get("round")
        return (variant, number) if isinstance(variant, str) and isinstance(number, int) else None
