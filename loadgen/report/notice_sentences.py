"""Notices as sentences: warnings of a run, the progress of a command, the assumptions of a cost. `sentences` combines
them with the reasons of a run."""

from __future__ import annotations

from loadgen.aws.prices import exact_dollars
from loadgen.aws.refusals import remedy
from loadgen.report.values import Sentence, Values


def _usd(values: Values, name: str = "usd") -> str:
    return exact_dollars(float(values[name]))


def _sandbox_silent(values: Values) -> str:
    if "at_s" not in values:
        return str(values["error"])
    return f"{values['error']}. This ended the load after {values['at_s']:.3g} s: its last seconds met no target"


def _turned_away(values: Values) -> str:
    answer = str(values["answer"])
    return f"the run was ended: {values['url']} answers {answer}: {remedy(answer)}"


def _stopped_by_cost(values: Values) -> str:
    limit, about = _usd(values, "limit_usd"), f"about {_usd(values)}, as open calls count with the mean until then"
    return f"the run was stopped early by max_cost: {limit} (it had come to {about})"


def _nodes_unread(values: Values) -> str:
    nodes = int(values["nodes"])
    of = f"{nodes} nodes: what they" if nodes > 1 else "1 node: what it"
    return f"the load came from {of} sent after the last report, in up to 2.5 s, is in no figure, nor told as sent"


def _one_user_more(values: Values) -> str:
    users = int(values["users"])
    return f"the witness is one user more in {values['phase']}: {users + 1} instead of {users}"


def _until_look(values: Values) -> str:
    precision = (
        f"{values['ms']:.4g} ms within {100 * float(values['off']):.1f}%" if "off" in values else "no interval yet"
    )
    step = f"{values['step']} " if "step" in values else ""
    return f"after {values['after_s']} s: {step}{precision}{': well enough' if 'enough' in values else ''}"


def _until_undecided(values: Values) -> str:
    where = " ".join(str(values[name]) for name in ("phase", "step", "text") if name in values)
    others = f" and {int(values['count']) - 1} more" if int(values["count"]) > 1 else ""
    more = f": about {values['more_s']} more seconds at this rate" if "more_s" in values else ""
    return f"after {values['after_s']} s: undecided {where}{others}{more}"


def _there_already(values: Values) -> str:
    unfilled = " and gets no items" if "unfilled" in values else ""
    left = "; teardown leaves it" if "left" in values else ""
    return f"setup: the table {values['table']} is there already: it is used as it is{unfilled}{left}"


# what depends on the clocks of machines that share a load
APART = (
    "what is told by the second or in flight, and the intervals, take it that they began together. Counts and "
    "percentiles do not depend on it"
)
TOGETHER = f"{APART[0].upper()}{APART[1:]}"
STORED = "items that are read, changed or deleted have {bytes:,} bytes"

NOTICE_SENTENCES: dict[str, Sentence] = {
    "turned_away": _turned_away,
    "join_waits": "{found} of {count} requests found in the target's logs; it looks again in {seconds} s",
    "not_joined": "not joined with the target's logs: {error}",
    "secret_not_renewed": "{error}; it is asked for again, and the last one is used until then",
    "secret_expired": "the run was ended: {error}; the last one has expired",
    "made_up_keys": "there are no AWS credentials: calls are signed with made-up keys, which a local DynamoDB takes",
    "billing_not_known": "table {table}: how it is billed is not known, as DescribeTable is not allowed",
    "table_not_deleted": "teardown: the table {table} was not deleted, and goes on costing what it costs: {error}",
    "stopped_by_errors": "the run was stopped early by stop_if: {condition} (it was {share:.1%})",
    "stopped_by_cost": _stopped_by_cost,
    "force_cold_failed": "the run was ended: no cold start could be forced: {error}",
    "force_cold_not_restored": "the function's description was not restored: {error}. "
    "`loadgen tune --restore {folder}` tries again",
    "worker_lost": "worker {worker} was lost: {why}; its open exchanges are counted as lost",
    "node_unread": "node {node} was lost with its counts: what it sent in its last second is in no figure, and "
    "is among what is told as not sent",
    "node_clock_unknown": "the clock of node {node} is known within {error_ms} ms only: it began its load earlier or "
    f"later than the others by as much. {TOGETHER}",
    "node_clock_moved": "the clock of node {node} moved by {moved_ms} ms during the load: its later requests were due "
    f"earlier or later than those of the others by as much. {TOGETHER}",
    "lost_without_latencies": "{exchanges:,} exchanges have no latencies: those of the last second of the workers that "
    "were lost",
    "sandbox_silent": _sandbox_silent,
    "address_left_out": "{host} is also {address}, which takes no connection, and was left out",
    "system_lacks": "this system has {what}",
    "tls_not_verified": "TLS certificates were not verified (tls.verify: false)",
    "folder_unusable": "the run folder {folder} {why}; the run goes on, and the result is printed only",
    "run_died": "the run died before its end; this is what it had written",
    "nodes_unread": _nodes_unread,
    "open_when_it_died": "{exchanges:,} exchanges were open when it died, and are counted as lost",
    "died_without_latencies": "{exchanges:,} exchanges of its last second have no latencies",
    "experiment_died": "the experiment died before its end; this is what its runs had written",
    "experiment_broken_off": "the experiment was broken off: {error}",
    "experiment_stopped_by_cost": lambda values: (
        f"the experiment was stopped early by max_cost: its runs have come to {_usd(values)}"
    ),
    "witness_gone": "the witness was lost, and says nothing of the workers; its open exchanges are counted as lost",
    "witness_no_cpu": "the witness has no CPU of its own: there are {cpus} for {others} other processes of the load, "
    "and the time for which it waits is in its figures",
    "witness_no_p99": "the witness will have no interval for the p99 of {where}: at most about {exchanges:,} exchanges "
    "of a step, {needs:,} are needed (1 for {each} of the workers')",
    "witness_one_user_more": _one_user_more,
    "stopping": "stopping: waiting for what is open; once more to stop at once",
    "stopping_at_once": "stopping at once: what is open is given up",
    "round_again": "round {round} held an INVALID run and is run again",
    "decided": "decided after {rounds} rounds, as planned",
    "until_look": _until_look,
    "until_decided": "after {after_s} s: all thresholds of {phase} are decided",
    "until_undecided": _until_undecided,
    "table_there_already": _there_already,
    "table_created": "setup: creating the table {table}",
    "table_waited_for": "the table {table} is {status}: waiting",
    "table_deleted": "teardown: the table {table} is deleted",
    "shares_missing": "of {of} machines, these are not there: {missing}. What they sent is in no figure",
    "machines_cut_short": "these machines did not come to their end: {machines}. What they did not send is in no "
    "figure",
    "clocks_not_known": f"nothing is known to keep the clocks of machines {{machines}}: {APART}",
    "clocks_apart": f"the machines may have begun {{apart_ms:.3g}} ms apart, as the clock of machine {{worst}} may be "
    f"off: {APART}",
    "parts_missing": "these machines left no parts of times: {machines}. So it is not known whose time it was",
    "table_kept": "teardown: the table {table} is left, as the other machines may still use it; delete it when all of "
    "them are done",
    "clock_not_kept": "nothing is known to keep this machine's clock: it may not begin with the others. Keep it by NTP",
    "waiting_for_start": "the load begins at {start_at}, in {seconds} s",
    "items_so_far": "setup: {written:,} of {items:,} items",
    "items_loaded": "setup: loaded {items:,} items in {seconds:.1f} s",
    "item_size_of_setup": f"{STORED}, as setup.item has",
    "item_size_unknown": f"{STORED}, as nothing tells their size",
    "query_reads_one": "a query without a Limit reads one item",
    "scan_reads_table": "a scan without a Limit reads what the table has, or 1 MiB of it",
    "captures_short": "captured values are short",
    "nothing_sent_twice": "nothing is sent twice",
    "no_indexes": "the table has no secondary indexes",
}
