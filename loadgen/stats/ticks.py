"""When something was due, as far as counts tell: in ticks of a sixteenth of a second since the load began.

A run's intervals follow from how its counts vary from bin to bin. A bin is about a fiftieth of its phase, from a tick
up to a second. If nobody knows beforehand how long the phase lasts, it is a fiftieth of what has passed of it. Short
bins add up to longer ones: a bin begins at a multiple of its own length, and that is a power of two.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from loadgen.clock import SECOND
from loadgen.stats import Integers

TICKS: Final = 16  # a second
TICK: Final = SECOND // TICKS
BINS: Final = 50  # in a phase, at least, if it is long enough for them
# the lengths of a phase (ns) from which on a bin is twice as long
DOUBLED: Final = BINS * TICK * np.array([2, 4, 8, 16])


def doublings(lasts: Integers) -> Integers:
    """How often a tick has to be doubled to be a bin of phases that last so many ns."""
    return np.searchsorted(DOUBLED, lasts, "right")


def bin_of(since: Integers, lasts: Integers) -> Integers:
    """The first tick of the bins that instants lie in. `since` is in ns from the beginning of the load, `lasts` is how
    long each one's phase lasts, or has lasted so far."""
    times = doublings(lasts)
    return since // TICK >> times << times


def second_of(since: Integers) -> Integers:
    """The first tick of their seconds."""
    return since // SECOND * TICKS
