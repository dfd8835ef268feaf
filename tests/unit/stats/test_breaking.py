"""From when on a limit was broken for good: where the share crosses what is allowed, and silence where that is not
sure."""

from __future__ import annotations

import numpy as np
import pytest

from loadgen.stats import Integers
from loadgen.stats.breaking import broken_from

COUNTS = np.full(60, 100)


def beyond(*parts: tuple[int, int]) -> Integers:
    """So many bins with so many requests beyond the limit, and so on."""
    return np.concatenate([np.full(bins, number) for bins, number in parts])


@pytest.mark.parametrize(
    ("parts", "first"),
    [
        (((40, 0), (20, 50)), 40),
        (((40, 1), (20, 3)), 40),
        (((60, 50),), 0),  # never kept
        (((56, 0), (4, 100)), 56),
    ],
)
def test_it_was_broken_where_the_share_rose(parts: tuple[tuple[int, int], ...], first: int) -> None:
    assert broken_from(COUNTS, beyond(*parts), 0.01) == first


@pytest.mark.parametrize(
    "parts",
    [
        ((60, 0),),
        ((60, 1),),  # as many as it allows
        ((20, 0), (20, 100), (20, 0)),  # broken, and kept again
        ((58, 0), (2, 100)),  # too short to be for good
        ((40, 0), (20, 100), (2, 0)),
        ((40, 0), (10, 50), (10, 1)),  # as many as it allows, at the end
        ((19, 0), (1, 100)),  # a single bin
        ((44, 0), *((4, 1), (1, 2)) * 4),  # a quarter more than it allows is no proof
    ],
)
def test_without_proof_it_says_nothing(parts: tuple[tuple[int, int], ...]) -> None:
    number = beyond(*parts)
    assert broken_from(np.full(len(number), 100), number, 0.01) is None


def test_few_requests_or_bins_prove_nothing() -> None:
    assert broken_from(np.full(60, 1), beyond((56, 0), (3, 0), (1, 1)), 0.01) is None
    assert broken_from(np.full(19, 100), beyond((9, 0), (10, 100)), 0.01) is None


def test_bins_without_requests_do_not_matter() -> None:
    counts, number = COUNTS.copy(), beyond((40, 0), (20, 50))
    counts[::7] = number[::7] = 0
    assert broken_from(counts, number, 0.01) in (40, 41)
    assert broken_from(np.zeros(60, np.int64), np.zeros(60, np.int64), 0.01) is None
