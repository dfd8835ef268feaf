"""From when on the share of requests beyond a limit stayed greater than a limit share, in a load that changes.

The excess is how many more requests were beyond the limit than the share allows, added up from the beginning. It falls
as long as the limit is kept, and rises once it is broken. So its lowest point is where the limit was broken for good,
if more than the share is beyond from every later bin to the end as well. (The lowest point of such a sum is Page's and
Hinkley's for one change: E. S. Page 1954, "Continuous inspection schemes".)
"""

from __future__ import annotations

import numpy as np

from loadgen.stats.histogram import Integers
from loadgen.stats.shares import FEW, share_of

LEAST = 20  # a limit is broken for good if it is so for one part in so many at least


def broken_from(counts: Integers, beyond: Integers, allowed: float) -> int | None:
    """The first bin from which on more than the share `allowed` of the requests was `beyond` a limit, up to the end;
    None if there is none, or if too few bins or requests show it."""
    bins = len(counts)
    if bins < FEW:
        return None
    excess = np.concatenate(([0.0], np.cumsum(beyond - allowed * counts)))
    first = bins - int(np.argmin(excess[::-1]))  # the last of several lowest points
    if bins - first < max(2, bins / LEAST) or (excess[first : bins - 1] >= excess[-1]).any():
        return None
    return first if share_of(counts[first:], beyond[first:]).decided(allowed) == "above" else None
