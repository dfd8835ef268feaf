"""The interval of a ratio of two independent estimates, from the interval of each.

Where both are estimates, the method of variance estimates recovery (Zou and Donner 2008, "Construction of confidence
limits about effect measures", Statistics in Medicine 27), on the logarithms: each end of the ratio's interval is as far
away as the two ends that it comes of, added as squares. Bounds that hold the value for certain, wherever it is between
them, are not added as squares: then the ratio's interval is that of all ratios that they allow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """A positive value, and the ends of its interval. `bounds`: it may be anywhere between them."""

    value: float
    low: float
    high: float
    bounds: bool = False


def quotient(of: Estimate, by: Estimate) -> tuple[float, float, float]:
    """`of` divided by `by`, and the ends of its interval."""
    ratio = of.value / by.value
    if of.bounds or by.bounds:
        return ratio, of.low / by.high, of.high / by.low
    below = math.hypot(math.log(of.value / of.low), math.log(by.high / by.value))
    above = math.hypot(math.log(of.high / of.value), math.log(by.value / by.low))
    return ratio, ratio * math.exp(-below), ratio * math.exp(above)
