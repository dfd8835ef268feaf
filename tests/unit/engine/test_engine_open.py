"""The open load: everything is sent when it is due, whatever the target does, and timed from then."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from engine_harness import START, Run, always, go

from loadgen.clock import MILLISECOND, SECOND
from loadgen.engine.plan import Plan
from loadgen.exchange import Exchange, Outcome
from loadgen.record.metrics import Metric
from loadgen.stats import Histogram, fraction
from loadgen.transport.scripted import NEVER, Reply

CONSTANT = "load: [{name: steady, rate: 100/s, for: 100s, arrivals: constant}]\n"


class Queue:
    """One server, first come first served, that stands still once. `freeze` is from the start of the run."""

    def __init__(self, service: int, freeze: int, length: int) -> None:
        self.service, self.freeze, self.thaw, self.free = service, START + freeze, START + freeze + length, 0

    def __call__(self, x: Exchange) -> Reply:
        begin = max(x.started, self.free)
        if self.freeze <= begin < self.thaw:
            begin = self.thaw
        self.free = begin + self.service
        return Reply(after=self.free - x.started)


COUNTER = 0.001  # how wide a counter of a histogram is, at the most

# ten of 100 seconds stand still; the work that has piled up by then is done ten times as fast as it comes in, so that
# who is due u seconds into the freeze waits 10 - 0.9 u: a share of (10 - r)/90 waits longer than r
EXPECTED = {"p90": 1.0, "p95": 5.5, "p99": 9.1}


@pytest.mark.parametrize("connections", [1, 50, 100_000])
def test_a_stall_of_the_target_is_in_the_response_of_all_that_were_due_meanwhile(connections: int) -> None:
    run = go(CONSTANT + f"session: {{connections: {connections}}}", Queue(MILLISECOND, 40 * SECOND, 10 * SECOND))
    response = run.recording.total(Metric.RESPONSE, outcome=Outcome.OK)
    assert response.count == 10_000
    for name, seconds in EXPECTED.items():
        assert response.quantile(fraction(name)) == pytest.approx(seconds * SECOND, rel=0.02)
    assert response.quantile(fraction("p50")) == pytest.approx(MILLISECOND, rel=COUNTER)


def test_timed_from_send_the_stall_would_be_gone() -> None:
    run = go(CONSTANT + "session: {connections: 1}", Queue(MILLISECOND, 40 * SECOND, 10 * SECOND))
    omitted = Histogram.of(np.array([x.done - x.sent for x in run.exchanges]))
    for name in EXPECTED:
        assert omitted.quantile(fraction(name)) == pytest.approx(MILLISECOND, rel=COUNTER)
    waited = run.recording.total(Metric.WAIT)
    assert waited.quantile(fraction("p95")) == pytest.approx(5.5 * SECOND, rel=0.02), "it is the wait for a connection"


def test_slow_requests_that_hold_nobody_up_make_no_phantoms() -> None:
    """One in a hundred takes a second, on connections of their own: back-filling would report p95 at half a second."""
    run = go(CONSTANT, lambda x: Reply(after=SECOND if x.due // (10 * MILLISECOND) % 100 == 0 else MILLISECOND))
    response = run.recording.total(Metric.RESPONSE)
    assert response.count == run.ledger.sent[0] == 10_000
    for name in ("p50", "p95", "p99"):
        assert response.quantile(fraction(name)) == pytest.approx(MILLISECOND, rel=COUNTER)
    assert response.quantile(fraction("p99.9")) == response.most == SECOND


@pytest.mark.parametrize("arrivals", ["constant", "poisson"])
def test_every_due_instant_is_the_schedules(arrivals: str) -> None:
    run = go(f"load: [{{name: a, rate: 500/s, for: 20s, arrivals: {arrivals}}}]")
    scheduled = np.concatenate(list(run.plan.runs[0].schedule().blocks())).tolist()
    assert run.dues(0) == scheduled
    assert all(x.due == x.released == x.signed == x.started for x in run.of(0))


def test_nothing_is_skipped_or_timed_anew_when_the_loop_stalls() -> None:
    written = "load: [{name: a, rate: 100/s, for: 10s, arrivals: constant}]"
    run = Run(written, always(after=MILLISECOND)).stall(3 * SECOND, 2 * SECOND).stall(8 * SECOND, SECOND // 2).go()
    assert run.dues(0) == [k * SECOND // 100 for k in range(1000)]
    late = {x.due - START: x.released - x.due for x in run.of(0) if x.released > x.due}
    stalled = [*range(300, 500), *range(800, 850)]
    assert late == {k * SECOND // 100: (5 if k < 500 else 8.5) * SECOND - k * SECOND // 100 for k in stalled}, (
        "all of them are released the moment the loop runs again"
    )
    lag = run.recording.total(Metric.LAG)
    assert (lag.count, lag.total, lag.most) == (1000, sum(map(int, late.values())), 2 * SECOND)


def test_a_stall_across_the_end_of_a_phase_leaves_no_arrival_out() -> None:
    written = """
load:
  - {name: a, rate: 100/s, for: 1s, arrivals: constant}
  - {name: b, rate: 50/s, for: 1s, arrivals: constant}
  - {name: c, rate: 100/s, for: 1s, arrivals: constant}
"""
    run = Run(written, always(after=MILLISECOND)).stall(SECOND // 2, 2 * SECOND).go()
    assert run.dues(0) == [k * SECOND // 100 for k in range(100)]
    assert run.dues(1) == [SECOND + k * SECOND // 50 for k in range(50)]
    assert run.dues(2) == [2 * SECOND + k * SECOND // 100 for k in range(100)]
    assert {x.released - START for x in run.of(1)} == {5 * SECOND // 2}


def test_what_is_open_grows_with_the_rate_when_the_target_stops_answering() -> None:
    silent = START + 5 * SECOND
    run = Run(
        "load: [{name: a, rate: 200/s, for: 20s, arrivals: constant}]\ntimeout: 30s",
        lambda x: Reply(after=NEVER if x.due >= silent else MILLISECOND),
    )
    seen = []
    for second in range(5, 20):
        run.at(second * SECOND - 1, lambda run: seen.append(run.members[0].engine.in_flight))
    run.go()
    assert seen == [200 * second for second in range(15)]
    assert run.outcomes(0) == {"ok": 1000, "timeout": 3000}
    assert run.ledger.worker[0] >= 3000


def test_a_timeout_comes_exactly_when_it_is_due_and_is_kept_as_a_bound() -> None:
    run = go(
        "load: [{name: a, rate: 97/s, for: 30s}]\ntimeout: 2s",
        lambda x: Reply(after=NEVER if x.due % 33 == 0 else MILLISECOND),
    )
    late = [x for x in run.exchanges if x.outcome]
    assert len(late) > 50
    assert {x.done - x.due for x in late} == {2 * SECOND}
    assert {x.outcome for x in late} == {Outcome.TIMEOUT}
    censored = run.recording.total(Metric.RESPONSE, outcome=Outcome.TIMEOUT)
    assert (censored.count, censored.least, censored.most) == (len(late), 2 * SECOND, 2 * SECOND)


def test_a_timeout_is_never_early_when_the_loop_stalls() -> None:
    run = Run("load: [{name: a, rate: 10/s, for: 5s}]\ntimeout: 1s", always(after=NEVER))
    run.stall(2 * SECOND, 3 * SECOND).go()
    ended = {x.due: x.done for x in run.of(0)}
    stall = START + 2 * SECOND, START + 5 * SECOND
    for due, done in ended.items():
        assert done == (stall[1] if stall[0] < due + SECOND < stall[1] else due + SECOND)


def test_an_answer_that_comes_with_the_timeout_is_one_outcome() -> None:
    run = go("load: [{name: a, rate: 10/s, for: 1s, arrivals: constant}]\ntimeout: 1s", always(after=SECOND))
    assert sum(run.outcomes(0).values()) == 10


def test_scenarios_are_drawn_by_weight_and_by_index_alone() -> None:
    written = """
load: [{name: a, rate: 2000/s, iterations: 4000, arrivals: constant}]
scenarios:
  - {name: one, weight: 1, steps: [{name: s, get: /1}]}
  - {name: seven, weight: 7, steps: [{name: s, get: /7}]}
  - {name: half, weight: 0.5, steps: [{name: s, get: /h}]}
"""
    run = go(written)
    counts = [len(run.of(0, step)) for step in range(3)]
    assert sum(counts) == 4000
    for count, weight in zip(counts, (1, 7, 0.5), strict=True):
        share = weight / 8.5
        assert abs(count - 4000 * share) < 4 * (4000 * share * (1 - share)) ** 0.5
    drawn = {x.due: x.request.path for x in run.exchanges}
    for workers in (2, 3):
        assert {x.due: x.request.path for x in go(written, workers=workers).exchanges} == drawn


def test_the_same_seed_gives_the_same_exchanges_to_the_byte() -> None:
    written = """
seed: 77
load: [{name: a, rate: 300/s, for: 5s}, {name: b, rate: 50/s..500/s, for: 3s}]
scenarios:
  - name: s
    steps:
      - {name: put, post: "/x/{{uuid}}", query: {n: "{{seq}}"}, json: {v: "{{int 1 9999}}", t: "{{bytes 30}}"}}
"""

    def sent(seed: int, workers: int) -> list[tuple[int, str, bytes]]:
        run = go(written.replace("77", str(seed)), workers=workers)
        return [(x.due, x.request.path, x.request.body) for x in run.exchanges]

    first = sent(77, 1)
    assert sent(77, 1) == first
    other = sent(78, 1)
    assert not {due for due, _, _ in other} & {due for due, _, _ in first[1:]}
    assert not {body for _, _, body in other} & {body for _, _, body in first}
    for workers in (2, 5):
        spread = sent(77, workers)
        assert [due for due, _, _ in spread] == [due for due, _, _ in first]
        assert len({path for _, path, _ in spread}) == len(spread), "no value is used twice"
        phase = [x for x in first if x[0] < START + 5 * SECOND]
        assert spread[: len(phase)] == phase, "in the first phase the very same requests"


def test_the_schedule_does_not_depend_on_what_the_target_does() -> None:
    written = "load: [{name: a, rate: 200/s, for: 5s}]\ntimeout: 1s"
    dues = go(written).dues(0)
    for script in (
        always(after=NEVER),
        always(outcome=Outcome.REFUSED),
        always(after=SECOND // 3, connect=SECOND // 5),
    ):
        assert go(written, script).dues(0) == dues


def test_the_in_flight_limit_leaves_out_what_is_due_beyond_it_and_says_so() -> None:
    run = go(
        "load: [{name: a, rate: 100/s, for: 4s, arrivals: constant}]\nin_flight_limit: 50",
        always(after=SECOND - MILLISECOND),
    )
    assert run.iterations(0) == {"planned": 400, "started": 200, "completed": 200, "unsent_limit": 200}
    assert run.ledger.worker[0] == 50
    begun = Counter((x.due - START) // SECOND for x in run.of(0))
    assert begun == dict.fromkeys(range(4), 50), "what there is room for is sent, when it is due"


def test_the_slowest_that_went_well_are_kept_and_failures_are_not_among_them() -> None:
    def script(x: Exchange) -> Reply:
        number = (x.due - START) // (10 * MILLISECOND)
        return Reply(after=number * 37 % 200 * MILLISECOND, status=500 if number % 10 == 0 else 200)

    run = go("load: [{name: a, rate: 100/s, for: 2s, arrivals: constant}]", script)
    kept = [sample for sample in run.members[0].samples.kept().slowest if sample.slot == 0]
    assert [sample.times["response"] for sample in kept] == run.values(Metric.RESPONSE, 0)[:-6:-1]
    assert {sample.outcome for sample in kept} == {"ok"}


def test_a_reply_that_is_refused_at_once_needs_no_more_memory_than_it_is_open() -> None:
    run = go(
        "load: [{name: a, rate: 2000/s, for: 5s, arrivals: constant}]\nsession: {connections: 100}",
        always(outcome=Outcome.REFUSED, reason="connection refused"),
    )
    assert run.outcomes(0) == {"refused": 10_000}
    assert run.ledger.worker[0] == 1
    failed, slow, _, _ = run.members[0].samples.kept()
    assert len(failed) == 3
    assert not slow


def test_the_plan_knows_each_open_count_beforehand() -> None:
    run = go("""
load:
  - {name: a, rate: 33/s, for: 7s}
  - {name: b, rate: 5/s..70/s, for: 3s}
  - {name: c, rate: 9/s, iterations: 31}
""")
    for number, phase in enumerate(Plan.of(run.profile).runs):
        assert run.iterations(number)["planned"] == phase.planned(0, 1) == len(run.of(number))
    assert len(run.of(2)) == 31
