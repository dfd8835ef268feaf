"""Which requests get a fault: by one seeded uniform number for each, so that faults do not change the service times."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate

from loadgen.profile.sandbox import Faults


def fault_sampler(faults: Faults, seed: int) -> Callable[[], str]:
    """A function that draws the name of a fault, or the empty string."""
    shares = faults.shares()
    if not shares:
        return lambda: ""
    edges, names = list(accumulate(shares.values())), [*shares, ""]
    uniform = random.Random(f"faults {seed}").random
    return lambda: names[bisect_right(edges, uniform())]
