"""Verdicts in thousands of experiments: no difference is not found, one of 10 % is, and one in the tail is found there.

The target drifts by 5 % from run to run (AR(1), memory 0.9) in all of them.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from experiments import compared, excludes_one, runs, slower, slower_tail, spread_of, values
from promises import at_least, at_most, note, seeds
from streams import Floats, Stream, cold_starts, drift, independent, queue, random

from loadgen.experiment.order import order
from loadgen.stats.comparison import Decision, Value, holm, rounds_for
from loadgen.stats.looks import levels

FALSE_ALARMS = 0.06
FOUND = 0.8
STREAMS = [independent(200), queue(0.7, 200), cold_starts(200, 2)]
NAMES = [stream.name for stream in STREAMS]
DECIDED = (Decision.FASTER, Decision.SLOWER)


def told(ratios: Floats) -> list[tuple[Value, Value]]:
    return [(Value.exactly(1e7), Value.exactly(1e7 * ratio)) for ratio in np.exp(ratios)]


@cache
def second(first: int, last: int) -> float:
    """The level of the second of two looks."""
    return levels((first, last))[1]


# nothing to find


@pytest.mark.parametrize("stream", STREAMS, ids=NAMES)
def test_what_is_the_same_is_not_told_apart(stream: Stream) -> None:
    tried = seeds(20, 3000)
    figures = ("p50", "p99", "mean")
    alarms, verdicts = dict.fromkeys(figures, 0), 0
    for seed in tried:
        for name, pairs in zip(figures, values(runs(stream, seed, 10, slower(1)), *figures), strict=True):
            found = compared(pairs)
            alarms[name] += excludes_one(found)
            verdicts += found.verdict in DECIDED
    note("the same", {"stream": stream.name, **alarms, "verdicts": verdicts, "of": len(tried)})
    assert all(at_most(FALSE_ALARMS, count, len(tried)) for count in alarms.values()), alarms
    assert at_most(0.01, verdicts, len(figures) * len(tried)), "beyond the margin is rarer still"


def test_one_variant_after_the_other_would_be_told_apart() -> None:
    """Why rounds: the same requests, the same drift, but first all runs of the one."""
    tried = seeds(30, 1000)
    pairs = [runs(STREAMS[0], seed, 10, slower(1), in_turn=False) for seed in tried]
    alarms = sum(excludes_one(compared(values(each, "p50")[0])) for each in pairs)
    note("one after the other", {"alarms": alarms, "of": len(tried)})
    assert alarms / len(tried) > 0.2


@pytest.mark.parametrize("looks", [(6, 12), (10, 20), (10, 15, 20), (10, 60)])
def test_planned_looks_together_raise_no_more_alarms(looks: tuple[int, ...]) -> None:
    tried = seeds(100, 20_000)
    planned, alarms = levels(looks), 0
    for seed in tried:
        ratios = told(differences(seed, looks[-1]))
        alarms += any(excludes_one(compared(ratios[:look], level)) for look, level in zip(looks, planned, strict=True))
    note("planned looks", {"after": looks, "alarms": alarms, "of": len(tried)})
    assert at_most(FALSE_ALARMS, alarms, len(tried)), alarms / len(tried)


def test_a_second_look_as_long_as_the_first_one_asks_for() -> None:
    tried = seeds(40, 20_000)
    alarms = 0
    for seed in tried:
        ratios = told(differences(seed, 100))
        first = compared(ratios[:10], levels((10, 20))[0])
        alarm = excludes_one(first)
        if first.verdict is Decision.INCONCLUSIVE:
            last = min(100, 10 + (first.more or 90))
            alarm = alarm or excludes_one(compared(ratios[:last], second(10, last)))
        alarms += alarm
    note("a second look as asked for", {"alarms": alarms, "of": len(tried)})
    assert at_most(FALSE_ALARMS, alarms, len(tried)), alarms / len(tried)


def test_looks_that_are_not_planned_would_raise_them() -> None:
    tried = seeds(60, 4000)
    alarms = 0
    for seed in tried:
        ratios = told(differences(seed, 30))
        alarms += any(excludes_one(compared(ratios[:look])) for look in range(6, 31, 4))
    note("looks that are not planned", {"alarms": alarms, "of": len(tried)})
    assert alarms / len(tried) > 0.1


def differences(seed: int, rounds: int) -> Floats:
    """Log ratios of rounds: what is left of the drift in turns, and noise of 2 % in each run."""
    dice = random(2, seed)
    logs = np.log(drift(dice, 2 * rounds)) + 0.02 * dice.standard_normal(2 * rounds)
    signs = [1 - 2 * order(seed, number, 2)[0] for number in range(1, rounds + 1)]
    return np.asarray((logs[::2] - logs[1::2]) * signs)


# something to find


@pytest.mark.parametrize(("stream", "name"), [(STREAMS[0], "p50"), (STREAMS[0], "p99"), (queue(0.3, 500), "p90")],
                         ids=["p50", "p99", "a queue's p90"])  # fmt: skip
def test_ten_percent_are_found_in_the_rounds_promised(stream: Stream, name: str) -> None:
    """As many as a pilot of a hundred rounds says, which is off by a few percent itself."""
    tried, pilot = seeds(25, 1500), 100
    rounds = rounds_for(math.log(1.1 / 1.05) / spread_of(stream, name, pilot), df=pilot - 1)
    assert rounds
    found = [compared(values(runs(stream, seed, rounds, slower(1.1)), name)[0]) for seed in tried]
    slow = sum(each.verdict is Decision.SLOWER for each in found)
    note("10 % more", {"stream": stream.name, "figure": name, "rounds": rounds, "found": slow, "of": len(tried)})
    assert at_least(FOUND, slow, len(tried))
    assert not any(each.verdict is Decision.FASTER for each in found)


@pytest.mark.parametrize("times", [1, 2, 3])
def test_ten_percent_are_found_at_the_second_look_that_the_first_asks_for(times: int) -> None:
    """A pilot of six rounds is too short for most; each says how many more it takes, up to 150. Rounds differ by 4 %,
    and by so many times as much."""
    tried = seeds(30, 3000)
    planned, found = levels((6, 12))[0], 0
    for seed in tried:
        ratios = told(math.log(1.1) + times * differences(seed, 150))
        verdict = (first := compared(ratios[:6], planned)).verdict
        if verdict is Decision.INCONCLUSIVE:
            last = min(150, 6 + (first.more or 144))
            verdict = compared(ratios[:last], second(6, last)).verdict
        found += verdict is Decision.SLOWER
    note("10 % more at the second look", {"times": times, "found": found, "of": len(tried)})
    assert at_least(FOUND, found, len(tried)), found / len(tried)


def test_a_change_in_the_tail_is_found_there_and_not_claimed_in_the_middle() -> None:
    tried = seeds(12, 1500)
    found, claimed, alarms = 0, 0, 0
    for seed in tried:
        figures = values(runs(independent(500), seed, 10, slower_tail(1.5)), "p99.9", "p50", "p90", "p95", "mean")
        primary = compared(figures[0])
        others = holm({name: compared(of) for name, of in zip(("p50", "p90", "p95", "mean"), figures[1:], strict=True)})
        found += primary.verdict is Decision.SLOWER
        claimed += others["p50"].verdict in DECIDED
        alarms += excludes_one(others["p50"])
    note("in the tail alone", {"found": found, "claimed": claimed, "alarms": alarms, "of": len(tried)})
    assert at_least(FOUND, found, len(tried)), found / len(tried)
    assert claimed == 0
    assert at_most(FALSE_ALARMS, alarms, len(tried)), alarms / len(tried)


def test_holm_s_figures_are_right_together() -> None:
    """Seven figures, each with its share of chance: a difference beyond the margin where there is just that."""
    tried = seeds(40, 5000)
    wrong = 0
    for seed in tried:
        dice = random(3, seed)
        table = math.log(1.05) + 0.03 * (dice.standard_normal((10, 1)) + dice.standard_normal((10, 7)))
        found = holm({str(column): compared(told(table[:, column])) for column in range(7)})
        wrong += any(each.verdict is Decision.SLOWER for each in found.values())
    note("Holm", {"wrong": wrong, "of": len(tried)})
    assert at_most(0.05, wrong, len(tried)), wrong / len(tried)
