"""Whether a phase has settled: growth is found, and what is not growth is not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from loadgen.stats.blocks import Floats
from loadgen.stats.settling import Growth, growth, settled, settling

TIME = (np.arange(80) + 0.5) / 80


def noise(seed: int = 1) -> Floats:
    return np.random.Generator(np.random.PCG64(seed)).standard_normal(80)


def test_growth_is_the_first_wave_in_terms_of_the_next() -> None:
    found = growth(10 + 4 * -np.cos(math.pi * TIME) + 2 * np.cos(2 * math.pi * TIME))
    assert (found.begin, found.end) == (pytest.approx(6), pytest.approx(14))
    assert found.f == pytest.approx(4**2 / (2**2 / 8))
    falls = growth(10 + 4 * np.cos(math.pi * TIME) + 2 * np.cos(2 * math.pi * TIME))
    assert (falls.begin, falls.end, falls.f) == (pytest.approx(14), pytest.approx(6), pytest.approx(-found.f))


@pytest.mark.parametrize(
    ("found", "grew"),
    [(Growth(6, 14, 32), True), (Growth(10, 14, 32), False), (Growth(6, 14, 20), False), (Growth(14, 6, -32), False),
     (Growth(0, 14, 32), True)],
)  # fmt: skip
def test_growth_counts_if_it_is_clear_and_large(found: Growth, grew: bool) -> None:
    assert found.grew == grew


def test_a_phase_grows_if_its_latency_and_its_requests_in_flight_do() -> None:
    counts, even = np.full(80, 50), 1e7 + 1e5 * noise()
    rising = 1e7 * (1 + 40 * TIME) + 1e5 * noise()
    assert settled(counts, counts * even, 0.25)
    assert not settled(counts, counts * rising, 0.25)
    assert settled(counts, counts * rising[::-1], 0.25), "what falls is no overload"
    more = np.round(20 + 100 * TIME).astype(np.int64)
    assert settled(more, more * even, 0.25), "there are more in flight, none of which is slower"


def test_it_is_not_known_of_few_bins_or_requests() -> None:
    rising = 1e7 * (1 + 40 * TIME)
    assert settling(np.full(80, 1), rising, 0.25) is None
    assert settling(np.full(19, 50), 50 * rising[:19], 0.25) is None
    assert settling(np.full(20, 50), 50 * rising[:20], 0.25) is not None
    assert settled(np.full(80, 1), rising, 0.25) is None


def test_few_requests_can_show_that_a_phase_grew_and_not_that_it_settled() -> None:
    """If many of them were not answered while it ran, as at twice the capacity of a target."""
    few, rising = np.full(80, 4), 4e7 * (1 + 40 * TIME)
    assert settled(few, rising, 0.25, 0.5) is False
    for answered in (None, 0.85):
        assert settled(few, rising, 0.25, answered) is None
    assert settled(few, 4e7 + 1e5 * noise(), 0.25, 0.5) is None
    assert settled(np.full(80, 50), 5e8 + 1e6 * noise(), 0.25) is True


def test_how_many_are_in_flight_follows_from_their_latencies() -> None:
    """By Little: 200 a second that take 10 ms each are two at a time."""
    both = settling(np.full(80, 50), np.full(80, 50 * 1e7), 0.25)
    assert both is not None
    assert (both[0].end, both[1].end) == (pytest.approx(1e7), pytest.approx(2))


def test_what_came_after_the_end_is_left_out() -> None:
    counts = np.full(80, 50)
    counts[-1] = 5000
    assert not settled(counts, counts * (1e7 * (1 + 40 * TIME) + 1e5 * noise()), 0.25)


def test_bins_without_requests_are_like_their_neighbours() -> None:
    counts = np.full(80, 50)
    counts[10:20] = 0
    assert settled(counts, counts * (1e7 + 1e5 * noise()), 0.25)
