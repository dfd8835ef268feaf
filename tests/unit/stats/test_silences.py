"""A gap in what came back is a silence if answers were due in it and requests went on being released."""

from __future__ import annotations

import numpy as np
import pytest

from loadgen.stats.silences import EXPECTED, FEWEST, SHORTEST, Silence, silences


def counts(*parts: tuple[int, int]) -> np.ndarray:
    """So many bins with such a count, one part after the other."""
    return np.concatenate([np.full(bins, count) for bins, count in parts])


STEADY = counts((100, 10))


def test_a_gap_is_told_with_the_requests_in_it() -> None:
    back = counts((40, 10), (6, 0), (1, 70), (53, 10))
    assert silences(STEADY, back) == [Silence(40, 6, 60)]


def test_each_gap_is_told_and_one_that_does_not_end() -> None:
    back = counts((40, 10), (6, 0), (34, 10), (20, 0))
    assert silences(STEADY, back) == [Silence(40, 6, 60), Silence(80, 20, 200)]


@pytest.mark.parametrize(
    ("sent", "back"),
    [
        (STEADY, STEADY),
        (STEADY, counts((40, 10), (SHORTEST - 1, 0), (100 - 39 - SHORTEST, 10))),
        (STEADY, counts((40, 0), (60, 10))),  # nothing before the first answer: that is how long it takes
        (STEADY, np.zeros(100, np.int64)),
        (counts((40, 10), (20, 0), (40, 10)), counts((40, 10), (20, 0), (40, 10))),  # nothing was asked for
        (counts((100, 1)), counts((40, 1), (12, 0), (48, 1))),  # too few to tell
        (counts((50, 0), (50, 100)), counts((50, 0), (5, 1), (8, 0), (37, 100))),  # of a ramp, too few before it
        (np.zeros(0, np.int64), np.zeros(0, np.int64)),
    ],
)
def test_what_may_be_chance_is_none(sent: np.ndarray, back: np.ndarray) -> None:
    assert silences(sent, back) == []


def test_the_limits_are_as_they_are_said_to_be() -> None:
    assert (SHORTEST, EXPECTED, FEWEST) == (4, 25, 10)
