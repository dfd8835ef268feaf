"""The file of what only the end of a run tells: by series the parts of exchanges' times, and of all of them when they
were under way. Machines that share a load keep it, so that their sums can be added up.

    loadgen.parts/1\n      what the file is, and its version
    zlib stream of:
        length             4 bytes, the lower ones first: of the text
        text               JSON: the series and how many counters each has, the traffic's size, the parts asked for
        numbers            8 bytes each: of each series the counters, then the sums of each; then the traffic's counts
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from loadgen.files import read_regular
from loadgen.record.packed import inflate
from loadgen.record.recorder import SeriesKey
from loadgen.record.seconds import series_key
from loadgen.record.share import Part, Shares
from loadgen.record.traffic import MOST, Count, Traffic
from loadgen.stats import COUNTERS, Integers

FILE = "parts.bin"
MAGIC = b"loadgen.parts/1\n"
MOST_BYTES = 1 << 28  # of the file, and of what is in it
GREATEST = 1 << 60  # of a number: the sums of several machines must not overflow

_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Parts:
    """What the file holds; `asked` are the parts that the profile asks for, each with the field that counts it."""

    shares: Mapping[SeriesKey, Shares] = field(default_factory=dict)
    traffic: Traffic = field(default_factory=Traffic)
    asked: Mapping[Part, str] = field(default_factory=dict)


def packed_parts(parts: Parts) -> bytes:
    """The content of the file."""
    series = [[*key, len(shares.index)] for key, shares in parts.shares.items()]
    asked = {part.name: word for part, word in parts.asked.items()}
    size = [parts.traffic.width, parts.traffic.counts.shape[1]]
    text = json.dumps({"series": series, "traffic": size, "asked": asked}).encode()
    numbers = [part for shares in parts.shares.values() for part in (shares.index, shares.sums)]
    content = b"".join(np.ascontiguousarray(part, "<i8").tobytes() for part in [*numbers, parts.traffic.counts])
    return MAGIC + zlib.compress(_LENGTH.pack(len(text)) + text + content)


def read_parts(folder: Path) -> Parts | None:
    """The parts in a run's folder; None if it has none. Raises ValueError for what `packed_parts` did not make, OSError
    for what is no regular file."""
    path = folder / FILE
    if not os.path.lexists(path):
        return None
    try:
        return _unpacked(read_regular(path, MOST_BYTES))
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError, struct.error):
        raise ValueError(f"{FILE}: not as loadgen writes it") from None


def _unpacked(content: bytes) -> Parts:
    if not content.startswith(MAGIC):
        raise ValueError("another version")
    unpacked = inflate(zlib.decompressobj(), content[len(MAGIC) :], MOST_BYTES)
    (length,) = _LENGTH.unpack_from(unpacked)
    told = json.loads(unpacked[_LENGTH.size : _LENGTH.size + length])
    numbers = _Numbers(np.frombuffer(unpacked, "<i8", offset=_LENGTH.size + length).astype(np.int64))
    shares = {series_key(*key): _shares(numbers, counters) for *key, counters in told["series"]}
    traffic = _traffic(numbers, *told["traffic"])
    if numbers.left:
        raise ValueError("more than it tells")
    return Parts(shares, traffic, {Part[name]: str(word) for name, word in told["asked"].items()})


class _Numbers:
    def __init__(self, numbers: Integers) -> None:
        if len(numbers) and (numbers.max() > GREATEST or numbers.min() < -GREATEST):
            raise ValueError("too great")
        self._numbers, self._at = numbers, 0

    @property
    def left(self) -> int:
        return len(self._numbers) - self._at

    def take(self, rows: Any, columns: int) -> Integers:
        if type(rows) is not int or not 0 <= rows * columns <= self.left:
            raise ValueError("fewer than it tells")
        self._at += rows * columns
        return self._numbers[self._at - rows * columns : self._at].reshape(rows, columns)


def _shares(numbers: _Numbers, counters: Any) -> Shares:
    index, sums = numbers.take(counters, 1)[:, 0], numbers.take(counters, len(Part))
    ascending = (np.diff(index) > 0).all() and (not len(index) or (index[0] >= 0 and index[-1] < COUNTERS))
    if not ascending or (sums[:, Part.COUNT] < 1).any():
        raise ValueError("not the counters of shares")
    return Shares(index, sums)


def _traffic(numbers: _Numbers, width: Any, columns: Any) -> Traffic:
    if type(width) is not int or not 1 <= width <= GREATEST or width & (width - 1) or columns > 2 * MOST:
        raise ValueError("not the size of traffic")
    traffic = Traffic()
    traffic.width, traffic.counts = width, numbers.take(columns * len(Count), 1).reshape(len(Count), columns)
    if (traffic.counts < 0).any():
        raise ValueError("not counts")
    return traffic
