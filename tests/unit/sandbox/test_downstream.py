"""What the function calls behind: whose connection it is, when it is opened, and what that takes, in exact figures."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import pytest
from sandbox_link import Target, answers, feed, request

from loadgen.clock import MILLISECOND, SECOND
from loadgen.profile.distribution import Distribution
from loadgen.profile.sandbox import Downstream, Environments, SandboxSettings
from loadgen.sandbox.downstream import Service
from loadgen.sandbox.messages import Fate
from loadgen.sandbox.simulation import Simulation

OPEN, CALL = 23, 10  # ns
IDLE = 1000


def settings(**changes: object) -> Downstream:
    plain = {"time": Distribution.fixed(CALL), "connect": Distribution.fixed(OPEN), "idle": IDLE}
    return Downstream.model_validate({**plain, **changes})


def simulation(environments: Environments | None = None, **changes: object) -> Simulation:
    return Simulation(
        SandboxSettings(
            service=Distribution.fixed(1),
            environments=environments or Environments(max=2, init=300),
            downstream=settings(**changes),
        )
    )


def seen(fate: Fate) -> tuple[int, int, int]:
    """The environment, what the calls took, and the connections that they opened."""
    assert fate.visit
    return fate.environment, fate.visit.time, fate.visit.opened


def test_the_first_call_of_an_environment_opens_its_connection() -> None:
    target = simulation()
    first, other = target.admit(0), target.admit(0)
    assert [seen(first), seen(other)] == [(1, OPEN + CALL, 1), (2, OPEN + CALL, 1)]
    assert (first.ready, first.init, first.service, first.cold) == (300 + 1 + OPEN + CALL, 300, 1 + OPEN + CALL, True)
    later = target.admit(400)
    assert seen(later) == (2, CALL, 0)
    assert (later.ready, later.service, later.init) == (400 + 1 + CALL, 1 + CALL, 0)


def test_a_request_that_keeps_none_opens_one_for_each_call() -> None:
    target = simulation(calls=10, keep_alive=False)
    assert [seen(target.admit(now)) for now in (0, 5000)] == [(1, 10 * (OPEN + CALL), 10)] * 2
    kept = simulation(calls=10)
    assert [seen(kept.admit(now)) for now in (0, 900)] == [(1, OPEN + 10 * CALL, 1), (1, 10 * CALL, 0)]


def test_a_request_chooses_for_itself() -> None:
    target = simulation()
    ways = (True, False, True, False, None)
    found = [seen(target.admit(1000 * i, keep_alive=way))[1:] for i, way in enumerate(ways)]
    assert found == [(OPEN + CALL, 1), (OPEN + CALL, 1), (OPEN + CALL, 1), (OPEN + CALL, 1), (OPEN + CALL, 1)], (
        "the kept one grows old while others are used"
    )
    target = simulation(idle=5000)
    found = [seen(target.admit(1000 * i, keep_alive=way))[1:] for i, way in enumerate(ways)]
    assert found == [(OPEN + CALL, 1), (OPEN + CALL, 1), (CALL, 0), (OPEN + CALL, 1), (CALL, 0)]


def test_a_connection_that_was_idle_for_longer_is_gone() -> None:
    target = simulation()
    ended = target.admit(0).ready
    assert ended == 334
    again = target.admit(ended + IDLE - 1)  # the function runs for 1 before it calls
    assert seen(again) == (1, CALL, 0), "exactly as long is not longer"
    assert seen(target.admit(again.ready + IDLE)) == (1, OPEN + CALL, 1)


def test_one_that_waits_uses_the_connection_of_the_environment_it_waits_for() -> None:
    target = simulation(Environments(max=1, init=300))
    first, second = target.admit(0), target.admit(5)
    assert seen(second) == (1, CALL, 0)
    assert second.queued == first.ready - 5
    assert second.ready == first.ready + 1 + CALL


def test_a_new_environment_has_no_connection() -> None:
    target = simulation(Environments(max=1, idle=2000), idle=10**9)
    assert [seen(target.admit(now)) for now in (0, 1000, 4000)] == [
        (1, OPEN + CALL, 1),
        (1, CALL, 0),
        (2, OPEN + CALL, 1),
    ]


def test_what_is_refused_calls_nothing() -> None:
    target = simulation(Environments(max=1, overflow="429"))
    assert target.admit(0).visit
    refused = target.admit(1)
    assert (refused.fault, refused.visit) == ("overflow", None)
    assert target.admit(5000, service=7).visit is None, "nor what runs for a time of its own"
    assert target.downstream
    assert (target.downstream.calls, target.downstream.opened) == (1, 1)


def test_calls_and_connections_are_drawn_apart() -> None:
    """The same calls in the same order, whichever connections they are made over; and the function's own times stay."""
    drawn = settings(
        time=Distribution.parse("lognormal(p50=8ms, p99=40ms)"),
        connect=Distribution.parse("pareto(min=5ms, alpha=2.5)"),
        calls=3,
    )
    kept, fresh = Service(drawn, 1, seed=4), Service(drawn, 1, seed=4)
    ways = (kept.visit(True), fresh.visit(False))
    assert kept.make(ways[0], 1, 0) < fresh.make(ways[1], 1, 0)
    again = Service(drawn, 1, seed=4)
    again.make(again.visit(True), 1, 0)
    first = again.make(again.visit(True), 1, 0)
    assert first == kept.make(kept.visit(True), 1, 0)
    plain = SandboxSettings(
        service=Distribution.parse("lognormal(p50=8ms, p99=40ms)"), environments=Environments(max=9)
    )
    behind = plain.model_copy(update={"downstream": drawn})
    alone, calling = Simulation(plain), Simulation(behind)
    for now in range(20):
        fate = calling.admit(now * SECOND)
        assert fate.visit
        assert fate.service - fate.visit.time == alone.admit(now * SECOND).service


@pytest.mark.parametrize("seed", range(10))
def test_as_a_plain_simulation_has_it(seed: int) -> None:
    """Against environments that remember for ever when their connection was last used."""
    dice = random.Random(seed)
    target = simulation(Environments(max=3, init=50, idle=3000), calls=2)
    used: dict[int, int] = {}
    now = 0
    for _ in range(500):
        now += dice.randrange(2 * IDLE)
        keep = dice.random() < 0.7
        fate = target.admit(now, keep_alive=keep)
        assert fate.visit
        begin = fate.ready - fate.visit.time
        opened = 2 if not keep else int(begin - used.get(fate.environment, -(10**9)) > IDLE)
        assert seen(fate)[1:] == (opened * OPEN + 2 * CALL, opened)
        if keep:
            used[fate.environment] = fate.ready


def test_only_environments_that_may_be_alive_are_remembered() -> None:
    service = Service(settings(), 2, seed=1)
    for environment in range(1, 100):
        service.make(service.visit(True), environment, environment)
    assert len(service._used) == 2
    assert service.make(service.visit(True), 98, 100) == CALL


# over HTTP


def wire_target(log: Path | None = None, **changes: object) -> Target:
    behind = settings(
        time=Distribution.fixed(6 * MILLISECOND), connect=Distribution.fixed(12 * MILLISECOND), idle=SECOND, **changes
    )
    return Target(
        log,
        service=Distribution.fixed(MILLISECOND),
        environments=Environments(max=1, init=300 * MILLISECOND),
        downstream=behind,
    )


def post(body: object) -> bytes:
    return request("/put", "POST", json.dumps(body).encode())


def test_the_answer_tells_what_happened_behind(tmp_path: Path) -> None:
    log = tmp_path / "truth.csv"
    target = wire_target(log, calls=2)
    link = target.connect()
    for body in ({"keepAlive": True}, {"keepAlive": True, "id": 5}, {"keepAlive": False}):
        feed(link, post(body))
        target.run()
    found = answers(link.data)
    told = [(headers["x-cold"], headers["x-opened"], headers["server-timing"]) for _, headers, _ in found]
    assert told == [
        ("true", "1", "fn;dur=25.000, db;dur=24.000, init;dur=300.000"),
        ("false", "0", "fn;dur=13.000, db;dur=12.000"),
        ("false", "2", "fn;dur=37.000, db;dur=36.000"),
    ]
    assert json.loads(found[1][2])["id"] == 5
    assert target.core.truth
    target.core.truth.close()
    with log.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [(row["downstream_ns"], row["downstream_opened"]) for row in rows] == [
        ("24000000", "1"),
        ("12000000", "0"),
        ("36000000", "2"),
    ]
    for row in rows:
        init = 300 * MILLISECOND if row["cold"] == "1" else 0
        assert int(row["sent_ns"]) - int(row["received_ns"]) == init + int(row["service_ns"])
        assert int(row["service_ns"]) == MILLISECOND + int(row["downstream_ns"])


@pytest.mark.parametrize(
    "body",
    [b"", b'{"keepAlive": 0}', b'{"keepAlive": "false"}', b'{"keepAlive": null}', b'["keepAlive", false]',
     b'{"keepAlive": false', b'{"nested": {"keepAlive": false}}', b'{"keepAlive": ' + b"[" * 60_000],
)  # fmt: skip
def test_anything_else_in_the_body_changes_nothing(body: bytes) -> None:
    target = wire_target()
    link = target.connect()
    feed(link, request("/", "POST", body))
    target.run()
    ((status, headers, _),) = answers(link.data)
    assert (status, headers["x-opened"]) == (201, "1")
    feed(link, request("/", "POST", body))
    target.run()
    assert answers(link.data)[1][1]["x-opened"] == "0", "the connection is kept, as the settings say"


def test_without_a_service_behind_nothing_is_told_of_one(tmp_path: Path) -> None:
    target = Target(environments=Environments(max=1))
    link = target.connect()
    feed(link, post({"keepAlive": False}))
    target.run()
    ((_, headers, _),) = answers(link.data)
    assert "x-opened" not in headers
    assert "db" not in headers["server-timing"]


def test_the_connection_of_a_request_is_in_the_truth_log(tmp_path: Path) -> None:
    log = tmp_path / "truth.csv"
    target = wire_target(log)
    link = target.connect()
    accepted = target.clock.now()
    for _ in range(2):
        target.run(40 * MILLISECOND)
        feed(link, request())
        target.run()
    assert target.core.truth
    target.core.truth.close()
    with log.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [int(row["received_ns"]) - int(row["accepted_ns"]) for row in rows] == [40_000_000, 1_080_000_000]
    assert int(rows[0]["accepted_ns"]) == accepted
