"""What `--until` needs of a fleet, of engines in virtual time."""

from __future__ import annotations

from engine_harness import START, Run

from loadgen.clock import SECOND


class VirtualFleet:
    """What `Until` needs of a fleet, of engines in virtual time, which counts so many seconds late."""

    def __init__(self, run: Run, late: int = 0) -> None:
        self.run, self.plan, self.stopping, self._late = run, run.plan, False, late
        self.ended_at: list[int] = []

    @property
    def elapsed(self) -> int:
        return self.run.clock.now() - START

    @property
    def counted(self) -> int:
        return self.elapsed // SECOND - self._late

    def begins(self, number: int) -> int:
        return sum(run.duration or 0 for run in self.plan.runs[:number])

    def leave(self, number: int, at: int) -> None:
        self.plan = self.plan.ending(number, at - self.begins(number))
        self.ended_at.append(at)
        for member in self.run.members:
            member.engine.leave(number, START + at)
