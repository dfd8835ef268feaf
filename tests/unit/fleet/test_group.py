"""`fleet.group`: what workers say is taken in, and the second hand stops when the last of them has finished."""

from __future__ import annotations

import asyncio
import struct

import pytest
from fleet_members import Workers

from loadgen.clock import SECOND, now
from loadgen.errors import LoadgenError
from loadgen.exchange import Outcome
from loadgen.fleet.group import FOLDED
from loadgen.fleet.messages import (
    Broken,
    Bye,
    Failures,
    Finished,
    Go,
    NewSeries,
    Reached,
    Ready,
    Refused,
    Stop,
    Vitals,
)
from loadgen.record.metrics import WIDTH, Metric
from loadgen.record.recorder import Batch, SeriesKey
from loadgen.record.samples import Kept
from loadgen.trust.health import GREATEST, SUMMED

PATIENCE = 10
GONE = (0, int(Outcome.RESET), "gone")
NOTHING = Finished(Kept([], [], {}))
PROBE = {**dict.fromkeys((*SUMMED, *GREATEST), 7), "loop_lag_p99": 3, "elapsed": SECOND}


def one_exchange(at: int) -> Batch:
    """That of series 0: due, and everything else, at one instant."""
    instants = [0, *[at] * 8]
    return Batch(struct.pack(f"{WIDTH}q", *instants, *[-1] * (WIDTH - len(instants))), ())


async def test_a_group_has_come_as_far_as_the_last_of_those_that_are_left() -> None:
    group = Workers(3)
    assert group.reached == -1
    group.says(Reached(2), 0)
    group.says(Reached(1), 1)
    assert group.reached == -1
    group.dies(2)
    assert group.reached == 1
    group.says(NOTHING, 1)
    assert group.reached == 2
    group.dies(0)
    assert (group.reached, group.over) == (-1, True)


async def test_a_lost_worker_is_told_nothing_more_and_one_that_finished_is_not_lost() -> None:
    group = Workers(2)
    group.says(NOTHING, 0)
    group.dies(0)
    group.dies(1)
    group.stop()
    assert (group.told(0), group.told(1)) == ([Stop()], [])
    assert [member.lost for member in group.members] == [False, True]


@pytest.mark.parametrize("error", [LoadgenError("no such certificate"), None])
async def test_a_worker_that_dies_before_it_is_ready_is_told_of(error: LoadgenError | None) -> None:
    group = Workers(2)
    group.says(Ready(), 0)
    assert not group.ready
    if error:
        group.says(Broken(error), 1)
        assert group.killed(1)
    group.dies(1)
    with pytest.raises(LoadgenError, match=str(error) if error else "worker 1 died before the load began"):
        assert group.ready


async def test_what_workers_record_is_folded_several_batches_at_once() -> None:
    group = Workers(1)
    group.start = now() - SECOND
    group.says(NewSeries(0, SeriesKey(0, Outcome.OK, 1, "")))
    for number in range(FOLDED + 1):
        group.says(one_exchange(group.start + 1))
        assert bool(group.recording.pending) == (number + 1 >= FOLDED)
    group.says(NOTHING)
    group.recording.flush()
    assert group.recording.total(Metric.RESPONSE).count == FOLDED + 1


async def test_why_requests_failed_is_counted_as_it_comes_and_replaced_by_the_whole() -> None:
    group = Workers(2)
    for count in (2, 3):
        group.says(Failures({GONE: count}), 0)
    group.says(Finished(Kept([], [], {GONE: 4}), {"versions": {}}), 1)
    assert [member.kept.reasons for member in group.members] == [{GONE: 5}, {GONE: 4}]
    assert group.kept(5).reasons == {GONE: 9}
    assert [member.options for member in group.members] == [None, {"versions": {}}]


async def test_a_workers_health_is_kept_with_its_second_and_its_number() -> None:
    group = Workers(2)
    group.start = now() - 5 * SECOND
    group.says(Vitals(PROBE, 17, None), 1)
    (sample,) = group.health.take()
    assert sample == {**PROBE, "in_flight": 17, "tcp": None, "second": 5, "worker": 1}
    assert [member.reported for member in group.members] == [0, 1]


async def test_what_every_further_request_would_meet_is_said_at_once() -> None:
    group = Workers(1)
    group.says(Refused("ExpiredToken"))
    assert group.refusals == ["ExpiredToken"]


async def test_the_ledgers_of_a_group_add_up() -> None:
    group = Workers(3)
    for number, member in enumerate(group.members, 1):
        member.ledger.sent[0] = number
    assert group.totals().sent[0] == 6
    assert Workers(0).totals().sent[0] == 0


async def test_a_load_is_seen_through_to_the_last_worker() -> None:
    group = Workers(2)
    changes: list[bool] = []
    seeing = asyncio.create_task(group.see_through(123, lambda: changes.append(group.over)))
    await asyncio.sleep(0)
    assert group.told(0) == group.told(1) == [Go(123)]
    group.says(NOTHING, 0)
    await asyncio.sleep(0)
    assert not seeing.done()
    group.dies(1)
    await asyncio.wait_for(seeing, PATIENCE)
    assert (group.told(0), group.told(1)) == ([Go(123), Bye()], [Go(123)])
    assert changes == [False, False, True]


@pytest.mark.parametrize("turns", range(8))
async def test_a_tick_that_is_over_as_it_is_cancelled(turns: int) -> None:
    """The worker's last figures are what both wait for: the tick, and whoever then cancels it, so many turns later."""
    ticks: list[int] = []
    group = Workers(1, each_second=lambda: ticks.append(now()))
    group.start = now() - SECOND
    ticking = asyncio.create_task(group._tick())
    for _ in range(8):  # until it waits for the worker's figures
        await asyncio.sleep(0)
    group.members[0].finished = True
    group._changed.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    ticking.cancel()
    done, _ = await asyncio.wait({ticking}, timeout=PATIENCE)
    ticking.cancel()
    assert done, "it goes on, and ticks for a run that is over"
    assert ticking.cancelled()
    assert len(ticks) <= 1
