"""Groups of workers without processes: what they are told is kept, and what they say is said by the test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from loadgen.engine.plan import Plan
from loadgen.fleet.group import Group, Member
from loadgen.fleet.messages import Finished, FromWorker, Go, ToWorker
from loadgen.profile.load import load
from loadgen.record.ledger import Ledger
from loadgen.record.samples import Kept

PHASES = "[{name: a, rate: 100/s, for: 3s}, {name: b, users: 2, iterations: 10}, {name: c, rate: 100/s, for: 2s}]"


def plan(phases: str = PHASES) -> Plan:
    return Plan.of(load("p.yaml", text=f"name: p\ntarget: http://127.0.0.1\nload: {phases}\n").profile)


class Told:
    """In the place of a pipe."""

    def __init__(self) -> None:
        self.messages: list[ToWorker] = []

    def send(self, message: ToWorker) -> None:
        self.messages.append(message)

    def close(self) -> None: ...


class Process:
    """In the place of a process: whether it was killed."""

    pid = 0

    def __init__(self) -> None:
        self.killed = False

    def kill(self) -> None:
        self.killed = True

    def wait(self, timeout: float | None = None) -> int:
        return 0


class Workers(Group):
    """A group of so many; `says` and `dies` are what happens to one of them."""

    def __init__(self, count: int, of: Plan | None = None, each_second: Callable[[], None] = lambda: None) -> None:
        self.refusals: list[str] = []
        super().__init__(of or plan(), [], each_second, refused=self.refusals.append)
        for index in range(count):
            ledger = Ledger.in_memory(len(self.plan.all_runs), self.plan.slots)
            self.members.append(Member(index, cast(Any, Process()), ledger, cast(Any, Told())))

    def told(self, index: int = 0) -> list[ToWorker]:
        return list(cast(Told, self.members[index].pipe).messages)

    def killed(self, index: int = 0) -> bool:
        return cast(Process, self.members[index].process).killed

    def says(self, message: FromWorker, index: int = 0) -> None:
        self._received(self.members[index], message)

    def dies(self, index: int = 0) -> None:
        self._ended(self.members[index])


class Idle(Told):
    """One that is ready at once, and whose load is over as soon as it begins."""

    def __init__(self, group: Group) -> None:
        super().__init__()
        self._group = group

    def send(self, message: ToWorker) -> None:
        super().send(message)
        if isinstance(message, Go):
            (member,) = (member for member in self._group.members if member.pipe is cast(Any, self))
            loop = asyncio.get_running_loop()
            loop.call_soon(self._group._received, member, Finished(Kept([], [], {}, [])))


def spawn_idle(group: Group) -> None:
    """In the place of `Group.spawn`."""
    for index, assignment in enumerate(group._assignments):
        ledger = Ledger.in_file(assignment.ledger, len(group.plan.all_runs), group.plan.slots)
        member = Member(index, cast(Any, Process()), ledger, cast(Any, Idle(group)), ready=True)
        group.members.append(member)
