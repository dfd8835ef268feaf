"""The course of a run so far, for the display: its last seconds one by one, and all of it in at most so many points.
What it holds does not grow with the run."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from loadgen.analysis.latency import quantile_ms
from loadgen.clock import MILLISECOND, SECOND
from loadgen.engine.plan import PhaseRun
from loadgen.runner.stop import Snapshot, rates
from loadgen.stats import Histogram

LAST = 300  # seconds that are kept one by one: as many as a wide terminal has columns
MOST_POINTS = 512  # of all of a run: when there are as many, every other one is forgotten

Times = tuple[float | None, float | None, float | None]


@dataclass(frozen=True, slots=True)
class Second:
    """What happened in a second. Rates are a second; `planned`, `started` and `completed` are iterations, `failed` are
    requests. `in_flight` iterations were open at its end. The times are those of the requests that were answered in it
    and ok. None: not known, or there were none."""

    planned: float | None = None
    started: float | None = None
    completed: float | None = None
    failed: float | None = None
    in_flight: int = 0
    p50_ms: float | None = None
    p99_ms: float | None = None
    max_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """How many iterations were started and completed, `at_s` after the start."""

    at_s: float
    started: int
    completed: int


class Course:
    """Takes the counts of each second, and a little later its times. So many `machines` share the load."""

    def __init__(self, machines: int = 1) -> None:
        self._machines = machines
        self._counts: deque[tuple[int, Second]] = deque(maxlen=LAST)
        self._times: dict[int, Times] = {}
        self._points = [Point(0.0, 0, 0)]
        self._seconds, self._stride = 0, 1

    def count(self, snapshots: Sequence[Snapshot], runs: tuple[PhaseRun, ...], in_flight: int) -> None:
        """A second has ended; the last two of `snapshots` were made at its ends."""
        before, last = snapshots[-2], snapshots[-1]
        started, planned = rates(snapshots, runs, self._machines)
        lasted = (last.elapsed - before.elapsed) / SECOND
        completed = (last.completed - before.completed) / lasted if lasted > 0 else None
        failed = (last.failed - before.failed) / lasted if lasted > 0 else None
        self._counts.append((self._seconds, Second(planned, started, completed, failed, in_flight)))
        self._seconds += 1
        if self._seconds % self._stride == 0:
            self._points.append(Point(last.elapsed / SECOND, last.started, last.completed))
        if len(self._points) > MOST_POINTS:
            self._points, self._stride = self._points[::2], self._stride * 2

    def time(self, second: int, times: Histogram) -> None:
        """The response times of second number `second`, counted from 0, have come in."""
        longest = times.most / MILLISECOND if times.count else None
        self._times[second] = quantile_ms(times, "p50"), quantile_ms(times, "p99"), longest
        self._times.pop(second - LAST, None)

    @property
    def seconds(self) -> tuple[Second, ...]:
        """The last ones, the oldest first."""
        none: Times = (None, None, None)
        return tuple(
            Second(of.planned, of.started, of.completed, of.failed, of.in_flight, *self._times.get(number, none))
            for number, of in self._counts
        )

    @property
    def points(self) -> tuple[Point, ...]:
        """All of the run, from its start."""
        return tuple(self._points)
