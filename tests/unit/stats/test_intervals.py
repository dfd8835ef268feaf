"""Intervals of one run: their ranks, when there are none, what would give one, what timeouts do to them."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from any_seconds import anything
from examples import examples

from loadgen.result.reason import Reason
from loadgen.stats import Histogram, fraction
from loadgen.stats.bins import Bins
from loadgen.stats.blocks import WAVES, Spread, spread
from loadgen.stats.distributions import NORMAL, t_quantile, variance_bound
from loadgen.stats.intervals import Interval, NoInterval, events, interval, interval_after, limit, mean_interval, needed
from loadgen.stats.intervals import bursts as number_of_bursts

P50, P99, P999 = (fraction(name) for name in ("p50", "p99", "p99.9"))


Z = NORMAL.inv_cdf(0.975)


def dealt(values: range, length: int) -> Bins:
    """The values, dealt to the seconds as evenly as can be, neighbours far apart."""
    turns = [(37 * i) % length for i in range(length)]
    return Bins([Histogram.of(np.array(values[i::length], np.int64)) for i in turns])


def given_for(found: Interval | NoInterval) -> Interval:
    assert isinstance(found, Interval), found
    return found


def refused(found: Interval | NoInterval) -> NoInterval:
    assert isinstance(found, NoInterval), found
    return found


# ranks, n, p: of the textbook for independent requests, in percent, as published to two or three digits


@pytest.mark.parametrize(
    ("n", "name", "low", "high", "digits"),
    [
        (10_000, "p99", 98.80, 99.20, 2),
        (100_000, "p99", 98.938, 99.062, 3),
        (100_000, "p99.9", 99.88, 99.92, 2),
        (1_000_000, "p99.99", 99.988, 99.992, 3),
    ],
)
def test_ranks_of_even_seconds_are_those_of_the_textbook(
    n: int, name: str, low: float, high: float, digits: int
) -> None:
    run = dealt(range(1, n + 1), 100)
    found = given_for(run.interval(fraction(name)))
    assert found.overdispersion == 1
    for end, expected in ((found.low, low), (found.high, high)):
        assert end is not None
        # a counter is a thousandth wide, which is more than the ranks are apart: outwards
        assert 100 * end / n == pytest.approx(expected, abs=0.1 + 10**-digits)
    p = fraction(name)
    reach = Z * math.sqrt(n * p * (1 - p))
    assert found.high is not None
    assert found.low <= n * p - reach <= n * p + reach <= found.high


@pytest.mark.parametrize("n", [1000, 1600, 1700, 2000])
def test_ranks_are_exact_where_counters_are(n: int) -> None:
    """Values of their own counters, that differ by chance alone: the ends are the ranks of the exact binomial interval
    (Hahn and Meeker), the greatest l with P(B < l) <= 2.5 % and the least u with P(B >= u) <= 2.5 %."""
    below = np.cumsum([math.comb(n, k) / 2**n for k in range(n + 1)])
    low, high = int(np.searchsorted(below, 0.025, side="right")), int(np.searchsorted(below, 0.975)) + 1
    found = given_for(dealt(range(1, n + 1), 50).interval(P50))
    assert (found.low, found.high) == (low, high)


def test_an_interval_widens_with_the_confidence() -> None:
    run = dealt(range(1, 20_001), 40)
    widths = [
        found.high - found.low
        for found in (given_for(run.interval(P50, confidence)) for confidence in (0.5, 0.9, 0.95, 0.99, 0.999))
        if found.high is not None
    ]
    assert widths == sorted(set(widths))
    assert len(widths) == 5


# overdispersion


def bursts(
    every: int, length: int = 120, rate: int = 100, slow: int = 10, *, on_the_dot: bool = False, seed: int = 3
) -> Bins:
    """One in so many seconds, any of them unless it is on the dot, in which so many requests are slow."""
    stream = np.random.Generator(np.random.PCG64(seed))
    found = []
    for second in range(length):
        values = stream.integers(1_000_000, 2_000_000, rate)
        if second % every == every - 1 if on_the_dot else stream.random() < 1 / every:
            values[:slow] = stream.integers(50_000_000, 60_000_000, slow)
        found.append(Histogram.of(values))
    return Bins(found)


def test_what_comes_together_counts_less() -> None:
    runs = [(bursts(1, 2000, slow=2, seed=seed), bursts(5, 2000, slow=10, seed=seed)) for seed in range(examples(20))]
    found = [[given_for(run.interval(fraction("p98"))) for run in pair] for pair in runs]
    even, uneven = ([pair[side] for pair in found] for side in (0, 1))
    assert {interval.overdispersion for interval in even} == {1}
    # one in five seconds has ten, the others none: the variance of k is 16, where chance alone has 100 x .02 x .98
    assert np.mean([interval.overdispersion for interval in uneven]) == pytest.approx(16 / 1.96, rel=0.3)
    assert max(interval.events for interval in uneven) < min(interval.events for interval in even) / 2


def test_what_comes_on_the_dot_is_as_much_in_every_run() -> None:
    """Bins with ten slow ones and seconds with none differ by a lot, minutes by nothing."""
    run = bursts(5, on_the_dot=True)
    assert run.beyond(2_000_000).var() == pytest.approx(16)
    assert given_for(run.interval(fraction("p98"))).overdispersion == 1


def test_bursts_reach_further_up() -> None:
    run = bursts(10, slow=40, length=240)
    found = given_for(run.interval(fraction("p97")))
    assert found.high is not None
    middle = run.measured.count * 0.97
    below, above = (
        abs(middle - (run.measured.count - int(run.beyond(end).sum()))) for end in (found.low - 1, found.high)
    )
    assert above > 1.1 * below


def test_chance_alone_is_known_and_takes_no_t() -> None:
    found = Spread(4, 12, 0)
    assert found.reach(0.95, 0) == pytest.approx([2 * t_quantile(0.975, 12)] * 2)
    assert found.reach(0.95, 4) == found.reach(0.95, 0), "which is more, where the estimate says the same"
    assert found.reach(0.95, 9) == pytest.approx([3 * Z] * 2)


# when there is none, or a binomial one


def test_twenty_bins_are_needed() -> None:
    short = dealt(range(1, 100_000), 12)
    found, whole = given_for(short.interval(P50)), given_for(dealt(range(1, 100_000), 24).interval(P50))
    assert found.warning == Reason.of("too_short", needs=20.0, seconds=12.0, more_s=8.0)
    assert (found.kind, found.sees_s, whole.kind, whole.sees_s) == ("binomial", None, "full", 24 / 20)
    assert (found.low, found.high) == (whole.low, whole.high), "which are independent"
    assert refused(short.mean_interval()).reason.values["more_s"] == 8
    finer = Bins(short.values, width=1 / 16)
    assert given_for(finer.interval(P50)).warning == Reason.of("too_short", needs=1.25, seconds=0.75, more_s=0.5)


def test_what_came_in_few_bursts_has_none() -> None:
    """Requests that came together say together how slow they were: cold starts, or the slowest of a run."""
    cold = [Histogram.of(np.arange(1, 301))] + [Histogram()] * 9
    for run in (Bins(3 * cold), Bins(3 * [*cold[:1], Histogram.of(np.arange(1, 301)), *cold[2:]])):
        assert refused(run.interval(P50)).reason == Reason.of("few_bursts", needs=8, bursts=3)
        assert refused(run.mean_interval()).reason == Reason.of("few_bursts", needs=8, bursts=3)
    assert given_for(Bins(8 * cold).interval(P50)).kind == "full"


@pytest.mark.parametrize(
    ("counts", "expected"),
    [([5] * 30, math.inf), ([0, 1, 0, 0, 2] * 9, math.inf), ([90, *[1] * 30], 1), ([0] * 9 + [7, 7], 1),
     ([9, 0, 0, 0, 0, 9, 9, 0, 0, 0, 0, 0], 2), ([0] * 5, math.inf)],
)  # fmt: skip
def test_bursts_are_rows_of_bins_with_most_of_it(counts: list[int], expected: float) -> None:
    assert number_of_bursts(np.array(counts)) == expected


def test_seven_independent_events_are_needed() -> None:
    found = refused(dealt(range(1, 3001), 60).interval(P999))
    assert found.reason.code == "too_few_events"
    assert (found.reason.values["needs"], found.reason.values["events"]) == (7, 3.0)
    assert 40 <= float(found.reason.values["more_s"]) <= 150
    assert isinstance(dealt(range(1, 60_001), 60).interval(P999), Interval)


def beyond_chance(run: Bins, p: Fraction) -> tuple[Spread, float, float]:
    """The spread of those beyond `p`, the variance that each would have alone, and how many times that it is."""
    beyond, count = run.beyond(limit(p, run.measured)), run.measured.count
    found = spread(beyond - run.counts * (beyond.sum() / count))
    alone = float(beyond.sum() * (1 - beyond.sum() / count))
    return found, alone, found.variance / alone


def test_events_are_judged_by_the_most_overdispersion_that_there_may_be() -> None:
    """In doubt is what is beyond chance: eight, one here and one there, are eight."""
    even, uneven = (given_for(run.interval(P99)) for run in (dealt(range(1, 801), 50), bursts(10, 1000)))
    assert (even.overdispersion, even.events) == (1, pytest.approx(8))
    assert uneven.overdispersion > 3
    most = 1 + (uneven.overdispersion - 1) * variance_bound(WAVES, 0.9)
    assert uneven.events == pytest.approx(1000 * 100 * 0.01 / most)


@pytest.mark.parametrize(("length", "slow"), [(200, 20), (240, 20), (480, 10), (4800, 10)])
def test_the_fewer_events_the_more_of_their_doubt_is_in_the_interval(length: int, slow: int) -> None:
    run, p = bursts(10, length, slow=slow), P99
    found = given_for(run.interval(p))
    share = (30 - found.events) / (30 - 7) if found.events < 30 else 0
    assert (share > 0) == (length < 1000)
    sure, alone, times = beyond_chance(run, p)
    most, count = 1 + (times - 1) * variance_bound(sure.df, 0.9), run.measured.count
    ends = []
    for doubt in (share, 0):
        wider = math.sqrt((most / times) ** doubt * count * p * (1 - p) / alone)
        below, above = (wider * reach for reach in sure.reach(0.95))
        ends.append([run.measured.at_rank(math.floor(count * p - above + 0.5)),
                     run.measured.at_rank(min(count, math.ceil(count * p + below + 0.5)))])  # fmt: skip
    low, high = ends[0]
    assert found.low <= low <= found.low * 1.001
    assert found.high in (high, None)
    assert (ends[0] != ends[1]) == (share > 0)


def test_events_are_counted_on_the_side_that_has_fewer() -> None:
    run = dealt(range(1, 301), 60)
    for p in (Fraction(1, 100), P99):
        assert refused(run.interval(p)).reason.values["events"] == 3.0


def test_events_that_came_together_are_not_independent() -> None:
    """In the middle third of a run there are four times as many slow ones as in the others."""
    slow, fast = np.arange(200, 300), np.arange(1, 101)
    run = Bins([Histogram.of(np.concatenate([fast, slow[: 4 if 40 <= i < 80 else 1]])) for i in range(120)])
    found = given_for(run.interval(fraction("p98")))
    assert found.kind == "binomial" and found.warning is not None
    assert found.warning.code == "too_few_events"
    assert 0 < float(found.warning.values["worth"]) < 7 < float(found.warning.values["events"])
    assert float(found.warning.values["more_s"]) > 20
    assert refused(bursts(30, slow=60).interval(P99)).reason.code == "few_bursts"


def test_few_events_give_an_interval_with_a_warning() -> None:
    found = given_for(dealt(range(1, 14_001), 100).interval(P999))
    assert 7 <= found.events < 20
    assert found.warning == Reason.of("few_events", events=round(found.events))
    assert given_for(dealt(range(1, 40_001), 100).interval(P999)).warning is None


def test_nothing_has_no_interval() -> None:
    nothing = Bins([Histogram()] * 30)
    assert refused(nothing.interval(P50)) == refused(nothing.mean_interval()) == NoInterval(Reason.of("no_requests"))


def test_one_value_is_its_own_interval() -> None:
    run = Bins([Histogram.of(np.full(50, 5_000_000))] * 30)
    found = given_for(run.interval(P50))
    assert (found.low, found.high) == (5_000_000, 5_000_000)
    assert found.precision(5_000_000) == 0


def test_counts_that_are_not_of_these_values_are_a_mistake() -> None:
    run = dealt(range(1000), 30)
    with pytest.raises(AssertionError, match="not those"):
        interval(P50, run.measured, run.late, run.counts[:-1], run.counts[:-1])


# timeouts


def timed_out(share: int, length: int = 50) -> Bins:
    """1,000 requests a second of 1 to 2 ms; one in `share` times out after 2 s."""
    values = [Histogram.of(np.arange(1_000_000, 2_000_000, 1000, dtype=np.int64))] * length
    late = [Histogram.of(np.full(1000 // share, 2_000_000_000))] * length
    return Bins(values, late)


def test_a_timeout_is_longer_than_all() -> None:
    assert given_for(timed_out(1000).interval(P99)).high is not None
    found = given_for(timed_out(100).interval(P99))
    assert found.high is None, "its upper rank falls among the timeouts"
    assert found.low < 2_000_000
    assert math.isinf(found.precision(2_000_000))
    beyond = given_for(timed_out(20).interval(P99))
    assert (beyond.low, beyond.high) == (2_000_000_000, None)


def test_values_above_a_timeout_are_not_told_from_it() -> None:
    """Timeouts after 1 ms, among values of up to 2: nothing above 1 ms is certain."""
    run = Bins(timed_out(20).values, [Histogram.of(np.full(20, 1_000_000))] * 50)
    assert given_for(run.interval(P50)).low <= 1_000_000


def test_only_timeouts_and_the_mean_of_some() -> None:
    late = [Histogram.of(np.full(10, 10**9))] * 30
    assert refused(Bins([Histogram()] * 30, late).interval(P50)).reason == Reason.of("all_timed_out")
    assert refused(timed_out(100).mean_interval()).reason == Reason.of("censored", timeouts=500)


# the mean


def test_the_interval_of_a_mean_of_independent_values_is_the_textbook_s() -> None:
    stream = np.random.Generator(np.random.PCG64(6))
    values = stream.normal(10_000_000, 1_000_000, (400, 100)).astype(np.int64)
    run = Bins([Histogram.of(row) for row in values])
    found = given_for(run.mean_interval())
    assert found.high is not None
    assert found.low < values.mean() < found.high
    dealt_anew = (Bins([Histogram.of(row) for row in stream.permutation(values)]) for _ in range(40))
    wide = np.mean([(of.high or 0) - of.low for of in (given_for(run.mean_interval()) for run in dealt_anew)]) / 2
    assert wide == pytest.approx(t_quantile(0.975, WAVES) * 1_000_000 / math.sqrt(values.size), rel=0.15)


def test_seconds_count_by_what_came_in_them() -> None:
    counts = np.array([10, 1000] * 20, np.int64)
    steady = given_for(mean_interval(counts, counts * 5_000_000.0))
    assert (steady.low, steady.high) == (5_000_000, 5_000_000)


# how long a run must be


@pytest.mark.parametrize(
    ("precision", "p99", "p999", "p9999"),  # thousands of requests
    [(0.5, 1.5, 15, 154), (0.3, 4.2, 43, 427), (0.2, 9.5, 96, 960), (0.1, 38, 384, 3841), (0.05, 152, 1535, 15_364)],
)
def test_events_needed_are_those_of_the_table(precision: float, p99: float, p999: float, p9999: float) -> None:
    for name, thousands in (("p99", p99), ("p99.9", p999), ("p99.99", p9999)):
        assert events(fraction(name), precision) == pytest.approx(1000 * thousands, rel=0.03)


def test_time_needed_follows_from_rate_and_overdispersion() -> None:
    assert needed(P99, 0.1, 1000) == pytest.approx(38.03, abs=0.01)
    assert needed(P99, 0.1, 1000, overdispersion=28) == pytest.approx(28 * 38.03, rel=1e-3)
    assert needed(P50, 0.1, 1000) == 1.25, "that many seconds an interval takes at all"
    assert interval_after(P50, 1000) == 1.25
    assert interval_after(P99, 100) == 7, "seven beyond it, at one a second"
    assert events(P99, 10.0) == 700, "and that many events"


# whatever the run


@pytest.mark.parametrize("seed", range(60))
def test_an_interval_holds_the_quantile_or_says_why_there_is_none(seed: int) -> None:
    run, p = anything(seed)
    found = run.interval(p)
    if isinstance(found, NoInterval):
        assert found.reason.code
        assert float(found.reason.values.get("more_s", 1)) > 0
        return
    assert found.overdispersion >= 1
    assert found.events >= 7
    assert (found.kind == "full") == (found.sees_s is not None)
    value = run.measured.quantile(p, run.late.count)
    assert found.low <= (run.late.least if value is None else value)
    assert found.high is None or (value is not None and value <= found.high)


@pytest.mark.parametrize("seed", range(60))
def test_the_limit_is_as_close_to_the_quantile_as_one_can_be(seed: int) -> None:
    run, p = anything(seed)
    seen, count = run.measured, run.measured.count + run.late.count
    if not seen.count:
        return
    ends = (count - np.cumsum(seen.counts)).tolist()
    found = int(run.beyond(limit(p, seen, run.late.count)).sum())
    parting = [beyond for beyond in ends if beyond] or ends
    assert found in parting
    assert abs(found - (1 - p) * count) == min(abs(beyond - (1 - p) * count) for beyond in parting)
