"""The course of a run: its seconds one by one, and all of it in few points."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

import numpy as np

from loadgen.clock import MILLISECOND, SECOND
from loadgen.engine.plan import Plan
from loadgen.profile.model import LinearRate, Phase
from loadgen.runner.course import LAST, MOST_POINTS, Course, Second
from loadgen.runner.stop import Snapshot
from loadgen.stats import Histogram

PHASE = Phase.model_validate({"name": "a", "rate": LinearRate(200, 200), "for": 10_000 * SECOND})
RUNS = Plan((PHASE,), 1, 1, (("s", "get"),), SECOND).runs


def after(seconds: int, *, pause: int = 0) -> Course:
    """Of 200 iterations a second, of which 3 requests fail; `pause` is a second at which two end at once."""
    course, seen = Course(), deque([Snapshot(0, 0, 0, 0)], maxlen=2)
    for second in range(1, seconds + 1):
        elapsed = second if second != pause else second - 1
        seen.append(Snapshot(elapsed * SECOND, 0, 3 * second, 200 * second, 190 * second))
        course.count(seen, RUNS, second)
    return course


def times(*milliseconds: int) -> Histogram:
    return Histogram.of(np.array(milliseconds) * MILLISECOND)


def test_a_second_has_its_counts_and_later_its_times() -> None:
    course = after(2)
    assert course.seconds == (Second(200, 200, 190, 3, 1), Second(200, 200, 190, 3, 2))
    course.time(1, times(10, 20, 400))
    first, second = course.seconds
    assert first.p50_ms is None
    assert (round(second.p50_ms or 0), round(second.max_ms or 0)) == (20, 400)
    course.time(2, times(1))
    assert len(course.seconds) == 2, "times may come before the counts of their second"
    course.time(0, Histogram())
    assert course.seconds[0].max_ms is None


def test_two_seconds_that_end_at_once_divide_by_nothing() -> None:
    _, second, third = after(3, pause=2).seconds
    assert (second.started, second.completed, second.failed) == (None, None, None)
    assert third.completed == 95


def test_of_a_long_run_the_last_seconds_and_few_points_are_kept() -> None:
    course = after(5000)
    course.time(4999, times(7))
    assert len(course.seconds) == LAST
    assert (course.seconds[-1].in_flight, round(course.seconds[-1].max_ms or 0)) == (5000, 7)
    points = course.points
    assert MOST_POINTS / 2 < len(points) <= MOST_POINTS
    assert points[0].at_s == 0
    steps = {later.at_s - earlier.at_s for earlier, later in pairwise(points)}
    assert steps == {16.0}
    assert all(point.completed == 190 * point.at_s for point in points)
