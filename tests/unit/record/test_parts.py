"""`record.parts`: the file of the parts of times, and what is none."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from loadgen.record.parts import FILE, MAGIC, Parts, packed_parts, read_parts
from loadgen.record.recorder import SeriesKey
from loadgen.record.share import Part, Shares
from loadgen.record.traffic import Count, Traffic

KEY = SeriesKey(3, 0, 1, "cold=true")


def shares(*counters: int) -> Shares:
    sums = np.arange(1, 1 + len(counters) * len(Part), dtype=np.int64).reshape(len(counters), len(Part))
    sums[:, Part.WAIT_DELAY] = -5
    return Shares(np.array(counters, np.int64), sums)


def traffic() -> Traffic:
    made = Traffic()
    made.add(np.array([[0, 3, 2], [7, 1, 1]]))
    return made


def test_what_is_written_is_read(tmp_path: Path) -> None:
    parts = Parts({KEY: shares(2, 9), SeriesKey(0, 3, 0, ""): shares()}, traffic(), {Part.BUILD: "build"})
    (tmp_path / FILE).write_bytes(packed_parts(parts))
    read = read_parts(tmp_path)
    assert read
    assert read.asked == {Part.BUILD: "build"}
    assert read.traffic.width == parts.traffic.width
    assert (read.traffic.counts == parts.traffic.counts).all()
    assert list(read.shares) == list(parts.shares)
    assert (read.shares[KEY].index == [2, 9]).all()
    assert (read.shares[KEY].sums == parts.shares[KEY].sums).all()


def test_without_the_file_there_are_none(tmp_path: Path) -> None:
    assert read_parts(tmp_path) is None


def made(told: object, numbers: list[int]) -> bytes:
    text = json.dumps(told).encode()
    return MAGIC + zlib.compress(struct.pack("<I", len(text)) + text + np.array(numbers, "<i8").tobytes())


NONE = {"series": [], "traffic": [1, 0], "asked": {}}
ONE = {**NONE, "series": [[0, 0, 0, "", 1]]}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"loadgen.parts/2\n",
        MAGIC + b"nonsense",
        made([], []),
        made({}, []),
        made({**NONE, "series": [[0, 99, 0, "", 0]]}, []),
        made({**NONE, "series": [[0, 0, 0, "", -1]]}, []),
        made({**NONE, "series": [[0, 0, 0, "", 1.0]]}, []),
        made({**NONE, "asked": {"NOTHING": "x"}}, []),
        made({**NONE, "traffic": [3, 0]}, []),
        made({**NONE, "traffic": [1, 1 << 40]}, []),
        made({**NONE, "traffic": [1, 1]}, [-1] * len(Count)),
        made(NONE, [1]),
        made(ONE, [1] * len(Part)),
        made(ONE, [1 << 40, *[1] * len(Part)]),
        made(ONE, [1, 0, *[1] * (len(Part) - 1)]),
        made(ONE, [1, 1 << 61, *[1] * (len(Part) - 1)]),
    ],
)
def test_what_loadgen_did_not_write_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(ValueError, match="not as loadgen writes it"):
        read_parts(tmp_path)


def test_a_machine_that_sent_nothing_has_one_too(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(packed_parts(Parts()))
    read = read_parts(tmp_path)
    assert read
    assert not read.shares
    assert not read.traffic.counts.size
