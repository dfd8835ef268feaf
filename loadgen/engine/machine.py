"""Which part of a load one machine of several carries out. The machines need not hear of each other: who takes which
arrival, user, count, key and row follows from these two numbers and the seed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MachineShare:
    """Machine `index` of `of`, counted from 1. All have the same number of workers.

    Worker w of machine i is worker (i - 1) * workers + w of all of them, and each of these takes its part as it does
    on one machine (`engine.state.Share`). So the machines together carry out the single machine's load exactly.
    """

    index: int = 1
    of: int = 1

    def worker(self, number: int, workers: int) -> int:
        """The number of this machine's worker `number` among those of all machines, both counted from 0."""
        return (self.index - 1) * workers + number

    def all(self, workers: int) -> int:
        """How many workers all machines have, where each has so many."""
        return self.of * workers


WHOLE = MachineShare()
MOST = 10_000  # machines that share a load
