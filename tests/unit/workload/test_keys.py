"""Which keys a load asks for: in sequence, alike, by a hot set, by Zipf's law, the latest."""

from __future__ import annotations

from dynamodb_steps import drawn


def test_sequential_keys_go_round() -> None:
    assert drawn("sequential(100)", 250) == [index % 100 for index in range(250)]


def test_uniform_keys_are_each_alike() -> None:
    found = drawn("uniform(10)", 10_000)
    assert all(850 < found.count(key) < 1150 for key in range(10))


def test_a_hot_set_gets_its_share_of_the_traffic() -> None:
    found = drawn("hotset(1000, keys=1%, traffic=90%)", 10_000)
    assert 0.88 < sum(key < 10 for key in found) / len(found) < 0.92
    assert len(set(found)) > 500
    assert set(drawn("hotset(1000, keys=1%, traffic=100%)", 2000)) == set(range(10))


def test_a_hot_spot_moves() -> None:
    found = drawn("hotspot(1000, keys=1%, traffic=100%, every=500)", 1000)
    assert set(found[:500]) == set(range(10))
    assert set(found[500:]) == set(range(10, 20))


def test_zipfian_keys_fall_off_as_their_theta_says() -> None:
    found = drawn("zipfian(1000, theta=1)", 20_000)
    harmonic = sum(1 / rank for rank in range(1, 1001))
    for key in (0, 1, 4):
        expected = 20_000 / (key + 1) / harmonic
        assert abs(found.count(key) - expected) < 5 * expected**0.5
    assert max(found) < 1000


def test_the_latest_keys_are_those_before_the_iteration() -> None:
    found = drawn("latest(1000, theta=1)", 2000)
    assert all(0 <= key <= max(0, index - 1) for index, key in enumerate(found))
    assert sum(found[index] == index - 1 for index in range(1000, 2000)) > 80
