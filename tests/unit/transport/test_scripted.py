"""The scripted client keeps the contract of every client, in virtual time: one end for each exchange, every instant
in its order, nothing early."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.clock import MILLISECOND, SECOND, VirtualClock
from loadgen.exchange import NEW, REUSED, Exchange, Outcome, Request
from loadgen.net.counters import CONNECTION_COUNTERS, OPENED, PEAK
from loadgen.net.names import Origin
from loadgen.transport import Counters, Settings
from loadgen.transport.scripted import NEVER, Reply, Scripted

MODES = ("shared", "per-iteration", "per-request")
ORIGIN = Origin("http", "target", 80)
FAILURES = [
    Outcome.REFUSED, Outcome.RESET, Outcome.TLS, Outcome.DNS, Outcome.BAD_RESPONSE, Outcome.CLIENT_RESOURCE,
]  # fmt: skip


class Bench:
    """A scripted client, and what became of the exchanges sent through it."""

    def __init__(
        self, script: Callable[[Exchange], Reply], reuse: str = "shared", connections: int = 100, slots: int = 1
    ) -> None:
        self.clock = VirtualClock(start=SECOND)
        settings = Settings(ORIGIN, (), None, reuse, "connection", connections, 0, False, False)
        self.wired = memoryview(bytearray(8 * slots)).cast("q")
        self.connections = memoryview(bytearray(8 * len(CONNECTION_COUNTERS))).cast("q")
        self.client = Scripted(self.clock, settings, Counters(self.wired, self.connections), self.done, script)
        self.sent: list[Exchange] = []
        self.ended: list[Exchange] = []
        self.sending = False

    def done(self, x: Exchange) -> None:
        assert not self.sending, "done from within send"
        assert x.done == self.clock.now()
        self.ended.append(x)

    def send(self, timeout: int = SECOND, owner: object = None, slot: int = 0) -> Exchange:
        due = self.clock.now()
        x = Exchange(Request("GET", "/"), slot, owner or object(), due, due, due + timeout, 0)
        self.sent.append(x)
        self.sending = True
        self.client.send(x)
        self.sending = False
        return x

    def check(self) -> None:
        """What holds whatever happened, once all is over."""
        assert sorted(map(id, self.ended)) == sorted(map(id, self.sent))
        assert sum(self.wired) == sum(1 for x in self.sent if x.sent)
        for x in self.sent:
            reached = [at for at in (x.due, x.released, x.signed, x.started, x.connected, x.sent) if at]
            assert reached == sorted(reached)
            assert x.done >= reached[-1]
            assert x.outcome is not Outcome.TIMEOUT or x.done == x.deadline


def once(reply: Reply, timeout: int = SECOND) -> tuple[Bench, Exchange]:
    bench = Bench(lambda x: reply)
    x = bench.send(timeout)
    bench.clock.run()
    bench.check()
    return bench, x


def test_an_answer_has_its_instants() -> None:
    bench, x = once(Reply(after=8, connect=20, client_delay=3, status=201, headers={"x-cold": "true"}, body=b"!"))
    start = SECOND
    assert (x.started, x.connected, x.sent, x.received, x.done) == (
        start,
        start + 20,
        start + 20,
        start + 28,
        start + 31,
    )
    assert (x.outcome, x.status, x.headers, x.body) == (Outcome.OK, 201, {"x-cold": "true"}, b"!")
    assert (x.connection, x.tcp) == (NEW, 20)
    assert (bench.connections[OPENED], bench.connections[PEAK], list(bench.wired)) == (1, 1, [1])


@pytest.mark.parametrize("outcome", FAILURES)
def test_a_failure_is_told_with_its_reason(outcome: Outcome) -> None:
    _, x = once(Reply(after=5, outcome=outcome, reason="so it is"))
    assert (x.outcome, x.reason, x.status, x.received) == (outcome, "so it is", 0, 0)
    assert x.done == SECOND + 5


@pytest.mark.parametrize("reply", [Reply(after=NEVER), Reply(after=10 * SECOND), Reply(connect=10 * SECOND)])
def test_what_takes_too_long_times_out_at_its_deadline(reply: Reply) -> None:
    bench, x = once(reply, timeout=7 * MILLISECOND)
    assert (x.outcome, x.done) == (Outcome.TIMEOUT, SECOND + 7 * MILLISECOND)
    assert sum(bench.wired) == (0 if reply.connect else 1)


def test_an_answer_in_the_last_moment_counts_once() -> None:
    _, x = once(Reply(after=SECOND), timeout=SECOND)
    assert x.outcome in (Outcome.OK, Outcome.TIMEOUT)


def test_a_connection_is_new_once_and_then_reused() -> None:
    bench = Bench(lambda x: Reply(after=5, connect=20))
    seen = []
    for _ in range(3):
        seen.append(bench.send())
        bench.clock.run()
    bench.check()
    assert [x.connection for x in seen] == [NEW, REUSED, REUSED]
    assert [x.done - x.started for x in seen] == [25, 5, 5]
    assert [x.tcp for x in seen] == [20, -1, -1]
    assert bench.connections[OPENED] == 1


@pytest.mark.parametrize(("reuse", "opened"), [("shared", 1), ("per-iteration", 2), ("per-request", 4)])
def test_a_session_mode_opens_as_many_as_it_says(reuse: str, opened: int) -> None:
    bench = Bench(lambda x: Reply(after=5), reuse)
    for _ in range(2):
        owner = object()
        for _ in range(2):
            bench.send(owner=owner)
            bench.clock.run()
        bench.client.end_iteration(owner)
    bench.check()
    assert (bench.connections[OPENED], bench.connections[PEAK]) == (opened, 1)


@pytest.mark.parametrize("reuse", MODES)
def test_the_wait_for_a_connection_is_seen(reuse: str) -> None:
    bench = Bench(lambda x: Reply(after=10), reuse, connections=1)
    sent = [bench.send() for _ in range(3)]
    for over in sent:
        bench.clock.run(bench.clock.now() + 10)
        assert [bool(x.done) for x in sent].count(True) == sent.index(over) + 1
        bench.client.end_iteration(over.owner)
    bench.check()
    assert [x.started - x.signed for x in sent] == [0, 10, 20]
    assert bench.connections[PEAK] == 1


def test_a_timeout_counts_the_wait_too() -> None:
    bench = Bench(lambda x: Reply(after=NEVER), connections=1)
    first, second = bench.send(timeout=100), bench.send(timeout=50)
    bench.clock.run()
    bench.check()
    assert (second.outcome, second.done, second.started) == (Outcome.TIMEOUT, SECOND + 50, 0)
    assert second.reason == "while it waited for a connection"
    assert first.done == SECOND + 100


@pytest.mark.parametrize("reuse", MODES)
def test_cancelling_ends_what_is_open_and_what_waits(reuse: str) -> None:
    bench = Bench(lambda x: Reply(after=10, connect=10), reuse, connections=2)
    for _ in range(5):
        bench.send()
    bench.clock.run(SECOND + 5)
    bench.client.cancel()
    bench.clock.run()
    bench.check()
    assert Counter(x.outcome for x in bench.sent) == {Outcome.CANCELLED: 5}


@settings(max_examples=examples(300), deadline=None, derandomize=True, database=None)
@given(st.integers(0, 2**32), st.sampled_from(MODES), st.integers(1, 5), st.booleans())
def test_any_script_ends_every_exchange_once(seed: int, reuse: str, cap: int, cancelled: bool) -> None:
    draw = random.Random(seed)

    def script(x: Exchange) -> Reply:
        after = NEVER if draw.random() < 0.1 else draw.randrange(50)
        outcome = draw.choice(FAILURES) if draw.random() < 0.2 else Outcome.OK
        return Reply(after=after, connect=draw.randrange(20), outcome=outcome, client_delay=draw.randrange(3))

    bench = Bench(script, reuse, cap, slots=3)
    for _ in range(100):
        bench.clock.run(bench.clock.now() + draw.randrange(8))
        slot = draw.randrange(3)
        bench.send(timeout=60 * (slot + 1), slot=slot)
        for x in bench.ended:
            bench.client.end_iteration(x.owner)
    if cancelled:
        bench.client.cancel()
    while len(bench.ended) < len(bench.sent):
        before = len(bench.ended)
        bench.clock.run(bench.clock.now() + 60)
        for x in bench.ended:
            bench.client.end_iteration(x.owner)
        assert len(bench.ended) > before
    bench.check()
    assert bench.connections[PEAK] <= cap
