"""`fleet.fleet`: what is said is said to every group, and the first one leads."""

from __future__ import annotations

import asyncio

import pytest
from fleet_members import Workers, plan

from loadgen.aws.auth import API_KEY, Token
from loadgen.clock import MILLISECOND, SECOND, now
from loadgen.errors import WorkerLost
from loadgen.fleet import fleet as fleets
from loadgen.fleet.fleet import Fleet
from loadgen.fleet.messages import (
    Bye,
    Enter,
    Finished,
    Go,
    Halted,
    Idled,
    Kill,
    Leave,
    Reached,
    Ready,
    Renew,
    Resume,
    Stop,
)
from loadgen.record.samples import Kept

PATIENCE = 10
NOTHING = Finished(Kept([], [], {}, []))
KEY = Token("key")


def kinds(group: Workers, index: int = 0) -> list[type]:
    return [type(message) for message in group.told(index)]


async def turns(number: int = 5) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


def begun(group: Workers, elapsed: int = 0) -> Fleet:
    """A fleet of that group, whose load began so many ns ago."""
    group.start = now() - elapsed
    return Fleet(group)


async def test_whatever_is_said_is_said_to_every_group() -> None:
    leading, following = Workers(2), Workers(1)
    fleet = Fleet(leading, following)
    fleet.renew(API_KEY, KEY)
    fleet.leave(0, 2 * SECOND)
    fleet.stop()
    fleet.kill()
    said = [Renew(API_KEY, KEY), Leave(0, 2 * SECOND), Stop(), Kill()]
    assert leading.told(0) == leading.told(1) == following.told() == said


async def test_all_groups_begin_at_one_instant() -> None:
    leading, following = Workers(1), Workers(1)
    running = asyncio.create_task(Fleet(leading, following).run())
    await turns()
    (go,) = leading.told()
    assert isinstance(go, Go)
    assert following.told() == [go]
    assert leading.start == following.start == go.start
    running.cancel()
    await asyncio.wait({running})


async def test_a_phase_begins_for_all_when_the_leading_workers_have_come_to_it() -> None:
    leading, following = Workers(2), Workers(1)
    fleet = Fleet(leading, following)
    running = asyncio.create_task(fleet.run())
    await turns()
    following.says(Reached(2))
    leading.says(Reached(2), 0)
    await turns()
    assert kinds(leading) == kinds(following) == [Go], "one of two has come to it"
    leading.says(Reached(2), 1)
    await turns()
    (_, enter) = leading.told()
    assert isinstance(enter, Enter)
    assert enter.run == 2
    assert following.told()[1:] == leading.told(1)[1:] == [enter]
    assert fleet.begins(2) == enter.at - leading.start
    running.cancel()
    await asyncio.wait({running})


async def test_a_worker_that_dies_while_all_wait_for_each_other_holds_nobody_up() -> None:
    leading = Workers(2)
    running = asyncio.create_task(Fleet(leading).run())
    await turns()
    leading.says(Reached(2), 0)
    await turns()
    assert kinds(leading) == [Go]
    leading.dies(1)
    await turns()
    assert kinds(leading) == [Go, Enter]
    running.cancel()
    await asyncio.wait({running})


async def test_the_load_is_over_when_the_leading_workers_have_finished_and_the_others_had_their_time() -> None:
    leading, following = Workers(1), Workers(1)
    fleet = Fleet(leading, following)
    running = asyncio.create_task(fleet.run())
    await turns()
    leading.says(NOTHING)
    await turns()
    assert kinds(leading) == [Go, Bye]
    (_, leave) = following.told()
    assert isinstance(leave, Leave)
    assert leave.run == following.plan.runs[-1].number
    assert not running.done()
    following.says(NOTHING)
    await asyncio.wait_for(running, PATIENCE)
    assert kinds(following) == [Go, Leave, Bye]


async def test_a_group_that_follows_and_hangs_is_not_waited_for_without_end() -> None:
    leading, following = Workers(1), Workers(1)
    following.plan.drain_limit = MILLISECOND
    fleet = Fleet(leading, following)
    running = asyncio.create_task(fleet.run())
    await turns()
    leading.says(NOTHING)
    await asyncio.wait_for(running, PATIENCE)
    assert kinds(following) == [Go, Leave]
    await fleet.close()
    assert following.killed()
    assert not leading.killed()


async def test_a_group_that_follows_and_dies_changes_nothing_for_the_others() -> None:
    leading, following = Workers(1), Workers(1)
    running = asyncio.create_task(Fleet(leading, following).run())
    await turns()
    following.dies()
    await turns()
    assert not running.done()
    leading.says(NOTHING)
    await asyncio.wait_for(running, PATIENCE)


async def test_what_is_stopped_before_it_begins_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Workers, "spawn", lambda group: None)
    leading = Workers(1)
    fleet = Fleet(leading)
    launching = asyncio.create_task(fleet.launch())
    await turns()
    assert not launching.done(), "the worker is not ready"
    fleet.stop()
    await asyncio.wait_for(launching, PATIENCE)
    await fleet.run()
    assert kinds(leading) == [Stop]
    assert (fleet.stopped, fleet.elapsed) == (0, 0)


async def test_a_worker_that_never_is_ready_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Workers, "spawn", lambda group: None)
    monkeypatch.setattr(fleets, "READY_LIMIT", 0.001)
    leading = Workers(2)
    leading.says(Ready(), 0)
    with pytest.raises(WorkerLost, match=r"^not ready within 0\.001 s: worker 1\. The machine"):
        await Fleet(leading).launch()


async def test_workers_idle_before_the_load_so_that_they_measure_how_late_they_are() -> None:
    leading = Workers(2)
    await Fleet(leading).settle(MILLISECOND)
    leading.says(Idled((20, 30)), 0)
    leading.says(Idled((40,)), 1)
    assert list(leading.health.idle) == [20, 30, 40]
    assert kinds(leading) == [], "before the load"


async def test_a_run_that_is_stopped_does_not_idle() -> None:
    fleet = Fleet(Workers(1))
    settling = asyncio.create_task(fleet.settle(1000 * SECOND))
    await turns()
    assert not settling.done()
    fleet.stop()
    await asyncio.wait_for(settling, PATIENCE)


async def test_when_a_run_begins_follows_from_the_last_one_whose_start_is_known() -> None:
    fleet = begun(Workers(1), elapsed=SECOND)
    assert [fleet.begins(number) for number in range(3)] == [0, 3 * SECOND, None]
    fleet._entries[2] = 7 * SECOND
    assert [fleet.begins(number) for number in range(4)] == [0, 3 * SECOND, 7 * SECOND, 9 * SECOND]


@pytest.mark.parametrize(("elapsed", "number"), [(1, 0), (4, 1), (100, 1)])
async def test_which_run_is_under_way_is_told_by_the_clock_as_far_as_ends_are_fixed(elapsed: int, number: int) -> None:
    assert begun(Workers(1), elapsed * SECOND).run_number == number


async def test_a_run_that_ends_before_its_time_is_so_in_the_plan_of_every_group() -> None:
    leading = Workers(1, plan("[{name: a, rate: 100/s, for: 3s}, {name: b, rate: 10/s, for: 20s}]"))
    following = Workers(1, plan("[{name: a, rate: 2/s, for: 3s}, {name: b, users: 1, for: 20s}]"))
    leading.start = now()
    fleet = Fleet(leading, following)
    fleet.leave(1, 10 * SECOND)
    assert leading.told() == following.told() == [Leave(1, leading.start + 10 * SECOND)]
    assert [run.duration for run in fleet.plan.runs] == [3 * SECOND, 7 * SECOND]
    assert [run.duration for run in following.plan.runs] == [3 * SECOND, 7 * SECOND]
    assert fleet.begins(2) == 10 * SECOND


async def test_the_target_was_asked_by_all_groups() -> None:
    leading, following = Workers(2), Workers(1)
    for member in (*leading.members, *following.members):
        member.ledger.sent[0] = 5
    assert Fleet(leading, following).totals().sent[0] == 15


# laps


class Between:
    """What is to be done between laps: it takes until `over` is set."""

    def __init__(self, error: Exception | None = None) -> None:
        self.begun, self.over, self.error = 0, asyncio.Event(), error

    async def __call__(self) -> None:
        self.begun += 1
        await self.over.wait()
        if self.error:
            raise self.error


async def lapped(between: Between) -> tuple[Workers, Fleet, asyncio.Task[None]]:
    """Two workers, in the plan's run 1, and their fleet."""
    group = Workers(2)
    fleet = Fleet(group, between=between)
    running = asyncio.create_task(fleet.run())
    await turns()
    return group, fleet, running


async def test_a_lap_begins_when_all_wait_and_what_is_between_is_done() -> None:
    between = Between()
    group, _, running = await lapped(between)
    group.says(Halted(), 0)
    await turns()
    assert between.begun == 0 and kinds(group) == [Go], "one of two waits"
    group.says(Halted(), 1)
    await turns()
    assert between.begun == 1 and kinds(group) == [Go], "and now it goes on"
    between.over.set()
    await turns()
    assert kinds(group) == kinds(group, 1) == [Go, Resume]
    group.says(Halted(), 0)
    group.says(Reached(1), 1)  # which has no more of this run to do
    await turns()
    assert between.begun == 2 and kinds(group) == [Go, Resume, Resume]
    group.says(Reached(1), 0)
    await turns()
    assert between.begun == 3 and kinds(group)[-1] is Enter
    running.cancel()
    await asyncio.wait({running})


async def test_a_load_that_is_stopped_between_laps_is_not_gone_on_with() -> None:
    between = Between()
    group, fleet, running = await lapped(between)
    for index in (0, 1):
        group.says(Halted(), index)
    await turns()
    fleet.stop()
    for index in (0, 1):
        group.says(NOTHING, index)
    await turns()
    assert not running.done(), "what is between comes to its end first"
    between.over.set()
    await running
    assert Resume not in kinds(group)


async def test_a_bug_between_laps_ends_the_load() -> None:
    between = Between(ZeroDivisionError())
    group, fleet, running = await lapped(between)
    for index in (0, 1):
        group.says(Halted(), index)
    between.over.set()
    await turns()
    assert fleet.stopping and Stop in kinds(group)
    for index in (0, 1):
        group.says(NOTHING, index)
    with pytest.raises(ZeroDivisionError):
        await running
