"""A ramp in ten bands of the offered rate: every request in exactly one, answers where they came, and from when on a
threshold was broken."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine_harness import START, Run, go, profile
from run_folders import write_run, write_seconds

from loadgen.analysis import bands
from loadgen.analysis.build import Measured
from loadgen.clock import MILLISECOND, SECOND
from loadgen.exchange import Exchange, Outcome
from loadgen.record.seconds import read_counts
from loadgen.result.band import Band
from loadgen.result.run import RunResult, Threshold
from loadgen.transport.scripted import Reply

LOAD = """
load:
  - {{name: warm, rate: 20/s, for: {warm}, measure: false}}
  - {{name: climb, rate: {rate}, for: {lasts}, arrivals: constant}}
thresholds: {{climb: [{thresholds}]}}
scenarios: [{{name: s, steps: [{{name: get, get: /}}, {{name: put, post: /, timeout: 900ms}}]}}]
"""


def written(rate: str = "0/s..200/s", lasts: str = "10s", warm: str = "1s", thresholds: str = "") -> str:
    return LOAD.format(rate=rate, lasts=lasts, warm=warm, thresholds=thresholds)


def slower(x: Exchange) -> Reply:
    """An answer takes 1 ms, from 5 s of the ramp on 200 ms; from 8 s on a tenth fails."""
    passed = x.due - START - SECOND
    if passed >= 8 * SECOND and x.due // 1000 % 10 == 3:
        return Reply(after=MILLISECOND, status=500)
    return Reply(after=200 * MILLISECOND if passed >= 5 * SECOND else MILLISECOND)


def read(run: Run, folder: Path) -> bands.Bands:
    write_seconds(folder, run).close()
    return bands.read(Measured(run.plan, run.ledger, run.recording), read_counts(folder))


def result(tmp_path: Path, text: str) -> RunResult:
    return write_run(tmp_path / "run", profile(text), slower)


def of_step(result: RunResult, step: int = 0) -> tuple[Band, ...]:
    return result.variant.phases[1].steps[step].bands


@pytest.mark.parametrize(("lasts", "warm"), [("10s", "1s"), ("31s", "700ms"), ("70s", "3s"), ("2s", "1s")])
def test_every_request_is_in_exactly_one_band(tmp_path: Path, lasts: str, warm: str) -> None:
    run = go(written(lasts=lasts, warm=warm), slower)
    found = read(run, tmp_path / "run")
    assert set(found) == {(1, 0), (1, 1)}
    for (number, step), of in found.items():
        mine = run.of(number, step)
        assert len(of) == bands.BANDS
        assert sum(band.requests for band in of) == len(mine)
        assert sum(band.failed for band in of) == sum(x.outcome != Outcome.OK for x in mine)
        assert sum(band.latency_ms.count for band in of) == sum(x.outcome == Outcome.OK for x in mine)


def test_bands_adjoin_and_are_of_about_the_same_length(tmp_path: Path) -> None:
    of = of_step(result(tmp_path, written("50/s..300/s", "10s")))
    assert [band.low_per_s for band in of] == [50 + 25 * number for number in range(10)]
    assert [band.high_per_s for band in of] == [75 + 25 * number for number in range(10)]
    assert [(band.start_s, band.lasted_s) for band in of] == [(number, 1) for number in range(10)]


def test_a_band_has_what_was_due_in_it(tmp_path: Path) -> None:
    run = go(written(), slower)
    for band in read(run, tmp_path / "run")[1, 0]:
        since = START + SECOND + round(band.start_s * SECOND)
        mine = [x for x in run.of(1, 0) if since <= x.due < since + SECOND]
        assert band.requests == len(mine)
        assert band.latency_ms.max == max(x.done - x.due for x in mine if x.outcome == Outcome.OK) / MILLISECOND


def test_an_answer_counts_where_it_came(tmp_path: Path) -> None:
    run = go(written(), slower)
    for band in read(run, tmp_path / "run")[1, 0]:
        since = START + SECOND + round(band.start_s * SECOND)
        came = sum(x.outcome == Outcome.OK and since <= x.done < since + SECOND for x in run.of(1, 0))
        assert band.completed == pytest.approx(came, abs=band.high_per_s / 16), "to within half a bin"


def test_what_an_earlier_phase_left_open_is_completed_in_the_next(tmp_path: Path) -> None:
    """Each answer takes 800 ms: those to the last requests of the climb come in the descent."""
    text = written("50/s..200/s", "4s").replace(
        "thresholds:", "  - {name: descend, rate: 200/s..50/s, for: 4s}\nthresholds:"
    )
    run = go(text, lambda x: Reply(after=800 * MILLISECOND))
    found = read(run, tmp_path / "run")
    first = found[2, 0][0]
    begin, end = START + 5 * SECOND, START + 5 * SECOND + round(first.lasted_s * SECOND)
    came = sum(begin <= x.done < end for number in (1, 2) for x in run.of(number, 0))
    assert came > 50 and first.completed == pytest.approx(came, abs=200 / 16)


def test_a_descent_begins_at_the_top(tmp_path: Path) -> None:
    of = of_step(result(tmp_path, written("300/s..50/s")))
    assert [band.high_per_s for band in of] == [300 - 25 * number for number in range(10)]
    assert [band.start_s for band in of] == [*range(10)]


def test_a_steady_phase_has_none(tmp_path: Path) -> None:
    made = result(tmp_path, written("50/s"))
    assert not any(step.bands for phase in made.variant.phases for step in phase.steps)


def test_a_phase_whose_beginning_nobody_knows_has_none(tmp_path: Path) -> None:
    text = written().replace("- {name: climb", "- {name: crowd, at-once: 5}\n  - {name: climb")
    assert read(go(text, slower), tmp_path / "run") == {}


def test_a_folder_that_lacks_requests_gives_none(tmp_path: Path) -> None:
    run = go(written(), slower)
    folder = tmp_path / "run"
    write_seconds(folder, run).close()
    counts = list(read_counts(folder))
    first = counts[0].where(counts[0].tick > counts[0].tick.min() + 64)
    assert bands.read(Measured(run.plan, run.ledger, run.recording), [first]) == {}
    assert bands.read(Measured(run.plan, run.ledger, run.recording), None) == {}


def test_a_run_that_was_stopped_has_the_bands_that_it_came_to(tmp_path: Path) -> None:
    run = go(written(), slower)
    folder = tmp_path / "run"
    write_seconds(folder, run).close()
    stopped = Measured(run.plan, run.ledger, run.recording, stopped=SECOND + round(3.5 * SECOND))
    of = bands.read(stopped, read_counts(folder))[1, 0]
    assert sum(band.lasted_s for band in of) == pytest.approx(3.5)
    assert of[-1].high_per_s == pytest.approx(70)


# when a threshold was broken


def held(result: RunResult) -> list[Threshold]:
    return [threshold for threshold in result.thresholds if threshold.held]


def test_a_threshold_tells_from_when_on_it_was_broken(tmp_path: Path) -> None:
    made = result(tmp_path, written(thresholds="response p99 < 150ms, errors < 1%, response p50 < 5s"))
    latency, errors = held(made)[0].held, held(made)[-1].held
    assert {threshold.text for threshold in held(made)} == {"response p99 < 150ms", "errors < 1%"}
    assert (
        latency and latency.until_s == pytest.approx(5, abs=0.13) and latency.until_per_s == pytest.approx(100, abs=3)
    )
    assert errors and errors.until_s == pytest.approx(8, abs=0.3) and errors.until_per_s == pytest.approx(160, abs=6)


def test_nobody_says_how_much_longer_a_ramp_would_have_to_be(tmp_path: Path) -> None:
    """A longer one is another one."""
    made = result(tmp_path, written("50/s..200/s", "1s", thresholds="response p99 < 150ms"))
    assert [(of.status, of.counts.more_s) for of in made.thresholds if of.counts] == [("undecided", None)] * 2


def test_one_that_was_never_kept_says_so(tmp_path: Path) -> None:
    made = result(tmp_path, written("50/s..200/s", thresholds="response p50 < 100us"))
    assert {(of.held.until_s, of.held.until_per_s) for of in held(made) if of.held} == {(0, 50)}


def test_a_steady_phase_and_a_lower_limit_tell_nothing(tmp_path: Path) -> None:
    assert held(result(tmp_path, written("50/s", thresholds="response p99 < 150ms"))) == []
    made = write_run(tmp_path / "lower", profile(written(thresholds="response p99 > 150ms")), slower)
    assert held(made) == []
