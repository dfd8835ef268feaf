"""`fleet.group`: what workers say is taken in, and the second hand stops when the last of them has finished."""

from __future__ import annotations

import asyncio
import struct
import subprocess

import pytest
from fleet_members import Workers

from loadgen.clock import SECOND, now
from loadgen.errors import Exit, LoadgenError, WorkerLost
from loadgen.exchange import Outcome
from loadgen.fleet import group as groups
from loadgen.fleet.group import SILENT
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
NOTHING = Finished(Kept([], [], {}, []))
PROBE = {**dict.fromkeys((*SUMMED, *GREATEST), 7), "loop_lag_p99": 3, "elapsed": SECOND}


def one_exchange(at: int) -> Batch:
    """That of series 0: due, and everything else, at one instant."""
    instants = [0, *[at] * 9]
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
    with pytest.raises(LoadgenError, match=str(error) if error else "worker 1 died before the load began") as raised:
        assert group.ready
    assert raised.value.status == (Exit.BUG if error else Exit.WORKER_LOST)


async def test_what_workers_record_is_counted_each_second_and_at_the_end() -> None:
    group = Workers(1)
    group.says(NewSeries(0, SeriesKey(0, Outcome.OK, 1, "")))
    ticking = asyncio.create_task(group.see_through(now() - SECOND))
    group.says(one_exchange(group.start + 1))
    group.says(Vitals(PROBE, 17, 4, None))
    async with asyncio.timeout(PATIENCE):
        while not group.counted:
            await asyncio.sleep(0)
    assert {h.count for h in group.recording.flush().values()} == {1}
    group.says(one_exchange(group.start + 1))
    group.says(NOTHING)
    await asyncio.wait_for(ticking, PATIENCE)
    await group.close()
    group.recording.flush()
    assert group.recording.total(Metric.RESPONSE).count == 2


async def test_why_requests_failed_is_counted_as_it_comes_and_replaced_by_the_whole() -> None:
    group = Workers(2)
    for count in (2, 3):
        group.says(Failures({GONE: count}), 0)
    group.says(Finished(Kept([], [], {GONE: 4}, []), {"versions": {}}), 1)
    assert [member.kept.reasons for member in group.members] == [{GONE: 5}, {GONE: 4}]
    assert group.kept(5).reasons == {GONE: 9}
    assert [member.options for member in group.members] == [None, {"versions": {}}]


async def test_a_workers_health_is_kept_with_its_second_and_its_number() -> None:
    group = Workers(2)
    group.start = now() - 5 * SECOND
    group.says(Vitals(PROBE, 17, 4, None), 1)
    (sample,) = group.health.take()
    assert sample == {**PROBE, "in_flight": 17, "completed": 4, "tcp": None, "second": 5, "worker": 1}
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


@pytest.mark.parametrize("word", [Vitals(PROBE, 17, 4, None), one_exchange(0)])
async def test_a_worker_that_says_nothing_is_lost_and_what_it_had_open_with_it(
    monkeypatch: pytest.MonkeyPatch, word: Vitals | Batch
) -> None:
    monkeypatch.setattr(groups, "LOOK", 0)  # a look in each turn of the loop
    group = Workers(3)
    group.members[1].ledger.sent[0] = 5
    group.says(NewSeries(0, SeriesKey(0, Outcome.OK, 1, "")), 0)
    group.says(NOTHING, 2)
    seeing = asyncio.create_task(group.see_through(now()))
    for _ in range(2 * SILENT):
        await asyncio.sleep(0)
        group.says(word, 0)
    assert [member.lost for member in group.members] == [False, True, False], "the last one had finished"
    assert [group.killed(index) for index in range(3)] == [False, True, False]
    assert str(group.members[1].broken) == f"it said nothing for {SILENT} s and was killed"
    group.says(NOTHING, 0)
    await asyncio.wait_for(seeing, PATIENCE)
    await group.close()
    assert group.totals().outcome(0)[Outcome.LOST] == 5
    assert group.totals().mismatches() == []


async def test_one_that_does_not_answer_the_word_to_give_up_is_killed_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "ANSWER_LIMIT", 0)
    group = Workers(3)
    group.says(NOTHING, 2)
    seeing = asyncio.create_task(group.see_through(now()))
    await asyncio.sleep(0)
    group.kill()
    group.says(Reached(0), 0)
    for _ in range(3):
        await asyncio.sleep(0)
    assert [group.killed(index) for index in range(3)] == [False, True, False]
    assert str(group.members[1].broken) == "it did not end within 0 s and was killed"
    group.says(NOTHING, 0)
    await asyncio.wait_for(seeing, PATIENCE)
    await group.close()
    assert all(limit.cancelled() for limit in group._limits), "none comes when all is over"


async def test_one_that_is_stopped_before_the_load_is_lost_and_one_that_is_slow_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(groups, "LOOK", 0)
    group = Workers(3)
    group.says(Ready(), 0)
    for index, member in enumerate(group.members):
        monkeypatch.setattr(member.process, "pid", index, raising=False)
    looked: list[int] = []
    monkeypatch.setattr(groups, "is_stopped", lambda pid: looked.append(pid) or pid == 1)
    why = f"worker 1 was stopped before the load, did nothing for {SILENT} s and was killed"
    with pytest.raises(WorkerLost, match=why):
        await asyncio.wait_for(group.get_ready(lambda: False), PATIENCE)
    assert [group.killed(index) for index in range(3)] == [False, True, False]
    assert looked.count(2) >= SILENT, "the slow one"


async def test_a_worker_that_speaks_late_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a pause of the parent, or of both, each is looked at once before what it said meanwhile is read."""
    monkeypatch.setattr(groups, "LOOK", 0)
    group = Workers(1)
    seeing = asyncio.create_task(group.see_through(now()))
    for _ in range(3):
        for _ in range(SILENT - 1):
            await asyncio.sleep(0)
        assert group.members[0].silent > 1
        group.says(Reached(0))
    assert not group.members[0].lost
    seeing.cancel()
    await asyncio.wait({seeing})


async def test_a_process_that_does_not_even_die_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in a container that is frozen, or waits for a disk."""

    def wait(limit: float | None = None) -> int:
        assert limit is not None, "without end"
        raise subprocess.TimeoutExpired("worker", limit)

    group = Workers(2)
    group.members[0].ledger.sent[0] = 5
    group.says(NOTHING, 1)
    for member in group.members:
        monkeypatch.setattr(member.process, "wait", wait)
    await asyncio.wait_for(group.close(), PATIENCE)
    assert group.killed(0)
    assert group.killed(1)
    assert group.totals().outcome(0)[Outcome.LOST] == 5
