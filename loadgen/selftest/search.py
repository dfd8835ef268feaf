"""The search for the highest rate that holds: which rate to try next, given those that were tried. Pure.

A rate fails only after it has failed twice, so that a short disturbance does not halve the result. The result is a rate
that has held twice, so that luck does not raise it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from loadgen.result.selftest import Trial

PRECISION = 0.1  # how far the rate that failed may be above the one that held, as a share of it
UP, DOWN = 1.5, 2.5  # the factors to the next rate, as long as no rate has failed, or none has held
LOWEST = 50.0
TWICE = 2


@dataclass(frozen=True, slots=True)
class Bounds:
    """`held`: the highest rate below `failed` that has held, None if none has; `sure`: whether it held twice. `failed`:
    the lowest rate that failed twice. `doubtful`: the lowest rate that failed once and was not tried again."""

    held: float | None
    sure: bool
    failed: float | None
    doubtful: float | None


def bounds(trials: Iterable[Trial]) -> Bounds:
    """The bounds that follow from the trials so far."""
    held: dict[float, int] = {}
    failed: dict[float, int] = {}
    for trial in trials:
        counts = held if trial.held else failed
        counts[trial.rate] = counts.get(trial.rate, 0) + 1
    high = min((rate for rate, times in failed.items() if times >= TWICE), default=None)
    below = [rate for rate in held if high is None or rate < high]
    low = max(below, default=None)
    open_ = (rate for rate, times in failed.items() if times < TWICE and rate not in held)
    doubtful = min((rate for rate in open_ if high is None or rate < high), default=None)
    return Bounds(low, low is not None and held[low] >= TWICE, high, doubtful)


def following(trials: Iterable[Trial], guess: float, highest: float = math.inf) -> float | None:
    """The rate to try next; None if the result is precise enough. `guess` comes first; no rate is above `highest`."""
    so_far = bounds(trials := list(trials))
    if not trials:
        return _round(min(max(guess, LOWEST), highest))
    if so_far.held is None:
        lowest = min(trial.rate for trial in trials)
        if lowest > LOWEST:
            return _round(max(LOWEST, lowest / DOWN))
        return None if so_far.failed == lowest else lowest
    if so_far.doubtful is not None:
        return so_far.doubtful
    if so_far.failed is None:
        if so_far.held < highest:
            return _round(min(so_far.held * UP, highest))
    elif so_far.failed > so_far.held * (1 + PRECISION):
        between = _round(math.sqrt(so_far.held * so_far.failed))
        if so_far.held < between < so_far.failed:
            return between
    return None if so_far.sure else so_far.held


def _round(rate: float) -> float:
    """Round to two digits: a third would claim more precision than there is."""
    step = 10 ** (math.floor(math.log10(rate)) - 1)
    return float(round(rate / step) * step)
