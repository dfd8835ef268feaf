"""The seconds of a run as an earlier loadgen wrote them, as lines of JSON, made into those of now."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from loadgen.record.packed import pack
from loadgen.record.recorder import Place, SeriesKey
from loadgen.record.seconds import BEFORE, FILE, SecondsWriter
from loadgen.stats import Histogram
from loadgen.stats.ticks import TICKS


def convert(folder: Path) -> None:
    """Put the file of now into the place of the earlier one."""
    series: dict[str, SeriesKey] = {}
    writer = SecondsWriter((folder / FILE).open("wb"))
    writer.begin()
    for line in (folder / BEFORE).read_text().splitlines(keepends=True):
        if not line.endswith("\n"):  # it was cut off
            break
        told = json.loads(line)
        series |= {number: SeriesKey(*key) for number, key in told["series"].items()}
        writer.add(pack(_counts(told["deltas"], series)), told["health"])
    writer.close()
    (folder / BEFORE).unlink()


def _counts(deltas: list[Any], series: dict[str, SeriesKey]) -> dict[Place, Histogram]:
    counts: dict[Place, Histogram] = {}
    for second, number, metric, count, total, least, most, bins in deltas:
        index, each = np.array(bins, np.int64).reshape(-1, 2).T
        place = round(second * TICKS), series[str(number)], metric
        counts.setdefault(place, Histogram()).add(Histogram(index, each, count, total, least, most))
    return counts
