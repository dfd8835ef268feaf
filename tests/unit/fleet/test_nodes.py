"""A group whose workers are on nodes, which are scripted: what both sides make of orders and news."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from scripted_nodes import ScriptedLink, Stage, remote

from loadgen.aws.auth import Access, Secret
from loadgen.clock import SECOND
from loadgen.engine.engine import Share
from loadgen.engine.plan import Plan
from loadgen.errors import Exit, LoadgenError, PlanError, TargetError, WorkerLost
from loadgen.exchange import Outcome
from loadgen.fleet import node as one_node
from loadgen.fleet import nodes
from loadgen.fleet.group import Group
from loadgen.fleet.messages import Assignment, Enter, Finished, Go, Leave, Ready, Resume, Stop
from loadgen.fleet.nodes import NodeGone, Nodes, OnNodes, RemoteNode
from loadgen.fleet.orders import Way
from loadgen.net.names import Origin
from loadgen.profile.load import Loaded, load
from loadgen.record.ledger import PLANNED, STARTED, Ledger
from loadgen.record.samples import Kept
from loadgen.redaction import Secrets

PROFILE = "name: p\ntarget: http://127.0.0.1\nload: [{name: a, rate: 10/s, for: 1s}]\n"
AHEAD = 3 * SECOND


@pytest.fixture(autouse=True)
def short_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "BEAT", 0.01)
    monkeypatch.setattr(one_node, "LISTEN", 3600)  # no beats among what workers are told


class Lent:
    """What a node authorizes with."""

    def __init__(self, access: Access) -> None:
        self.access = self.lent = access
        self.renewed: Callable[[str, Secret], None] = lambda kind, secret: None


WAY = Way("10.0.0.7", "192.0.2.1")


async def lend(
    work: Assignment, nodes: int, simulated: bool, tries: bool, secrets: Secrets, lost: Callable[[str], None]
) -> tuple[Lent, Way]:
    if work.share.workers == 13:
        raise TargetError("it does not reach the target")
    return Lent(Access()), WAY


class Two:
    """Two scripted nodes, and a group of `count` workers on them."""

    def __init__(self, folder: Path, count: int = 2, text: str = PROFILE) -> None:
        self.sides: list[tuple[RemoteNode, ScriptedLink, Stage]] = [remote(n + 1, lend, AHEAD * n) for n in range(2)]
        for node, _, _ in self.sides:
            node.open()
        self.nodes = Nodes([node for node, _, _ in self.sides])
        self.loaded = load(folder / "p.yaml", text=text)
        self.plan = Plan.of(self.loaded.profile)
        self.group = Group(self.plan, [self._work(folder, n, count) for n in range(count)], placement=self.placement())

    def placement(self) -> OnNodes:
        return self.nodes.of(self.loaded, simulated=True, tries=False)

    def _work(self, folder: Path, index: int, count: int) -> Assignment:
        profile, ledger = self.loaded.profile, folder / f"worker-{index}.counters"
        return Assignment(profile, Origin.of("http://127.0.0.1/"), (), None, Share(index, count), 1, 0, ledger)

    async def placed(self) -> None:
        """Start the workers' processes, which there are none of."""
        for index, assignment in enumerate(self.group._assignments):
            self.group.members.append(self.group._member(index, assignment))
        await soon(lambda: sum(len(stage.workers) for _, _, stage in self.sides) == len(self.group.members))

    async def close(self) -> None:
        for node, link, _ in self.sides:
            node._closing = True
            link.end()
            await asyncio.to_thread(node.close)


async def soon(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    made = Two(tmp_path)
    yield made
    await made.close()


async def test_each_node_gets_its_part_of_the_one_schedule(tmp_path: Path) -> None:
    four = Two(tmp_path, 4)
    try:
        await four.placed()
        indices = [sorted(worker.work.share.index for worker in stage.workers) for _, _, stage in four.sides]
        assert indices == [[0, 1], [2, 3]]
        assert {worker.work.share.workers for _, _, stage in four.sides for worker in stage.workers} == {4}
    finally:
        await four.close()


async def test_each_node_tells_its_way_to_the_target(two: Two) -> None:
    await two.placed()
    await soon(lambda: all(node.way == WAY for node, _, _ in two.sides))
    two.placement()  # of the next run, whose target may be another one
    assert [node.way for node, _, _ in two.sides] == [None, None]


async def test_instants_are_those_of_the_nodes_own_clock(two: Two) -> None:
    await two.placed()
    members = two.group.members
    for message in (Go(10 * SECOND), Enter(1, 11 * SECOND), Leave(1, 12 * SECOND), Resume(13 * SECOND), Stop()):
        two.group.tell(message)
    for (_, _, stage), member in zip(two.sides, members, strict=True):
        told = stage.workers[0].told.messages
        await soon(lambda told=told: len(told) == 5)  # type: ignore[misc]
        ahead = member.ahead()
        assert told == [
            Go(10 * SECOND + ahead), Enter(1, 11 * SECOND + ahead), Leave(1, 12 * SECOND + ahead),
            Resume(13 * SECOND + ahead), Stop(),
        ]  # fmt: skip
    for number, (node, _, _) in enumerate(two.sides):
        assert abs(members[number].ahead() - number * AHEAD) <= node.clock.ahead.error + node.clock.round_trip


async def test_what_a_worker_says_arrives_behind_its_counts(two: Two) -> None:
    await two.placed()
    (_, _, stage), member = two.sides[1], two.group.members[1]
    worker = stage.workers[0]
    worker.says(Ready())
    await soon(lambda: member.ready)
    worker.ledger.iterations[PLANNED] = 5
    worker.says(Finished(Kept([], [], {}, [])))
    await soon(lambda: member.finished)
    assert member.ledger.iterations[PLANNED] == 5
    worker.dies()
    await soon(lambda: member.process.poll() == 0)
    assert not member.lost


async def test_a_worker_that_dies_leaves_what_it_had_counted(two: Two) -> None:
    await two.placed()
    (_, _, stage), member = two.sides[0], two.group.members[0]
    stage.workers[0].ledger.sent[0] = 7
    stage.workers[0].dies()
    await soon(lambda: member.lost)
    assert member.ledger.sent[0] == 7
    assert not two.group.members[1].lost


async def test_a_node_that_dies_leaves_what_is_found_of_it(two: Two) -> None:
    """Its open requests are lost, and the other node goes on."""
    await two.placed()
    _, link, _ = two.sides[1]
    member = two.group.members[1]
    counted = Ledger.in_memory(len(two.plan.all_runs), two.plan.slots)
    counted.sent[0], counted.outcomes[0] = 9, 4
    counted.iterations[PLANNED] = counted.iterations[STARTED] = 9
    link.remains, link.gone = {0: counted.block()}, "its machine burns"
    await soon(lambda: member.lost)
    assert isinstance(member.broken, WorkerLost)
    assert str(member.broken) == "node 2 (10.0.0.7) is lost: its machine burns"
    await asyncio.to_thread(member.process.wait, 10)
    assert not two.sides[1][0].unread
    member.ledger.settle()
    assert (member.ledger.sent[0], member.ledger.outcomes[Outcome.LOST]) == (9, 5)
    assert member.ledger.mismatches() == []
    assert not two.group.members[0].lost
    with pytest.raises(WorkerLost, match="its machine burns"):
        two.group._member(1, two.group._assignments[1])


async def test_a_node_of_which_nothing_is_left_says_that_something_is_not_known(two: Two) -> None:
    await two.placed()
    two.sides[0][1].gone = "it did not answer"
    await soon(lambda: two.group.members[0].lost)
    await asyncio.to_thread(two.group.members[0].process.wait, 10)
    assert two.sides[0][0].unread


async def test_a_node_that_dies_after_its_load_takes_nothing_with_it(two: Two) -> None:
    """All that it counted had come, and needs not be read."""
    await two.placed()
    node, link, stage = two.sides[0]
    member = two.group.members[0]
    stage.workers[0].ledger.sent[0] = 7
    stage.workers[0].says(Finished(Kept([], [], {}, [])))
    await soon(lambda: member.finished)
    link.gone = "its machine burns"
    await asyncio.to_thread(member.process.wait, 10)
    await soon(lambda: not node._workers)
    assert (node.unread, member.lost, member.broken) == (False, False, None)
    assert member.ledger.sent[0] == 7


@pytest.mark.parametrize("when", ["while it ends", "when the load is over"])
async def test_a_node_that_does_not_end_leaves_nothing(two: Two, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    node, link, _ = two.sides[0]
    asked: list[str] = []

    def end() -> None:
        raise NodeGone("it is stopped")

    def left() -> dict[int, bytes]:
        asked.append("left")
        return {}

    with monkeypatch.context() as here:
        here.setattr(link, "end", end)
        here.setattr(link, "left", left)
        if when == "when the load is over":  # and the loop with it, which would be told
            here.setattr(node, "_call", lambda *_: None)
            link.gone = "it was killed"
            await soon(lambda: node.gone)
        await asyncio.to_thread(node.close)
    assert asked == ["left"]


async def test_what_was_heard_before_a_node_died_counts(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has finished and then died, and the loop here comes to both at once."""
    await two.placed()
    node, link, stage = two.sides[0]
    member, waiting = two.group.members[0], list[Callable[[], None]]()
    with monkeypatch.context() as held:
        held.setattr(node, "_call", lambda function, *given: waiting.append(lambda: function(*given)))
        stage.workers[0].says(Finished(Kept([], [], {}, [])))
        await soon(lambda: waiting)
        link.gone = "its machine burns"
        await soon(lambda: node.gone and len(waiting) > 1)
    for call in waiting:
        call()
    await asyncio.to_thread(member.process.wait, 10)
    assert (node.unread, member.lost, member.finished) == (False, False, True)


async def test_what_a_node_cannot_do_is_told_with_its_name_and_status(tmp_path: Path) -> None:
    many = Two(tmp_path, 13)
    for index, assignment in enumerate(many.group._assignments):
        many.group.members.append(many.group._member(index, assignment))
    await soon(lambda: many.group.members[0].lost)
    with pytest.raises(LoadgenError, match=r"^node 1 \(10.0.0.7\): it does not reach the target$") as error:
        _ = many.group.ready
    assert error.value.status == Exit.UNUSABLE
    await many.close()


async def test_a_worker_that_is_to_end_is_killed_where_it_runs(two: Two) -> None:
    await two.placed()
    two.group.members[0].process.kill()
    await soon(lambda: two.sides[0][2].workers[0].process.killed)


async def test_a_node_without_the_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = PROFILE + "scenarios: [{name: s, steps: [{name: g, get: /, headers: {x-key: '${NODE_KEY}'}}]}]\n"
    monkeypatch.setenv("NODE_KEY", "a-key-of-here")
    made = Two(tmp_path, text=text)
    monkeypatch.delenv("NODE_KEY")
    for index, assignment in enumerate(made.group._assignments):
        made.group.members.append(made.group._member(index, assignment))
    await soon(lambda: made.group.members[0].lost)
    with pytest.raises(LoadgenError, match=r"node 1 .*\$\{NODE_KEY\} is not set") as error:
        _ = made.group.ready
    assert error.value.status == Exit.USAGE
    await made.close()


def test_a_secret_of_the_command_line_does_not_travel() -> None:
    secret = "typed-by-hand"
    loaded = load("p.yaml", text=PROFILE)
    other = Loaded(loaded.profile, "http://127.0.0.1", {**loaded.resolved, "name": "${HEADER_1}"}, Secrets(secret))
    os.environ.pop("HEADER_1", None)
    with pytest.raises(PlanError, match=r"\$\{HEADER_1\} is not set. .*set NAME on each node") as error:
        Nodes([]).of(other, simulated=False, tries=True)
    assert secret not in str(error.value)
