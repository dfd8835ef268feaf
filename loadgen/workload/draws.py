"""The values of placeholders: seeded, drawn in blocks, and the same for iteration i in every worker and client.

A placeholder's value depends only on the seed, its place in the profile and the iteration's index. So does its length,
whose seed may be another.
"""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from loadgen.clock import SECOND, wall
from loadgen.profile.placeholders import Placeholder

BLOCK = 256  # values drawn at once: about 0.1 ms
ALPHABET = np.frombuffer((string.ascii_letters + string.digits).encode(), np.uint8)
# a UUID as two numbers: the bits that are random, and those of its version and variant
_FREE = np.frombuffer(bytes.fromhex("ffffffffffff0fff3fffffffffffffff") * BLOCK, np.uint64)
_FIXED = np.frombuffer(bytes.fromhex("00000000000040008000000000000000") * BLOCK, np.uint64)
# the positions of a UUID's characters among its digits, for a block of UUIDs; the last one is a dash
_DASHED = [place in (8, 13, 18, 23) for place in range(36)] * BLOCK
_WRITTEN = np.where(_DASHED, 32 * BLOCK, np.cumsum(np.logical_not(_DASHED)) - 1)
POOL = 1 << 16  # characters of random text; the values of `bytes` are slices of it, at positions of 16 bits
SMALL = 1024  # characters: up to this length a whole block of values is cut at once
JUMP = 0x9E3779B97F4A7C15F39CC0605CEDC835  # draws: numpy's PCG64.jumped skips as many
NUMBER = 20  # characters of an integer of 64 bits

Values = dict[str, Any]
Getter = Callable[[Values, int], Any]


class Unsendable(ValueError):
    """A request cannot be made from its values."""


class Unknown(dict[str, Any]):
    """Values in which a missing name stands for itself: for a request that is shown before any answer."""

    def __missing__(self, name: str) -> str:
        return name.upper()


def stream_of(seed: tuple[int, ...]) -> np.random.Generator:
    """A stream of random numbers. It is another one for each `seed`, which is a number and its purpose."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed[0], spawn_key=seed[1:])))


class Column:
    """Values by iteration index, a block at a time: `draw(number)` gives those of the indices from number * BLOCK on.

    `width` is the number of characters of the longest value, if all of them are short and are written the same
    everywhere (letters, digits, "-", or what is already escaped); else it is 0. The previous block is kept, because a
    late step of an earlier iteration may still ask for it.
    """

    def __init__(self, draw: Callable[[int], Sequence[Any]], width: int = 0) -> None:
        self._draw, self.width = draw, width
        self._number = self._other = -1
        self._block: Sequence[Any] = ()
        self._kept: Sequence[Any] = ()

    def __call__(self, values: Values, index: int) -> Any:
        if index // BLOCK != self._number:
            self._turn_to(index // BLOCK)
        return self._block[index % BLOCK]

    def block(self, number: int) -> Sequence[Any]:
        if number != self._number:
            self._turn_to(number)
        return self._block

    def mapped(self, change: Callable[[Any], Any]) -> Column:
        """The column of the values that `change` makes of these. Its width is the same."""
        return Column(lambda number: list(map(change, self.block(number))), self.width)

    def _turn_to(self, number: int) -> None:
        block = self._kept if number == self._other else self._draw(number)
        self._kept, self._other = self._block, self._number
        self._block, self._number = block, number


def drawn(seed: tuple[int, ...], draw: Callable[[np.random.Generator], Sequence[Any]], width: int = 0) -> Column:
    """A column of random values. Block k is drawn from the stream k jumps ahead, so that no new stream has to be
    made."""
    stream = stream_of((*seed, 0))
    bits: Any = stream.bit_generator
    start = bits.state

    def block(number: int) -> Sequence[Any]:
        bits.state = start
        bits.advance(number * JUMP)
        return draw(stream)

    return Column(block, width)


def counted(first: int) -> Column:
    """The numbers from `first` on, one for each iteration."""
    return Column(lambda number: range(first + number * BLOCK, first + (number + 1) * BLOCK), NUMBER)


def getter(placeholder: Placeholder, seed: tuple[int, ...], sizes: tuple[int, ...] = ()) -> Getter:
    """The function (captured values, iteration index) -> value of a placeholder. Lengths are drawn from `sizes`, by
    default from `seed`."""
    kind, args = placeholder.kind, placeholder.args
    if kind == "name":
        return _captured(str(args[0]))
    if kind == "seq":
        return counted(0)
    if kind == "now":
        return lambda values, index: timestamp()
    if kind == "uuid":
        return drawn(seed, _uuids, 36)
    if kind == "int":
        low, high = int(args[0]), int(args[1])
        return drawn(seed, lambda stream: stream.integers(low, high, BLOCK, endpoint=True).tolist(), NUMBER)
    if kind == "choice":
        return drawn(seed, lambda stream: [args[i] for i in stream.integers(0, len(args), BLOCK).tolist()])
    return _text(int(args[0]), int(args[-1]), seed, sizes or seed)


def _captured(name: str) -> Getter:
    def get(values: Values, index: int) -> Any:
        try:
            return values[name]
        except KeyError:
            raise Unsendable(f"{name} was not captured") from None

    return get


def timestamp() -> str:
    """The wall clock as ISO 8601 in UTC, to the millisecond."""
    seconds, rest = divmod(wall(), SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 1_000_000:03d}Z"


def row_picker(order: str, rows: int, seed: tuple[int, ...]) -> Callable[[int], int]:
    """Which of `rows` rows iteration `index` takes."""
    if order == "random":
        column = drawn(seed, lambda stream: stream.integers(0, rows, BLOCK).tolist())
        return lambda index: int(column({}, index))
    if order == "shuffle":
        shuffled = stream_of(seed).permutation(rows)
        return lambda index: int(shuffled[index % rows])
    return lambda index: index % rows


def _uuids(stream: np.random.Generator) -> list[str]:
    """Version 4, of RFC 9562's variant."""
    digits = (_raw(stream, 2 * BLOCK) & _FREE | _FIXED).tobytes().hex()
    text = np.frombuffer(f"{digits}-".encode(), np.uint8)[_WRITTEN].tobytes().decode()
    return [text[start : start + 36] for start in range(0, 36 * BLOCK, 36)]


def _raw(stream: np.random.Generator, words: int) -> Any:
    """So many random uint64. A `Generator` would take ten times as long."""
    bits: Any = stream.bit_generator
    return bits.random_raw(words)


def _text(least: int, most: int, seed: tuple[int, ...], size_seed: tuple[int, ...]) -> Getter:
    """Random letters and digits, cut from a pool at a random position: a large value costs a slice, not a draw."""
    pool = ALPHABET[stream_of(seed).integers(0, len(ALPHABET), POOL + most)].tobytes().decode()

    def places(stream: np.random.Generator) -> list[int]:
        places: list[int] = _raw(stream, BLOCK // 4).view(np.uint16).tolist()
        return places

    starts = drawn((*seed, 1), places)
    if least == most <= SMALL:
        return Column(lambda number: [pool[start : start + most] for start in starts.block(number)], most)
    sizes = drawn((*size_seed, 2), lambda stream: stream.integers(least, most, BLOCK, endpoint=True).tolist())
    if most <= SMALL:
        piece = lambda start, size: pool[start : start + size]  # noqa: E731
        return Column(lambda number: list(map(piece, starts.block(number), sizes.block(number))), most)

    def cut(values: Values, index: int) -> str:
        start = starts(values, index)
        return pool[start : start + (most if least == most else sizes(values, index))]

    return cut


def as_text(value: Any) -> str:
    """A value as part of a text. true, false, null, lists and objects are written as in JSON."""
    return value if isinstance(value, str) else json.dumps(value)
