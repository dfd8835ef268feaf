"""`python -m bench.soak --for 1h`: does loadgen grow, fall behind its schedule, or lose descriptors as time goes by?

nginx on loopback, 1,000 requests a second over 64 connections, evenly spaced. The table goes to stdout, progress to
stderr; the exit status is 1 if a figure is beyond its limit, 2 if the load could not be made.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.processes import GONE, command_line, family, resident, running
from bench.servers import Absent, Nginx, nginx
from bench.table import lined
from bench.tools import Load, Loadgen
from loadgen.clock import MILLISECOND, SECOND, now
from loadgen.errors import ProfileError
from loadgen.profile.units import duration
from loadgen.record.metrics import Metric
from loadgen.record.recording import Recording
from loadgen.record.seconds import read_counts
from loadgen.stats import Histogram, fraction
from loadgen.stats.ticks import TICKS

RATE = 1000
EACH = SECOND  # between two questions to nginx
ENDING = 10 * SECOND  # of the time: a run that ends closes what it has, and a busy machine looks late
LOOKS = 5  # questions for a look at the processes, which takes a lock of theirs for a millisecond
SETTLING = 0.1  # of the time: what is left out at first, and what the drift is told from, at both ends
BEGIN_LIMIT = 60 * SECOND
END_LIMIT = 120.0
OF_HISTOGRAM, OF_SHARES = 16, 96  # bytes of a counter: its place and its count; its ten sums, series and place
GROWTH, DRIFT = 1.0, 1.0  # the limits: MB an hour, ms
PIECES = 0.5  # MB that lie free between what is kept, sooner or later: less than that is no slope
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
SHORTEST = 5 * MINUTE


@dataclass(frozen=True, slots=True)
class Process:
    """What one has at an instant: KiB of memory, descriptors, threads."""

    memory: int
    descriptors: int
    threads: int

    @classmethod
    def look(cls, pid: int) -> Process:
        """Raises FileNotFoundError or ProcessLookupError if it has ended."""
        place = Path(f"/proc/{pid}")
        return cls(resident(pid), len(os.listdir(place / "fd")), len(os.listdir(place / "task")))  # noqa: PTH208


@dataclass(frozen=True, slots=True)
class Sample:
    """What was to be seen at `at`, in ns; `served` is nginx's own count of requests. The processes may have been seen
    a few seconds before."""

    at: int
    served: int
    worker: Process
    parent: Process


@dataclass(frozen=True, slots=True)
class Row:
    """A figure in words, its limit, and whether it is within that."""

    name: str
    value: str
    limit: str
    held: bool


def main() -> int:
    asked = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # leave no temporary folder behind
    try:
        with tempfile.TemporaryDirectory(prefix="loadgen-soak-") as folder:
            rows = soak(Path(folder), asked.lasts, asked.rate)
    except (Absent, RuntimeError) as error:
        print(f"soak: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    print(lined(("", "", "limit", "held"), [(r.name, r.value, r.limit, "yes" if r.held else "**no**") for r in rows]))
    return 0 if all(row.held for row in rows) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--for", dest="lasts", type=_lasts, default=HOUR, metavar="TIME", help="1h (default), 10m, …")
    parser.add_argument("--rate", type=int, default=RATE, help="requests a second (default: 1000)")
    return parser.parse_args()


def _lasts(text: str) -> int:
    try:
        lasts = duration(text)
    except (ProfileError, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if lasts < SHORTEST:
        raise argparse.ArgumentTypeError("five minutes at the least: less shows nothing")
    return lasts


def soak(folder: Path, lasts: int, rate: int) -> list[Row]:
    """Load for `lasts` ns, looking on; the figures. Raises Absent, or RuntimeError if the load was not made."""
    cores = sorted(os.sched_getaffinity(0))
    with nginx(folder, cores[0]) as server:
        load = Load(server.http, server.ca, lasts // SECOND, rate=rate)
        before = server.served()[0]
        with running(Loadgen().command(load, folder), cores, folder) as process:
            planned = before + rate * ((lasts - ENDING) // SECOND)
            samples = [sample for sample in _samples(process, server, lasts) if sample.served < planned]
            try:
                process.wait(END_LIMIT)
            except subprocess.TimeoutExpired:
                raise RuntimeError("loadgen did not come to its end") from None
        served = server.served()[0] - before
        result = _result(folder)
    if not samples or samples[-1].at - samples[0].at < lasts * 3 // 4:
        raise RuntimeError(f"the load was seen for too short a time; loadgen exited with status {process.returncode}")
    run = folder / "run"
    return [*figures(samples, rate, counters(run)), _lag(run, lasts // SECOND), *_sums(result, served)]


def _result(folder: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder / "out").read_text())
        return found
    except ValueError:
        raise RuntimeError(f"loadgen said nothing: {(folder / 'err').read_text()[-500:]}") from None


def _samples(process: subprocess.Popen[bytes], server: Nginx, lasts: int) -> Iterator[Sample]:
    """From when the load has begun until shortly before its end."""
    limit, worker = now() + BEGIN_LIMIT, 0
    begun = server.served()[0] + RATE
    while not worker or server.served()[0] < begun:
        if now() > limit or process.poll() is not None:
            raise RuntimeError(f"loadgen made no load; it ended with status {process.poll()}")
        worker = next((pid for pid in family(process.pid) if Loadgen.worker in command_line(pid)), 0)
        time.sleep(0.05)
    start = now()
    for number in range((lasts - ENDING) // EACH):
        time.sleep(max(0, start + number * EACH - now()) / SECOND)
        with suppress(*GONE):
            served, at = server.served()[0], now()
            if number % LOOKS == 0:
                seen = Process.look(worker), Process.look(process.pid)
            yield Sample(at, served, *seen)
        if number * EACH % MINUTE == 0:
            print(f"{number * EACH // SECOND:6} s of {lasts // SECOND}", file=sys.stderr, flush=True)


def counters(run: Path) -> list[float]:
    """What the parent's counters weigh after each second, in KiB: those of the histograms, and of whose the time was.
    Values that were never seen before take a new one, which happens ever less often, and ends with all there are."""
    recording, weights = Recording(), list[float]()
    for counts in read_counts(run):
        for place, histogram in counts.histograms():
            recording.add(*place, histogram)
        recording.flush()
        known = {place: len(histogram.index) for place, histogram in recording.histograms.items()}
        wholes = sum(number for (_, metric), number in known.items() if metric == Metric.RESPONSE)
        weights.append((sum(known.values()) * OF_HISTOGRAM + wholes * OF_SHARES) / 1024)
    return weights


def figures(samples: Sequence[Sample], rate: int, weights: Sequence[float] = ()) -> list[Row]:
    """What the samples show, but for those of the first tenth of the time. `weights`: see `counters`."""
    kept = samples[int(len(samples) * SETTLING) :]
    rows = [_memory("worker", [(sample.at, sample.worker.memory) for sample in kept])]
    rows.append(_memory("parent", [(sample.at, sample.parent.memory) for sample in kept]))
    if weights:
        start, last = samples[0].at, len(weights) - 1
        rest = [(s.at, s.parent.memory - weights[min((s.at - start) // SECOND, last)]) for s in kept]
        rows[-1] = replace(rows[-1], limit="none", held=True)  # of which the counters are a part
        rows.append(_memory("parent, without its counters", rest))
    # at worst a request counts late, and its count is heard late: the least of many is the schedule's own
    late = [sample.at - sample.served * SECOND // rate for sample in kept]
    rows.append(_drift("schedule, by nginx's count", late, min))
    for name, of in (("worker", _worker), ("parent", _parent)):
        rows.append(_constant(f"descriptors, {name}", [of(sample).descriptors for sample in kept]))
        rows.append(_constant(f"threads, {name}", [of(sample).threads for sample in kept]))
    return rows


def _memory(name: str, points: Sequence[tuple[int, float]]) -> Row:
    memory = floors(points)
    growth = slope([(at / HOUR, kib / 1024) for at, kib in memory])
    first, middle, last = (memory[at][1] / 1024 for at in (0, len(memory) // 2, -1))
    told = f"{growth:+.2f} MB/h ({first:.1f}, in the middle {middle:.1f}, then {last:.1f} MB)"
    limit = max(GROWTH, PIECES / ((points[-1][0] - points[0][0]) / HOUR))  # a short soak cannot tell as small a leak
    return Row(f"memory, {name}", told, f"< {limit:.1f} MB/h", growth < limit)


def _worker(sample: Sample) -> Process:
    return sample.worker


def _parent(sample: Sample) -> Process:
    return sample.parent


def floors(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """The least of each minute: what a second's work takes and gives back is no growth."""
    minutes: dict[int, tuple[int, float]] = {}
    for at, value in points:
        minute = (at - points[0][0]) // MINUTE
        minutes[minute] = min(minutes.get(minute, (at, value)), (at, value), key=lambda point: point[1])
    return list(minutes.values())


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the line that fits best, by least squares."""
    xs, ys = zip(*points, strict=True)
    return statistics.linear_regression(xs, ys).slope


def _drift(name: str, late: Sequence[int], typical: Callable[[Sequence[int]], float]) -> Row:
    """From the typical lateness of the first tenth of the time to that of the last, ns."""
    some = max(1, int(len(late) * SETTLING))
    drift = (typical(late[-some:]) - typical(late[:some])) / MILLISECOND
    return Row(name, f"{drift:+.3f} ms", f"< {DRIFT:g} ms", abs(drift) < DRIFT)


def _constant(name: str, values: Sequence[int]) -> Row:
    """At the end as many as at the beginning: what opens and closes meanwhile is no leak."""
    some = max(1, int(len(values) * SETTLING))
    first, last = (statistics.median_low(part) for part in (values[:some], values[-some:]))
    between = f" (meanwhile {min(values)} to {max(values)})" if min(values) < max(values) else ""
    return Row(name, f"{first}, then {last}{between}", "no more", last <= first)


def _lag(run: Path, seconds: int) -> Row:
    """How late requests left, at the median of each second, by when they were due."""
    by_second: dict[int, Histogram] = {}
    for counts in read_counts(run):
        for (tick, _, _), histogram in counts.only(lambda key, metric: metric == Metric.LAG).histograms():
            second = tick // TICKS
            by_second.setdefault(second, Histogram()).add(histogram)
    kept = range(int(seconds * SETTLING), seconds)
    medians = [by_second[second].quantile(fraction("p50")) or 0 for second in kept if second in by_second]
    return _drift("lag p50, by loadgen's own", medians, statistics.median)


def _sums(result: dict[str, Any], served: int) -> list[Row]:
    """Whether all that was planned was sent and answered, and what loadgen says of itself."""
    variant = result["variants"][0]
    phase = next(phase for phase in variant["phases"] if phase["name"] == "load")
    planned, answered = phase["iterations"]["planned"], phase["requests"]["outcomes"].get("ok", 0)
    sent, connections = variant["requests"]["on_wire"], variant["connections"]
    return [
        Row("requests", f"{planned:,} planned, {answered:,} answered", "all", planned == answered),
        Row("on the wire", f"{sent:,}, nginx served {served:,}", "the same", sent == served),
        Row("connections", ", ".join(f"{n} {kind}" for kind, n in connections.items() if n), "none", True),
        Row("verdict", result["trust"]["verdict"], "none", True),
    ]


if __name__ == "__main__":
    sys.exit(main())
