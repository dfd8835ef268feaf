"""What a saved run tells of its target: its counts by step, phase and stratum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from loadgen.analysis.documents import document
from loadgen.engine.plan import PhaseRun, Plan
from loadgen.errors import InvalidRun, ProfileError
from loadgen.exchange import REUSED, Outcome
from loadgen.experiment.saved import AnyResult
from loadgen.record.metrics import Metric
from loadgen.record.recording import Recording
from loadgen.record.seconds import read_counts, replay
from loadgen.result.cold import cold_of
from loadgen.result.run import RunResult
from loadgen.stats import Histogram
from loadgen.stats.ticks import TICKS

STAMPED = 0.99  # of the answers have a stamp of the kernel: from here on the target's own time is used


class Entry(NamedTuple):
    """The values of a metric that belong together. `cold` is None where the answers do not tell."""

    run: PhaseRun
    step: int
    outcome: int
    connection: int
    cold: bool | None
    metric: int
    values: Histogram


@dataclass(frozen=True)
class Counts:
    """The counts of a load, of a run or of its twin."""

    plan: Plan
    recording: Recording

    @cached_property
    def entries(self) -> list[Entry]:
        return [*self._entries()]

    def _entries(self) -> Iterator[Entry]:
        for (key, metric), values in self.recording.histograms.items():
            run, step = self.plan.all_runs[key.slot // len(self.plan.steps)], key.slot % len(self.plan.steps)
            yield Entry(run, step, key.outcome, key.connection, cold_of(key.stratum), metric, values)

    def together(self, metric: int, where: Callable[[Entry], bool]) -> Histogram:
        """The values of a metric in all entries of which that holds."""
        return Histogram.together(of.values for of in self.entries if of.metric == metric and where(of))

    def outcomes(self, where: Callable[[Entry], bool] = lambda of: True) -> Counter[Outcome]:
        """How many measured exchanges came to each outcome: each exchange has one `sign`."""
        found: Counter[Outcome] = Counter()
        for of in self.entries:
            if of.metric == Metric.SIGN and of.run.measured and where(of):
                found[Outcome(of.outcome)] += of.values.count
        return found

    @cached_property
    def metric(self) -> Metric:
        """What a request took by itself: the target's time where the client tells it, else its service."""
        service = self.together(Metric.SERVICE, is_ok).count
        return Metric.TARGET if self.together(Metric.TARGET, is_ok).count >= STAMPED * service else Metric.SERVICE


def is_ok(of: Entry) -> bool:
    return of.outcome == Outcome.OK


def is_new(of: Entry) -> bool:
    return of.connection != REUSED


@dataclass(frozen=True)
class Observed:
    """A saved run: its result, its profile as it was written, and its counts."""

    folder: Path
    result: RunResult
    written: dict[str, Any]
    counts: Counts

    def by_second(self, outcomes: Callable[[int], bool]) -> Counter[int]:
        """How many exchanges with such an outcome were due in each second of the run."""
        found: Counter[int] = Counter()
        for counts in read_counts(self.folder):
            for (tick, key, metric), values in counts.histograms():
                if metric == Metric.SIGN and outcomes(key.outcome):
                    found[tick // TICKS] += values.count
        return found


def observed(folder: Path, result: AnyResult, accept_invalid: bool = False) -> Observed:
    """The saved run. Raises ProfileError for what is no whole run, or has no successful answers; InvalidRun for an
    INVALID one, unless its user accepts that."""
    if not isinstance(result, RunResult):
        remedy = (
            "Name one of the runs in it: rounds/01/VARIANT of an experiment, steps/01 of a capacity, visits/001 of tune"
        )
        raise ProfileError("is made of several runs, and is no run", file=str(folder), remedy=remedy)
    if not result.complete:
        remedy = "Run it again, to its end"
        raise ProfileError("died before its end: its counts may lack what came last", file=str(folder), remedy=remedy)
    if result.trust.verdict == "INVALID" and not accept_invalid:
        raise InvalidRun(f"{folder}: INVALID; `loadgen report` says why. To fit it all the same: --accept-invalid")
    about = document(folder / "run.json")
    plan = Plan.from_description(about["plan"])
    counts = Counts(plan, replay(folder))
    if not counts.together(Metric.SERVICE, lambda of: is_ok(of) and of.run.measured).count:
        raise ProfileError("has no successful answers", file=str(folder), remedy="`loadgen report` says what failed")
    return Observed(folder, result, document(folder / "profile.json"), counts)
