"""Comparisons over rounds against published examples and exact counts: evidence, verdicts, Holm, trend, rounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from loadgen.result.reason import Reason
from loadgen.stats.comparison import (
    Comparison,
    Decision,
    Range,
    Value,
    compare,
    detectable,
    holm,
    level_at,
    rounds_for,
)
from loadgen.stats.looks import levels
from loadgen.stats.paired import Student

STEADY = (0.99, 1.0, 1.01, 1.0, 0.99, 1.01, 1.0, 1.0, 1.005, 0.995)


def rounds(ratios: Sequence[float], base: float = 10e6) -> list[tuple[Value, Value]]:
    """Rounds whose level drifts, and in which the variant takes so many times as long."""
    levels = [base * (1 + 0.1 * number) for number in range(len(ratios))]
    return [(Value.exactly(at), Value.exactly(at * ratio)) for at, ratio in zip(levels, ratios, strict=True)]


def of(ratios: Sequence[float], **more: float) -> Comparison:
    found = compare(rounds(ratios), **more)
    assert found
    return found


# verdicts


@pytest.mark.parametrize(
    ("factor", "verdict"),
    [(1.1, "slower"), (0.9, "faster"), (1.0, "equivalent"), (1.02, "equivalent"), (1.05, "inconclusive"),
     (1 / 1.05, "inconclusive"), (3.0, "slower")],
)  # fmt: skip
def test_a_verdict_is_where_the_interval_is(factor: float, verdict: str) -> None:
    found = of([factor * ratio for ratio in STEADY])
    assert found.verdict == verdict
    assert found.ratio.value == pytest.approx(factor, rel=1e-3)
    outside, margin = found.ratio, 1.05
    assert (found.verdict is Decision.SLOWER) == (outside.low > margin)
    assert (found.verdict is Decision.FASTER) == (outside.high < 1 / margin)
    assert (found.verdict is Decision.EQUIVALENT) == (1 / margin < outside.low and outside.high < margin)
    assert (found.p <= 0.05) == (found.verdict is not Decision.INCONCLUSIVE)
    assert found.more is None or found.verdict is Decision.INCONCLUSIVE


def test_verdict_and_interval_never_disagree() -> None:
    """As the ratio moves over both edges of the margin."""
    seen = set()
    for step in range(900, 1150):
        found = of([step / 1000 * ratio**2 for ratio in STEADY])
        low, high = found.ratio.low, found.ratio.high
        positions = {"slower": low > 1.05, "faster": high < 1 / 1.05, "equivalent": low > 1 / 1.05 and high < 1.05}
        assert found.verdict == next((word for word, is_so in positions.items() if is_so), "inconclusive")
        seen.add(found.verdict)
    assert len(seen) == 4


def test_the_ratio_is_student_s_and_the_difference_too() -> None:
    ratios = [1.1 * ratio for ratio in STEADY]
    found = of(ratios)
    logs = Student(np.log(ratios))
    assert (found.ratio.low, found.ratio.high) == pytest.approx(tuple(map(math.exp, logs.interval(0.05))))
    assert found.away == pytest.approx((logs.centre - math.log(1.05)) / logs.sd)
    differences = Student(np.array([variant.low - base.low for base, variant in rounds(ratios)]))
    low, high = differences.interval(0.05)
    assert found.difference == Range(differences.centre, low, high)


def test_a_drift_that_both_have_is_none() -> None:
    """The level doubles over the rounds; the ratio is what it is."""
    assert of([1.0, 1.001] * 5).verdict is Decision.EQUIVALENT


def test_margin_and_level_move_the_verdict() -> None:
    ratios = [1.1 * ratio for ratio in STEADY]
    assert of(ratios, margin=0.2).verdict is Decision.EQUIVALENT
    assert of(ratios, margin=0.1).verdict is Decision.INCONCLUSIVE
    wide = [ratio**6 for ratio in ratios]
    wider, narrower = of(wide, level=0.001).ratio, of(wide).ratio
    assert wider.low < narrower.low < narrower.high < wider.high


def test_six_rounds_are_needed() -> None:
    five, six = of([1.5, 1.51, 1.49, 1.5, 1.52]), of([1.5, 1.51, 1.49, 1.5, 1.52, 1.48])
    assert (five.verdict, five.why) == (None, Reason.of("too_few_rounds", needs=6, rounds=5))
    assert five.ratio.value == pytest.approx(1.5, abs=0.01)
    assert six.verdict is Decision.SLOWER
    assert compare([]) is None


@pytest.mark.parametrize("number", range(1, 7))
def test_fewer_rounds_have_no_interval(number: int) -> None:
    """Of two rounds Student's t gives [0.00, 225,853] about 2.38: no interval that says anything."""
    found = of([2.31, 2.45, 2.4, 2.38, 2.41, 2.36][:number])
    assert math.isnan(found.ratio.low) is math.isnan(found.difference.high) is (number < 6)
    assert (found.verdict is None) is (number < 6)
    assert 2.3 < found.ratio.value < 2.46 and found.difference.value > 0


def test_few_rounds_with_timeouts_have_no_interval_either() -> None:
    found = compare(timing_out(1)[:5])
    assert found and found.why == Reason.of("too_few_rounds", needs=6, rounds=5)
    assert math.isnan(found.ratio.low) and found.ratio.value > 9


def test_a_figure_of_zero_has_no_ratio() -> None:
    assert compare([(Value.exactly(0), Value.exactly(1))] * 8) is None


def test_a_trend_is_known_and_takes_no_verdict() -> None:
    """It makes the rounds differ more, and so the interval wider."""
    found = of([1.2 + 0.05 * number for number in range(8)])
    assert (found.verdict, found.why) == (Decision.SLOWER, None)
    assert found.trend is not None
    assert found.trend < 0.01
    assert found.ratio.high / found.ratio.low > 1.15


def test_runs_without_any_spread_are_certain() -> None:
    assert of([1.0] * 6).verdict is Decision.EQUIVALENT
    assert of([2.0] * 6).verdict is Decision.SLOWER


# censored figures


def timing_out(which: int, number: int = 8) -> list[tuple[Value, Value]]:
    """The slower one of both, which in `number` rounds is only known to be above a second."""
    found = []
    for index in range(8):
        slow = Value.at_least(1e9) if index < number else Value.exactly(0.9e9)
        pair = (Value.exactly(0.1e9 + index), slow)
        found.append(pair if which else (slow, pair[0]))
    return found


@pytest.mark.parametrize(("which", "verdict"), [(1, Decision.SLOWER), (0, Decision.FASTER)])
def test_a_figure_among_timeouts_is_a_bound(which: int, verdict: Decision) -> None:
    for number in (1, 8):
        found = compare(timing_out(which, number))
        assert found
        assert found.verdict is verdict
        assert found.away is found.trend is None
        assert math.isinf(found.ratio.high) if which else found.ratio.low == 0


def test_where_both_time_out_nothing_is_known() -> None:
    found = compare([(Value.at_least(1e9), Value.at_least(2e9))] * 10)
    assert found
    assert (found.verdict, found.more) == (Decision.INCONCLUSIVE, None)
    assert math.isnan(found.ratio.value)
    assert (found.ratio.low, found.ratio.high) == (0, math.inf)


# how many rounds


@pytest.mark.parametrize(
    ("number", "effect"), [(5, 1.68), (6, 1.43), (8, 1.16), (10, 1.00), (15, 0.78), (20, 0.66), (30, 0.53)]
)
def test_what_rounds_find_is_what_was_simulated(number: int, effect: float) -> None:
    assert detectable(number) == pytest.approx(effect, abs=0.005)
    assert rounds_for(detectable(number)) == max(6, number)


def test_rounds_never_end_where_there_is_no_difference() -> None:
    assert rounds_for(0.0) is None
    assert rounds_for(10.0) == 6
    assert rounds_for(detectable(1000)) == 1000


def test_what_is_inconclusive_says_how_many_more_rounds() -> None:
    spread = [1.08 * (1 + 0.12 * sign) for sign in (1, -1, 0.5, -0.5, 0.2, -0.2, 0.8, -0.8)]
    found = of(spread)
    assert found.verdict is Decision.INCONCLUSIVE
    assert found.away
    assert found.more == (rounds_for(found.away, df=7) or 0) - 8 > (rounds_for(found.away) or 0) - 8
    assert of([1.05 * ratio for ratio in (1.001, 0.999) * 4]).more is None, "at the margin itself no number decides"


# several looks, several figures


def test_a_look_before_there_can_be_a_verdict_spends_nothing() -> None:
    assert level_at((3, 12), 12) == level_at((12,), 12) == pytest.approx(0.05, abs=1e-6)
    assert level_at((3, 12), 3) == 0.05
    assert level_at((6, 12), 12) == levels((6, 12))[1]
    assert level_at((6, 12), 7) == 0.05, "of which there is no verdict either"


def with_p(p: float, verdict: Decision | None = Decision.SLOWER) -> Comparison:
    return Comparison(Range(1.2, 1.1, 1.3), Range(1, 1, 1), 10, verdict, p)


def test_holm_s_steps() -> None:
    """0.05 / 4, / 3, / 2: the third is not below, and with it fall all after it."""
    found = holm({"a": with_p(0.03), "b": with_p(0.01), "c": with_p(0.015), "d": with_p(0.04)})
    assert {name: of.verdict for name, of in found.items()} == {
        "a": "inconclusive", "b": "slower", "c": "slower", "d": "inconclusive",
    }  # fmt: skip
    assert found["a"].why == Reason.of("could_be_chance", figures=4)
    assert found["b"].why is None
    assert found["a"].ratio == with_p(0.03).ratio


def test_what_holm_leaves_undecided_says_how_many_rounds_it_takes_among_the_others() -> None:
    """It failed at 0.05 / 2, and so does all after it: what would decide it there, and not alone."""
    alone = {"a": with_p(0.001), "b": with_p(0.03), "c": with_p(0.04), "d": with_p(0.2, Decision.INCONCLUSIVE)}
    found = holm({name: replace(of, away=0.5, more=1) for name, of in alone.items()})
    assert (found["a"].verdict, found["a"].more) == (Decision.SLOWER, 1)
    for name in "bcd":
        assert found[name].verdict is Decision.INCONCLUSIVE
        assert found[name].more == (rounds_for(0.5, 0.05 / 3, df=9) or 0) - 10 > (rounds_for(0.5, df=9) or 0) - 10
    assert holm({"a": replace(with_p(0.06), away=None)})["a"].more is None


def test_holm_leaves_out_what_has_no_verdict() -> None:
    found = holm({"a": with_p(0.02), "b": with_p(0.5, None), "c": with_p(0.9, Decision.INCONCLUSIVE)})
    assert found["a"].verdict is Decision.SLOWER
    assert found["b"].verdict is None
    assert found["c"].why is None
    assert holm({}) == {}


def in_ms(differences: Sequence[float], base: float, resolution: float) -> Comparison:
    """Of a baseline that always takes `base`, with these differences over the rounds."""
    rounds = [(Value.exactly(base), Value.exactly(base + difference)) for difference in differences]
    found = compare(rounds, resolution=resolution)
    assert found
    return found


SPREAD = [sign * 0.001 for sign in (1, -1) * 4]  # ms, about a difference


@pytest.mark.parametrize(
    ("difference", "verdict"),
    [
        (0.0, Decision.EQUIVALENT),
        (0.08, Decision.EQUIVALENT),  # 40%, and the machine cannot tell it
        (-0.08, Decision.EQUIVALENT),
        (0.15, Decision.SLOWER),
        (-0.15, Decision.FASTER),
        (0.1, Decision.INCONCLUSIVE),
    ],
)
def test_a_difference_that_the_machine_cannot_tell_is_none(difference: float, verdict: Decision) -> None:
    found = in_ms([difference + spread for spread in SPREAD], base=0.2, resolution=0.1)
    assert (found.verdict, found.by_resolution) == (verdict, True)


def test_the_resolution_counts_only_where_it_is_more_than_the_margin() -> None:
    slow = in_ms([0.15 + spread for spread in SPREAD], base=20.0, resolution=0.1)
    assert (slow.verdict, slow.by_resolution) == (Decision.EQUIVALENT, False), "0.75% of 20 ms, within 5%"
    assert in_ms([0.15 + spread for spread in SPREAD], base=0.2, resolution=0.0).verdict is Decision.SLOWER


def test_rounds_that_would_decide_a_difference_follow_from_its_own_spread() -> None:
    few, near = (
        in_ms([0.1 + beyond + 20 * spread for spread in SPREAD], base=0.2, resolution=0.1) for beyond in (0.01, 0.005)
    )
    assert few.verdict is near.verdict is Decision.INCONCLUSIVE
    assert few.more and near.more and few.more < near.more


def test_censored_rounds_are_judged_by_the_resolution_too() -> None:
    rounds = [(Value.exactly(0.2), Value.at_least(0.5))] * 8
    found = compare(rounds, resolution=0.1)
    assert found and (found.verdict, found.by_resolution) == (Decision.SLOWER, True)
