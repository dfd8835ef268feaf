"""The distributions that intervals are made of: Student's t, a bound on a variance, beta, binomial, the fair coin."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

NORMAL = NormalDist()
MOST_TERMS = 10_000  # of a continued fraction: more than a billion requests take


def t_cdf(t: float, df: int) -> float:
    """P(T <= t) of Student's t with `df` degrees of freedom.

    The finite series for whole degrees: Abramowitz & Stegun 26.7.3 (odd) and 26.7.4 (even).
    """
    theta = math.atan2(t, math.sqrt(df))
    sine, square = math.sin(theta), math.cos(theta) ** 2
    k = np.arange(1 + df % 2, df - 2, 2)
    series = 1 + float(np.cumprod(k / (k + 1) * square).sum())
    if df % 2 == 0:
        between = sine * series
    else:
        between = 2 / math.pi * (theta + (sine * math.cos(theta) * series if df > 1 else 0))
    return (1 + between) / 2


@lru_cache(maxsize=1024)
def t_quantile(p: float, df: int) -> float:
    """The t with P(T <= t) = `p`, for Student's t with `df` degrees of freedom; found by Newton's method. As the
    function is concave above 0, each step comes nearer from below, until there is no float between."""
    if p < 0.5:
        return -t_quantile(1 - p, df)
    log_of_most = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - math.log(df * math.pi) / 2
    t, further = -1.0, 0.0
    while further > t:
        t = further
        density = math.exp(log_of_most - (df + 1) / 2 * math.log1p(t * t / df))
        further = t + (p - t_cdf(t, df)) / density
    return t


def t_power(away: float, df: int, edge: float) -> float:
    """P(T > edge) of the noncentral t with `df` degrees of freedom and the mean `away` of its normal: integrated over
    the possible estimates of the standard deviation, by trapezia."""
    grid, weights = _deviations(df)
    erfc, root = math.erfc, math.sqrt(2)  # a tenth of the time of NormalDist.cdf
    beyond = [erfc((edge * sd - away) / root) for sd in grid]
    return float(weights @ beyond) / 2


@lru_cache(maxsize=1024)
def _deviations(df: int) -> tuple[list[float], NDArray[np.float64]]:
    """The possible estimates of a standard deviation of 1 with `df` degrees of freedom, and the weight of each."""
    width = 8 / math.sqrt(2 * df)
    grid = np.linspace(max(1e-6, 1 - width), 1 + width, 201)
    weights = np.exp((df - 1) * np.log(grid) + df * (1 - grid**2) / 2)
    weights[[0, -1]] /= 2
    return grid.tolist(), weights / weights.sum()


def variance_bound(df: int, confidence: float = 0.95) -> float:
    """The factor by which a variance that is estimated with `df` degrees of freedom may be too small: df / the lower
    quantile of chi-square, by Wilson & Hilferty (1931), which is within 1 % from 7 degrees on."""
    z, c = NORMAL.inv_cdf(1 - confidence), 2 / (9 * df)
    return float(1 / (1 - c + z * math.sqrt(c)) ** 3)


def beta_cdf(x: float, a: float, b: float) -> float:
    """P(X <= x) of the beta distribution: by its continued fraction (Abramowitz & Stegun 26.5.8), evaluated as Lentz
    does (Press et al., Numerical Recipes, 6.4)."""
    if not 0 < x < 1:
        return float(x >= 1)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):  # where the fraction converges fast
        return front * _beta_fraction(x, a, b) / a
    return 1 - front * _beta_fraction(1 - x, b, a) / b


def _beta_fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            c, d = 1 + term / c, 1 / (1 + term * d)
            fraction *= c * d
        if abs(c * d - 1) < 1e-12:
            break
    return fraction


def at_most(k: float, n: float, share: float) -> float:
    """The probability of at most `k` of `n` events, each of which happens with that probability: binomial, and by the
    beta distribution also for numbers that are not whole."""
    return 1 - beta_cdf(share, k + 1, n - k) if k < n else 1.0


def at_least(k: float, n: float, share: float) -> float:
    """The probability of at least `k` of `n`, likewise."""
    return beta_cdf(share, k, n - k + 1) if k > 0 else 1.0


def heads(at_least: int, tosses: int) -> float:
    """The probability of at least so many heads in so many tosses of a fair coin. Exact."""
    return float(sum(math.comb(tosses, k) for k in range(max(0, at_least), tosses + 1)) / 2**tosses)
