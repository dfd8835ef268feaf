"""Folds the batches of several workers into one recording."""

from __future__ import annotations

import numpy as np

from loadgen.record.metrics import WIDTH
from loadgen.record.recorder import ROWS, Batch, SeriesKey, Timing, fold
from loadgen.record.recording import Recording

SIZE = 8 * WIDTH  # bytes of a row
FOLDED = 16 * ROWS  # rows at once: one of 512 alone costs 1.1 us, of sixteen times as many 0.25


class Folder:
    """Takes what workers recorded; `take` gives the counts of it. `origin` is the instant at which the load
    began, `origins` that of workers by their own clocks.

    Batches of all workers are folded together: a thousand small ones, each by itself, took 3 ms each."""

    def __init__(self) -> None:
        self.origin = 0
        self.origins: dict[int, int] = {}
        self._recording = Recording()
        self._numbers: dict[SeriesKey, int] = {}  # of all workers together
        self._keys: dict[int, SeriesKey] = {}
        self._timings: list[Timing] = []
        self._series: dict[int, list[int]] = {}  # by worker, the number of each of its series
        self._batches: list[tuple[int, Batch]] = []
        self._rows = 0

    def name(self, worker: int, number: int, key: SeriesKey, timing: Timing) -> None:
        """Take what a series of the worker's batches stands for. They come in order. The timing is that of the worker
        that names the series first."""
        if key not in self._numbers:
            self._keys[len(self._numbers)] = key
            self._numbers[key] = len(self._numbers)
            self._timings.append(timing)
        self._series.setdefault(worker, []).append(self._numbers[key])

    def add(self, worker: int, batch: Batch) -> None:
        """Take a batch."""
        self._batches.append((worker, batch))
        self._rows += len(batch.rows) // SIZE + len(batch.singles)
        if self._rows >= FOLDED:
            self._fold()

    def take(self) -> Recording:
        """The counts of all that came since the last call."""
        self._fold()
        taken, self._recording = self._recording, Recording()
        return taken

    def _fold(self) -> None:
        if not self._batches:
            return
        batches, self._batches, self._rows = self._batches, [], 0
        rows = np.frombuffer(bytearray().join([batch.rows for _, batch in batches]), np.int64).reshape(-1, WIDTH)
        whose, origins = np.empty(len(rows), np.int64), np.empty(len(rows), np.int64)
        singles, end = list[tuple[int, int, int, int]](), 0
        for worker, batch in batches:
            start, end = end, end + len(batch.rows) // SIZE
            whose[start:end], origins[start:end] = worker, self.origins.get(worker, self.origin)
            numbers = self._series[worker]
            rows[start:end, 0] = np.array(numbers)[rows[start:end, 0]]
            singles += [(at, numbers[of], metric, value) for at, of, metric, value in batch.singles]
        delta = fold(Batch(rows.tobytes(), tuple(singles)), origins, self._timings, whose)
        self._recording.take(delta, self._keys)
