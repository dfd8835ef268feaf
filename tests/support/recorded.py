"""Exchanges with figures of any kind, and who adds up what a recorder makes of them."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
from hypothesis import strategies as st

from loadgen.clock import SECOND
from loadgen.exchange import NEW, Exchange, Outcome, Request
from loadgen.record.recorder import Batch, Recorder, SeriesKey, Timing, fold
from loadgen.record.recording import Recording

ORIGIN = 5000 * SECOND
MINUTE = 60 * SECOND  # a phase whose bins are seconds


gaps = st.tuples(*[st.one_of(st.integers(0, 10), st.integers(0, 10**7), st.integers(0, 10**11))] * 7)


def exchange(
    *gaps: int, slot: int = 0, connection: int = NEW, outcome: int = Outcome.OK, due: int = ORIGIN
) -> Exchange:
    """Instants at those distances from each other: released, signed, started, connected, sent, received, done."""
    x = Exchange(Request("GET", "/path?secret=1"), slot, None, due, due, due + SECOND, 0)
    instants = np.cumsum([due, *gaps]).tolist()[1:]
    x.released, x.signed, x.started, x.connected, x.sent, x.received, x.done = instants
    x.connection, x.outcome, x.status = connection, Outcome(outcome), 200
    return x


class Sink:
    """Takes a recorder's batches into a recording, as the fleet does."""

    def __init__(self, origin: int = ORIGIN) -> None:
        self.origin, self.recording, self.series = origin, Recording(), dict[int, SeriesKey]()
        self.batches: list[Batch] = []
        self.recorder = Recorder(origin, self.emit, self.series.__setitem__)

    def emit(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.recording.take(fold(batch, self.origin, [Timing(lasts=MINUTE)] * len(self.series)), self.series)

    def places(self) -> dict[Any, tuple[Any, ...]]:
        """All that was recorded, as plain values."""
        self.recorder.flush()
        return {
            place: (h.index.tolist(), h.counts.tolist(), h.count, h.total, h.least, h.most)
            for place, h in self.recording.pending.items()
        }


def crowd(number: int, seed: int = 1) -> list[tuple[Exchange, str]]:
    dice = Random(seed)
    found = []
    for _ in range(number):
        x = exchange(*[dice.randrange(10 ** dice.randrange(1, 11)) for _ in range(7)], slot=dice.randrange(4))
        x.due = ORIGIN + dice.randrange(7 * SECOND)
        x.released, x.connection = max(x.released, x.due), dice.randrange(3)
        x.signed, x.started, x.done = x.released + 1, x.released + 5, x.released + dice.randrange(10, 10**9)
        x.outcome = dice.choice([Outcome.OK, Outcome.OK, Outcome.TIMEOUT, Outcome.HTTP_5XX])
        found.append((x, dice.choice(["", "", "cold=true"])))
    return found


def crowded() -> Sink:
    """What has recorded the crowd."""
    sink = Sink()
    for x, stratum in crowd(2000):
        sink.recorder.exchange(x, x.due, stratum)
    sink.recorder.flush()
    sink.recording.flush()
    return sink
