"""What the network did, out of counts and of connect times: added up, told apart, and judged."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from evidence import QUIET

from loadgen.clock import MILLISECOND as MS
from loadgen.clock import SECOND
from loadgen.result import run as result
from loadgen.result.reason import Reason
from loadgen.stats import Histogram
from loadgen.trust.finding import Finding, Verdict
from loadgen.trust.health import Health
from loadgen.trust.network import AGES, Network, Retried, retried
from loadgen.trust.verdict import judge

SAMPLE = {
    "connects": 10, "syn_retried": 0, "looked_at": 4, "segments": 1000, "retransmits": 0, "lost": 0, "rtt": 3 * MS,
    "least_rtt": 2 * MS,
}  # fmt: skip


def sample(**other: int | None) -> dict[str, Any]:
    return {**SAMPLE, **other}


def network(*samples: dict[str, Any]) -> Network:
    found = Network()
    for each in samples or (sample(),):
        found.add(each)
    return found


def finding(signal: str, **seen: Any) -> Finding:
    return next(found for found in judge(replace(QUIET, **seen)) if found.signal == signal)


def times(*ns: int) -> Histogram:
    return Histogram.of(np.array(ns, np.int64))


def test_samples_are_added_up() -> None:
    assert network(sample(), sample(retransmits=3, syn_retried=1, lost=2)).to_result() == result.Network(
        connects=20, syn_retried=1, looked_at=8, segments=2000, retransmits=3, lost=2, round_trip_ms=2.0
    )


def test_the_round_trip_is_that_of_most_connections() -> None:
    few, many = sample(least_rtt=90 * MS, looked_at=1), sample(least_rtt=20 * MS, looked_at=64)
    assert network(few, many, few).round_trip == 20 * MS
    assert network(sample(least_rtt=None)).round_trip is None
    assert network(sample(least_rtt=None)).to_result().round_trip_ms is None


def test_a_worker_whose_client_cannot_be_asked_tells_nothing() -> None:
    health = Health()
    about = {"elapsed": SECOND, "cpu": 0, "run_queue_wait": 0, "gc_total": 0, "preemptions": 0, "worker": 0, "rss": 0}
    quiet = {**about, "loop_lag_max": 0, "gc_max": 0, "loop_lag_p99": 0, "in_flight": 0}
    health.add({**quiet, "tcp": None})
    assert health.network is None
    health.add({**quiet, "tcp": sample()})
    health.add({**quiet, "tcp": sample()})
    assert health.network is not None and health.network.connects == 20


@pytest.mark.parametrize("lost", [0, 1, 11, 900])
def test_what_was_sent_again_is_told_and_not_held_against_this_machine(lost: int) -> None:
    found = finding("retransmits", network=network(sample(retransmits=lost)))
    assert (found.verdict, found.limits, found.noted) == (Verdict.VALID, Verdict.VALID, lost > 0)


def test_what_cannot_be_known_is_no_reason() -> None:
    for unknown in (None, network(sample(segments=0, connects=0))):
        assert finding("retransmits", network=unknown).observed.code == "not_observed"
        assert finding("SYN retries", network=unknown).observed.code == "no_connects"
        assert finding("SYN retries", network=unknown).verdict is Verdict.VALID


def test_first_packets_sent_again_are_told_by_the_kernel() -> None:
    connects = times(*[MS] * 98, SECOND + MS, SECOND + 2 * MS)
    found = finding("SYN retries", network=network(sample(connects=1000, syn_retried=2)), connects=connects)
    assert found.verdict is Verdict.VALID and found.noted
    assert found.observed == Reason.of("syn_retries", connects=1000, retried=2, by="kernel", after_s=1)
    here = finding("SYN retries", network=network(sample(connects=1000, syn_retried=2)), overflows=3)
    assert here.observed.values["dropped"] == 3


def test_without_the_kernel_they_are_told_by_how_long_connects_took() -> None:
    connects = times(*[20 * MS] * 97, 1020 * MS, 1021 * MS, 3020 * MS)
    found = finding("SYN retries", connects=connects)
    assert found.observed == Reason.of("syn_retries", connects=100, retried=3, by="times", after_s=1)
    assert found.verdict is Verdict.VALID and found.noted
    assert not finding("SYN retries", connects=times(*[20 * MS] * 100)).noted


@pytest.mark.parametrize("age", AGES)
def test_an_age_at_which_packets_are_sent_again_is_known(age: int) -> None:
    assert retried(times(*[MS] * 9, age + MS)) == Retried(1, age)
    assert retried(times(*[MS] * 9, age - 30 * MS)) == Retried(0, None)


def test_connects_that_are_slow_for_another_reason_are_not_taken_for_it() -> None:
    spread = times(*range(800 * MS, 1200 * MS, MS))
    assert retried(spread) == Retried(0, None)
    assert retried(times(*range(0, 2000 * MS, 2 * MS))) == Retried(0, None)
    assert retried(Histogram()) == Retried(0, None)
    assert retried(times(*[MS] * 900, *[990 * MS] * 10, *[1010 * MS] * 10)) == Retried(0, None)
