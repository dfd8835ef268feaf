"""The file of a run's seconds: what was cut off costs the last record, and what others wrote is one clear error."""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections import Counter
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from second_records import record

from loadgen.record import seconds
from loadgen.record.metrics import Metric
from loadgen.record.packed import Counts, Piece, pack
from loadgen.record.recorder import SeriesKey
from loadgen.record.recording import Recording
from loadgen.record.seconds import (
    BEFORE,
    FILE,
    MAGIC,
    Recalled,
    Reread,
    SecondsWriter,
    read_counts,
    read_seconds,
    replay,
)
from loadgen.stats import Histogram
from loadgen.stats.ticks import TICKS

KEY = SeriesKey(0, 0, 1, "")
HEALTH = {"worker": 0, "in_flight": 3, "tcp": None}


def pieces(second: int, key: SeriesKey = KEY) -> tuple[Piece, ...]:
    return pack({(second * TICKS, key, Metric.RESPONSE): Histogram.of(np.array([5, 5, 10**6 + second]))})


class Kept(BytesIO):
    """A file whose content is known after it was closed."""

    content = b""

    def close(self) -> None:
        self.content = self.getvalue()
        super().close()


def written(*records: tuple[tuple[Piece, ...], list[dict[str, Any]]]) -> bytes:
    file = Kept()
    writer = SecondsWriter(file)
    writer.begin()
    for each, health in records:
        writer.add(each, health)
    writer.close()
    return file.content


GOOD = written(*((pieces(second), [HEALTH | {"second": second}]) for second in range(5)))


def ends() -> list[int]:
    """Where each record of GOOD ends."""
    found = [len(MAGIC)]
    while found[-1] < len(GOOD):
        found.append(found[-1] + 8 + struct.unpack_from("<I", GOOD, found[-1])[0])
    return found


def folder(tmp_path: Path, content: bytes) -> Path:
    (tmp_path / FILE).write_bytes(content)
    return tmp_path


def test_each_second_comes_back(tmp_path: Path) -> None:
    samples: list[dict[str, Any]] = []
    recording = replay(folder(tmp_path, GOOD), samples.append)
    total = recording.total(Metric.RESPONSE)
    assert (total.count, total.total, total.most) == (15, 5 * (10**6 + 10) + 10, 10**6 + 4)
    assert samples == [HEALTH | {"second": second} for second in range(5)]
    assert [counts.tick.tolist() for counts in read_counts(tmp_path)] == [[second * TICKS] for second in range(5)]


def test_a_file_that_was_cut_off_gives_all_but_its_last_record(tmp_path: Path) -> None:
    whole = ends()
    for length in {*range(0, len(GOOD), 7), *whole, *(end - 1 for end in whole)}:
        found = list(read_seconds(folder(tmp_path, GOOD[:length])))
        assert len(found) == max(0, sum(end <= length for end in whole) - 1), length


def test_zeros_that_a_crash_of_the_machine_left_are_no_records(tmp_path: Path) -> None:
    assert len(list(read_seconds(folder(tmp_path, GOOD + bytes(4096))))) == 5


def test_a_bit_that_fell_over_is_told(tmp_path: Path) -> None:
    third = ends()[2]
    broken = bytearray(GOOD)
    broken[third + 20] ^= 1
    read = read_seconds(folder(tmp_path, bytes(broken)))
    assert [second.health[0]["second"] for second in (next(read), next(read))] == [0, 1]
    with pytest.raises(ValueError, match=f"^{FILE}, record 3: not as loadgen writes it$"):
        next(read)


def test_what_has_no_counts_has_its_health(tmp_path: Path) -> None:
    (second,) = read_seconds(folder(tmp_path, written(((), [HEALTH]))))
    assert list(second.health) == [HEALTH]
    assert list(second.counts.histograms()) == []


def test_several_pieces_are_several_records_with_one_health(tmp_path: Path) -> None:
    both = list(read_seconds(folder(tmp_path, written((pieces(1) + pieces(2), [HEALTH])))))
    assert [len(second.health) for second in both] == [1, 0]
    assert [second.counts.tick.tolist() for second in both] == [[TICKS], [2 * TICKS]]


def test_series_may_change_from_record_to_record(tmp_path: Path) -> None:
    keys = [KEY, SeriesKey(1, 8, 0, "cold=true"), KEY]
    read = read_seconds(folder(tmp_path, written(*((pieces(at, key), []) for at, key in enumerate(keys)))))
    assert [second.counts.series for second in read] == [(key,) for key in keys]


def test_names_cost_little_after_the_first_second() -> None:
    """The texts of a file are one stream: what was told once is a reference later."""
    keys = [SeriesKey(slot, 0, 1, f"cold={slot}") for slot in range(50)]
    named = Piece(tuple(keys), b"")
    one, two = (len(written(*[((named,), [HEALTH])] * times)) for times in (1, 2))
    assert two - one < (one - len(MAGIC)) / 5


def test_few_seconds_are_read_once_and_many_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, unpacked = seconds.unpack, list[Piece]()

    def watched(piece: Piece) -> Counts:
        unpacked.append(piece)
        return read(piece)

    monkeypatch.setattr(seconds, "unpack", watched)
    for most, times in ((10, 1), (9, 3)):  # each second has two counters
        monkeypatch.setattr(seconds, "AT_ONCE", most)
        again = Reread(folder(tmp_path, GOOD))
        assert [[counts.tick.tolist() for counts in again] for _ in range(3)] == [
            [[second * TICKS] for second in range(5)]
        ] * 3
        assert len(unpacked) == 5 * times
        unpacked.clear()


def plain(every: Iterable[Counts]) -> dict[Any, Any]:
    return {
        place: (h.index.tolist(), h.counts.tolist(), h.count, h.total, h.least, h.most)
        for counts in every
        for place, h in counts.histograms()
    }


@pytest.mark.parametrize(("most", "read_again"), [(1 << 20, 0), (100, 1)])
def test_what_was_replayed_is_recalled_without_the_folder_if_it_is_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, read_again: int
) -> None:
    """The counts of the metrics that were asked for, however large they are, over several series."""
    monkeypatch.setattr(seconds, "MOST_KEPT", most)
    monkeypatch.setattr(seconds, "TOGETHER", 2)
    other = KEY._replace(stratum="cold=true")
    huge = Histogram.of(np.repeat([5, 9, 10**13], [70_000, 300, 1]))
    more = {(0, other, Metric.RESPONSE): huge, (0, other, Metric.LAG): Histogram.of(np.array([3]))}
    records = [(pieces(second), [HEALTH]) for second in range(3)]
    path = folder(tmp_path, written(*records, (pack(more), [HEALTH])))
    recalled = Recalled(path, {Metric.RESPONSE})
    replay(path, keep=recalled)
    wanted = plain(counts.only(lambda _, metric: metric == Metric.RESPONSE) for counts in read_counts(path))
    read = Counter[Path]()
    monkeypatch.setattr(seconds, "read_counts", lambda path: read.update([path]) or read_counts(path))
    found = {place: of for place, of in plain(recalled).items() if place[2] == Metric.RESPONSE}
    assert found == wanted and len(wanted) == 4
    assert read[path] == read_again


# what others wrote


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"loadgen.seconds/2\nand more", "another version of loadgen wrote it"),
        (b"{}\n", "loadgen did not write it"),
        (b"\0" * 100, "loadgen did not write it"),
    ],
)
def test_what_is_no_file_of_seconds(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=f"^{FILE}: {why}$"):
        list(read_seconds(folder(tmp_path, content)))


def test_the_seconds_of_an_earlier_loadgen_are_named(tmp_path: Path) -> None:
    (tmp_path / BEFORE).write_text("{}\n")
    with pytest.raises(ValueError, match=f"^an earlier loadgen wrote {BEFORE}; this one reads {FILE}$"):
        list(read_seconds(tmp_path))


def test_a_folder_without_seconds(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        list(read_seconds(tmp_path))
    os.mkfifo(tmp_path / FILE)
    with pytest.raises(OSError, match="not a regular file"):
        list(read_seconds(tmp_path))


def told(series: Any = (), health: Any = ()) -> bytes:
    return json.dumps({"series": series, "health": health}).encode()


HOSTILE = {
    "no JSON": record(b"no json"),
    "no object": record(b"[]"),
    "a number": record(b"5"),
    "nothing in it": record(b"{}"),
    "nesting": record(b"[" * 100_000),
    "no text": record(b""),
    "no UTF-8": record(b"\xff\xfe"),
    "series of three": record(told([[0, 0, 0]])),
    "a negative slot": record(told([[-1, 0, 0, ""]])),
    "a great slot": record(told([[1 << 32, 0, 0, ""]])),
    "a slot of text": record(told([["0", 0, 0, ""]])),
    "an unknown outcome": record(told([[0, 99, 0, ""]])),
    "an outcome that is a list": record(told([[0, [], 0, ""]])),
    "an unknown connection": record(told([[0, 0, -1, ""]])),
    "series that are a number": record(told(5)),
    "health that is a number": record(told([], 5)),
    "counts without series": record(told(), pieces(0)[0].packed),
    "counts that are no stream": record(told([KEY]), b"x"),
    "a text that is no stream": record(b"xxxx", zipped=False),
    "a text that ends": record(zlib.compress(told()) + b"more", zipped=False),
    "no room for a text": struct.pack("<II", 2, zlib.crc32(b"ab")) + b"ab",
    "a text that is longer than its record": struct.pack("<II", 4, zlib.crc32(b"\xff" * 4)) + b"\xff" * 4,
    "a length beyond all": struct.pack("<II", (1 << 32) - 1, 0) + b"x" * 100,
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_record_that_nobody_wrote_is_one_clear_error(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ValueError, match=f"^{FILE}, record 1: not as loadgen writes it$"):
        list(read_seconds(folder(tmp_path, MAGIC + HOSTILE[kind] + record(told()))))


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seconds, "MOST_BYTES", 1 << 16)
    with pytest.raises(ValueError, match="record 1"):
        list(read_seconds(folder(tmp_path, MAGIC + record(b" " * (4 << 16) + told()))))
    assert len(list(read_seconds(folder(tmp_path, MAGIC + record(b" " * (1 << 15) + told()))))) == 1


def test_series_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seconds, "MOST_SERIES", 3)
    content = written(*((pieces(0, SeriesKey(slot, 0, 0, "")), []) for slot in range(5)))
    with pytest.raises(ValueError, match="record 4"):
        list(read_seconds(folder(tmp_path, content)))


def test_figures_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A metric of a series may take less than a byte here, and takes half a kB in memory."""
    monkeypatch.setattr(seconds, "MOST_FIGURES", 500)
    monkeypatch.setattr(seconds, "AT_ONCE", 100)
    one, keys = Histogram.of(np.array([5])), [SeriesKey(slot, 0, 0, "") for slot in range(4)]
    many = {(0, key, metric): one for key in keys for metric in range(256)}
    content = written((pack(many), []))
    assert len(content) < 1000
    with pytest.raises(ValueError, match=f"^{FILE}: it has more than 500 figures$"):
        replay(folder(tmp_path, content))


def test_an_hour_takes_no_more_memory_than_a_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pending, flush = list[int](), Recording.flush

    def watched(self: Recording) -> Any:
        pending.append(len(self.pending))
        return flush(self)

    monkeypatch.setattr(Recording, "flush", watched)
    monkeypatch.setattr(seconds, "AT_ONCE", 180)
    content = written(*((pieces(second), []) for second in range(200)))
    assert replay(folder(tmp_path, content)).total(Metric.RESPONSE).count == 600
    assert max(pending) == 11
