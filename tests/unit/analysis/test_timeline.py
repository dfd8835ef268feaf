"""A run moment by moment, read back from its folder: all of its requests, no more moments than there is room for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from engine_harness import START, go
from run_folders import write_seconds

from loadgen.analysis.timeline import MOST, timeline
from loadgen.clock import MILLISECOND, SECOND
from loadgen.exchange import Exchange, Outcome
from loadgen.profile.load import load
from loadgen.record.seconds import FILE
from loadgen.transport.scripted import Reply

LOAD = (
    "[{name: warm, rate: 20/s, for: 2s, measure: false}, {name: a, rate: 50/s, for: 3s}, {name: b, users: 3, for: 2s}]"
)


def sample(second: int, in_flight: int, worker: int = 0, elapsed: int = SECOND, **more: int) -> dict[str, int]:
    return {"second": second, "worker": worker, "in_flight": in_flight, "elapsed": elapsed, **more}


def of(tmp_path: Path, phases: str = LOAD, after: int = 5 * MILLISECOND, health: Sequence[dict[str, int]] = ()) -> Path:
    """The folder of a run in whose third second every request times out."""

    def script(x: Exchange) -> Reply:
        late = 2 * SECOND <= x.due - START < 3 * SECOND
        return Reply(outcome=Outcome.TIMEOUT, after=SECOND) if late else Reply(after=after)

    run = go(load("p.yaml", text=f"name: t\ntarget: http://127.0.0.1:1\nload: {phases}\n").profile, script)
    kept = write_seconds(tmp_path / "run", run)
    kept.second((), health)
    kept.close()
    return tmp_path / "run"


def test_every_request_is_in_a_moment(tmp_path: Path) -> None:
    made = timeline(of(tmp_path))
    assert made and made.width == 1
    by_second = {moment.start: moment for moment in made.moments}
    assert by_second[3].sent == pytest.approx(50, abs=25)
    assert (by_second[3].p50, by_second[3].longest) == (pytest.approx(5, rel=0.01), pytest.approx(5))
    assert sum(number for _, _, number in by_second[3].bins) == by_second[3].sent
    assert by_second[6].sent > 100, "of users, service is what there is"


def test_a_second_of_timeouts_has_no_percentile(tmp_path: Path) -> None:
    made = timeline(of(tmp_path))
    assert made
    late = next(moment for moment in made.moments if moment.start == 2)
    assert late.failed == late.sent > 0
    assert (late.p50, late.p99, late.longest, late.bins) == (None, None, None, ())


def test_phases_stand_where_the_plan_has_them(tmp_path: Path) -> None:
    made = timeline(of(tmp_path))
    assert made
    seen = [(of.phase, of.start, of.end) for of in made.stretches]
    assert seen[:3] == [(0, 0, 2), (1, 2, 5), (2, 5, 7)]


def test_a_long_run_has_longer_moments(tmp_path: Path) -> None:
    made = timeline(of(tmp_path, "[{name: a, rate: 2/s, for: 10m, arrivals: constant}]"))
    assert made and made.width == 4 and MOST / 2 < len(made.moments) <= MOST
    assert sum(moment.sent for moment in made.moments) == 1200


def test_what_is_in_flight_at_the_end_of_a_second_is_of_all_workers(tmp_path: Path) -> None:
    """A sample comes when its second is over. A worker that was late sends two samples in the same second."""
    health = [*(sample(3, 4, worker) for worker in range(2)), sample(4, 7), sample(4, 9, elapsed=SECOND // 8)]
    made = timeline(of(tmp_path, health=health))
    assert made
    known = {moment.start: moment.in_flight for moment in made.moments if moment.in_flight is not None}
    assert known == {2: 8, 3: 7, 4: 9}


def test_two_samples_of_one_worker_do_not_add_up(tmp_path: Path) -> None:
    made = timeline(of(tmp_path, health=[sample(4, 7), sample(4, 9)]))
    assert made and made.moments[3].in_flight == 9


def test_requests_are_completed_in_the_second_of_their_answer(tmp_path: Path) -> None:
    health = [sample(1, 0, worker, completed=20 + worker) for worker in range(2)]
    made = timeline(of(tmp_path, health=[*health, sample(9, 0, elapsed=SECOND // 8, completed=5)]))
    assert made
    assert [(moment.start, moment.completed) for moment in made.moments if moment.completed] == [(0, 41), (9, 5)]
    assert made.moments[-1].sent == 0 and made.moments[-1].p50 is None


def test_a_folder_without_seconds_has_none(tmp_path: Path) -> None:
    folder = of(tmp_path)
    (folder / FILE).write_bytes(b"")
    assert timeline(folder) is None


def test_runs_of_one_plan_are_over_each_other(tmp_path: Path) -> None:
    folders = [of(tmp_path / name, after=after * MILLISECOND) for name, after in (("one", 5), ("two", 9))]
    one, two = (timeline(folder) for folder in folders)
    both = timeline(*folders)
    assert one and two and both and (one.runs, both.runs) == (1, 2)
    assert [moment.sent for moment in both.moments] == [
        first.sent + second.sent for first, second in zip(one.moments, two.moments, strict=True)
    ]
    assert both.moments[3].longest == pytest.approx(9) and both.moments[3].p50 == pytest.approx(5, rel=0.01)
