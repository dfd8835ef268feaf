"""Histograms in columns: what is packed comes back, is small, and nothing else is taken for it."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.record import packed
from loadgen.record.packed import Counts, Piece, pack, unpack
from loadgen.record.recorder import Place, SeriesKey
from loadgen.stats import COUNTERS, HIGHEST, OVERFLOW, Histogram, highest_of, index_of

Plain = dict[Place, tuple[object, ...]]

VALUES = st.lists(
    st.one_of(st.integers(0, 3000), st.integers(0, 10**10), st.integers(0, 3 * HIGHEST)), min_size=1, max_size=30
)
KEYS = st.builds(SeriesKey, st.integers(0, 5), st.integers(0, 8), st.integers(0, 2), st.sampled_from(["", "cold=true"]))
PLACES = st.tuples(st.integers(0, 100_000), KEYS, st.integers(0, 255))


def of_values(*values: int) -> Histogram:
    return Histogram.of(np.array(values, np.int64))


def plain(histograms: dict[Place, Histogram]) -> Plain:
    return {
        place: (h.index.tolist(), h.counts.tolist(), h.count, h.total, h.least, h.most)
        for place, h in histograms.items()
    }


def unpacked(*pieces: Piece) -> Plain:
    return plain({place: histogram for piece in pieces for place, histogram in unpack(piece).histograms()})


A, B = SeriesKey(0, 0, 1, ""), SeriesKey(3, 8, 0, "cold=true")
SOME: dict[Place, Histogram] = {
    (16, A, 0): of_values(5, 5, 7, 10**9, 10**9 + 1),
    (17, A, 0): of_values(0),
    (16, B, 253): of_values(2 * HIGHEST, HIGHEST + 1, 3),
}


@settings(max_examples=60)
@given(st.dictionaries(PLACES, VALUES, min_size=1, max_size=12))
def test_what_is_packed_comes_back(values: dict[Place, list[int]]) -> None:
    histograms = {place: of_values(*of) for place, of in values.items()}
    assert unpacked(*pack(histograms)) == plain(histograms)


def test_nothing_is_no_piece() -> None:
    assert pack({}) == pack({(0, A, 0): Histogram()}) == ()
    assert list(Counts.of_histograms({}).histograms()) == []


def test_much_is_packed_in_several_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MOST_COUNTERS", COUNTERS + 4)
    pieces = pack(SOME)
    assert len(pieces) == 2
    assert unpacked(*pieces) == plain(SOME)


def test_a_second_of_200_requests_takes_little() -> None:
    """With eight metrics that differ from request to request, ten minutes are less than 1 MB."""
    random = np.random.default_rng(1)
    middles = (25e6, 24e6, 23e6, 21e6, 1e5, 2e3, 3e4, 5e3)
    metrics = {
        (16, A, number): Histogram.of(random.lognormal(np.log(middle), 0.4, 200).astype(np.int64))
        for number, middle in enumerate(middles)
    }
    (piece,) = pack(metrics)
    assert len(piece.packed) < 1500


def test_the_groups_of_some_figures() -> None:
    (piece,) = pack(SOME)
    counts = unpack(piece)
    assert plain(dict(counts.only(lambda key, metric: metric == 0).histograms())) == plain(
        {place: of for place, of in SOME.items() if place[2] == 0}
    )
    assert list(counts.only(lambda key, metric: False).histograms()) == []
    assert counts.only(lambda key, metric: True) is counts


def test_how_many_values_are_within_a_limit() -> None:
    counts = Counts.of_histograms(SOME)
    edges = index_of(np.array([[4, 5, 10**9], [0, 1, 2], [2, HIGHEST, 3]]))
    within = counts.up_to(np.array([0, 1, 2]), edges)
    assert within.tolist() == [[0, 2, 5], [1, 1, 1], [0, 1, 1]]
    assert counts.up_to(np.array([2, 2]), np.array([[OVERFLOW], [0]])).tolist() == [[3], [0]]
    assert counts.count.tolist() == [5, 1, 3]


# what others wrote


def repacked(change: Callable[[bytearray], object], series: tuple[SeriesKey, ...] = (A, B)) -> Piece:
    (piece,) = pack(SOME)
    content = bytearray(zlib.decompress(piece.packed))
    change(content)
    return Piece(series, zlib.compress(content))


def columns(**changed: list[int]) -> Piece:
    """A piece of one group with two counters, as `pack` lays it out."""
    as_packed = {
        "tick": [1], "series": [0], "metric": [0], "counters": [2], "first": [3000], "least": [0], "most": [0],
        "total": [0], "gaps": [0, 5], "counts": [0, 0],
    }  # fmt: skip
    content = b"\x01\0\0\0"
    for numbers in (as_packed | changed).values():
        content += b"\x08" + np.array(numbers, np.uint64).view(np.uint8).reshape(-1, 8).T.tobytes()
    return Piece((A,), zlib.compress(content))


def test_the_columns_are_as_this_test_writes_them() -> None:
    ((place, histogram),) = unpack(columns()).histograms()
    assert place == (1, A, 0)
    assert histogram.index.tolist() == [3000, 3006]
    assert histogram.total == histogram.least + histogram.most


@pytest.mark.parametrize(
    "changed",
    [
        {"tick": [1 << 32]},
        {"series": [1]},
        {"metric": [1 << 32]},
        {"counters": [0], "gaps": [], "counts": []},
        {"counters": [3]},
        {"counters": [1]},
        {"counters": [1 << 62]},
        {"first": [COUNTERS]},
        {"first": [1 << 63]},
        {"least": [1 << highest_of(3000).bit_length()]},
        {"most": [1 << 62]},
        {"total": [1 << 40]},
        {"gaps": [0, COUNTERS]},
        {"gaps": [0, (1 << 64) - 1]},
        {"counts": [0, (1 << 63) - 1]},
        {"counts": [1 << 61, 1 << 61]},
    ],
)
def test_columns_that_nobody_packed(changed: dict[str, list[int]]) -> None:
    with pytest.raises(ValueError, match=r"^not as counts are packed$"):
        unpack(columns(**changed))


@pytest.mark.parametrize(
    "content", [b"", b"\x01\0", b"\xff\xff\xff\xff", b"\0\0\0\0" + b"\x01" * 10, b"\x01\0\0\0\x09"]
)
def test_what_is_too_short(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"^not as counts are packed$"):
        unpack(Piece((A,), zlib.compress(content)))


def test_any_byte_may_be_another() -> None:
    """It is refused, or it is a histogram all the same: no other error comes of it."""
    chance = Random(1)
    size = len(zlib.decompress(pack(SOME)[0].packed))
    for _ in range(300):
        at, byte = chance.randrange(size), chance.randrange(256)

        def change(content: bytearray, at: int = at, byte: int = byte) -> None:
            content[at] = byte

        try:
            found = unpack(repacked(change))
        except ValueError as error:
            assert str(error) == "not as counts are packed"
        else:
            for _, histogram in found.histograms():
                assert histogram.count == histogram.counts.sum()
                assert histogram.least <= histogram.most


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MOST_BYTES", 1 << 16)
    bomb = zlib.compress(bytes(4 << 16))
    assert len(bomb) < 1000
    with pytest.raises(ValueError, match=r"^not as counts are packed$"):
        unpack(Piece((A,), bomb))


@pytest.mark.parametrize("packed", [b"x", zlib.compress(b"\x01\0\0\0") + b"more"])
def test_what_is_no_zlib_stream(packed: bytes) -> None:
    with pytest.raises(ValueError, match=r"^not "):
        unpack(replace(pack(SOME)[0], packed=packed))
