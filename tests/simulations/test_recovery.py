"""How often a second looks beyond the interval of the p99 of the phase before, if requests are independent and the rate
alone is another; and that seconds with cold starts are found."""

from __future__ import annotations

import numpy as np
import pytest
from promises import note, seeds
from streams import Floats, bins, independent, random

from loadgen.analysis.cold_wave import improbable
from loadgen.stats import fraction
from loadgen.stats.intervals import Interval

BEFORE, AFTER, WAVE = 20, 20, 5  # s
P99 = fraction("p99")


def highs(tried: range, number: int) -> dict[int, float]:
    """By seed, the upper end (s) of the interval of p99 in the phase before, where it has one."""
    found = {seed: bins(*independent(200).draw(random(number, seed), BEFORE), BEFORE).interval(P99) for seed in tried}
    return {seed: of.high / 1e9 for seed, of in found.items() if isinstance(of, Interval) and of.high is not None}


def beyond(limit: float, due: Floats, took: Floats) -> list[int]:
    """The seconds that are beyond the limit (s)."""
    second = due.astype(np.int64)
    count, over = (np.bincount(second[of], minlength=AFTER) for of in (due >= 0, took > limit))
    return [at for at in range(AFTER) if improbable(int(over[at]), int(count[at]))]


@pytest.mark.parametrize("rate", [200, 500, 1500])
def test_what_did_not_change_is_recovered_from_the_first_second_on(rate: int) -> None:
    """In nine of ten runs of 20 s no second at all is beyond."""
    limits = highs(seeds(30, 1000), 180)
    silent = sum(not beyond(high, *independent(rate).draw(random(181, seed), AFTER)) for seed, high in limits.items())
    note("recovery", {"rate": rate, "silent": silent, "runs": len(limits)})
    assert len(limits) > 10
    assert silent >= 0.9 * len(limits)


@pytest.mark.parametrize("share", [0.03, 0.05, 0.2])
def test_seconds_with_cold_starts_are_found(share: float) -> None:
    """That share of 1,500 requests a second takes 800 ms longer, for five seconds: recovery is right to a second."""
    right, limits = 0, highs(seeds(30, 1000), 182)
    for seed, high in limits.items():
        dice = random(183, seed)
        due, took = independent(1500).draw(dice, AFTER)
        cold = (due < WAVE) & (dice.random(len(due)) < share)
        seconds = beyond(high, due, took + np.where(cold, 0.8, 0))
        right += bool(seconds) and abs(seconds[-1] + 1 - WAVE) <= 1
    note("recovery", {"share": share, "right": right, "runs": len(limits)})
    assert right >= 0.9 * len(limits)
