"""The rules for rounds in thousands of experiments: a duet, balanced blocks, trends, the rounds that are promised, and
what is never equivalent."""

from __future__ import annotations

import math

import numpy as np
import pytest
from experiments import Pairs, compared, excludes_one
from machines import CROWDED, HOG, QUIET, STEADY, Machine, Mood, target
from promises import at_least, at_most, note, seeds
from streams import Floats, Random, arrivals, drift, lognormal, queued, random

from loadgen.experiment.comparison import _Estimate, _hold_back
from loadgen.experiment.order import order
from loadgen.experiment.pairing import Pair
from loadgen.experiment.variants import Key, Variant
from loadgen.result.resolution import Resolution, median
from loadgen.stats.comparison import Comparison, Decision, Value, compare, detectable, holm
from loadgen.stats.looks import levels
from loadgen.stats.paired import Student

FALSE_ALARMS, FOUND = 0.06, 0.8
PROMISED = 0.79  # of a promise of exactly 0.8, whose last digits are chance in thousands of experiments
DECIDED = (Decision.FASTER, Decision.SLOWER)


def told(logarithms: Floats) -> Pairs:
    """Rounds whose ratios have these logarithms."""
    return [(Value.exactly(1e7), Value.exactly(1e7 * ratio)) for ratio in np.exp(logarithms)]


def signs(seed: int, rounds: int) -> Floats:
    """1 where the baseline is first, and -1 where it is second."""
    return np.array([1.0 - 2 * order(seed, number, 2)[0] for number in range(1, rounds + 1)])


# a duet

BUSY, RATE, LENGTH = 0.5, 100, 20  # of a server with one request at a time: its load, both together, s


def duet(dice: Random, own: bool) -> tuple[float, float]:
    """p50 of two variants that are the same, at the same time on one server; with arrivals of their own, or with the
    same ones up to the 5 ms by which one of them began later."""
    first = arrivals(dice, RATE / 2, LENGTH)
    other = arrivals(dice, RATE / 2, LENGTH) if own else first + 0.005 * dice.random()
    due = np.concatenate([first, other])
    is_other = np.arange(len(due)) >= len(first)
    at = np.argsort(due, kind="stable")
    latencies = queued(due[at], lognormal(dice, len(due), BUSY / RATE / math.exp(0.3**2 / 2), 0.3), 0.0)
    one, two = (float(np.median(latencies[is_other[at] == which])) for which in (False, True))
    return (one, two) if dice.random() < 0.5 else (two, one)


@pytest.mark.parametrize("own", [False, True], ids=["the same arrivals", "own arrivals"])
def test_what_is_the_same_is_so_in_a_duet(own: bool) -> None:
    tried, ratios, alarms, alike, found = seeds(24, 2000), list[float](), 0, 0, 0
    for seed in tried:
        dice = random(50, seed)
        pairs = [duet(dice, own) for _ in range(10)]
        ratios += [two / one for one, two in pairs]
        same = compared([(Value.exactly(1e9 * one), Value.exactly(1e9 * two)) for one, two in pairs])
        more = compared([(Value.exactly(1e9 * one), Value.exactly(1.15e9 * two)) for one, two in pairs])
        alarms += excludes_one(same)
        alike += same.verdict is Decision.EQUIVALENT
        found += more.verdict is Decision.SLOWER
    low, high = np.quantile(ratios, [0.025, 0.975])
    counts = {"alarms": alarms, "equivalent": alike, "15% found": found, "of": len(tried)}
    note("duet", {"own": own, "ratios": [round(float(end), 3) for end in (low, high)], **counts})
    if own:
        assert 0.9 < low < high < 1.1
        assert at_most(FALSE_ALARMS, alarms, len(tried))
        assert at_least(FOUND, found, len(tried)) and at_least(FOUND, alike, len(tried))
    else:
        assert low < 0.6 and high > 1.7, "why each has its own"
        assert not alike and found / len(tried) < 0.2


# balanced blocks


@pytest.mark.parametrize("rounds", [6, 10])
@pytest.mark.parametrize("first", [0.0, 0.03], ids=["a drift", "the first of a round is slower"])
def test_blocks_take_the_place_out_of_the_ratio(rounds: int, first: float) -> None:
    """Beside any order, which is as often wrong, and further."""
    tried = seeds(150, 20_000)
    alarms, errors = {"any": 0, "blocks": 0}, dict[str, list[float]](any=[], blocks=[])
    for seed in tried:
        dice = random(51, seed)
        logs = np.log(drift(dice, 2 * rounds)) * (not first) + 0.02 * dice.standard_normal(2 * rounds)
        logs[::2] += first
        differences = logs[1::2] - logs[::2]
        for name, turns in (("any", dice.choice([-1.0, 1.0], size=rounds)), ("blocks", signs(seed, rounds))):
            found = Student(differences * turns)
            low, high = found.interval(0.05)
            alarms[name] += not low < 0 < high
            errors[name].append(found.centre)
    off = {name: round(float(np.std(of)), 5) for name, of in errors.items()}
    note("blocks", {"rounds": rounds, "first": first, "alarms": alarms, "errors": off, "of": len(tried)})
    assert at_most(FALSE_ALARMS, alarms["blocks"], len(tried))
    if first:
        assert at_most(0.02, alarms["blocks"], len(tried))
        assert off["blocks"] < 0.8 * off["any"]


# trends


@pytest.mark.parametrize("growth", [0.0, 0.1, 0.3])
def test_a_trend_makes_no_interval_wrong(growth: float) -> None:
    """The ratio grows by so much from the first round to the last. `refused`: how many had no verdict for it once."""
    tried, wrong, refused = seeds(60, 10_000), 0, 0
    for seed in tried:
        logs = math.log(1 + growth) * np.linspace(-0.5, 0.5, 10) + 0.03 * random(52, seed).standard_normal(10)
        found = compared(told(logs))
        wrong += excludes_one(found)
        refused += (found.trend or 0) < 0.01
    note("trend", {"growth": growth, "wrong": wrong, "refused": refused, "of": len(tried)})
    assert at_most(FALSE_ALARMS, wrong, len(tried))


# the rounds that are promised


@pytest.mark.parametrize(("looks", "variants"), [((6,), 1), ((10,), 1), ((6, 12), 1), ((10, 20), 1), ((10, 15, 20), 1),
                                                 ((6,), 2), ((10,), 4), ((6, 12), 3)])  # fmt: skip
def test_what_a_plan_finds_is_found(looks: tuple[int, ...], variants: int) -> None:
    """By `check`: a difference of so many standard deviations beyond the margin, at one of the looks, of any one of the
    variants while the others are near the margin, where nothing decides."""
    tried, found, edge, sd = seeds(24, 2000), 0, math.log(1.05), 0.03
    planned = levels(looks)
    difference = detectable(looks[-1], planned[-1] / variants)
    for seed in tried:
        dice = random(53, seed)
        logs = edge + sd * dice.standard_normal((variants, looks[-1]))
        logs[0] += difference * sd
        for look, level in zip(looks, planned, strict=True):
            results = {str(number): compared(told(of[:look]), level) for number, of in enumerate(logs)}
            verdicts = holm(results, level)
            if verdicts["0"].verdict is Decision.SLOWER:
                found += 1
                break
            if all(of.verdict in (*DECIDED, Decision.EQUIVALENT) for of in verdicts.values()):
                break
    note("promised", {"looks": looks, "variants": variants, "found": found, "of": len(tried)})
    assert at_least(PROMISED, found, len(tried)), found / len(tried)


@pytest.mark.parametrize("ratio", [1.0, 1.12])
def test_a_figure_among_many_is_decided_in_the_rounds_that_it_asks_for(ratio: float) -> None:
    """One of seven, the others of which are at the margin. After ten rounds it could be chance, and says how many more
    it takes; `alone`: if it had asked as the only one."""
    tried, asked, decided, alone = seeds(12, 1500), 0, 0, 0
    wanted = Decision.SLOWER if ratio > 1 else Decision.EQUIVALENT
    for seed in tried:
        dice = random(54, seed)
        logs = math.log(1.05) + 0.06 * dice.standard_normal((7, 400))
        logs[0] += math.log(ratio / 1.05)
        first = among(logs, 10, levels((10, 20))[0])
        if first.verdict is not Decision.INCONCLUSIVE or first.more is None or first.more > 380:
            continue
        asked += 1
        last = 10 + first.more
        decided += among(logs, last, levels((10, last))[1]).verdict is wanted
        by_itself = compared(told(logs[0, :10]), levels((10, 20))[0]).more
        alone += among(logs, 10 + (by_itself or 1), levels((10, 10 + (by_itself or 1)))[1]).verdict is wanted
    note("more rounds among many", {"ratio": ratio, "decided": decided, "alone": alone, "of": asked})
    assert at_least(FOUND, decided, asked), decided / asked


def among(logs: Floats, rounds: int, level: float) -> Comparison:
    """The first of the figures, as it is among the others."""
    return holm({str(number): compared(told(of[:rounds]), level) for number, of in enumerate(logs)}, level)["0"]


# what is never equivalent

LOCAL, PLANTED, REQUESTS, ROUNDS = 0.13, 0.15, 1000, 10  # ms, ms
PAIR = Pair(*(Variant(name, {}, {}) for name in ("one", "other")), (), (ROUNDS,), "steady", "p50")  # without runs


@pytest.mark.parametrize("quantile", ["p50", "p90", "p99"])
@pytest.mark.parametrize("machine", [STEADY, QUIET, HOG, CROWDED], ids=lambda machine: machine.name)
def test_more_than_the_target_takes_is_never_equivalent(machine: Machine, quantile: str) -> None:
    """A target of 0.13 ms that takes 0.15 ms more, on machines that add more than that and that cannot tell it.
    `response`: how often the response alone would be equivalent, by what the machine cannot tell."""
    tried, counts, response = seeds(6, 300), dict.fromkeys(Decision, 0), 0
    for seed in tried:
        values, resolution = planted(machine, quantile, random(55, seed))
        whole, own = (estimate(metric, quantile, of, resolution) for metric, of in values.items())
        response += whole.verdict is Decision.EQUIVALENT
        _hold_back([whole, own])
        assert whole.verdict
        counts[whole.verdict] += 1
    note("planted", {"machine": machine.name, "quantile": quantile, "response": response, **counts, "of": len(tried)})
    assert counts[Decision.EQUIVALENT] == counts[Decision.FASTER] == 0


def planted(machine: Machine, quantile: str, dice: Random) -> tuple[dict[str, Pairs], Resolution]:
    """The figure of the response and of the target in each round, in ns, and what the machine cannot tell."""
    moods = [[Mood.of(machine, dice) for _ in range(2)] for _ in range(ROUNDS)]
    values: dict[str, list[list[Value]]] = {"response": [], "target": []}
    for both in moods:
        times = [target(dice, REQUESTS, LOCAL) + more for more in (0.0, PLANTED)]
        for metric, of in values.items():
            added = [mood.own(dice, REQUESTS) if metric == "response" else 0.0 for mood in both]
            totals = [time + late for time, late in zip(times, added, strict=True)]
            figures = [np.quantile(total, float(quantile[1:]) / 100) for total in totals]
            of.append([Value.exactly(1e6 * float(ms)) for ms in figures])
    resolution = median(mood.resolution(dice) for both in moods for mood in both)
    assert resolution
    return {metric: [(base, other) for base, other in of] for metric, of in values.items()}, resolution


def estimate(metric: str, quantile: str, values: Pairs, resolution: Resolution) -> _Estimate:
    """As the experiment judges it."""
    result = compare(values, resolution=resolution.of(quantile) if metric == "response" else resolution.of_target)
    key = Key("steady", "get", metric)
    return _Estimate(PAIR, key, quantile, metric == "response", [*values], result, None, None, False, None)
