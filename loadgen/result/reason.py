"""What report makes a sentence of: a code and its numbers. It says what was observed, or why something is not known, or
not judged.

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
    "unstamped": "`requests` of `of` requests have no stamp of the kernel that would tell it.",
    "no_figure": "There is no such figure.",
    # a signal of trust
    "share_of_figure": "This machine made the `share` of `quantile` of `step` in `phase` (run `cycle`): `own_ms` of "
    "`value_ms`, by its parts, whose keys end in `_ms`. `at_least`: it may be more. Below `resolution_ms` it is not "
    "judged. `cause`: the code of the signal that explains it best.",
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
    # a warning; `in_runs` of `of_runs` runs of an experiment gave it, if these are told
    "turned_away": "The run was ended, as `url` answers `answer`.",
    "join_waits": "Of `count` requests `found` are in the target's logs by now. loadgen looks again in `seconds`.",
    "not_joined": "The run's requests were not looked for in the target's logs: `error`.",
    "secret_not_renewed": "A secret could not be renewed: `error`. loadgen asks again, and uses the last one.",
    "secret_expired": "The run was ended: `error`, and the last secret has expired.",
    "made_up_keys": "There are no AWS credentials, and loadgen signs with made-up keys.",
    "billing_not_known": "How `table` is billed is not known, as DescribeTable is not allowed.",
    "table_not_deleted": "`table` was not deleted: `error`.",
    "stopped_by_errors": "The run was stopped early by its `condition`, as the `share` failed.",
    "stopped_by_cost": "The run was stopped early by max_cost, `limit_usd`, as it has come to `usd`.",
    "worker_lost": "Worker number `worker` was lost: `why`. Its open exchanges are counted as lost.",
    "node_unread": "What `node` sent since its last report is not known: it was lost with its counts.",
    "node_clock_unknown": "How far the clock of `node` is ahead is known within `error_ms` only.",
    "node_clock_moved": "The clock of `node` moved by `moved_ms` during the load.",
    "lost_without_latencies": "`exchanges` exchanges of the lost workers' last second have no latencies.",
    "sandbox_silent": "The sandbox ended or fell silent: `error`. This ended the load after `at_s` seconds, a number "
    "that is left out if the load had not begun.",
    "address_left_out": "`host` is also `address`, which takes no connection, and was left out.",
    "system_lacks": "This system has `what`.",
    "tls_not_verified": "TLS certificates were not verified.",
    "folder_unusable": "The run's `folder` cannot be used: `why`. The result is printed only.",
    "run_died": "The run died before its end, and this is what it had written.",
    "nodes_unread": "The load came from so many `nodes`: what they sent after their last report is in no figure.",
    "open_when_it_died": "`exchanges` exchanges were open when the run died, and are counted as lost.",
    "died_without_latencies": "`exchanges` exchanges of the run's last second have no latencies.",
    "experiment_died": "The experiment died before its end, and this is what its runs had written.",
    "experiment_broken_off": "The experiment was broken off: `error`.",
    "experiment_stopped_by_cost": "The experiment was stopped early by max_cost, as its runs have come to `usd`.",
    "witness_gone": "The witness was lost, and says nothing of the workers.",
    "witness_no_cpu": "The witness has no CPU of its own: there are `cpus` for `others` other processes of the load.",
    "witness_no_p99": "The witness will have no interval for the p99 of `where`: at most `exchanges` exchanges of a "
    "step, and `needs` are needed. It sends 1 for `each` of the workers'.",
    "witness_one_user_more": "The witness is one user more than the `users` of `phase`.",
    # a capacity: what shows that a step's rate is above it, and what set the limit
    "step_not_settled": "Latency and requests in flight grew as long as the step ran.",
    "step_not_reached": "The `share` of what was started was completed in the same time.",
    "step_not_offered": "The `share` of the iterations was started.",
    "limit_target": "The target is the limit: the `share` of the slow requests' time is its own. In `grew` of `steps` "
    "steps above it the requests in flight grew. `core`: of a core, what the busiest worker used.",
    "limit_machine": "This machine is the limit: the `share` of the slow requests' time is its own, or most of the "
    "`steps` above it are INVALID, `invalid` of them.",
    "limit_connections": "The cap on connections is the limit: the `share` of the slow requests' time is the wait for "
    "one of `cap`.",
    "limit_ports": "The local ports are the limit: `failed` requests failed, the `share` of them by `reason`.",
    "limit_resources": "Descriptors or memory of this machine are the limit, by `reason`.",
    "limit_throttle": "A throttle is the limit: the target refused, the `share` of all failures by `reason`. `lets`: "
    "the rate that it lets through, and `burst`: how many at once, if it is a bucket that a step does not empty soon.",
    "limit_errors": "Errors are the limit, the `share` of them `outcome` with `reason`.",
    "limit_max_rate": "The highest rate that may be tried, `rate`, kept all conditions.",
    "limit_not_reached": "All rates up to `rate` kept all conditions.",
    "limit_not_known": "No step above it shows what set the limit.",
    "capacity_not_complete": "The measurement did not come to its end.",
    "capacity_not_known": "No step tells anything of the capacity.",
    "capacity_not_decided": "The interval of the capacity holds what is asked.",
    "capacity_only_bounded": "The capacity is known only to be above the highest rate that was tried.",
    "capacity_limited_here": "The capacity is lower, but this machine set the limit, and the target may do more.",
    "capacity_step_again": "Step `step` lost a worker, and was carried out once more.",
    "capacity_broken_off": "The measurement of the capacity was broken off: `error`.",
    "capacity_died": "The measurement died before its end, and this is what its steps had written.",
    "capacity_stopped_by_cost": "The measurement was stopped early by max_cost, as its steps have come to `usd`.",
    "force_cold_failed": "The function could not be changed to force a cold start: `error`.",
    "force_cold_not_restored": "The description of the function was not restored: `error`; `folder` has what restores "
    "it.",
    "tune_broken_off": "The measurement of memory sizes was broken off: `error`.",
    "tune_not_restored": "The memory of the function was not restored: `error`; `folder` has what is needed for it.",
    "tune_stopped_by_cost": "The measurement was stopped early by its limit, `limit_usd`, as it has come to `usd`.",
    "tune_died": "The measurement of memory sizes died before its end; `folder` has what restores the memory.",
    # the progress of a command, which no result holds; it may be of one `variant` in one `round`
    "stopping": "A signal ends the run, which waits for what is open.",
    "stopping_at_once": "A second signal gives up what is open.",
    "round_again": "Round `round` held an INVALID run, and is carried out once more.",
    "decided": "The experiment is decided after `rounds` rounds, as planned.",
    "capacity_step": "Step `step`, perhaps of `variant`, at `rate`: the share `beyond` was beyond `text`, and the "
    "share `failed` failed; `kept` is 1 if it kept all conditions, and else 0.",
    "capacity_so_far": "The steps so far put the capacity, perhaps of `variant`, at `rate`, between `low` and `high`.",
    "tune_visit": "Visit `visit` with `memory` MB, or of `cell`: `failed` of `calls` calls failed, and each is billed "
    "`billed_ms`.",
    "tune_stopping": "A signal ends the measurement of memory sizes, which restores the memory.",
    "tune_restored": "The function has its `memory` of before again.",
    "until_look": "After `after_s` the figure of `step` is `ms`, within `off` of it; `enough`: the goal is reached.",
    "until_decided": "After `after_s` all thresholds of `phase` are decided.",
    "until_undecided": "After `after_s` `count` thresholds of `phase` are undecided; `text` of `step` takes longest, "
    "`more_s` at this rate.",
    "table_there_already": "`table` is there already; `unfilled`: it gets no items; `left`: it is not deleted.",
    "table_created": "Setup creates `table`.",
    "table_waited_for": "`table` is `status`, and loadgen waits.",
    "table_deleted": "Teardown has deleted `table`.",
    "shares_missing": "Of the `of` machines that were to share the load, these are not there: `missing`.",
    "machines_cut_short": "The runs of these machines did not come to their end, or were interrupted: `machines`.",
    "clocks_not_known": "Nothing is known to keep the clocks of `machines`, and so nobody knows how far apart the "
    "machines began.",
    "clocks_apart": "The machines may have begun as much as `apart_ms` apart, by what is known of their clocks, and "
    "least is known of that of machine `worst`.",
    "parts_missing": "These machines left no parts of times: `machines`. So nobody knows whose time it was.",
    "table_kept": "`teardown` leaves the `table`, as other machines that share the load may still use it.",
    "clock_not_kept": "Nothing is known to keep this machine's clock, by which it begins with the others.",
    "waiting_for_start": "The load begins at `start_at`, in `seconds`.",
    "items_so_far": "Setup has written `written` of `items` items.",
    "items_loaded": "Setup has written `items` items in `seconds`.",
    # an assumption of a cost
    "item_size_of_setup": "Items that are read, changed or deleted have `bytes`, as setup.item has.",
    "item_size_unknown": "Items that are read, changed or deleted have `bytes`, as nothing tells their size.",
    "query_reads_one": "A query without a Limit reads one item.",
    "scan_reads_table": "A scan without a Limit reads what the table has, or 1 MiB of it.",
    "captures_short": "Captured values are short.",
    "nothing_sent_twice": "Nothing is sent twice.",
    "no_indexes": "The table has no secondary indexes.",
    # an interval
    "no_requests": "There were no requests.",
    "all_timed_out": "Every request timed out.",
    "too_short": "A full interval takes `needs` seconds, and there were `seconds`; `more_s` more would give one.",
    "not_settled": "Latency and requests in flight grew as long as the phase ran, and so it depends on that.",
    "few_bursts": "It came in `bursts` bursts; an interval takes `needs`.",
    "too_few_events": "An interval takes `needs` independent events beyond the figure, and there were `events`; "
    "`worth` is how many they count for, because events depend on each other. `more_s` more seconds would give one.",
    "few_events": "The interval rests on `events` independent events.",
    "no_upper_bound": "The interval has no upper end.",
    "at_once": "All requests were due at the same instant; an interval takes requests in several seconds.",
    "not_saved": "The run's folder, which the interval is computed from, could not be written.",
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
    # a threshold, or a figure over the rounds
    "off_schedule": "Of the `requests` requests at and beyond the figure, `displaced` did not leave as planned, and so "
    "the target had another load than the plan's: `waited` of them waited for a connection, the others left late or "
    "were not sent at all. `variant`, if the figure compares two, is the one with that load.",
    "not_decided": "The counts of the threshold are too few to decide it.",
    "nothing_sent": "Nothing was sent.",
    "counts_unread": "A node was lost with counts that nobody could read: it is not known how much it sent.",
    "stopped_before": "The run was stopped before the phase.",
    "stopped_after": "The run was stopped after `ran_s` of the phase.",
    "stopped": "The run was stopped, and it is not known when in the phase.",
    "cold_not_told": "The answers do not tell whether they were cold starts.",
    "nothing_before": "The p99 has no interval in the phase before, with which this one would be compared.",
    "not_recovered": "When the phase ended, after `ran_s`, the p99 was not back in its interval of the phase before.",
    "run_invalid": "`signal` is INVALID, and stands alone.",
    "figure_invalid": "This machine made the `share` of `quantile`, `own_ms`: INVALID.",
    "part_of_rate": "The rate is that of one of the `of` machines that share the load, and was compared with its part "
    "of the limit.",
    "met_with_own": "The limit is kept with this machine's part inside, the `share` of the figure.",
    # a run, or one of an experiment's, that says nothing of its target
    "nothing_answered": "None of `sent` requests was answered: most often, `count` times, the `outcome` was this one, "
    "with this `reason`.",
    "everything_failed": "All of `sent` requests failed: most often, `count` times, the `outcome` was this one, with "
    "this `reason`.",
    # a finding: what the figures of a phase prove; `NAME_low_ms` to `NAME_high_ms` is over cycles, steps
    "timeouts_hide": "The `quantile` lies among `timeouts` timeouts of `requests` requests, and is greater than "
    "`bound_ms`.",
    "phase_grows": "Latency and requests in flight grew as long as the phase ran, the mean from `begin_ms` to "
    "`end_ms`; `answered` of the requests were answered before its end.",
    "target_stalled": "No answer came for `lasted_s` from `at_s` on, while `requests` requests were due: the longest "
    "of `times` such times.",
    "throttled": "Of `sent` requests, `requests` were throttled, most of them for the `reason`.",
    "cold_wave": "In the phase, `cold` of `told` answers were cold starts, the last of them `last_s` after it began; "
    "where answers tell it, `environments` answered, of which `new` had not answered before, and there were `more` of "
    "them if that is 1; and `throttled` of `sent` requests were throttled. The p99 was beyond its interval in the "
    "phase `before`, `before_low_ms` to `before_high_ms`, in `beyond_s` seconds; it was back `after_s` after the phase "
    "began, or not when the phase ended.",
    "stratum_made_tail": "The requests of `stratum`, a `share` of all, have a median (`p50_low_ms`) beyond the p99 of "
    "the others (`others_low_ms`), and made the p99 of all (`p99_low_ms`). In the phase `before`, it was less "
    "(`before_low_ms`); its rate was `before_per_s`, and that of this one `per_s`.",
    "two_kinds": "A `fast_share` took at most `fast_high_ms`; a `slow_share`, within `slow_share_low` and "
    "`slow_share_high`, took `slow_low_ms` to `slow_high_ms`; `between` requests lie in between. `quantile` lies on "
    "that step, and may be `low_ms` or `high_ms`. `cycle`, if there are several.",
    "queue_for_connections": "The part `part_ms` of the `quantile`, `value_ms`, is waiting for a connection.",
    "new_connections": "The part `part_ms` of the `quantile`, `value_ms`, is making a connection.",
    "machine_differs": "Of the `of` machines that shared the load, the `quantile` of this `machine` (`value_low_ms`) "
    "differs from that of every other machine (`others_low_ms`); if it lies among `timeouts`, it is greater than that.",
    "step_behind": "The `quantile` of this step (`p99_low_ms`) is far beyond that of every other (`others_low_ms`); if "
    "it lies among `timeouts`, it is greater than that. Of the requests beyond the p99 of all, `tail_share` are of "
    "this step, and of all requests `share`: told if it made most of them.",
    "node_differs": "The same of a `node`, in its `zone` if that is known, and the other nodes.",
    "worker_differs": "The `quantile` of the `worker` (`value_low_ms`) differs from that of every other worker "
    "(`others_low_ms`); if it lies among `timeouts`, it is greater than that.",
    "key_differs": "The same of a `key` of a table, by its number among those of the profile's choice, and its others.",
    "address_differs": "The same of an `address` of the target, and its others.",
    "far_away": "The part `part_ms` of the `quantile`, `value_ms`, is one round trip of the network.",
    # the checks before a verdict: an experiment's
    "rounds_complete": "`rounds` of `planned` rounds are complete.",
    "unplanned_look": "`rounds` rounds are complete, and a verdict was planned after `planned`.",
    "broken_off": "The run of `variant` in `round` did not come to its end.",
    "all_valid": "Every run was VALID.",
    "many_invalid_runs": "Of `runs` runs each, the figure is INVALID in `baseline_runs` of `baseline` and "
    "`variant_runs` of `variant`: too many.",
    "uneven_invalid_runs": "Of `runs` runs each, the figure is INVALID in `baseline_runs` of `baseline` and "
    "`variant_runs` of `variant`: more than chance would give one of them.",
    "whatever_own_part": "This machine made too much of the figure, but the verdict holds whatever its part is: the "
    "ratio is then from `ratio_low` to `ratio_high`.",
    "accepted_run": "The run of `variant` in `round` is INVALID, and its user accepts its figures nevertheless.",
    "degraded_runs": "Of `runs` runs each, the primary figure is less than VALID in `baseline_runs` of `baseline` and "
    "`variant_runs` of `variant`.",
    "same_settings": "Every run of `variant` had the `client`, the session `reuse` and the `target`.",
    "setting_changed": "The `setting` of `variant` was another in `round`.",
    "no_connections": "No request of `variant` in `round` had a connection.",
    "connections_as_said": "`variant` opened `per_request` connections for each request.",
    "connections_not_as_said": "`variant` has a session that is `reuse`, but in `round` it opened `per_request` "
    "connections for each request, not `expected`, or if shared about none. The target closed `closed_idle` while they "
    "were idle.",
    "same_load": "The load was the same, arrival by arrival, and every phase started at least `share` of it.",
    "same_rate": "The load was the same, with arrivals of its own for each variant, and every phase started at least "
    "`share` of it.",
    "other_load": "`variant` had another load than `baseline` in `round`.",
    "load_not_started": "`variant` in `round` started the `share` of what `phase` planned.",
    "failures_even": "`variant_share` of the requests of `variant` failed, and `baseline_share` of `baseline`.",
    "failures_uneven": "`variant_share` of the requests of `variant` failed, and `baseline_share` of `baseline`: "
    "`quantile` allows a difference of `allowed`.",
    "primary_missing": "`variant` and `baseline` do not both have the primary figure.",
    # what is to be known beside the verdicts, and speaks against none
    "connection_caps": "`baseline` may open `baseline_cap` connections, and `variant` `variant_cap`; no cap if the "
    "number is missing. Of `runs` runs each, requests waited for a connection in `baseline_runs` of `baseline` and "
    "`variant_runs` of `variant`.",
    "in_step": "`variant` and `baseline` have constant arrivals at the same time, and so one of them may always be "
    "behind the other.",
    "trend": "The ratio of `variant` to `baseline` has a trend over the rounds: a trend like this comes by "
    "chance with probability `chance`.",
    # a figure over the rounds; if a run lacks it, the reason is one of a percentile's, with `variant` and `round`
    "no_round": "No round is complete.",
    "zero_figure": "A figure is 0, and so there is no ratio.",
    "few_points": "A slope takes 2 values of the axis at which both series have settled and have the figure, and "
    "there were `points`.",
    "too_few_rounds": "An interval, and a verdict, takes `needs` rounds, and there were `rounds`.",
    "target_not_equivalent": "The figure is equivalent, but the verdict on the target's own time in `step` is "
    "`verdict`.",
    "could_be_chance": "With `figures` figures compared, this could be chance.",
    "limit_inside": "The `limit` lies within the interval.",
    "unreadable": "A run's folder cannot be read: `error`.",
    # two runs
    "different_times": "The runs were at different times, and their difference cannot be told from drift.",
    "same_arrivals": "The runs have the same `seed` and load, and so the same arrivals.",
    "compared_invalid": "`run` is INVALID, and was compared nevertheless.",
    # a twin: where a value of its sandbox comes from, or why it has none
    "twin_http": "The run's target was reached over HTTP.",
    "twin_round_trip": "The round trip is `ms`, the median of the TCP handshakes of `connects` connects.",
    "twin_round_trip_half": "The target was a sandbox, and the round trip is `ms`, half of the median of `connects` "
    "connects.",
    "twin_round_trip_at_most": "`connects` connects took `ms` for a round trip, and the fastest answer took less, "
    "which is then the round trip.",
    "twin_round_trip_kernel": "No connection was opened in the run; the round trip is `ms`, as the kernel measured it.",
    "twin_round_trip_reported": "No connection was opened in the run; the round trip is `ms`, what answers take longer "
    "than the time `name` that they report.",
    "twin_no_connects": "No connection was opened in the run: the round trip is inside the service.",
    "twin_service": "The time of `match` is that of `requests` answers of `step`, less the round trips.",
    "twin_timeouts": "`timeouts` timeouts of `step` are known only to have lasted longer; the twin lets them time out.",
    "twin_client_inside": "`client` does not tell the target's own time: this machine's part is inside.",
    "twin_no_answers": "`step` has no answers that tell a time; `match` takes none.",
    "twin_of_a_table": "A DynamoDB has no environments.",
    "twin_of_a_function": "The service of the twin is the handler's time and Lambda's own part together.",
    "twin_no_flag": "Nothing in the run tells cold starts.",
    "twin_never_cold": "None of the `answers` answers was a cold start.",
    "twin_flag_of_some": "Only `told` of `answers` answers tell whether they were cold starts.",
    "twin_init": "`cold` cold starts took longer than the others, by `ms` on average.",
    "twin_most": "With `most` environments there are as many cold starts as in the run.",
    "twin_most_unknown": "The run does not tell the greatest number of environments; `most` is AWS's default.",
    "twin_overflow": "`refused` requests were refused because all environments were busy.",
    "twin_idle": "With an idle time from `low_s` to `high_s` there are as many cold starts as in the run.",
    "twin_idle_unknown": "The run does not tell how long an idle environment lives.",
    "twin_throttle": "In `seconds` seconds with 429s about the same `rate` was let in, and before them `burst` more.",
    "twin_throttle_unknown": "The `throttled` 429s do not prove a rate.",
    "twin_fault": "`requests` of `of` requests came to `outcome`.",
    "twin_not_simulated": "`requests` requests came to `outcome`, which the sandbox does not simulate.",
    "twin_left_out": "The sandbox needs no such key.",
    "twin_no_table": "The run used the `table` that was there: without a setup the sandbox has none.",
    "twin_expects": "The sandbox answers with something else.",
    "twin_captures": "The sandbox does not answer with that; the value is `now` instead, or is left out.",
    "twin_records": "The sandbox does not report that time.",
    # why a twin was not tried
    "twin_too_long": "The run has `requests` requests; at most `most` are tried.",
    "twin_other_load": "The run had another load than its profile, as `--until` or a capacity makes it.",
    "twin_cut_short": "The run did not last as long as planned.",
    # a rate that a self-test tried
    "requests_failed": "Requests failed; each value says how many came to the outcome of its name.",
    "not_valid": "The run was `verdict` by its `signal`; the other values are those of the code `observed`.",
    # a warning of a self-test, and its progress
    "busy_before": "Other work was going on before the self-test: the load average was `load_average`.",
    "not_measured": "`what` could not be measured: `error`.",
    "not_saved_selftest": "The self-test was not saved: `error`.",
    "noise_measured": "The response of one measurement of noise had `p50_ms` and `p99_ms`.",
    "pacing_measured": "At `rate` requests a second, requests left `p50_ms` and `p99_ms` late.",
    "connections_measured": "One worker opened `per_second` connections of `scheme` a second.",
    "rate_tried": "A rate of `rate` over `scheme` was VALID, or was not, by the code `why` and its values.",
    # a run that goes beyond a self-test
    "beyond_selftest": "The profile asks each of `workers` workers for `rate` requests, or new `connections`, of "
    "`scheme` a second; the self-test of `day` made `ceiling`. `needed` workers or more machines would do.",
    "beyond_all_tried": "The profile asks each of `workers` workers for `rate` requests, or new `connections`, of "
    "`scheme` a second, more than the self-test of `day` tried: `ceiling`.",
    "none_was_valid": "The profile asks each of `workers` workers for `rate` requests, or new `connections`, of "
    "`scheme` a second; in the self-test of `day` not even `ceiling` stayed VALID.",
    # a self-test that is not believed
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

    def with_values(self, **more: float | str) -> Reason:
        """The same with more values."""
        return Reason(self.code, {**self.values, **more})

    def of_run(self, variant: str, round: int) -> Reason:
        """The same reason, about one run of an experiment."""
        return self.with_values(variant=variant, round=round)

    def of_machine(self, machine: int) -> Reason:
        """The same reason, about one of the machines that shared a load."""
        return self.with_values(machine=machine)

    @property
    def run(self) -> tuple[str, int] | None:
        """The variant and the round of the one run that it is about; None if it is about no one run."""
        variant, number = self.values.get("variant"), self.values.get("round")
        return (variant, number) if isinstance(variant, str) and isinstance(number, int) else None
