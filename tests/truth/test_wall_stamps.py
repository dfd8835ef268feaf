"""The kernel's stamp, request by request: the target's own time is the time on the wire, whatever the client was
busy with meanwhile (12)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvloop
from program import FULL

from loadgen.clock import MILLISECOND, SECOND, now
from loadgen.exchange import Exchange, Outcome, Request
from loadgen.net.names import Origin, resolve
from loadgen.net.timerfd import LoopClock
from loadgen.record.ledger import Ledger
from loadgen.record.metrics import times_of
from loadgen.transport import Counters, Settings
from loadgen.transport.wire.client import Wire
from truth.capture import Capture
from truth.wall import quantile, target

pytestmark = pytest.mark.real

FIXED = 25  # ms
GAP = 0.005  # s between two requests
NUMBER = 2000 if FULL else 300
CLOCKS = MILLISECOND // 10  # the kernel's stamps are of another clock than ours: more than they are apart


async def sent(port: int, busy_ms: float, every_s: float) -> tuple[list[Exchange], list[tuple[int, int]]]:
    """The wire client's exchanges, in the order in which they were sent, on a loop that is busy so long so often; and
    from when to when it was."""
    loop = asyncio.get_running_loop()
    clock, ledger, over = LoopClock(loop), Ledger.in_memory(1, 1), asyncio.Event()
    origin, ended, periods = Origin("http", "127.0.0.1", port), list[Exchange](), list[tuple[int, int]]()

    def done(x: Exchange) -> None:
        ended.append(x)
        if len(ended) == NUMBER:
            over.set()

    def busy() -> None:
        began = now()
        until = began + round(busy_ms * MILLISECOND)
        while now() < until:
            pass
        periods.append((began, until))
        if not over.is_set():
            loop.call_later(every_s, busy)

    settings = Settings(origin, resolve(origin), None, "shared", "connection", 100, 64, False, True)
    wire = Wire(loop, clock, settings, Counters(ledger.wired, ledger.connections), done)
    await wire.prepare()
    busy()
    for _ in range(NUMBER):
        wire.send(Exchange(Request("GET", "/"), 0, None, now(), now(), now() + 30 * SECOND, 0))
        await asyncio.sleep(GAP)
    async with asyncio.timeout(60):
        await over.wait()
    await wire.close()
    clock.close()
    return sorted(ended, key=lambda x: x.sent), periods


@pytest.mark.parametrize("busy_ms", [0.1, 1, 5, 10, 20, 50] if FULL else [1, 50])
def test_without_the_clients_delay_it_is_the_wires(tmp_path: Path, busy_ms: float) -> None:
    with target(tmp_path, service=f"{FIXED}ms") as (sandbox, _):
        port = urlsplit(sandbox.http).port or 0
        with Capture(port) as capture:
            ended, periods = uvloop.run(sent(port, busy_ms, 0.1))
    wire = capture.exchanged()
    assert len(wire) == len(ended) == NUMBER
    assert {x.outcome for x in ended} == {Outcome.OK}
    assert all(x.received for x in ended)
    own = [times_of(x, x.due)["target"] for x in ended]
    off = [(took - (seen.answered - seen.asked)) / MILLISECOND for took, seen in zip(own, wire, strict=True)]
    assert -0.05 <= quantile(sorted(off), 0.5) <= 0.2
    # one in a hundred may have to wait for a CPU between two clocks, or between the clock and the kernel
    assert quantile(sorted(map(abs, off)), 0.99) <= 1
    # what came while the client was busy waited for it to end: as much is in the delay, and not in the rest
    held = [(x, until) for x in ended for began, until in periods if began + CLOCKS < x.received < until - CLOCKS]
    assert all(x.done >= until for x, until in held)
    if busy_ms > 2 * 1000 * GAP:
        assert held, "a request or two are always on their way"
