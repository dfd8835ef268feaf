"""Service times from a named distribution: its quantile function, applied to one seeded uniform number for each draw.
Requests may be told apart, so that each kind has a distribution of its own."""

from __future__ import annotations

import math
import random
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from statistics import NormalDist

from loadgen.clock import SECOND
from loadgen.profile.distribution import Distribution, levels
from loadgen.profile.sandbox import ServiceTime

LIMIT = 3600 * SECOND
"""No draw is longer: a Pareto's tail has no end."""

Quantile = Callable[[float], float]

_ANY = {"*": "[^/]*", "**": ".*"}


def sampler(distribution: Distribution, seed: int, what: str = "service") -> Callable[[], int]:
    """A function that draws nanoseconds. The same seed and purpose give the same times."""
    if distribution.kind == "fixed":
        value = int(distribution["value"])
        return lambda: value
    quantile = quantile_function(distribution)
    uniform = random.Random(f"{what} {seed}").random
    return lambda: int(min(quantile(uniform()), LIMIT))


def service_sampler(times: Sequence[ServiceTime], seed: int) -> Callable[..., int]:
    """A function of a request's method and path, or of its operation, or of both, that draws nanoseconds: of the first
    item that matches it, 0 if none does. Each item draws from a stream of its own."""
    draws = [
        (_matcher(of.match), sampler(of.time, seed, f"service {of.match}" if number else "service"))
        for number, of in enumerate(times)
    ]
    if draws and times[0].match == "*":
        draw = draws[0][1]
        return lambda *request, operation=b"": draw()

    def drawn(*request: bytes, operation: bytes = b"") -> int:
        name = b" ".join(request)
        return next((draw() for matches, draw in draws if matches(name) or matches(operation)), 0)

    return drawn


def _matcher(match: str) -> Callable[[bytes], object]:
    """Whether `GET /orders/1`, or the name of an operation, is such a request."""
    if match == "*":
        return lambda name: True
    method, _, path = match.partition(" ")
    parts = [_ANY.get(part, re.escape(part)) for part in re.split(r"(\*\*?)", path)]
    pattern = f"{'[^ ]+' if method == '*' else method} {''.join(parts)}" if path else method
    return re.compile(pattern.encode(), re.DOTALL).fullmatch


def quantile_function(distribution: Distribution) -> Quantile:
    """Nanoseconds at a level from 0 to just below 1."""
    return {
        "fixed": _fixed,
        "lognormal": _lognormal,
        "bimodal": _bimodal,
        "pareto": _pareto,
        "table": _table,
    }[distribution.kind](distribution)


def _fixed(distribution: Distribution) -> Quantile:
    value = distribution["value"]
    return lambda level: value


def _lognormal(distribution: Distribution) -> Quantile:
    normal, exp = NormalDist().inv_cdf, math.exp
    median = distribution["p50"]
    sigma = math.log(distribution["p99"] / median) / normal(0.99)
    return lambda level: median * exp(sigma * normal(level)) if level else 0.0


def _bimodal(distribution: Distribution) -> Quantile:
    fast, slow, turn = distribution["fast"], distribution["slow"], 1 - distribution["share"]
    return lambda level: slow if level >= turn else fast


def _pareto(distribution: Distribution) -> Quantile:
    least, exponent = distribution["min"], -1 / distribution["alpha"]
    return lambda level: least * (1 - level) ** exponent


def _table(distribution: Distribution) -> Quantile:
    """Straight lines between the points."""
    points = levels(distribution)
    marks = [level for level, _ in points]

    def quantile(level: float) -> float:
        i = bisect_right(marks, level)
        (low, low_value), (high, high_value) = points[i - 1], points[i]
        return low_value + (high_value - low_value) * (level - low) / (high - low)

    return quantile
