"""The rounds of an experiment: their order, their seeds."""

from __future__ import annotations

from collections import Counter

import pytest
from finished_runs import TEXT

from loadgen.errors import PlanError
from loadgen.experiment.rounds import order, part_of, seed_of
from loadgen.profile.load import load


def test_every_round_has_each_variant_once_in_an_order_of_its_own() -> None:
    orders = [tuple(order(1, number, 3)) for number in range(1, 601)]
    assert all(sorted(found) == [0, 1, 2] for found in orders)
    counts = Counter(orders)
    assert len(counts) == 6
    assert all(60 < count < 140 for count in counts.values())
    assert [order(1, number, 3) for number in (1, 2)] == [order(1, number, 3) for number in (1, 2)]
    assert [order(1, number, 8) for number in range(5)] != [order(2, number, 8) for number in range(5)]


def test_rounds_have_seeds_of_their_own() -> None:
    assert len({seed_of(seed, number) for seed in (1, 2) for number in range(1, 100)}) == 198


def test_a_duet_shares_the_load() -> None:
    a, b, c = part_of(load("p.yaml", text=TEXT).profile, 2).load
    assert a.rate
    assert (a.rate.start, a.rate.end, b.users, c.at_once) == (25, 50, 5, 3)
    with pytest.raises(PlanError, match=r"load\.c\.at_once: a duet runs 8 variants at once"):
        part_of(load("p.yaml", text=TEXT).profile, 8)
