"""The parent's second hand stops when the last worker has finished, whatever else happens in that instant."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from loadgen.clock import SECOND, now
from loadgen.engine.plan import Plan
from loadgen.fleet.fleet import Fleet, WorkerState
from loadgen.profile.load import load

PATIENCE = 10


@pytest.mark.parametrize("turns", range(8))
async def test_a_tick_that_is_over_as_it_is_cancelled(turns: int) -> None:
    """The worker's last figures are what both wait for: the tick, and whoever then cancels it, so many turns later."""
    ticks = []
    profile = load("p.yaml", text="name: p\ntarget: http://127.0.0.1\nload: [{name: a, rate: 1/s, for: 1s}]\n").profile
    fleet = Fleet(Plan.of(profile), [], lambda: ticks.append(now()), lambda reason: None)
    worker = WorkerState(0, cast(Any, None), cast(Any, None))
    fleet.workers, fleet.start = [worker], now() - SECOND
    ticking = asyncio.create_task(fleet._tick())
    for _ in range(8):  # until it waits for the worker's figures
        await asyncio.sleep(0)
    worker.finished = True
    fleet._changed.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    ticking.cancel()
    done, _ = await asyncio.wait({ticking}, timeout=PATIENCE)
    ticking.cancel()
    assert done, "it goes on, and ticks for a run that is over"
    assert ticking.cancelled()
    assert len(ticks) <= 1
