"""A backlog whose process is in the test's hands: it works when the test lets it, and dies when the test says so."""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Any, cast

import numpy as np
from recorded import ORIGIN

from loadgen.clock import SECOND
from loadgen.fleet.aggregation import Begin, Counted, HandIn, Named, Recorded, ToAggregator
from loadgen.fleet.backlog import Backlog
from loadgen.fleet.folder import Folder
from loadgen.record.metrics import WIDTH, Instants
from loadgen.record.recorder import Batch, SeriesKey, Timing, fold
from loadgen.record.recording import Recording

WORKERS = 3
SERIES = {worker: {number: SeriesKey(number, worker % 2, 1, "") for number in range(2)} for worker in range(WORKERS)}
TIMING = Timing(lasts=SECOND)


class Process:
    """In the place of the process and of the pipe to it."""

    def __init__(self) -> None:
        self.sent: deque[ToAggregator] = deque()
        self.answers: deque[Counted] = deque()
        self.killed = self.closed = False
        self._folder = Folder()

    def send(self, message: ToAggregator) -> None:
        assert not self.closed
        self.sent.append(message)

    def work(self) -> None:
        """Handle the next message."""
        match self.sent.popleft():
            case Begin(origin):
                self._folder.origin = origin
            case Named(worker, number, key, timing):
                self._folder.name(worker, number, key, timing)
            case Recorded(worker, batch):
                self._folder.add(worker, batch)
            case HandIn():
                self.answers.append(Counted(self._folder.take()))

    def kill(self) -> None:
        self.killed = True

    def close(self) -> None:
        self.closed = True


class Story:
    """A backlog, its process, and everything that it was given."""

    def __init__(self, seed: int = 1, started: bool = True) -> None:
        self.recording, self.counted, self.handed_in = Recording(), 0, 0
        self.process, self.backlog = Process(), Backlog(self.recording, self._count)
        self.given: list[tuple[int, Batch]] = []
        self.expected = Recording()  # every batch folded by itself
        self._random = np.random.default_rng(seed)
        if started:
            self.backlog.process = self.backlog._pipe = cast(Any, self.process)
        self.backlog.begin(ORIGIN)
        for worker, series in SERIES.items():
            for number, key in series.items():
                self.backlog.name(worker, number, key, TIMING)

    def _count(self) -> None:
        self.counted += 1

    def add(self, worker: int = 0) -> None:
        """A worker hands in a batch of a few exchanges."""
        batch = _batch(self._random)
        self.given.append((worker, batch))
        self.expected.take(fold(batch, ORIGIN, [TIMING] * len(SERIES[worker])), SERIES[worker])
        self.backlog.add(worker, batch)

    def hand_in(self) -> None:
        self.handed_in += 1
        self.backlog.hand_in()

    def work(self, messages: int = 10**6) -> None:
        """Let the process handle so many messages, if there are."""
        for _ in range(min(messages, len(self.process.sent))):
            self.process.work()

    def hear(self, answers: int = 10**6) -> None:
        """Read so many of its answers, if there are."""
        for _ in range(min(answers, len(self.process.answers))):
            self.backlog._answered(self.process.answers.popleft())

    def dies(self) -> None:
        """With all that it has not said, and all that was not read to its end."""
        self.process.closed = True
        self.backlog._ended()


def plain(recording: Recording) -> Any:
    """All that is in it, as values that can be compared."""
    histograms = {
        place: (h.index.tolist(), h.counts.tolist(), h.count, h.total, h.least, h.most)
        for place, h in recording.pending.items()
    }
    shares = {key: (s.index.tolist(), s.sums.tolist()) for key, s in recording.shares.items()}
    return histograms, shares, [np.trim_zeros(counts, "b").tolist() for counts in recording.traffic.counts]


def any_story(seed: int) -> Story:
    """Batches and seconds in any order, a process that works or stands still, and perhaps dies."""
    dice, story = Random(seed), Story(seed)
    alive, eager = True, dice.choice([0.2, 1, 3, 10])
    for _ in range(dice.randrange(5, 80)):
        what = dice.random()
        if what < 0.5:
            story.add(dice.randrange(WORKERS))
        elif what < 0.7:
            story.hand_in()
        elif alive and what < 0.98:
            story.work(round(dice.expovariate(1 / eager)))
            story.hear(dice.randrange(4))
        elif alive:
            story.dies()
            alive = False
        assert count(story.recording) <= count(story.expected), "counted twice"
    return story


def count(recording: Recording) -> int:
    """How many figures are in it."""
    return sum(h.count for h in recording.pending.values())


def _batch(random: np.random.Generator) -> Batch:
    rows = np.full((int(random.integers(1, 4)), WIDTH), -1, np.int64)
    due = ORIGIN + random.integers(0, 3 * SECOND, len(rows))
    gaps = np.cumsum(random.integers(0, 10**7, (len(rows), 6)), axis=1).T + due
    columns = dict(zip(("released", "signed", "started", "sent", "received", "done"), gaps, strict=True))
    columns |= {"series": random.integers(0, 2, len(rows)), "due": due, "connected": np.zeros(len(rows), np.int64)}
    for name, column in columns.items():
        rows[:, Instants._fields.index(name)] = column
    return Batch(rows.tobytes(), ())
