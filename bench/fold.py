"""`python -m bench.fold`: what it costs to add up the instants of a request and to write the counts, in CPU us.

Ten seconds at 20,000 requests a second, without a load. The instants of a second are folded into counts and these are
packed, as the aggregator does it. They are merged into the recording and stored, as the parent does it. The
median of the seconds is told. Two loads: one series of requests on kept connections; forty series, with a tenth of the
requests on new connections.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

from bench.table import lined
from loadgen.clock import SECOND, cpu
from loadgen.fleet.folder import Folder
from loadgen.record.metrics import WIDTH, Instants
from loadgen.record.recorder import ROWS, Batch, SeriesKey, Timing
from loadgen.record.recording import Recording
from loadgen.stats import Integers
from loadgen.store import RunFolder

RATE, SECONDS = 20_000, 10
STEPS = ("fold", "pack", "merge", "store")
LOADS = {"one series": (1, 0.0), "forty series": (40, 0.1)}


def main() -> int:
    rows = [[name, *(f"{value:.2f}" for value in cost(*load))] for name, load in LOADS.items()]
    print(lined(("CPU us per request", *STEPS, "sum"), rows))
    return 0


def cost(series: int, new: float) -> list[float]:
    """The median of each step, and their sum."""
    random, recording, folder = np.random.default_rng(1), Recording(), Folder()
    for number in range(series):
        folder.name(0, number, SeriesKey(number, 0, 1, ""), Timing(SECOND // RATE, 0, SECONDS * SECOND))
    with tempfile.TemporaryDirectory() as place:
        run = RunFolder(Path(place) / "run", print)
        run.begin({}, {})
        seconds = [_second(recording, folder, run, instants(random, n, series, new)) for n in range(SECONDS)]
        run.close()
    medians = [statistics.median(second) * 1e-3 / RATE for second in zip(*seconds, strict=True)]
    return [*medians, sum(medians)]


def _second(recording: Recording, folder: Folder, run: RunFolder, rows: Integers) -> list[int]:
    """The CPU time of each step, in ns."""
    batches = [Batch(rows[at : at + ROWS].tobytes(), ()) for at in range(0, len(rows), ROWS)]
    began = cpu()
    for batch in batches:
        folder.add(0, batch)
    counts = folder.take()
    folded = cpu()
    counts.pieces = counts.packed()
    packed = cpu()
    recording.merge(counts)
    pieces = recording.packed()
    recording.flush()
    merged = cpu()
    run.second(pieces, [])
    return [folded - began, packed - folded, merged - packed, cpu() - merged]


def instants(random: np.random.Generator, second: int, series: int, new: float, rate: int = RATE) -> Integers:
    """A second of requests, as a recorder packs them."""
    due = second * SECOND + np.arange(1, rate + 1) * (SECOND // rate)
    lag, service, delay = (random.lognormal(np.log(of), 0.6, rate).astype(np.int64) for of in (30e3, 90e3, 12e3))
    released = due + lag
    signed = released + random.integers(1500, 4000, rate)
    started = signed + random.integers(300, 900, rate)
    connected = np.where(random.random(rate) < new, started + 30_000, 0)
    done = started + service + delay
    rows = np.full((rate, WIDTH), -1, np.int64)
    columns = {
        "series": random.integers(0, series, rate), "due": due, "released": released, "signed": signed,
        "started": started, "connected": connected, "sent": started + 1000, "received": done - delay, "done": done,
    }  # fmt: skip
    for name, column in columns.items():
        rows[:, Instants._fields.index(name)] = column
    return rows


if __name__ == "__main__":
    sys.exit(main())
