"""Times in which nothing came back, though it should have. Chance leaves no gap in which 25 answers are expected, if
answers come as independently as arrivals do (e^-25); a queue's come more evenly than that.

That requests go on being released shows that this machine did not stand still itself, and that something was asked for.
So a load whose users wait for their answers shows nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from loadgen.stats.histogram import Integers

SHORTEST = 4  # bins
EXPECTED = 25  # answers in a gap, by the mean of all bins
BEFORE = 15  # answers in the same time just before it: the mean says little of a ramp
FEWEST = 10  # requests in a gap
AS_USUAL = 0.5  # of the requests in the same time just before it


class Silence(NamedTuple):
    """The first bin of a gap, how many bins it has, and how many requests were released in it."""

    start: int
    bins: int
    requests: int


def silences(released: Integers, back: Integers) -> list[Silence]:
    """The gaps in what came `back`, while requests were `released` as before. Both are counts by bin, of a load whose
    requests are released whether answers come or not."""
    rate = float(back.mean()) if len(back) else 0.0
    return [gap for gap in _gaps(released, back) if gap.bins * rate >= EXPECTED and _goes_on(gap, released, back)]


def _gaps(released: Integers, back: Integers) -> Iterator[Silence]:
    """Between bins with answers, or after the last one."""
    edges = np.append(np.flatnonzero(back), len(back))
    for before, after in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if after - before > SHORTEST:
            yield Silence(before + 1, after - before - 1, int(released[before + 1 : after].sum()))


def _goes_on(gap: Silence, released: Integers, back: Integers) -> bool:
    before = slice(max(0, gap.start - gap.bins), gap.start)
    return bool(back[before].sum() >= BEFORE and gap.requests >= max(FEWEST, AS_USUAL * released[before].sum()))
