"""What report makes a sentence of: a code and its numbers. It says what was observed, or why something is not known, or
not judged.

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
    # a signal of trust
    "share_of_tail": "This machine made the `share` of the `slowest` requests of `step` in `phase` (run `cycle`): "
    "`own_ms` of each, by its parts, whose keys end in `_ms`. `quantile` was `quantile_ms`, and `without_ms` without "
    "it. `at_least`: it may be more. `cause`: the code of the signal that explains it best.",
    "too_few_answered": "Too few requests were answered.",
    "not_observed": "This system does not tell.",
    "no_due_time": "No measured request had a due time.",
    "no_stamps": "No answer has a stamp of the kernel.",
    "too_soon_to_know": "The run was over too soon.",
    "lag": "Requests left `p99_ms` and `p999_ms` later than due.",
    "client_delay": "Answers were read `p99_ms` and `p999_ms` later than the kernel had them.",
    "loop_stalls": "The loop was late by `p99_ms`, and by `max_ms` at the most.",
    "core_use": "The busiest worker, number `worker`, used the `share` of a core.",
    "waiting_for_cpu": "A worker waited for a CPU for the `share` of the time, and was preempted `preemptions_per_s`.",
    "cpu_pressure": "For the `share` of the time something was ready and had no CPU.",
    "steal": "The hypervisor gave the `share` of the CPU time to others.",
    "gc": "The longest pause by the garbage collector took `longest_ms`.",
    "rate_held": "The `share` of the iterations was started, and in the worst ten seconds `worst_share`.",
    "quota": "The CPU quota stopped the container in `periods` periods.",
    "clock": "The largest step of the wall clock was `step_ms`.",
    "client_resources": "`requests` requests failed for want of a port, a descriptor or memory.",
    "descriptors": "Connections took the `share` of the descriptors.",
    "ports": "Connections took the `share` of the ephemeral ports.",
    "ledgers": "The ledgers add up, or they have the `differences`.",
    "sandbox": "The answers of the simulated target left `lag_p99_ms` late, and it used `core_use` of a core.",
    "retransmits": "`sent_again` of `segments` segments were sent again.",
    "syn_retries": "The first packet of `retried` of `connects` connects was sent again, as told `by` the kernel or by "
    "the times that connects took, most of them `after_s`; `dropped` by a full queue on this machine.",
    "no_connects": "Nothing was connected.",
    "pool": "Requests waited `p99_ms` for one of `cap` connections; `late_ms` of it is this machine's.",
    "reconnects": "The target closed `connections` connections that were idle; the slowest look-up of its name took "
    "`dns_max_ms`.",
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
    "witness_lost": "The witness was lost.",
    "witness_late": "The witness itself was late, by `p99_ms`.",
    "witness_too_few": "The witness had too few exchanges.",
    "witness_agrees": "The workers agree with it in `figures` figures; `not_judged` were not judged.",
    "witness_above": "The workers' `workers_ms` is above the interval of the witness, `low_ms` to `high_ms`, whose own "
    "figure is `witness_ms`: of `metric` and `quantile` of `step` in `phase` (run `cycle`), and of `others` others.",
    "witness_below": "The workers' `workers_ms` is below the interval of the witness, `low_ms` to `high_ms`, whose own "
    "figure is `witness_ms`: of `metric` and `quantile` of `step` in `phase` (run `cycle`), and of `others` others. "
    "`folder` has what the witness saw.",
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
    # the checks before a verdict: an experiment's
    "rounds_complete": "`rounds` of `planned` rounds are complete.",
    "unplanned_look": "`rounds` rounds are complete, and a verdict was planned after `planned`.",
    "broken_off": "The run of `variant` in `round` did not come to its end.",
    "all_valid": "Every run was VALID.",
    "invalid_run": "The run of `variant` in `round` is INVALID.",
    "accepted_run": "The run of `variant` in `round` is INVALID, and its user takes its figures all the same.",
    "degraded_runs": "Of `runs` runs each, `baseline_runs` of `baseline` and `variant_runs` of `variant` were "
    "DEGRADED.",
    "disturbed_runs": "Of `runs` runs each, `baseline_runs` of `baseline` and `variant_runs` of `variant` were "
    "DEGRADED by more than making connections takes.",
    "same_settings": "Every run of `variant` had the `client`, the session `reuse` and the `target`.",
    "setting_changed": "The `setting` of `variant` was another in `round`.",
    "no_connections": "No request of `variant` in `round` had a connection.",
    "connections_as_said": "`variant` opened `per_request` connections for each request.",
    "connections_not_as_said": "`variant` has a session that is `reuse`, but in `round` it opened `per_request` "
    "connections for each request, not `expected`, or if shared about none. The target closed `closed_idle` while they "
    "were idle.",
    "peak_connections": "`variant` had at most `peak` connections open at once, of `cap`; no cap if that is missing.",
    "caps_differ": "`baseline` may open `baseline_cap` connections, and `variant` `variant_cap`; what is missing is no "
    "cap.",
    "cap_in_the_way": "Requests of `variant` in `round` waited for one of `cap` connections; those of other runs did "
    "not.",
    "cap_for_all": "Requests of every run waited for one of `cap` connections.",
    "same_load": "The load was the same, and every phase started at least `share` of it.",
    "other_load": "`variant` had another load than `baseline` in `round`.",
    "load_not_started": "`variant` in `round` started the `share` of what `phase` planned.",
    "failures_even": "`variant_share` of the requests of `variant` failed, and `baseline_share` of `baseline`.",
    "failures_uneven": "`variant_share` of the requests of `variant` failed, and `baseline_share` of `baseline`: "
    "`quantile` allows a difference of `allowed`.",
    "primary_missing": "`variant` and `baseline` do not both have the primary figure.",
    "no_trend": "The ratio of `variant` to `baseline` has no trend over the rounds: one like this comes by `chance`.",
    "trend": "The ratio of `variant` to `baseline` has a trend over the rounds: one like this comes by `chance`.",
    # a figure over the rounds; why a run lacks it is one of the reasons of a percentile, with `variant` and `round`
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
    "compared_invalid": "`run` is INVALID, and was compared all the same.",
    # a rate that a self-test tried
    "requests_failed": "Requests failed; each value says how many came to the outcome of its name.",
    "not_valid": "The run was `verdict` by its `signal`; the other values are those of the code `observed`.",
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

    def of_run(self, variant: str, round: int) -> Reason:
        """The same, where it is about one run of an experiment."""
        return Reason(self.code, {**self.values, "variant": variant, "round": round})

    @property
    def run(self) -> tuple[str, int] | None:
        """The variant and the round of the one run that it is about; None if it is about no one run."""
        variant, number = self.values.get("variant"), self.values.get("round")
        return (variant, number) if isinstance(variant, str) and isinstance(number, int) else None
