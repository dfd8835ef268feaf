"""Notices as sentences: each code with its values."""

from __future__ import annotations

import pytest

from loadgen.report.notice_sentences import NOTICE_SENTENCES
from loadgen.report.sentences import notice_text
from loadgen.result.reason import Reason

NOTICES = [
    (
        Reason.of("turned_away", url="https://h", answer="403 signature expired"),
        "the run was ended: https://h answers 403 signature expired: set this machine's clock",
    ),
    (Reason.of("round_again", round=3), "round 3 held an INVALID run and is run again"),
    (
        Reason.of("join_waits", found=3, count=40, seconds=5),
        "3 of 40 requests found in the target's logs; it looks again in 5 s",
    ),
    (
        Reason.of("not_joined", error="no AWS credentials"),
        "not joined with the target's logs: no AWS credentials",
    ),
    (
        Reason.of("secret_not_renewed", error="no token"),
        "no token; it is asked for again, and the last one is used until then",
    ),
    (Reason.of("secret_expired", error="no token"), "the run was ended: no token; the last one has expired"),
    (
        Reason.of("made_up_keys"),
        "there are no AWS credentials: calls are signed with made-up keys, which a local DynamoDB takes",
    ),
    (
        Reason.of("billing_not_known", table="t"),
        "table t: how it is billed is not known, as DescribeTable is not allowed",
    ),
    (
        Reason.of("table_not_deleted", table="t", error="denied"),
        "teardown: the table t was not deleted, and goes on costing what it costs: denied",
    ),
    (
        Reason.of("stopped_by_errors", condition="errors > 50% for 5s", share=0.623),
        "the run was stopped early by stop_if: errors > 50% for 5s (it was 62.3%)",
    ),
    (
        Reason.of("stopped_by_cost", limit_usd=0.0002, usd=0.00021),
        "the run was stopped early by max_cost: $0.0002 (it had come to about $0.00021, as open calls count with the "
        "mean until then)",
    ),
    (
        Reason.of("force_cold_failed", error="denied"),
        "the run was ended: no cold start could be forced: denied",
    ),
    (
        Reason.of("force_cold_not_restored", error="denied", folder="runs/a"),
        "the function's description was not restored: denied. `loadgen tune --restore runs/a` tries again",
    ),
    (
        Reason.of("node_unread", node="1 (10.0.0.7)"),
        "node 1 (10.0.0.7) was lost with its counts: what it sent in its last second is in no figure, "
        "and is among what is told as not sent",
    ),
    (
        Reason.of("node_clock_unknown", node="1 (10.0.0.7)", error_ms=7.5),
        "the clock of node 1 (10.0.0.7) is known within 7.5 ms only: it began its load earlier or later than the "
        "others by as much. What is told by the second or in flight, and the intervals, take it that they began "
        "together. Counts and percentiles do not depend on it",
    ),
    (
        Reason.of("node_clock_moved", node="1 (10.0.0.7)", moved_ms=-8.25),
        "the clock of node 1 (10.0.0.7) moved by -8.25 ms during the load: its later requests were due earlier or "
        "later than those of the others by as much. What is told by the second or in flight, and the intervals, take "
        "it that they began together. Counts and percentiles do not depend on it",
    ),
    (
        Reason.of("worker_lost", worker=1, why="it ended with status -9"),
        "worker 1 was lost: it ended with status -9; its open exchanges are counted as lost",
    ),
    (
        Reason.of("lost_without_latencies", exchanges=1200),
        "1,200 exchanges have no latencies: those of the last second of the workers that were lost",
    ),
    (Reason.of("sandbox_silent", error="the sandbox is gone"), "the sandbox is gone"),
    (
        Reason.of("sandbox_silent", error="the sandbox is gone", at_s=4.2),
        "the sandbox is gone. This ended the load after 4.2 s: its last seconds met no target",
    ),
    (
        Reason.of("address_left_out", host="h", address="::1"),
        "h is also ::1, which takes no connection, and was left out",
    ),
    (Reason.of("system_lacks", what="no pidfd"), "this system has no pidfd"),
    (Reason.of("tls_not_verified"), "TLS certificates were not verified (tls.verify: false)"),
    (
        Reason.of("folder_unusable", folder="runs/x", why="cannot be made: Read-only file system"),
        "the run folder runs/x cannot be made: Read-only file system; the run goes on, and the result is printed only",
    ),
    (
        Reason.of("nodes_unread", nodes=2),
        "the load came from 2 nodes: what they sent after the last report, in up to 2.5 s, is in no figure, nor "
        "told as sent",
    ),
    (
        Reason.of("nodes_unread", nodes=1),
        "the load came from 1 node: what it sent after the last report, in up to 2.5 s, is in no figure, nor "
        "told as sent",
    ),
    (Reason.of("run_died"), "the run died before its end; this is what it had written"),
    (
        Reason.of("open_when_it_died", exchanges=1001),
        "1,001 exchanges were open when it died, and are counted as lost",
    ),
    (
        Reason.of("died_without_latencies", exchanges=1001),
        "1,001 exchanges of its last second have no latencies",
    ),
    (Reason.of("experiment_died"), "the experiment died before its end; this is what its runs had written"),
    (Reason.of("experiment_broken_off", error="gone"), "the experiment was broken off: gone"),
    (
        Reason.of("experiment_stopped_by_cost", usd=1.5),
        "the experiment was stopped early by max_cost: its runs have come to $1.50",
    ),
    (
        Reason.of("witness_gone"),
        "the witness was lost, and says nothing of the workers; its open exchanges are counted as lost",
    ),
    (
        Reason.of("witness_no_cpu", cpus=2, others=3),
        "the witness has no CPU of its own: there are 2 for 3 other processes of the load, and the time for which it "
        "waits is in its figures",
    ),
    (
        Reason.of("witness_no_p99", where="burst", exchanges=1132, needs=1600, each=53),
        "the witness will have no interval for the p99 of burst: at most about 1,132 exchanges of a step, 1,600 are "
        "needed (1 for 53 of the workers')",
    ),
    (
        Reason.of("witness_one_user_more", phase="users", users=4),
        "the witness is one user more in users: 5 instead of 4",
    ),
    (Reason.of("stopping"), "stopping: waiting for what is open; once more to stop at once"),
    (Reason.of("stopping_at_once"), "stopping at once: what is open is given up"),
    (Reason.of("decided", rounds=6), "decided after 6 rounds, as planned"),
    (Reason.of("until_look", after_s=20), "after 20 s: no interval yet"),
    (Reason.of("until_decided", after_s=20, phase="burst"), "after 20 s: all thresholds of burst are decided"),
    (
        Reason.of(
            "until_undecided", after_s=20, phase="burst", step="put", text="response p99 < 250ms", count=2, more_s=35
        ),
        "after 20 s: undecided burst put response p99 < 250ms and 1 more: about 35 more seconds at this rate",
    ),
    (
        Reason.of("until_look", after_s=40, step="put", ms=28.914, off=0.0421, enough=1),
        "after 40 s: put 28.91 ms within 4.2%: well enough",
    ),
    (
        Reason.of("table_there_already", table="t", unfilled=1, left=1),
        "setup: the table t is there already: it is used as it is and gets no items; teardown leaves it",
    ),
    (
        Reason.of("shares_missing", of=8, missing="2-3, 7"),
        "of 8 machines, these are not there: 2-3, 7. What they sent is in no figure",
    ),
    (
        Reason.of("machines_cut_short", machines="4"),
        "these machines did not come to their end: 4. What they did not send is in no figure",
    ),
    (
        Reason.of("clocks_not_known", machines="1-2"),
        "nothing is known to keep the clocks of machines 1-2: what is told by the second or in flight, and the "
        "intervals, take it that they began together. Counts and percentiles do not depend on it",
    ),
    (
        Reason.of("clocks_apart", apart_ms=7.25, worst=3),
        "the machines may have begun 7.25 ms apart, as the clock of machine 3 may be off: what is told by the second "
        "or in flight, and the intervals, take it that they began together. Counts and percentiles do not depend on it",
    ),
    (
        Reason.of("parts_missing", machines="2"),
        "these machines left no parts of times: 2. So it is not known whose time it was",
    ),
    (
        Reason.of("table_kept", table="t"),
        "teardown: the table t is left, as the other machines may still use it; delete it when all of them are done",
    ),
    (
        Reason.of("clock_not_kept"),
        "nothing is known to keep this machine's clock: it may not begin with the others. Keep it by NTP",
    ),
    (
        Reason.of("waiting_for_start", start_at="2026-01-31T12:00:00Z", seconds=34),
        "the load begins at 2026-01-31T12:00:00Z, in 34 s",
    ),
    (Reason.of("table_created", table="t"), "setup: creating the table t"),
    (Reason.of("table_waited_for", table="t", status="CREATING"), "the table t is CREATING: waiting"),
    (Reason.of("table_deleted", table="t"), "teardown: the table t is deleted"),
    (Reason.of("items_so_far", written=500, items=10_000), "setup: 500 of 10,000 items"),
    (Reason.of("items_loaded", items=10_000, seconds=2.34), "setup: loaded 10,000 items in 2.3 s"),
    (
        Reason.of("item_size_of_setup", bytes=1024),
        "items that are read, changed or deleted have 1,024 bytes, as setup.item has",
    ),
    (
        Reason.of("item_size_unknown", bytes=1024),
        "items that are read, changed or deleted have 1,024 bytes, as nothing tells their size",
    ),
    (Reason.of("query_reads_one"), "a query without a Limit reads one item"),
    (Reason.of("scan_reads_table"), "a scan without a Limit reads what the table has, or 1 MiB of it"),
    (Reason.of("captures_short"), "captured values are short"),
    (Reason.of("nothing_sent_twice"), "nothing is sent twice"),
    (Reason.of("no_indexes"), "the table has no secondary indexes"),
]  # fmt: skip


@pytest.mark.parametrize(("notice", "text"), NOTICES, ids=lambda value: getattr(value, "code", ""))
def test_a_notice_is_a_sentence(notice: Reason, text: str) -> None:
    assert notice_text(notice) == text


def test_each_code_is_tried() -> None:
    assert {notice.code for notice, _ in NOTICES} == set(NOTICE_SENTENCES)


def test_a_notice_names_the_run_of_an_experiment_or_how_many_gave_it() -> None:
    assert notice_text(Reason.of("stopping").of_run("fresh", 3)).startswith("fresh, round 3: stopping: ")
    assert notice_text(Reason.of("no_indexes", in_runs=1, of_runs=4)).endswith(" indexes (1 of 4 runs)")
