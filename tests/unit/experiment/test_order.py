"""What an experiment draws from its seed: balanced blocks of rounds, and seeds of runs."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from loadgen.experiment.order import order, seed_of

MANY = [2, 3, 4, 5, 6, 7, 12, 64]


def block(seed: int, number: int, variants: int) -> list[list[int]]:
    """The orders of the rounds in that block, from 0."""
    first = number * variants + 1
    return [order(seed, of, variants) for of in range(first, first + variants)]


@pytest.mark.parametrize("variants", MANY)
def test_in_a_block_each_variant_has_each_place_once(variants: int) -> None:
    for number in range(3):
        rounds = block(1, number, variants)
        assert all(sorted(of) == [*range(variants)] for of in rounds)
        assert all(sorted(of[place] for of in rounds) == [*range(variants)] for place in range(variants))


@pytest.mark.parametrize("variants", MANY)
def test_each_variant_runs_as_often_behind_each_other_one(variants: int) -> None:
    """Within a block, or of an odd number within two."""
    blocks = 1 + variants % 2
    rounds = [of for number in range(blocks) for of in block(1, number, variants)]
    behind = Counter(pair for of in rounds for pair in pairwise(of))
    assert len(behind) == variants * (variants - 1)
    assert {*behind.values()} == {blocks}


def test_blocks_are_drawn() -> None:
    """Of two variants, as many begin with AB as with BA; of three, each of twelve squares comes up."""
    firsts = Counter(block(1, number, 2)[0][0] for number in range(400))
    assert all(150 < count < 250 for count in firsts.values())
    squares = Counter(str(block(1, number, 3)) for number in range(0, 1200, 2))
    assert len(squares) == 36 / 3  # names and rows are drawn, and a square is itself again with its names turned round
    assert min(squares.values()) > 25


def test_the_same_seed_has_the_same_orders() -> None:
    assert [order(1, number, 8) for number in range(1, 20)] == [order(1, number, 8) for number in range(1, 20)]
    assert [order(1, number, 8) for number in range(1, 5)] != [order(2, number, 8) for number in range(1, 5)]


def test_rounds_have_seeds_of_their_own_and_in_a_duet_variants_too() -> None:
    own = (None, 0, 1, 2)
    assert len({seed_of(seed, number, of) for seed in (1, 2) for number in range(1, 100) for of in own}) == 792
    assert seed_of(1, 3, 2) == seed_of(1, 3, 2)
