"""`bench.clocks`: what it shows follows from how far clocks are off."""

from __future__ import annotations

import pytest

from bench.clocks import SLOW, STALL, STALLED, simulated
from loadgen.clock import MILLISECOND, SECOND


def test_a_percentile_of_all_requests_does_not_change() -> None:
    right, wrong = simulated(0), simulated(500 * MILLISECOND)
    assert wrong.p99 == pytest.approx(right.p99, rel=0.01)
    assert wrong.p999 == pytest.approx(right.p999, rel=0.01)


@pytest.mark.parametrize("off", [0, 5, 20, 100, 500])
def test_as_many_are_told_in_another_second_as_clocks_are_off_on_average(off: int) -> None:
    assert simulated(off * MILLISECOND).elsewhere == pytest.approx(off / 2 / 1000, rel=0.1)


@pytest.mark.parametrize(
    ("off", "p99", "p999"), [(0, False, False), (3, False, False), (6, False, True), (60, True, True)]
)
def test_a_second_beside_a_stall_has_its_share_of_it(off: int, p99: bool, p999: bool) -> None:
    """A quarter of what clocks may be off: beyond 1 % of a second it is in the p99, beyond 0.1 % in the p99.9."""
    told, slow = simulated(off * MILLISECOND), 1000.0
    assert (told.before_p99 > slow, told.before_p999 > slow) == (p99, p999)


def test_a_recovery_is_told_late_by_no_more_than_the_clocks_are_off() -> None:
    right = STALL + STALLED - SLOW / SECOND
    for off in (0, 100, 500):
        assert right - 0.1 <= simulated(off * MILLISECOND).recovered <= right + 0.2 + off / 1000
