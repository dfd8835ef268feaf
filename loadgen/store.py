"""KEEP: the run folder. What is there each second survives whatever dies; `result.json` is written whole at the end.

profile.json      the resolved profile, without the values that came from the environment
run.json          seed, versions, host, when
worker-N.counters the ledgers, mapped by the workers while they run
intervals.jsonl   a line a second: sparse counts by second of due, or by a part of it, and the generator's health
latency.hlog      response and service of ok exchanges, for HdrHistogram tools
result.json       the result; its absence means the run is INCOMPLETE
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from loadgen.clock import wall
from loadgen.errors import ProfileError
from loadgen.exchange import CONNECTION_LABELS, Outcome
from loadgen.files import Scratch, open_regular, taken
from loadgen.record.hlog import Encoder, header, log_line
from loadgen.record.ledger import open_with_room
from loadgen.record.metrics import HEADLINES, Metric
from loadgen.record.recorder import SeriesKey
from loadgen.record.recording import Place, Recording
from loadgen.result.codec import map_text
from loadgen.result.reason import Reason
from loadgen.stats import Histogram
from loadgen.stats.ticks import TICKS

LINE_LIMIT = 64 << 20  # bytes of a line that a reader takes

Wanted = Callable[[SeriesKey, int], bool]  # a series and a metric


class RunFolder:
    """Writes a run's files. A disk that is full or read-only is told once, to `warn`, and the run goes on without; but
    if the folder is `needed`, because somebody named it, what is known before the load has to be written."""

    def __init__(
        self,
        path: Path,
        warn: Callable[[Reason], None],
        needed: bool = False,
        hide: Callable[[str], str] = str,
    ) -> None:
        """`hide` takes secrets out of the profile, and out of what captured values have named. Raises ProfileError for
        a folder that is there, and for one that is needed and cannot be made."""
        self.path, self._warn, self._needed, self._hide = path, warn, needed, hide
        self._series: dict[SeriesKey, int] = {}
        self._intervals: TextIO | None = None
        self._hlog: TextIO | None = None
        self._encoder = Encoder()
        self._elsewhere: Scratch | None = None
        self._made, self.usable = False, True
        self._before("cannot be made", self._make)

    def _make(self) -> None:
        self.path.mkdir(mode=0o700, parents=True)  # the profile may hold what is nobody else's business
        self._made = True

    def make_room(self, worker: int, size: int) -> Path:
        """The file for a worker's ledger, its space taken; elsewhere if the folder takes nothing. Raises ProfileError
        if the folder is needed."""
        path = self.path / f"worker-{worker}.counters"
        if self.usable:
            self._before("has no room", lambda: os.close(open_with_room(path, size)))
        if self.usable:
            return path
        self._elsewhere = self._elsewhere or Scratch("loadgen-")
        return self._elsewhere.file(path.name, bytes(size))

    def inner(self, name: str) -> RunFolder:
        """A folder in this one. If this one is of no use, that has been told already."""
        warn = self._warn if self.usable else lambda told: None
        return RunFolder(self.path / name, warn, self._needed, self._hide)

    def begin(self, profile: dict[str, Any], about: dict[str, Any]) -> None:
        """Write what is known before the load. Raises ProfileError if the folder is needed and does not take it."""

        def write() -> None:
            self._write_about(profile, about)
            self._intervals = _new(self.path / "intervals.jsonl")
            self._hlog = _new(self.path / "latency.hlog")
            self._hlog.write(header(wall()))
            self._hlog.flush()

        if self.usable:
            self._before("cannot be written", write)

    def _write_about(self, profile: dict[str, Any], about: dict[str, Any]) -> None:
        for name, known in (("profile.json", map_text(profile, self._hide)), ("run.json", about)):
            with _new(self.path / name) as file:
                file.write(json.dumps(known, indent=2) + "\n")

    def amend(self, about: dict[str, Any]) -> None:
        """Write what is known again, as it has become another."""
        if self.usable:
            self._try("cannot be written", lambda: _write_whole(self.path / "run.json", about))

    def interval(self, taken: dict[Place, Histogram], health: list[Any], tag: Callable[[int], str]) -> None:
        """Append what came in since the last call. `tag` names a slot in the .hlog."""
        if self.usable and self._intervals:
            self._try("cannot be written", lambda: self._append(taken, health, tag))

    def finish(self, result: dict[str, Any]) -> bool:
        """Write the result, whole or not at all; returns whether it is there."""
        if self.usable:
            self._try("cannot be written", lambda: _write_whole(self.path / "result.json", result))
        self.close()
        return self.usable

    def close(self) -> None:
        for file in (self._intervals, self._hlog):
            if file:
                self._try("cannot be closed", file.close)
        self._intervals = self._hlog = None
        if self._elsewhere:
            self._elsewhere.close()
            self._elsewhere = None

    def _append(self, taken: dict[Place, Histogram], health: list[Any], tag: Callable[[int], str]) -> None:
        new: dict[int, SeriesKey] = {}
        deltas = []
        for (tick, key, metric), h in taken.items():
            number = self._series.get(key)
            if number is None:
                number = self._series[key] = len(self._series)
                new[number] = key
            bins = h.written[0] if h.written else _bins(h)
            deltas.append(f"[{tick / TICKS:.15g},{number},{metric},{h.count},{h.total},{h.least},{h.most},{bins}]")
        series = {str(number): [*key[:-1], self._hide(key.stratum)] for number, key in new.items()}
        assert self._intervals and self._hlog
        parts = {"series": _compact(series), "deltas": f"[{','.join(deltas)}]", "health": _compact(health)}
        self._intervals.write("{" + ",".join(f'"{name}":{text}' for name, text in parts.items()) + "}\n")
        self._intervals.flush()
        for (second, key, metric), of in sorted(_by_second(taken).items(), key=lambda item: item[0]):
            name = f"{tag(key.slot)}.{key.stratum or 'all'}.{Metric(metric).word}"
            encoded = _encoded(of) or self._encoder.encode(Histogram.together(of))
            self._hlog.write(log_line(self._hide(name), second, max(h.most for h in of), encoded))
        self._hlog.flush()

    def _before(self, what: str, work: Callable[[], object]) -> None:
        """Work before the load."""
        self._try(what, work, self._refuse if self._needed else self._give_up)

    def _try(self, what: str, work: Callable[[], object], failed: Callable[[str], None] | None = None) -> None:
        try:
            work()
        except FileExistsError as error:
            problem = f"{error.filename} {taken(error)}"
            raise ProfileError(problem, remedy="Name another folder with --out") from None
        except OSError as error:
            (failed or self._give_up)(f"{what}: {error.strerror}")

    def _refuse(self, why: str) -> None:
        self.close()
        if self._made:
            shutil.rmtree(self.path, ignore_errors=True)
        raise ProfileError(why, file=str(self.path), remedy="Name a folder elsewhere with --out")

    def _give_up(self, why: str) -> None:
        if self.usable:
            self._warn(Reason.of("folder_unusable", folder=str(self.path), why=why))
        self.usable = False


def write_ahead(taken: Mapping[Place, Histogram], encoder: Encoder) -> None:
    """Make the text that intervals.jsonl and latency.hlog will have of these histograms. That takes most of the time of
    writing them, and so whoever counts does it."""
    for histogram in taken.values():
        histogram.written = (_bins(histogram), "")
    for first, *others in _by_second(taken).values():
        assert first.written
        first.written = (first.written[0], encoder.encode(Histogram.together((first, *others))))


def _bins(h: Histogram) -> str:
    return _compact(np.stack((h.index, h.counts), axis=1).ravel().tolist())


def _encoded(of_second: Sequence[Histogram]) -> str:
    """The text of their sum that was made ahead; none if any of them came later."""
    texts = [histogram.written[1] for histogram in of_second if histogram.written]
    return "".join(texts) if len(texts) == len(of_second) and sum(map(bool, texts)) == 1 else ""


def _by_second(taken: Mapping[Place, Histogram]) -> dict[Place, list[Histogram]]:
    """What latency.hlog has, by second, series and metric."""
    of_second: dict[Place, list[Histogram]] = {}
    for (tick, key, metric), histogram in taken.items():
        if key.outcome == Outcome.OK and metric in HEADLINES:
            of_second.setdefault((tick // TICKS, key, metric), []).append(histogram)
    return of_second


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


class ExperimentFolder(RunFolder):
    """The folder of an experiment: what is said before and after; its runs have folders of their own below it."""

    def begin(self, profile: dict[str, Any], about: dict[str, Any]) -> None:
        if self.usable:
            self._before("cannot be written", lambda: self._write_about(profile, about))


def _write_whole(path: Path, value: dict[str, Any]) -> None:
    temporary = path.with_name(f".{path.name}")
    file = _new(temporary)
    try:
        with file:
            json.dump(value, file, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise


def _new(path: Path) -> TextIO:
    """A file that is made here and nobody else may read; never one that somebody else has put there, or a link."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w", encoding="utf-8")


def read_intervals(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of an intervals file; a last one that was cut off is left out. Raises ValueError for what is no JSON
    object, and for a line that is too long, OSError for what is no regular file.
    """
    with open_regular(path) as file:
        for number in count(1):
            line = file.readline(LINE_LIMIT)
            if not line.endswith(b"\n") and len(line) < LINE_LIMIT:
                return
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                value = None
            if not isinstance(value, dict):
                raise ValueError(f"{path.name}, line {number}: not an interval")
            yield value


def read_counts(path: Path, wanted: Wanted = lambda key, metric: True) -> Iterator[dict[Place, Histogram]]:
    """The counts of an intervals file, line by line, of the wanted series and metrics. Raises ValueError for what
    `RunFolder` did not write.
    """
    return (counts for counts, _ in read_lines(path, wanted))


def read_lines(path: Path, wanted: Wanted) -> Iterator[tuple[dict[Place, Histogram], list[dict[str, Any]]]]:
    """The same with the samples of the generator's health that each line holds."""
    series: dict[str, SeriesKey] = {}
    for number, line in enumerate(read_intervals(path), 1):
        counts: dict[Place, Histogram] = {}
        try:
            series |= {name: _series_key(*key) for name, key in line["series"].items()}
            for second, name, metric, *histogram in line["deltas"]:
                tick = _tick(second)
                if _natural(metric) and wanted(key := series[str(name)], metric):
                    counts.setdefault((tick, key, metric), Histogram()).add(_histogram(*histogram))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise ValueError(f"{path.name}, line {number}: not an interval") from None
        yield counts, line.get("health", [])


def replay(path: Path) -> Recording:
    """The recording that an intervals file amounts to. Raises ValueError for what `RunFolder` did not write."""
    recording = Recording()
    for counts in read_counts(path):
        for place, histogram in counts.items():
            recording.add(*place, histogram)
        recording.flush()  # so that an hour takes no more memory than a second
    return recording


def _series_key(slot: Any, outcome: Any, connection: Any, stratum: Any) -> SeriesKey:
    if not (_natural(slot) and outcome in range(len(Outcome)) and connection in range(len(CONNECTION_LABELS))):
        raise ValueError("not a series")
    return SeriesKey(slot, outcome, connection, str(stratum))


def _histogram(count: Any, total: Any, least: Any, most: Any, bins: Any) -> Histogram:
    return Histogram.from_bins(bins, count, total, least, most)


def _tick(second: Any) -> int:
    """An earlier loadgen counted by whole seconds."""
    whole = int(second * TICKS) if type(second) is float and (second * TICKS).is_integer() else second * TICKS
    return whole if _natural(whole) else 0


def _natural(value: Any) -> bool:
    if type(value) is not int or not 0 <= value < 1 << 32:
        raise ValueError("not a number of something")
    return True


def latest(runs: Path) -> Path | None:
    """The newest run folder below `runs`, of those that may be looked into."""
    return next(iter(newest_first(runs)), None) if runs.is_dir() else None


def newest_first(runs: Path) -> list[Path]:
    """The run folders below `runs` that may be looked into. Raises OSError if it cannot be read."""
    began = {path: at for path in runs.iterdir() if (at := _began(path)) is not None}
    return sorted(began, key=lambda path: (began[path], path.name), reverse=True)


def _began(run: Path) -> float | None:
    """When the run of a folder began, in seconds; None for what is no run's folder, or somebody else's own."""
    try:
        status = (run / "run.json").stat()
    except OSError:
        return None
    return status.st_mtime if stat.S_ISREG(status.st_mode) else None


__all__ = [
    "RunFolder",
    "latest",
    "newest_first",
    "read_counts",
    "read_intervals",
    "read_lines",
    "replay",
    "write_ahead",
]
