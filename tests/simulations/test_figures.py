"""How often this machine's share of a figure is judged as it is: `python tests/simulations/test_figures.py` prints the
table of docs/evidence.md. A row is a true change of the percentile; the target's times are smooth, or have a cliff (0.9
% of the answers take 10 s); this machine holds up each request, one in ten, or one in fifty, for exponential times."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from held_up import PLACE, late, shares, target
from promises import FULL

from loadgen.stats import fraction
from loadgen.trust.figure import figures_of
from loadgen.trust.finding import Verdict

RUNS = 400 if FULL else 24
CHANGES = (0.004, 0.01, 0.03, 0.08, 0.12, 0.30)
LARGE = 400_000 if FULL else 100_000  # exchanges that stand for all


@cache
def mean_of(cliff: bool, often: float, quantile: str, change: float) -> float | None:
    """The mean time for which this machine holds requests up, so that it makes `change` of the percentile; None if no
    reasonable one does."""
    p, low, high = float(fraction(quantile)), 1e-3, 500.0
    rng = np.random.default_rng(1)
    net, longer = target(rng, LARGE, cliff), late(rng, LARGE, often, 1.0)
    own = np.quantile(net, p)
    for _ in range(16):
        middle = math.sqrt(low * high)
        made = 1 - own / np.quantile(net + middle * longer, p)
        low, high = (middle, high) if made < change else (low, middle)
    return None if high > 400 else middle


def judged(cliff: bool, often: float, quantile: str, change: float, count: int) -> dict[Verdict, float] | None:
    """How often a figure is judged so, of `RUNS` runs of so many exchanges."""
    mean = mean_of(cliff, often, quantile, change)
    if mean is None:
        return None
    rng = np.random.default_rng(count)
    verdicts = []
    for _ in range(RUNS):
        of = shares(target(rng, count, cliff), late(rng, count, often, mean))
        (figure,) = figures_of([(PLACE, of)], [quantile])
        verdicts.append(figure.verdict)
    return {verdict: verdicts.count(verdict) / RUNS for verdict in Verdict}


CASES = [
    (cliff, often, quantile)
    for cliff, quantile in ((False, "p50"), (False, "p99"), (True, "p99"))
    for often in (1.0, 0.1, 0.02)
]


@pytest.mark.parametrize(("cliff", "often", "quantile"), CASES)
def test_a_figure_is_judged_as_it_is(cliff: bool, often: float, quantile: str) -> None:
    """With 10,000 exchanges; with 1,000 no less than the table of docs/evidence.md tells."""
    for change, verdict, sure in (
        (0.004, Verdict.VALID, 0.99),
        (0.01, Verdict.VALID, 0.95),
        (0.3, Verdict.INVALID, 0.9),
    ):
        often_so = judged(cliff, often, quantile, change, 10_000)
        assert often_so is None or often_so[verdict] >= sure, (change, often_so)
    few = judged(cliff, often, quantile, 0.004, 1_000)
    assert few is None or few[Verdict.INVALID] == 0
    much = judged(cliff, often, quantile, 0.3, 1_000)
    assert much is None or much[Verdict.VALID] <= 0.1


def test_a_quiet_machine_of_twelve_places_is_not_degraded() -> None:
    """Each request 0.06 ms late at each end, and one in a thousand 1.5 ms: of 20 ms, in twelve places of 100, 1,000 and
    10,000 requests."""
    rng = np.random.default_rng(3)
    for count in (100, 1_000, 10_000):
        wrong = 0
        for _ in range(RUNS):
            places = []
            for number in range(12):
                own = late(rng, count, 1.0, 0.12) + late(rng, count, 0.001, 1.5)
                places.append((PLACE._replace(cycle=number), shares(target(rng, count, False), own)))
            wrong += any(figure.verdict for figure in figures_of(places, ("p50", "p99")))
        assert wrong / RUNS <= 0.03, count


def table() -> None:
    print("| times | held up | figure | true change | 1,000: VALID / DEGRADED / INVALID | 10,000 |")
    print("|---|---|---|---|---|---|")
    for cliff, often, quantile in CASES:
        for change in CHANGES:
            cells = [judged(cliff, often, quantile, change, count) for count in (1_000, 10_000)]
            if all(cells):
                told = (" / ".join(f"{of[verdict]:.2f}" for verdict in Verdict) for of in cells if of)
                kind = "cliff" if cliff else "smooth"
                print(f"| {kind} | {often:.0%} | {quantile} | {change:.1%} | {' | '.join(told)} |")


if __name__ == "__main__":
    table()
