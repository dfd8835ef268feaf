"""The file of a run's seconds: what came in since the second before, appended each second, and lost by no death.

    loadgen.seconds/1\n            what the file is, and its version
    records, one a second or more:
        length, crc                4 bytes each, the lower ones first: of what follows, and its CRC-32
        length                     4 bytes: of the text
        text                       JSON, {"series": [[slot, outcome, connection, stratum], ...], "health": [...]}. The
                                   texts of all records are one zlib stream, which is flushed behind each of them
        counts                     see `packed`; none if the record has no more

A record that was cut off is left out: whoever wrote it was killed at it, or the disk was full.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import count, groupby
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from loadgen.exchange import CONNECTION_LABELS, Outcome
from loadgen.files import open_regular
from loadgen.record.packed import MOST_BYTES, Counts, Narrow, Piece, inflate, unpack
from loadgen.record.recorder import SeriesKey
from loadgen.record.recording import Recording

FILE = "seconds.bin"
BEFORE = "intervals.jsonl"  # what an earlier loadgen wrote in its place
MAGIC = b"loadgen.seconds/1\n"
AT_ONCE = 1 << 20  # counters that are in memory at the same time
OF_A_GROUP = 16  # as many counters take the memory that a group does besides its own
MOST_SERIES = 1 << 19  # in a file, and metrics of them: more than a run has memory for
MOST_FIGURES = 1 << 19
TOGETHER = 16  # of what was kept at once: one by one takes half as long again
MOST_KEPT = 256 << 20  # bytes: of an hour at 20,000 requests a second it is two thirds

_HEAD, _LENGTH = struct.Struct("<II"), struct.Struct("<I")


class SecondsWriter:
    """Appends to a file, which it takes over."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._texts = file, zlib.compressobj()

    def begin(self) -> None:
        """Write what the file is."""
        self._write(MAGIC)

    def add(self, pieces: Sequence[Piece], health: Sequence[dict[str, Any]]) -> None:
        """Append counts and the samples of the generator's health, as one record or as one for each piece. A stratum is
        written as it is."""
        for number, piece in enumerate(pieces or (Piece((), b""),)):
            told = {"series": piece.series, "health": () if number else health}
            text = self._texts.compress(json.dumps(told, separators=(",", ":")).encode())
            text += self._texts.flush(zlib.Z_SYNC_FLUSH)
            body = _LENGTH.pack(len(text)) + text + piece.packed
            self._write(_HEAD.pack(len(body), zlib.crc32(body)) + body)

    def close(self) -> None:
        self._file.close()

    def _write(self, content: bytes) -> None:
        self._file.write(content)
        self._file.flush()


class Second(NamedTuple):
    """A record: samples of the generator's health, and the counts of what came in."""

    health: Sequence[dict[str, Any]]
    counts: Counts


def read_seconds(folder: Path) -> Iterator[Second]:
    """The records of a run's folder. Memory is bounded, whatever the file holds. Raises ValueError for what
    `SecondsWriter` did not write, OSError for what is no regular file."""
    path = folder / FILE
    if not os.path.lexists(path) and os.path.lexists(folder / BEFORE):
        raise ValueError(f"an earlier loadgen wrote {BEFORE}; this one reads {FILE}")
    with open_regular(path) as file:
        _check_magic(file.read(len(MAGIC)))
        texts = _Texts()
        for number in count(1):
            head = file.read(_HEAD.size)
            length, crc = _HEAD.unpack(head) if len(head) == _HEAD.size else (0, 0)
            body = file.read(min(length, MOST_BYTES))
            if not length or (len(body) < length <= MOST_BYTES):
                return
            try:
                yield _record(body, length, crc, texts)
            except (AttributeError, KeyError, RecursionError, TypeError, ValueError, struct.error):
                raise ValueError(f"{FILE}, record {number}: not as loadgen writes it") from None


def read_counts(folder: Path) -> Iterator[Counts]:
    """The counts, record by record."""
    return (second.counts for second in read_seconds(folder))


class Reread:
    """The counts of a folder, which may be gone through several times. If they are few they are read once and kept; if
    they are many they are read each time, so that memory does not grow with the length of the run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: list[Counts] | None = None

    def __iter__(self) -> Iterator[Counts]:
        if self._kept is not None:
            yield from self._kept
            return
        kept, counters = list[Counts](), 0
        for counts in read_counts(self._folder):
            counters += len(counts.index)
            if counters <= AT_ONCE:
                kept.append(counts)
            else:
                kept.clear()
            yield counts
        if counters <= AT_ONCE:
            self._kept = kept


class Recalled:
    """The counts of some metrics of a folder, for whoever goes through them again after `replay`. If they take more
    than `MOST_KEPT` bytes, they are read from the folder again."""

    def __init__(self, folder: Path, metrics: Collection[int]) -> None:
        self._folder, self._metrics = folder, metrics
        self._kept: list[Narrow] | None = []
        self._bytes = 0

    def take(self, counts: Counts) -> None:
        if self._kept is not None:
            self._kept.append(counts.narrowed(self._metrics))
            self._bytes += self._kept[-1].size
            if self._bytes > MOST_KEPT:
                self._kept = None

    def __iter__(self) -> Iterator[Counts]:
        if self._kept is None:
            yield from read_counts(self._folder)
        else:
            for _, same in groupby(self._kept, lambda narrow: narrow.series):
                every = list(same)
                for at in range(0, len(every), TOGETHER):
                    yield Narrow.widened(every[at : at + TOGETHER])


def replay(
    folder: Path, hear: Callable[[dict[str, Any]], object] = lambda sample: None, keep: Recalled | None = None
) -> Recording:
    """The recording that the seconds of a run's folder amount to. `hear` is given each sample of the generator's
    health, `keep` all counts."""
    recording, counters = Recording(), 0
    for second in read_seconds(folder):
        for sample in second.health:
            hear(sample)
        if keep:
            keep.take(second.counts)
        for place, histogram in second.counts.histograms():
            recording.add(*place, histogram)
        counters += len(second.counts.index) + OF_A_GROUP * len(second.counts.tick)
        if counters > AT_ONCE:  # so that an hour takes no more memory than a minute
            recording.flush()
            counters = 0
        if len(recording.histograms) > MOST_FIGURES:
            raise ValueError(f"{FILE}: it has more than {MOST_FIGURES:,} figures")
    recording.flush()
    return recording


def _check_magic(magic: bytes) -> None:
    if MAGIC.startswith(magic):  # all of it, or as much as there was room for
        return
    another = magic.startswith(MAGIC.partition(b"/")[0])
    raise ValueError(f"{FILE}: {'another version of loadgen wrote it' if another else 'loadgen did not write it'}")


class _Texts:
    """Reads the texts of the records, one after the other, and knows each series by one key."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj()
        self._named: object = None
        self._series: tuple[SeriesKey, ...] = ()
        self._keys: dict[SeriesKey, SeriesKey] = {}

    def read(self, packed: bytes) -> tuple[tuple[SeriesKey, ...], list[dict[str, Any]]]:
        told = json.loads(inflate(self._stream, packed, MOST_BYTES))
        if told["series"] != self._named:  # they are the same in most seconds
            self._named = told["series"]
            keys = [series_key(*key) for key in told["series"]]
            self._series = tuple(self._keys.setdefault(key, key) for key in keys)
        if not isinstance(told["health"], list) or len(self._keys) > MOST_SERIES:
            raise ValueError("not a record")
        return self._series, told["health"]


def _record(body: bytes, length: int, crc: int, texts: _Texts) -> Second:
    if len(body) < length or zlib.crc32(body) != crc:
        raise ValueError("not a record")
    (size,) = _LENGTH.unpack_from(body)
    series, health = texts.read(body[_LENGTH.size : _LENGTH.size + size])
    packed = body[_LENGTH.size + size :]
    return Second(health, unpack(Piece(series, packed)) if packed else Counts.of_histograms({}))


def series_key(slot: Any, outcome: Any, connection: Any, stratum: Any) -> SeriesKey:
    """The key of a series, as a file has it. Raises ValueError for what is none."""
    if not (
        type(slot) is int
        and 0 <= slot < 1 << 32
        and outcome in range(len(Outcome))
        and connection in range(len(CONNECTION_LABELS))
    ):
        raise ValueError("not a series")
    return SeriesKey(slot, outcome, connection, str(stratum))
