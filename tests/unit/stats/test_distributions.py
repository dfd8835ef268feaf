"""Student's t, the bound on a variance, beta and the coin, against published tables and exact counts."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from loadgen.stats.distributions import at_least, at_most, beta_cdf, heads, t_cdf, t_power, t_quantile, variance_bound

# NIST/SEMATECH e-Handbook, 1.3.6.7.2: upper critical values at 0.05, 0.025, 0.005
STUDENT = {
    1: (6.314, 12.706, 63.657),
    2: (2.920, 4.303, 9.925),
    3: (2.353, 3.182, 5.841),
    5: (2.015, 2.571, 4.032),
    9: (1.833, 2.262, 3.250),
    10: (1.812, 2.228, 3.169),
    29: (1.699, 2.045, 2.756),
    100: (1.660, 1.984, 2.626),
}
CHI_SQUARE = {
    7: 2.167,
    10: 3.940,
    17: 8.672,
    19: 10.117,
    30: 18.493,
    60: 43.188,
    100: 77.929,
}  # same, 1.3.6.7.4: lower 0.05


@pytest.mark.parametrize("df", STUDENT)
def test_quantiles_of_t_are_those_of_the_table(df: int) -> None:
    for p, expected in zip((0.95, 0.975, 0.995), STUDENT[df], strict=True):
        assert t_quantile(p, df) == pytest.approx(expected, abs=0.00051)
        assert t_quantile(1 - p, df) == -t_quantile(p, df)


@pytest.mark.parametrize("df", [1, 2, 3, 4, 7, 8, 50, 3000])
def test_a_quantile_is_the_inverse_of_the_distribution(df: int) -> None:
    for p in (0.5, 0.6, 0.9, 0.99, 0.9999):
        assert t_cdf(t_quantile(p, df), df) == pytest.approx(p, abs=1e-12)
    assert t_cdf(float("inf"), df) == 1
    assert t_cdf(float("-inf"), df) == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize("df", [3, 5, 9, 99, 999])
def test_power_is_the_share_of_samples_beyond(df: int) -> None:
    edge = t_quantile(0.975, df)
    assert t_power(0, df, edge) == pytest.approx(0.025, rel=2e-3), "with nothing to find it is the level's half"
    stream = np.random.Generator(np.random.PCG64(df))
    spread = np.sqrt(stream.chisquare(df, 100_000) / df)
    for away in (1.0, 3.0):
        beyond = (stream.standard_normal(100_000) + away > edge * spread).mean()
        assert t_power(away, df, edge) == pytest.approx(beyond, abs=0.006)


@pytest.mark.parametrize("df", CHI_SQUARE)
def test_a_variance_may_be_too_small_by_the_chi_square_s_quantile(df: int) -> None:
    assert variance_bound(df) == pytest.approx(df / CHI_SQUARE[df], rel=0.01)


def test_heads_are_counted_exactly() -> None:
    for tosses in range(1, 11):
        outcomes = [sum(toss) for toss in product((0, 1), repeat=tosses)]
        for least in range(tosses + 2):
            exact = Fraction(sum(found >= least for found in outcomes), 2**tosses)
            assert heads(least, tosses) == float(exact)
    assert 2 * heads(6, 6) == 0.03125, "six pairs are the least that two-sided 5 % can be told from"
    assert 2 * heads(5, 5) > 0.05


@pytest.mark.parametrize(("n", "share"), [(1, 0.5), (7, 0.3), (50, 0.01), (400, 0.02), (400, 0.97)])
def test_a_coin_that_is_not_fair_is_counted_exactly(n: int, share: float) -> None:
    exact = [math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1)]
    for k in range(0, n + 1, max(1, n // 20)):
        assert at_most(k, n, share) == pytest.approx(math.fsum(exact[: k + 1]), abs=1e-11)
        assert at_least(k, n, share) == pytest.approx(math.fsum(exact[k:]), abs=1e-11)


@pytest.mark.parametrize(("a", "b"), [(1.0, 369.0), (0.5, 0.5), (3.7, 12.2), (12_000.0, 1_188_000.0)])
def test_beta_is_that_of_order_statistics(a: float, b: float) -> None:
    assert (beta_cdf(0.0, a, b), beta_cdf(1.0, a, b), beta_cdf(-1.0, a, b), beta_cdf(2.0, a, b)) == (0, 1, 0, 1)
    grid = [a / (a + b) * of for of in (0.2, 0.9, 0.99, 1.0, 1.01, 1.1)]
    chances = [beta_cdf(x, a, b) for x in grid]
    assert chances == sorted(chances)
    for x, chance in zip(grid, chances, strict=True):
        assert chance == pytest.approx(1 - beta_cdf(1 - x, b, a), abs=1e-9)


def test_three_in_a_hundred_is_the_rule_of_three() -> None:
    """Nothing among n: the share is below 3 / n, at 95 %."""
    assert at_most(0, 300, 0.01) == pytest.approx(math.exp(300 * math.log(0.99)))
    assert at_least(0, 300, 0.01) == at_most(300, 300, 0.01) == 1
