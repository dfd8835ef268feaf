"""The two ledgers, as integers in one block of memory that outlives its worker.

    iterations   planned = started + unsent; started = completed + failed + cut short
    requests     sent = the sum of the outcome classes; open requests of a dead worker count as lost;
                 sent = operations + repeated: each attempt at an operation is a request of its own

A worker maps its block from a file, so that SIGKILL loses none of it.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Final

import numpy as np

from loadgen.exchange import Invoked, Outcome, Tally
from loadgen.net.counters import CONNECTION_COUNTERS
from loadgen.stats import Integers

# places that are Final, which compiled code has as numbers
PLANNED: Final = 0
STARTED: Final = 1
COMPLETED: Final = 2
FAILED: Final = 3
CUT_SHORT: Final = 4
UNSENT_LIMIT: Final = 5
UNSENT_STOPPED: Final = 6
ITERATIONS = ("planned", "started", "completed", "failed", "cut_short", "unsent_limit", "unsent_stopped")
SKIPPED_FAILED, SKIPPED_STOPPED = range(2)
SKIPPED = ("failed_step", "stopped")
WORKER = ("peak_in_flight", "shared_read")
PEAK_IN_FLIGHT: Final = 0
SHARED_READ: Final = 1
OUTCOMES: Final = 17  # of `Outcome`
TALLY = Tally._fields
INVOKED = Invoked._fields
COUNTED: Final = 6  # of `INVOKED`: what follows are peaks


class Ledger:
    """Views into the block: `iterations[run * 7 + field]`, `outcomes[slot * 17 + class]`, and so on."""

    def __init__(self, memory: memoryview, runs: int, slots: int) -> None:
        self._cells = memory[: self.size(runs, slots)].cast("q")
        self.runs, self.slots = runs, slots
        self._taken = 0
        self.worker = self._region(len(WORKER))
        self.connections = self._region(len(CONNECTION_COUNTERS))
        self.iterations = self._region(runs * len(ITERATIONS))
        self.sent = self._region(slots)
        self.wired = self._region(slots)
        self.skipped = self._region(slots * len(SKIPPED))
        self.outcomes = self._region(slots * OUTCOMES)
        self.repeated = self._region(slots)
        self.tallies = self._region(slots * len(TALLY))
        self.invoked = self._region(slots * len(INVOKED))

    @staticmethod
    def size(runs: int, slots: int) -> int:
        """Bytes of a block."""
        return _size_with_tallies(runs, slots) + 8 * slots * len(INVOKED)

    @classmethod
    def in_memory(cls, runs: int, slots: int) -> Ledger:
        return cls(memoryview(bytearray(cls.size(runs, slots))), runs, slots)

    @classmethod
    def from_bytes(cls, block: bytes, runs: int, slots: int) -> Ledger:
        """A block from the bytes of a file. A block from before there were attempts, tallies and invocations has none
        of them. Raises ValueError for anything else."""
        sizes = _size_of_first(runs, slots), _size_with_tallies(runs, slots), cls.size(runs, slots)
        if len(block) not in sizes:
            raise ValueError(f"{len(block)} bytes are not the {cls.size(runs, slots)} of a ledger")
        return cls(memoryview(bytearray(block.ljust(cls.size(runs, slots), b"\0"))), runs, slots)

    @classmethod
    def in_file(cls, path: Path, runs: int, slots: int) -> Ledger:
        """The block of the file, created if it does not exist. Raises OSError if the disk is full."""
        size = cls.size(runs, slots)
        descriptor = open_with_room(path, size)
        try:
            return cls(memoryview(mmap.mmap(descriptor, size)), runs, slots)
        finally:
            os.close(descriptor)

    def beginning(self, runs: int, slots: int) -> Ledger:
        """A copy of the first so many runs and slots alone, with what is counted of a whole worker."""
        copy = Ledger.in_memory(runs, slots)
        for mine, theirs in zip(copy._regions(), self._regions(), strict=True):
            mine[:] = theirs[: len(mine)]
        return copy

    def block(self) -> bytes:
        """The block as it is now."""
        return self._cells.tobytes()

    def take(self, block: bytes) -> None:
        """Become the block of another ledger of the same size. Raises ValueError for any other."""
        self._cells[:] = memoryview(block).cast("q")

    def snapshot(self) -> Ledger:
        """A copy that no longer changes."""
        copy = Ledger.in_memory(self.runs, self.slots)
        copy._cells[:] = self._cells
        return copy

    def add(self, other: Ledger) -> None:
        """Add another worker's figures. Peaks in flight add up too, which bounds the peak of all from above; of the
        memory of a function the most stays."""
        mine, theirs = np.frombuffer(self._cells, np.int64), np.frombuffer(other._cells, np.int64)
        most = np.maximum(self._peaks(), other._peaks())
        mine += theirs
        self._peaks()[:] = most

    def settle(self) -> int:
        """For a worker that is gone: count requests without an outcome as lost, and iterations that never started as
        unsent. Returns how many exchanges were lost."""
        lost = 0
        for slot in range(self.slots):
            row = slot * OUTCOMES
            missing = self.sent[slot] - sum(self.outcomes[row : row + OUTCOMES])
            self.outcomes[row + Outcome.LOST] += missing
            lost += missing
        for run in range(self.runs):
            row = run * len(ITERATIONS)
            planned, started, completed, failed, cut, limit, stopped = self.iterations[row : row + len(ITERATIONS)]
            self.iterations[row + UNSENT_STOPPED] += max(0, planned - started - limit - stopped)
            self.iterations[row + PLANNED] = max(planned, started + limit + stopped)
            self.iterations[row + CUT_SHORT] += started - completed - failed - cut
        return lost

    def mismatches(self) -> list[str]:
        """Where the ledgers do not add up. Empty in every correct run."""
        wrong = []
        for slot in range(self.slots):
            row = slot * OUTCOMES
            if self.sent[slot] != sum(self.outcomes[row : row + OUTCOMES]):
                wrong.append(f"slot {slot}: sent is not the sum of the outcomes")
            if self.wired[slot] > self.sent[slot]:
                wrong.append(f"slot {slot}: more on the wire than sent")
            if self.repeated[slot] > self.sent[slot]:
                wrong.append(f"slot {slot}: more repeated than sent")
        for run in range(self.runs):
            row = run * len(ITERATIONS)
            planned, started, completed, failed, cut, limit, stopped = self.iterations[row : row + len(ITERATIONS)]
            if planned != started + limit + stopped:
                wrong.append(f"run {run}: planned is not started and unsent")
            if started != completed + failed + cut:
                wrong.append(f"run {run}: started is not completed, failed and cut short")
        return wrong

    def outcome(self, slot: int) -> Integers:
        """The outcome classes of one slot, shape (17,)."""
        row = slot * OUTCOMES
        return np.array(self.outcomes[row : row + OUTCOMES].tolist(), np.int64)

    def outcome_counts(self) -> list[int]:
        """How many exchanges are in each outcome class, over all slots."""
        cells = self.outcomes.tolist()
        return [sum(cells[number::OUTCOMES]) for number in range(OUTCOMES)]

    @property
    def completed(self) -> int:
        """How many exchanges were ok, over all slots."""
        return sum(self.outcomes[Outcome.OK :: OUTCOMES])

    def tally(self, slot: int) -> Tally:
        """The items and the consumed capacity of one slot."""
        row = slot * len(TALLY)
        return Tally(*self.tallies[row : row + len(TALLY)])

    def invoked_of(self, slot: int) -> Invoked:
        """What the answers to the invocations of one slot told."""
        row = slot * len(INVOKED)
        return Invoked(*self.invoked[row : row + len(INVOKED)])

    def _regions(self) -> tuple[memoryview, ...]:
        return (
            self.worker, self.connections, self.iterations, self.sent, self.wired, self.skipped, self.outcomes,
            self.repeated, self.tallies, self.invoked,
        )  # fmt: skip

    def _peaks(self) -> Integers:
        """The peaks among what invocations told, shape (slots, 2)."""
        return np.frombuffer(self.invoked, np.int64).reshape(self.slots, -1)[:, COUNTED:]

    def iteration(self, run: int) -> dict[str, int]:
        """The iterations of one run of a phase, by field."""
        row = run * len(ITERATIONS)
        return dict(zip(ITERATIONS, self.iterations[row : row + len(ITERATIONS)], strict=True))

    def _region(self, words: int) -> memoryview:
        self._taken += words
        return self._cells[self._taken - words : self._taken]


def open_with_room(path: Path, size: int) -> int:
    """The descriptor of the file, which is created if it does not exist, with space for so many bytes allocated at
    once. A full disk therefore fails here (OSError) and not in the middle of the load."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, size)
        else:
            os.truncate(descriptor, size)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _size_of_first(runs: int, slots: int) -> int:
    """Bytes of what the first blocks held."""
    return 8 * (len(WORKER) + len(CONNECTION_COUNTERS) + runs * len(ITERATIONS) + slots * (2 + len(SKIPPED) + OUTCOMES))


def _size_with_tallies(runs: int, slots: int) -> int:
    """Bytes of what blocks held before there were invocations."""
    return _size_of_first(runs, slots) + 8 * slots * (1 + len(TALLY))
