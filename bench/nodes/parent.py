"""Who adds up what nodes send: the fleet's side of the nodes, its group, its aggregator and the run's folder, as in a
run.

Only the clock is another. It goes on when all nodes have told of a second and that second is counted, so that a machine
which is too slow for the load takes longer, and counts the same.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from queue import Empty
from unittest.mock import patch

from bench.hour import metadata
from bench.nodes.load import Size, profile
from bench.nodes.scripted import AHEAD, START, Answer
from bench.processes import cpu_time, resident
from loadgen.analysis import build
from loadgen.analysis.conclusion import Ending, conclude
from loadgen.analysis.latency import headline
from loadgen.analysis.standing import NOTHING_KNOWN
from loadgen.cli import report
from loadgen.clock import SECOND, cpu
from loadgen.engine.engine import Share
from loadgen.engine.plan import Plan
from loadgen.fleet import fleet as of_fleet
from loadgen.fleet import group as of_group
from loadgen.fleet.fleet import Fleet
from loadgen.fleet.group import Group
from loadgen.fleet.messages import Assignment
from loadgen.fleet.node import unpacked
from loadgen.fleet.nodes import Nodes, RemoteNode
from loadgen.fleet.orders import About
from loadgen.net.names import Origin
from loadgen.record.ledger import Ledger
from loadgen.result.codec import to_json
from loadgen.runner.nodes import result_of
from loadgen.runner.stop import Snapshot
from loadgen.store import RunFolder
from loadgen.trust.host import Ports, Room

DRAWN = 2  # times a second that a display is drawn, for which the ledgers are added up

Parts = Iterator[Iterable[Answer]]


@dataclass(slots=True)
class Cost:
    """What adding up took: kB that came from all nodes, and CPU s of the parent and of its aggregator, for a second of
    load; the resident MB of both after a third of the load and at its end. Then CPU s and the MB at the most until the
    result is written, and CPU s of its report."""

    kb: float = 0.0
    parent: float = 0.0
    aggregator: float = 0.0
    early_mb: float = 0.0
    late_mb: float = 0.0
    conclude: float = 0.0
    report: float = 0.0
    most_mb: float = 0.0


class Clock:
    """The parent's, which goes on when it is told to."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> int:
        return self.at


class Loop(asyncio.SelectorEventLoop):
    """An event loop by that clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._of = clock

    def time(self) -> float:
        return self._of.at / SECOND


class Unheard:
    """Calls to a node: what there is to hear of it is read elsewhere."""

    def tell(self, orders: bytes) -> int:
        return 0

    def hear(self) -> bytes:
        return b""

    def left(self) -> dict[int, bytes]:
        return {}

    def end(self) -> None: ...


def carry_out(size: Size, parts: Parts, folder: Path) -> Parent:
    """The load, of which the nodes answer `parts` (`scripted.answers`). Its run is in `folder`."""
    clock = Clock()
    with (
        patch.object(of_group, "now", clock.now),
        patch.object(of_fleet, "now", clock.now),
        asyncio.Runner(loop_factory=lambda: Loop(clock)) as runner,
    ):
        parent = Parent(size, folder, clock)
        runner.run(parent.carry_out(parts))
        return parent


class Parent:
    """`group` has the counts, `cost` what they took."""

    def __init__(self, size: Size, folder: Path, clock: Clock) -> None:
        self._size, self._clock, self._loaded = size, clock, profile(size)
        self._plan = Plan.of(self._loaded.profile)
        self._folder, self._metadata = RunFolder(folder, print), metadata(self._loaded)
        about = {**to_json(self._metadata), "plan": json.loads(json.dumps(self._plan.describe()))}
        self._folder.begin({}, about)
        self._nodes = [_node(number) for number in range(size.nodes)]
        self._on = Nodes(self._nodes).of(self._loaded, simulated=True, tries=False)
        work = [self._assignment(number) for number in range(size.nodes)]
        self.group = Group(self._plan, work, self._each_second, self._counted, placement=self._on)
        self.cost = Cost()

    def _assignment(self, number: int) -> Assignment:
        ledger = self._folder.make_room(number, Ledger.size(len(self._plan.all_runs), self._plan.slots))
        share = Share(number, self._size.nodes)
        return Assignment(self._loaded.profile, Origin.of("http://127.0.0.1/"), (), None, share, 64, 0, ledger)

    async def carry_out(self, parts: Parts) -> None:
        """The load and its result."""
        self._second = asyncio.Event()
        self.group.spawn()
        for node in self._nodes:
            _heed(node)
        await self._hear(next(parts))
        load = asyncio.create_task(Fleet(self.group).run(START))
        await self._carry_out(parts)
        await self._hear(next(parts))
        await load
        await self._hear(next(parts))
        began = cpu()
        await self.group.close()
        self._store_second()
        self._conclude()
        self.cost.conclude = (cpu() - began) / SECOND
        self.cost.most_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    async def _carry_out(self, parts: Parts) -> None:
        cost, seconds, process = self.cost, self._size.seconds, self.group._backlog.process
        counting = [process.pid] if process else []
        before, aggregated = cpu(), cpu_time(counting).total
        for number in range(seconds):
            cost.kb += await self._hear(next(parts)) / 1000 / seconds
            self._second.clear()
            self._clock.at += SECOND
            await self._second.wait()
            if number in (seconds // 3, seconds - 1):
                cost.early_mb = cost.early_mb or _mb(os.getpid(), *counting)
                cost.late_mb = _mb(os.getpid(), *counting)
        cost.parent = (cpu() - before) / SECOND / seconds
        cost.aggregator = (cpu_time(counting).total - aggregated) / SECOND / seconds

    async def _hear(self, answers: Iterable[Answer]) -> int:
        """Take what nodes answer. Returns how many bytes that were."""
        size = 0
        for number, answer in answers:
            size += len(answer)
            self._nodes[number]._take(unpacked(answer))
            await asyncio.sleep(0)  # whoever waits for it is woken
        return size

    def _each_second(self) -> None:
        for _ in range(1 + DRAWN):
            Snapshot.of(self._plan.of_phases(self.group.totals()), self.group.elapsed)

    def _counted(self) -> None:
        self._store_second()
        self._second.set()

    def _store_second(self) -> None:
        recording = self.group.recording
        pieces = recording.packed()
        headline(recording.flush())
        self._folder.second(pieces, self.group.health.take())

    def _conclude(self) -> None:
        members = self.group.members
        nodes, of = result_of(self._on, members), self._on.workers(len(members))
        measured = build.Measured(
            self._plan,
            self.group.totals(),
            self.group.recording,
            build.quantiles_of(self._loaded.profile),
            hosts={"127.0.0.1": 1},
            nodes=of,
        )
        ending = Ending(self.group.elapsed, str(self._folder.path), nodes=nodes)
        concluded = conclude(self._metadata, measured, NOTHING_KNOWN, ending, {})
        self._folder.finish(to_json(concluded))


def report_of(folder: Path) -> float:
    """CPU s that the run's report in a terminal takes."""
    began = cpu()
    with redirect_stdout(StringIO()):
        report.command.main([str(folder)], standalone_mode=False)
    return (cpu() - began) / SECOND


def _node(number: int) -> RemoteNode:
    room = Room(1024, Ports(28_232, 0, True))
    about = About(f"host-{number}", f"10.0.{number // 250}.{number % 250}", "", "", 2, True, "/nowhere", 0, room)
    node = RemoteNode(number + 1, Unheard(), about)
    node.clock.add(START, START + AHEAD * number, START)
    return node


def _heed(node: RemoteNode) -> None:
    """Take the orders that it was given: nobody carries them out."""
    with suppress(Empty):
        while True:
            node._orders.get_nowait()


def _mb(*pids: int) -> float:
    return sum(resident(pid) for pid in pids) / 1024
