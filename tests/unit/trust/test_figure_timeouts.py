"""Timeouts belong to the tail: a machine that is late for requests makes timeouts of answers that would not be any."""

from __future__ import annotations

import pytest
from engine_harness import START, profile

from loadgen.analysis.conclusion import tails
from loadgen.clock import MILLISECOND as MS
from loadgen.engine.plan import Plan
from loadgen.exchange import REUSED, Exchange, Outcome, Request
from loadgen.record.recorder import Batch, Recorder, SeriesKey, fold
from loadgen.record.recording import Recording
from loadgen.trust.figure import Figure, figures_of
from loadgen.trust.finding import Verdict

TIMEOUT, SERVICE = 280 * MS, 250 * MS
EACH = 5 * MS
COUNT, HELD_UP = 2000, range(1000, 1080)  # the requests that were due while this machine stood still


def recorded(late: int, takes: int, stamps: bool) -> Figure:
    """200/s for 10 s to a target that takes `takes` in the time of `HELD_UP`, when requests leave `late` too late."""
    batches: list[Batch] = []
    names: dict[int, SeriesKey] = {}
    recorder = Recorder(START, batches.append, names.__setitem__)
    for n in range(COUNT):
        due = START + n * EACH
        released = due + (late if n in HELD_UP else MS // 10)
        x = Exchange(Request("GET", "/"), 0, None, due, released, due + TIMEOUT, 0)
        x.started = x.connected = x.sent = released
        x.connection = REUSED
        answered = released + (takes if n in HELD_UP else SERVICE)
        x.done = min(answered, x.deadline)
        if answered > x.deadline:
            x.outcome = Outcome.TIMEOUT
        elif stamps:
            x.received = x.done
        recorder.exchange(x, due)
    recorder.flush()
    recording = Recording()
    for batch in batches:
        recording.take(fold(batch, START), names)
    plan = Plan.of(profile("load: [{name: a, rate: 200/s, for: 10s}]\n"))
    (tail,) = tails(plan, recording)
    (p99,) = figures_of(tail.steps.items(), ["p99"])
    return p99


@pytest.mark.parametrize("stamps", [True, False])
def test_a_machine_that_is_late_has_made_its_timeouts(stamps: bool) -> None:
    figure = recorded(late=200 * MS, takes=SERVICE, stamps=stamps)
    assert figure.verdict is Verdict.INVALID
    assert figure.parts == {"lag": pytest.approx(TIMEOUT - SERVICE)}, "p99 would be the service"
    assert figure.at_least is not stamps


@pytest.mark.parametrize("stamps", [True, False])
def test_a_target_that_is_late_has_made_its_own(stamps: bool) -> None:
    figure = recorded(late=MS // 10, takes=10 * SERVICE, stamps=stamps)
    assert figure.verdict is Verdict.VALID
    assert figure.at_least is not stamps, "without a stamp it may have been there unread"
