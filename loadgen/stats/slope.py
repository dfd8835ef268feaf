"""Whether the ratio of two variants changes along an axis.

Each round has the ratio at every value of the axis. The slope of its logarithm on that of the axis, by least squares,
is one figure of the round: over the rounds these are independent and spread alike, and Student's t judges their mean.
How much more the ratio varies at one value than at another makes the slope less sharp, but not wrong.
"""

from __future__ import annotations

import numpy as np

from loadgen.stats.blocks import Floats
from loadgen.stats.paired import Student


def slope(axis: Floats, ratios: Floats) -> Student:
    """The natural logarithm of the factor by which the ratio changes with each doubling of the axis. `axis` are two
    values or more, `ratios` are by round and value, shape (rounds, values); all of them are more than 0."""
    along = np.log2(axis) - np.log2(axis).mean()
    return Student(np.log(ratios) @ along / float(along @ along))
