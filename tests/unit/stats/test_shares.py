"""The share of requests beyond a limit: what it decides, its interval, and how much longer would decide."""

from __future__ import annotations

import numpy as np
import pytest

from loadgen.stats.shares import MOST, Share, overdispersion, share_of, together

EVEN = np.full(40, 100)


def bins(*beyond: int) -> np.ndarray:
    """Forty bins, of which some have requests beyond the limit."""
    return np.array([*beyond, *[0] * (40 - len(beyond))])


@pytest.mark.parametrize(
    ("count", "beyond", "found"),
    [
        (366, 0, "undecided"),  # 0.99 ** 367 is 2.5 %
        (368, 0, "below"),
        (1000, 3, "below"),
        (1000, 4, "undecided"),
        (1000, 17, "undecided"),
        (1000, 18, "above"),
        (1, 1, "above"),
        (3, 0, "undecided"),
    ],
)
def test_it_is_decided_as_the_exact_binomial_does(count: int, beyond: int, found: str) -> None:
    assert Share(count, beyond).decided(0.01) == found


def test_requests_that_come_together_count_for_fewer() -> None:
    assert Share(4000, 10).decided(0.01) == "below"
    assert Share(4000, 10, 10.0).decided(0.01) == Share(400, 1).decided(0.01) == "undecided"
    assert Share(4000, 10, 10.0).interval() == pytest.approx(Share(400, 1).interval())
    assert Share(4000, 10, 10.0).expected(0.01) == 4


@pytest.mark.parametrize("share", [Share(500, 0), Share(500, 3), Share(500, 500), Share(5000, 77, 7.5), Share(2, 1)])
@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_the_interval_has_what_the_test_does_not_exclude(share: Share, confidence: float) -> None:
    low, high = share.interval(confidence)
    assert 0 <= low <= share.value <= high <= 1
    for edge, inside, outside in ((low, 1.01, 0.99), (high, 0.99, 1.01)):
        if 0 < edge < 1 / outside:
            assert share.decided(edge * inside, confidence) == "undecided"
            assert share.decided(edge * outside, confidence) != "undecided"


def test_how_many_times_as_long_would_decide() -> None:
    share = Share(300, 0)
    times = share.times(0.01)
    assert times == pytest.approx(367 / 300, rel=0.01)
    assert Share(300, 6).times(0.01) is not None
    assert Share(100_000, 1000).times(0.01) is None, "it is the limit"
    assert MOST == 1000


def test_overdispersion_is_of_the_bins() -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    alone = [overdispersion(EVEN, rng.binomial(100, 0.02, 40)) for _ in range(200)]
    assert np.mean(alone) == pytest.approx(1.2, abs=0.15), "never below 1"
    assert overdispersion(EVEN, bins(*[0] * 20, *[8] * 10)) > 10
    assert overdispersion(EVEN, bins()) == overdispersion(EVEN, EVEN) == 1, "nobody knows"
    assert share_of(EVEN, bins()).overdispersion == 1
    assert share_of(EVEN, bins(), least=7.0).overdispersion == 7


def test_a_single_bin_shows_nothing() -> None:
    one = share_of(np.array([1000]), np.array([12]))
    assert (one.count, one.beyond, one.overdispersion) == (1000, 12, 12.0), "as one event"
    assert overdispersion(np.array([1000]), np.array([12])) == 1


@pytest.mark.parametrize("number", [2, 5, 19, 20, 50])
def test_few_bins_are_doubted_more(number: int) -> None:
    counts, beyond = np.full(number, 100), np.array([6, *[1] * (number - 1)])
    plain = overdispersion(counts, beyond)
    assert share_of(counts, beyond, 0.95).overdispersion >= plain
    assert share_of(counts, beyond, 0.99).overdispersion >= share_of(counts, beyond, 0.95).overdispersion


def test_runs_are_taken_together_with_what_they_differ_by() -> None:
    alike, other = [Share(1000, k) for k in (9, 10, 11, 10)], [Share(1000, k) for k in (0, 0, 40, 0)]
    assert together(alike).overdispersion < 1.01
    assert together(other).overdispersion > 40
    assert together(alike[:1]) == alike[0]
    assert together([Share(1000, 0, 3.0), Share(3000, 0, 1.0)]) == Share(4000, 0, 1.5), "as within runs"
    assert together([Share(1000, k, 5.0) for k in (9, 10, 11, 10)]).overdispersion == 5, "at least that within runs"
