"""Findings are there in runs that were made to show them, and silent in runs that have nothing of the kind: busy
queues, heavy tails, noise. Two kinds of values are told from one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from made_steps import histogram, phase, step, variant
from promises import FULL, note, seeds
from streams import Floats, Random, Stream, cold_starts, independent, modulated, queue, ramp, random, stalls

from loadgen.analysis.findings import findings
from loadgen.stats.kinds import gap
from loadgen.stats.silences import silences
from loadgen.stats.ticks import TICKS

Draw = Callable[[Random, int], Floats]
BODY = 0.020  # s


def _lognormal(sigma: float) -> Draw:
    return lambda dice, count: BODY * np.exp(sigma * dice.standard_normal(count))


def _pareto(tail: float) -> Draw:
    return lambda dice, count: np.minimum(BODY * dice.random(count) ** (-1 / tail), 60)


def _queue(load: float) -> Draw:
    def draw(dice: Random, count: int) -> Floats:
        work = np.cumsum(dice.exponential(1, count) - dice.exponential(1 / load, count))
        return BODY * (work - np.minimum.accumulate(np.minimum(work, 0)) + dice.exponential(1, count))

    return draw


def _stall(dice: Random, count: int) -> Floats:
    """A queue that builds up while the target stands still for 0.3 s, and drains."""
    stalled = 0.3 * dice.random(30)
    return np.concatenate([_lognormal(0.3)(dice, count - 30), stalled])


SMOOTH: dict[str, Draw] = {
    "log-normal 0.5": _lognormal(0.5),
    "log-normal 1.5": _lognormal(1.5),
    "exponential": lambda dice, count: BODY * dice.exponential(1, count),
    "uniform": lambda dice, count: BODY * (0.5 + dice.random(count)),
    "Pareto 3": _pareto(3),
    "Pareto 1": _pareto(1),
    "queue at 0.5": _queue(0.5),
    "queue at 0.9": _queue(0.9),
    "a stall": _stall,
}


def _slower(share: float, by: float) -> Draw:
    return lambda dice, count: _lognormal(0.25)(dice, count) + np.where(dice.random(count) < share, by, 0)


KINDS: dict[str, tuple[Draw, int]] = {
    "1.2% by 300 ms, 5,000": (_slower(0.012, 0.3), 5000),
    "5% by 300 ms, 1,000": (_slower(0.05, 0.3), 1000),
    "30% by 100 ms, 200": (_slower(0.3, 0.1), 200),
    "90% by 100 ms, 1,000": (_slower(0.9, 0.1), 1000),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_one_kind_is_not_taken_for_two(name: str) -> None:
    """Silent in 200 runs of each size."""
    for count in (200, 1000, 5000):
        runs = seeds(40, 200)
        found = sum(gap(histogram(SMOOTH[name](random(160, count, seed), count))) is not None for seed in runs)
        note("kinds", {"of": name, "count": count, "found": found, "runs": len(runs)})
        assert found == 0


@pytest.mark.parametrize("name", KINDS)
def test_two_kinds_are_found(name: str) -> None:
    draw, count = KINDS[name]
    runs = seeds(40, 200)
    found = sum(gap(histogram(draw(random(161, seed), count))) is not None for seed in runs)
    note("kinds", {"of": name, "count": count, "found": found, "runs": len(runs)})
    assert found >= 0.95 * len(runs)


def _codes(*steps: tuple[str, Floats], strata: dict[str, np.ndarray] | None = None) -> set[str]:
    made = [step(name, times, strata) for name, times in steps]
    return {found.observed.code for found in findings(variant(phase("a", *made)))}


@pytest.mark.parametrize("name", SMOOTH)
def test_nothing_is_found_where_there_is_nothing(name: str) -> None:
    """Two steps of the same target, whose requests are split by what has nothing to do with their times."""
    for seed in seeds(20, 200):
        dice = random(162, seed)
        times = [SMOOTH[name](dice, 2000) for _ in range(2)]
        mask = dice.random(2000) < 0.03
        strata = {"cold=true": mask, "cold=false": ~mask}
        assert not _codes(("one", times[0]), ("two", times[1]), strata=strata), seed


def test_cold_starts_are_found() -> None:
    runs = seeds(40, 100)
    cold = 0
    for seed in runs:
        dice = random(163, seed)
        mask = dice.random(3000) < 0.03
        times = _lognormal(0.5)(dice, 3000) + np.where(mask, 0.3, 0)
        cold += _codes(("put", times), strata={"cold=true": mask, "cold=false": ~mask}) == {"stratum_made_tail"}
    note("findings", {"cold": cold, "runs": len(runs), "full": FULL})
    assert cold >= 0.95 * len(runs)


LENGTH = 30  # s
GOES_ON = [
    *(independent(rate) for rate in (20, 200, 1000)),
    *(queue(load, rate) for load in (0.5, 0.9, 0.97) for rate in (50, 500)),
    modulated(3, 200),
    cold_starts(300, 2),
    ramp(20, 500, 3),
]


def _traffic(due: Floats, took: Floats) -> tuple[np.ndarray, np.ndarray]:
    sent, back = ((at * TICKS).astype(np.int64) for at in (due, due + took))
    return tuple(np.bincount(at[at < LENGTH * TICKS], minlength=LENGTH * TICKS) for at in (sent, back))  # type: ignore[return-value]


@pytest.mark.parametrize("stream", GOES_ON, ids=lambda stream: stream.name)
def test_no_stall_is_found_in_what_goes_on(stream: Stream) -> None:
    runs = seeds(40, 2000)
    found = sum(bool(silences(*_traffic(*stream.draw(random(164, seed), LENGTH)))) for seed in runs)
    note("stalled", {"of": stream.name, "found": found, "runs": len(runs)})
    assert found == 0


@pytest.mark.parametrize(("rate", "lasts"), [(50, 2.0), (200, 2.0), (200, 0.5), (1000, 0.4)])
def test_a_stall_is_found_where_it_was_and_as_long_as_it_was(rate: float, lasts: float) -> None:
    """Its ends are right to within two ticks, and what chance leaves between two answers."""
    runs, right, near = seeds(40, 1000), 0, 2 / TICKS + 8 / rate
    for seed in runs:
        dice = random(165, seed)
        due, took = independent(rate).draw(dice, LENGTH)
        start = 5 + 20 * dice.random()
        back = np.where((due + took > start) & (due < start + lasts), np.maximum(due + took, start + lasts), due + took)
        found = silences(*_traffic(due, back - due))
        ends = [(gap.start / TICKS, (gap.start + gap.bins) / TICKS) for gap in found]
        right += len(ends) == 1 and max(abs(ends[0][0] - start), abs(ends[0][1] - start - lasts)) < near
    note("stalled", {"rate": rate, "lasts": lasts, "right": right, "runs": len(runs)})
    assert right >= 0.95 * len(runs)


def test_each_of_many_stalls_is_found() -> None:
    due, took = stalls(300, 3.7, 1.0).draw(random(166), LENGTH)
    assert len(silences(*_traffic(due, took))) in (7, 8, 9)
