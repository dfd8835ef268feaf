"""One table divides time up: parts add up, many exchanges are divided as each of them is, and every reader agrees."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from engine_harness import Run, go

from loadgen.analysis.build import Measured, variant
from loadgen.clock import MILLISECOND as MS
from loadgen.exchange import NEW, REUSED, Exchange, Request
from loadgen.record.attribution import COUNTED, HELD_BACK, NONE, OWN, TABLE, attribution, attributions, net, own
from loadgen.record.metrics import OF_EXCHANGE, Metric, measure, times_of
from loadgen.record.recorder import Recorder
from loadgen.record.share import COUNTS, Part, Shares, divide
from loadgen.result.latency import Latency
from loadgen.result.run import Attribution
from loadgen.transport.scripted import Reply

FIELDS = ("target", "connect", "wait", "build", "held", "own", "handshake")


def exchange(random: Random, *, connection: int) -> Exchange:
    """An exchange of which everything is known, on a new connection or on one that was there."""
    due = random.randrange(1, 10**9)
    x = Exchange(Request("GET", "/"), 0, None, due, due + random.randrange(5 * MS), 0, 0)
    x.build = random.randrange(MS)
    x.signed = x.released + x.build + random.randrange(MS)
    x.started = x.signed + random.randrange(9 * MS)
    x.wait_delay = random.randrange(x.started - x.signed + 1)
    x.connection, x.connected = connection, x.started
    if connection == NEW:
        x.dns, x.tcp, x.tls = random.randrange(MS), random.randrange(MS), random.randrange(9 * MS)
        x.handshake_cpu, x.connect_delay = random.randrange(MS), random.randrange(MS)
        x.connected = x.started + x.dns + x.tcp + x.tls + x.handshake_cpu + x.connect_delay + 1
    x.sent = x.connected
    x.first = x.sent + random.randrange(30 * MS)
    x.received = x.first + random.randrange(30 * MS)
    x.done = x.received + random.randrange(MS)
    return x


def recorded(exchanges: list[Exchange], due: int | None = None) -> np.ndarray:
    """The rows of a recorder that took them."""
    batches = []
    recorder = Recorder(0, batches.append, lambda number, key: None)
    for x in exchanges:
        recorder.exchange(x, x.due if due is None else due)
    recorder.flush()
    return np.concatenate([np.frombuffer(batch.rows, np.int64) for batch in batches]).reshape(len(exchanges), -1)


def added(of: Attribution) -> float:
    return sum(getattr(of, field) for field in FIELDS)


@pytest.mark.parametrize("scheduled", [True, False])
@pytest.mark.parametrize("connection", [NEW, REUSED])
def test_one_exchange_has_the_times_that_the_recorder_has_of_it(scheduled: bool, connection: int) -> None:
    random = Random(connection)
    for _ in range(50):
        x = exchange(random, connection=connection)
        due = x.due if scheduled else 0
        (figures,) = measure(recorded([x], due)).tolist()
        known = {metric.word: figure for metric, figure in zip(OF_EXCHANGE, figures, strict=True) if figure != -1}
        assert times_of(x, due) == known
        assert ("connect" in known) == (connection == NEW)
        assert ("response" in known) == ("lag" in known) == scheduled


@pytest.mark.parametrize("scheduled", [True, False])
def test_many_are_divided_as_each_of_them_is(scheduled: bool) -> None:
    random = Random(7)
    exchanges = [exchange(random, connection=random.choice([NEW, REUSED])) for _ in range(200)]
    rows = recorded(exchanges, None if scheduled else 0)
    divided = divide(rows[:, 0], measure(rows))
    every = Latency(200, None, None, {}, 0.0, None, 0)
    mean = attributions(Shares(divided[:, 1], divided[:, 2:]), every, {})["mean"]
    each = [attribution(times_of(x, x.due), scheduled) for x in exchanges]
    for field in ("value", *FIELDS):
        assert getattr(mean, field) == pytest.approx(np.mean([getattr(of, field) for of in each]), abs=1e-5)
    assert all(added(of) == pytest.approx(of.value, abs=1e-5) for of in (mean, *each))
    assert mean.requests == 200
    assert not mean.own_at_least


@pytest.mark.parametrize("connection", [NEW, REUSED])
def test_the_targets_own_time_is_what_attribution_gives_the_target(connection: int) -> None:
    """With connecting, for each exchange by itself; and its first byte lies within."""
    random = Random(connection)
    for _ in range(100):
        x = exchange(random, connection=connection)
        times = times_of(x, x.due)
        whose = attribution(times, scheduled=True)
        assert whose.target + whose.connect == pytest.approx(times["target"] / MS, abs=2e-6)
        assert times["ttfb"] == x.first - x.sent <= times["target"]


def test_parts_add_up_to_the_whole_on_any_axis() -> None:
    sums = np.random.default_rng(1).integers(0, 1000, (50, len(Part)))
    parts = net(sums)
    without = [part for part in Part if part not in COUNTS]
    assert (parts[:, without].sum(axis=1) == sums[:, Part.WHOLE]).all()
    assert (own(parts) == [own(net(row)) for row in sums]).all()
    assert (net(sums, HELD_BACK)[:, without].sum(axis=1) == sums[:, Part.WHOLE]).all()
    assert (own(parts) - own(net(sums, HELD_BACK)) == sums[:, Part.SIGN] - sums[:, Part.BUILD]).all()


def test_every_part_is_in_the_table_once_and_inside_what_is_there() -> None:
    parts = [row.part for row in TABLE]
    assert len(parts) == len(set(parts))
    assert set(parts) == set(Part) - COUNTS - {Part.WHOLE}
    assert all(row.inside is Part.WHOLE or row.inside in parts for row in TABLE)
    assert {row.field for row in TABLE} <= set(FIELDS)
    assert set(OWN) == {row.part for row in TABLE if row.field in ("own", "handshake")}
    assert set(COUNTED) == set(OWN) - {Part.HANDSHAKE_CPU}
    assert all(Metric[row.part.name] in OF_EXCHANGE for row in TABLE)


def test_what_adaptive_retries_hold_back_is_the_profiles() -> None:
    x = exchange(Random(3), connection=REUSED)
    plain, held = (attribution(times_of(x, x.due), True, asked) for asked in (NONE, HELD_BACK))
    assert plain.held == 0
    assert held.held == pytest.approx(plain.own - held.own, abs=2e-6)
    assert held.held == pytest.approx((x.signed - x.released - x.build) / MS, abs=2e-6)


def test_the_mean_and_the_bars_of_a_run_are_of_the_same_requests() -> None:
    random = Random(5)
    run: Run = go(
        "load: [{name: steady, rate: 500/s, for: 2s}]\nsession: {connections: 9}\n",
        lambda x: Reply(random.randrange(1, 30) * MS, client_delay=random.randrange(MS)),
    )
    (step,) = variant(Measured(run.plan, run.ledger, run.recording)).phases[0].steps
    mean, response = step.whose_ms["mean"], step.latency_ms["response"]
    assert response.mean is not None
    assert mean.value == pytest.approx(response.mean, abs=1e-5)
    assert added(mean) == pytest.approx(mean.value, abs=1e-5)
