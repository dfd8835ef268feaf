"""What the display looks back at: rates as they were, beside rates as they were to be."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import pytest

from loadgen.clock import SECOND
from loadgen.engine.plan import Plan
from loadgen.profile.model import LinearRate, Phase, StopIf
from loadgen.runner.stop import Snapshot, error_share, history, planned_between, rates, since

STEPS = (("s", "get"),)


def plan(*load: Mapping[str, object], cycles: int = 1) -> Plan:
    phases = tuple(Phase.model_validate({"name": f"p{n}", **phase}) for n, phase in enumerate(load))
    return Plan(phases, cycles, 1, STEPS, SECOND)


def snapshots(*seen: tuple[float, int]) -> deque[Snapshot]:
    return deque(Snapshot(round(elapsed * SECOND), 0, 0, started) for elapsed, started in seen)


STEADY = {"rate": LinearRate(200, 200), "for": 5 * SECOND}
BURST = {"rate": LinearRate(1000, 1000), "for": 3 * SECOND}
RAMP = {"rate": LinearRate(1000, 200), "for": 2 * SECOND}
USERS = {"users": 5, "for": 5 * SECOND}


@pytest.mark.parametrize(
    ("start", "end", "planned"),
    [
        (0, 1, 200),
        (4, 5, 200),
        (4.5, 5.5, 600),  # half a second each at 200 and at 1,000
        (7, 8, 1000),
        (8, 9, 800),  # the ramp passes 800 in the middle of its first second
        (0, 10, 1000 + 3000 + 1200),
        (10, 11, None),  # beyond the plan
    ],
)
def test_what_was_to_be_started_is_counted_over_the_same_span(start: float, end: float, planned: float | None) -> None:
    assert planned_between(plan(STEADY, BURST, RAMP).runs, round(start * SECOND), round(end * SECOND)) == planned


def test_cycles_follow_each_other() -> None:
    assert planned_between(plan(STEADY, BURST, cycles=2).runs, 12 * SECOND, 13 * SECOND) == 200


def test_users_have_no_planned_rate() -> None:
    runs = plan(STEADY, USERS).runs
    assert planned_between(runs, 4 * SECOND, 5 * SECOND) == 200
    assert planned_between(runs, 5 * SECOND, 6 * SECOND) is None


def test_after_a_phase_whose_end_is_open_nobody_knows() -> None:
    runs = plan({"at-once": 100}, STEADY).runs
    assert planned_between(runs, 0, SECOND) is None


def test_rates_are_those_of_the_last_second() -> None:
    runs = plan(STEADY, BURST).runs
    assert rates(snapshots(), runs) == (None, None)
    assert rates(snapshots((1, 190)), runs) == (190, 200)
    assert rates(snapshots((1, 190), (3, 610)), runs) == (210, 200)
    assert rates(snapshots((4, 800), (5, 1000), (6, 1990)), runs) == (990, 1000)
    assert rates(snapshots((1, 190), (1, 190)), runs) == (None, None)


@pytest.mark.parametrize("window", [1, 5, 600, 900, 7200])
def test_what_failed_is_looked_back_at_over_the_whole_window_and_no_longer(window: int) -> None:
    seen = history(StopIf.parse(f"errors > 1% for {window}s"))
    for second in range(1, 3 * window + 1):  # all fail in the first of three windows, one in ten in the second
        failed = min(second, window) * 10 + max(0, min(second, 2 * window) - window)
        seen.append(Snapshot(second * SECOND + 1000 * (second % 7), second * 10, failed, second * 10))
        if second in (window, 2 * window, 3 * window):
            assert error_share(seen, window * SECOND) == [1, 0.1, 0][second // window - 1]


def test_seconds_that_come_all_at_once_do_not_make_the_window_the_whole_run() -> None:
    """After a hold-up of the parent several snapshots have one instant; what failed long ago is still long ago."""
    seen = history(StopIf.parse("errors > 1% for 5s"))
    for second in range(1, 61):
        seen.append(Snapshot(second * SECOND, second * 10, 300, second * 10))
    for _ in range(20):
        seen.append(Snapshot(80 * SECOND, 800, 300, 800))
    assert not error_share(seen, 5 * SECOND)
    assert error_share(history(None), 5 * SECOND) is None


def test_the_sandbox_counts_from_the_beginning_of_the_load() -> None:
    """Not the table's setup, and not the runs before; what is no count is not made less."""
    before = {
        "requests": 497, "throttled": 94, "queue_peak": 3, "cpu": 0.5, "lag_ns": {"p99": 5, "max": 9},
        "connections": {"https": 17, "open": 4, "closed_idle": 0}, "downstream": None,
    }  # fmt: skip
    after = {
        "requests": 597, "throttled": 95, "queue_peak": 3, "cpu": 0.1, "lag_ns": {"p99": 4, "max": 4},
        "connections": {"https": 27, "open": 10, "closed_idle": 2}, "downstream": {"calls": 7, "opened": 1},
    }  # fmt: skip
    assert since(before, after) == {
        **after, "requests": 100, "throttled": 1, "connections": {"https": 10, "open": 10, "closed_idle": 2},
    }  # fmt: skip
    assert since(None, after) == after, "that it could not be asked has been said"
    assert since(before, None) is None
