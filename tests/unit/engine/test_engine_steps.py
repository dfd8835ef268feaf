"""Iterations of several steps: when each is due, what a failure leaves out, what is captured, over which connection."""

from __future__ import annotations

import json
from collections import Counter
from itertools import accumulate

import pytest
from engine_harness import START, Run, always, go

from loadgen.clock import MILLISECOND, SECOND
from loadgen.exchange import NEW, REUSED, Outcome
from loadgen.record.metrics import RECORDED, Metric
from loadgen.stats.ticks import TICKS
from loadgen.transport.scripted import NEVER, Reply

THREE = """
load: [{name: a, rate: 10/s, iterations: 100, arrivals: constant}]
scenarios:
  - name: s
    steps:
      - {name: one, get: /one}
      - {name: two, get: /two, think: 250ms}
      - {name: three, get: /three, timeout: 2s}
"""


def test_a_step_is_due_when_the_one_before_is_done_and_thought_about() -> None:
    run = go(THREE, lambda x: Reply(after=(1 + x.slot) * 100 * MILLISECOND))
    first = run.dues(0)
    assert first == [k * SECOND // 10 for k in range(100)]
    assert run.dues(0, 1) == [due + 350 * MILLISECOND for due in first]
    assert run.dues(0, 2) == [due + 550 * MILLISECOND for due in first]
    assert all(x.released == x.due for x in run.exchanges)
    whole = run.recording.total(Metric.ITERATION, slot=0)
    assert (whole.count, whole.least, whole.most) == (100, 850 * MILLISECOND, 850 * MILLISECOND)
    seconds = Counter[int]()
    for (tick, _, metric), h in run.by_second.items():
        if metric == Metric.ITERATION:
            seconds[tick // TICKS] += h.count
    assert seconds == dict.fromkeys(range(10), 10), "it belongs to the second in which it was due"


def test_a_stalled_loop_is_lag_of_the_step_that_it_held_up() -> None:
    run = Run(THREE.replace("iterations: 100", "iterations: 1"), always(after=100 * MILLISECOND))
    run.stall(200 * MILLISECOND, SECOND).go()
    (one,), (two,), (three,) = run.of(0, 0), run.of(0, 1), run.of(0, 2)
    instants = [instant - START for instant in (one.done, two.due, two.released)]
    assert instants == [100 * MILLISECOND, 350 * MILLISECOND, 1200 * MILLISECOND]
    assert three.due == three.released == two.done


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(status=503), "http_5xx"),
        (Reply(status=429), "throttled"),
        (Reply(outcome=Outcome.RESET), "reset"),
        (Reply(after=NEVER), "timeout"),
    ],
)
def test_a_step_that_fails_ends_its_iteration(reply: Reply, outcome: str) -> None:
    run = go(THREE, lambda x: reply if x.slot == 1 else Reply())
    assert run.iterations(0) == {"planned": 100, "started": 100, "failed": 100}
    assert run.outcomes(0, 0) == {"ok": 100}
    assert run.outcomes(0, 1) == {outcome: 100}
    assert run.outcomes(0, 2) == {}
    assert run.ledger.skipped.tolist()[:6] == [0, 0, 0, 0, 100, 0]
    assert run.recording.total(Metric.ITERATION, outcome=Outcome.OK).count == 0


def test_an_iteration_that_times_out_is_known_to_have_lasted_longer() -> None:
    """Left out, the slowest iterations would be missing from the figures of all."""
    run = go(THREE, lambda x: Reply(after=NEVER if x.slot == 2 and x.due % 3 else 100 * MILLISECOND))
    late = run.outcomes(0, 2)["timeout"]
    assert 0 < late < 100
    whole, cut = (run.recording.total(Metric.ITERATION, outcome=of) for of in (Outcome.OK, Outcome.TIMEOUT))
    assert (whole.count, cut.count) == (100 - late, late)
    assert cut.least == cut.most == (100 + 250 + 100 + 2000) * MILLISECOND


def test_think_time_before_the_first_step_belongs_to_the_iteration() -> None:
    run = go(THREE.replace("get: /one", "get: /one, think: 1s"), always(after=100 * MILLISECOND))
    assert run.dues(0) == [SECOND + k * SECOND // 10 for k in range(100)]
    assert run.recording.total(Metric.ITERATION).least == 1550 * MILLISECOND
    assert run.recording.total(Metric.LAG).most == 0


CAPTURE = """
load: [{name: a, rate: 10/s, iterations: 50, arrivals: constant}]
scenarios:
  - name: s
    steps:
      - {name: put, post: /orders, capture: {id: body.id, cold: header.x-cold}, record: {db: header.server-timing.db}}
      - {name: read, get: "/orders/{{id}}", headers: {x-id: "{{id}}"}}
    split_by: [cold]
"""


def answer(identity: object, **headers: str) -> Reply:
    return Reply(after=MILLISECOND, headers=headers, body=json.dumps({"id": identity}).encode())


def test_what_is_captured_goes_into_later_steps() -> None:
    run = go(CAPTURE, lambda x: answer(f"a b/{x.due - START}", **{"x-cold": "true"}))
    for put, read in zip(run.of(0), run.of(0, 1), strict=True):
        assert read.request.path == f"/orders/a%20b%2F{put.due - START}"
        assert dict(read.request.headers)["x-id"] == f"a b/{put.due - START}"


def test_what_the_server_reports_is_kept_in_its_own_series() -> None:
    run = go(CAPTURE, lambda x: answer(1, **{"server-timing": "cache;dur=1, db;dur=12.5"}))
    reported = run.recording.total(RECORDED, slot=0)
    assert (reported.count, reported.least, reported.most) == (50, 12_500_000, 12_500_000)
    assert run.recording.total(RECORDED, slot=1).count == 0


def test_strata_are_of_all_steps_from_the_capture_on() -> None:
    run = go(CAPTURE, lambda x: answer(1, **({"x-cold": "true"} if x.due // (SECOND // 10) % 5 == 0 else {})))
    for slot in (0, 1):
        counts = [run.recording.total(Metric.SERVICE, slot=slot, stratum=name).count for name in ("cold=true", "")]
        assert sum(counts) == 50
        assert slot or counts == [10, 40]
    assert run.recording.total(Metric.ITERATION, stratum="cold=true").count == 10


def test_strata_are_bounded_in_number() -> None:
    run = go(
        CAPTURE.replace("10/s, iterations: 50", "100/s, iterations: 500"), lambda x: answer(1, **{"x-cold": str(x.due)})
    )
    names = Counter(key.stratum for key, _ in run.recording.histograms if key.slot == 0)
    assert len(names) == 33
    assert run.recording.total(Metric.SERVICE, slot=0, stratum="other").count == 500 - 32


def test_a_step_that_needs_what_was_not_captured_is_not_sent() -> None:
    """It is unexpected, and says what is missing; the load goes on."""
    run = go(CAPTURE, lambda x: answer(1) if x.due // SECOND % 2 else Reply(after=MILLISECOND, body=b"[]"))
    assert run.outcomes(0) == {"ok": 50}
    assert run.outcomes(0, 1) == {"ok": 20, "unexpected": 30}
    assert run.iterations(0) == {"planned": 50, "started": 50, "completed": 20, "failed": 30}
    assert (run.ledger.sent[1], run.ledger.wired[1]) == (50, 20)
    ((failed, _, _, _),) = [member.samples.kept() for member in run.members]
    assert {(sample.method, sample.path, sample.reason) for sample in failed} == {("", "", "id was not captured")}


@pytest.mark.parametrize("hostile", ["a\r\nx-evil: 1", "a\nb", "a\0b", "é", "\ud800"])
def test_a_value_that_would_break_a_header_is_not_sent(hostile: str) -> None:
    run = go(CAPTURE, lambda x: answer(hostile))
    assert run.outcomes(0, 1) == {"unexpected": 50}
    assert run.ledger.wired[1] == 0


@pytest.mark.parametrize("where", ["get: '/{{id}}'", "post: /x, text: '{{id}}'", "post: /x, json: ['{{id}}']"])
def test_text_that_cannot_be_encoded_does_not_stop_the_load(where: str) -> None:
    run = go(CAPTURE.replace('get: "/orders/{{id}}", headers: {x-id: "{{id}}"}', where), lambda x: answer("\ud800"))
    assert sum(run.outcomes(0, 1).values()) == 50


def test_a_value_nested_beyond_all_reason_does_not_stop_the_load() -> None:
    depths = range(700, 1000, 3)
    bodies = [b'{"id": ' + b"[" * depth + b"]" * depth + b"}" for depth in depths]
    where = 'get: "/orders/{{id}}", headers: {x-id: "{{id}}"}'
    for instead in ("get: '/{{id}}'", "post: /x, text: '{{id}}'", "post: /x, json: ['{{id}}']"):
        written = CAPTURE.replace(where, instead).replace("iterations: 50", f"iterations: {len(depths)}")
        script = lambda x: Reply(after=MILLISECOND, body=bodies[x.due // (SECOND // 10) % len(bodies)])  # noqa: E731
        run = go(written.replace("[cold]", "[id]"), script)
        assert sum(run.outcomes(0, 1).values()) == len(depths)
        assert run.outcomes(0, 1)["ok"] > 0


TWO = """
load: [{name: a, rate: 10/s, iterations: 20, arrivals: constant}]
scenarios: [{name: s, steps: [{name: one, get: /one}, {name: two, get: /two}]}]
"""


@pytest.mark.parametrize(
    ("reuse", "opened", "labels"),
    [
        ("shared", 2, [(NEW, REUSED), (REUSED, REUSED)]),
        ("per-iteration", 20, [(NEW, REUSED)]),
        ("per-request", 40, [(NEW, NEW)]),
    ],
)
def test_sessions_open_as_many_connections_as_they_say(reuse: str, opened: int, labels: list[tuple[int, int]]) -> None:
    run = go(TWO + f"session: {reuse}", always(after=70 * MILLISECOND, connect=5 * MILLISECOND))
    assert run.ledger.connections[0] == opened
    pairs = {(one.connection, two.connection) for one, two in zip(run.of(0), run.of(0, 1), strict=True)}
    assert pairs == set(labels)
    for x in run.exchanges:
        assert x.done - x.started == (75 if x.connection == NEW else 70) * MILLISECOND
    connect = run.recording.total(Metric.CONNECT)
    assert (connect.count, connect.least, connect.most) == (opened, 5 * MILLISECOND, 5 * MILLISECOND)


@pytest.mark.parametrize("reuse", ["shared", "per-iteration", "per-request"])
@pytest.mark.parametrize("cap", [1, 3])
def test_the_cap_holds_in_every_session_mode_alike(reuse: str, cap: int) -> None:
    written = TWO.replace("10/s, iterations: 20", "100/s, iterations: 200") + "timeout: 1h\n"
    session = f"session: {{reuse: {reuse}, connections: {cap}}}"
    run = go(written + session, always(after=100 * MILLISECOND, connect=10 * MILLISECOND))
    used = Counter[int]()
    for x in run.exchanges:
        used[x.started] += 1
        used[x.done] -= 1
    assert max(accumulate(used[instant] for instant in sorted(used))) == cap == run.ledger.connections[5]
    assert run.outcomes(0) == run.outcomes(0, 1) == {"ok": 200}
    waits = [x.started - x.signed for x in run.exchanges]
    assert min(waits) >= 0
    assert max(waits) > SECOND
    for x in run.exchanges:
        parts = (x.released - x.due) + (x.signed - x.released) + (x.started - x.signed) + (x.done - x.started)
        assert parts == x.done - x.due


def test_a_connection_that_is_waited_for_too_long_is_a_timeout_without_service() -> None:
    run = go(TWO + "session: {connections: 1}\ntimeout: 1s", always(after=900 * MILLISECOND))
    starved = [x for x in run.exchanges if x.outcome]
    assert starved
    assert {x.done - x.due for x in starved} == {SECOND}
    assert any(not x.started for x in starved)
    total = run.recording.total(Metric.RESPONSE)
    assert run.recording.total(Metric.SERVICE).count == sum(x.started > 0 for x in run.exchanges) < total.count


def test_a_connection_of_its_own_is_closed_when_an_iteration_is_broken_off() -> None:
    written = TWO.replace("{name: two", "{name: two, think: 1h") + "session: {reuse: per-iteration, connections: 4}"
    run = Run(written, always(after=MILLISECOND)).stop(SECOND).go()
    assert run.members[0].transport.pool.open == 0
    assert run.iterations(0) == {"planned": 20, "started": 10, "cut_short": 10, "unsent_stopped": 10}
    assert run.outcomes(0) == {"ok": 10}, "those that waited for one of the four get it"
