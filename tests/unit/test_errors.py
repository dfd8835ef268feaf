"""Errors have a status, and the worst one wins."""

from __future__ import annotations

import itertools

from loadgen import errors
from loadgen.errors import Exit, worst


def test_the_worst_status_wins() -> None:
    order = [1, 130, 6, 3, 5, 4]
    for count in range(len(order) + 1):
        for held in itertools.combinations(order, count):
            statuses = {Exit(status) for status in held}
            expected = min(held, key=order.index, default=0)
            assert worst(statuses) == worst(statuses | {Exit.PASSED}) == expected


def test_each_kind_of_error_has_its_status() -> None:
    kinds = {kind.__name__: kind.status for kind in errors.LoadgenError.__subclasses__()}
    assert kinds.items() >= {"ProfileError": 2, "PlanError": 2, "TargetError": 3}.items()
    assert errors.LoadgenError.status == 1
