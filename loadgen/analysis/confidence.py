"""The interval of each percentile of a run, from the bins of its phase in the run's folder, or the reason why there
is none. Each cycle of a phase has its own; they are never pooled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from loadgen.analysis.build import Measured
from loadgen.analysis.latency import milliseconds
from loadgen.analysis.per_second import Figure, Tails, tails
from loadgen.exchange import Outcome
from loadgen.record.metrics import CENSORED
from loadgen.result.latency import Interval, Latency
from loadgen.result.reason import Reason
from loadgen.stats import Histogram, fraction
from loadgen.stats.intervals import Interval as Estimate
from loadgen.stats.intervals import NoInterval, interval, limit

Pooled = dict[Figure, tuple[Histogram, Histogram]]  # the ok values and the timeouts


@dataclass(frozen=True, slots=True)
class Confidence:
    """The intervals of a run's figures. `trouble`: why its bins could not be read."""

    measured: Measured
    pooled: Pooled
    bins: Mapping[Figure, Tails]
    trouble: Reason | None

    @classmethod
    def read(cls, measured: Measured, folder: Path | None) -> Confidence:
        """From the counts in the run's folder; None if there is no folder."""
        pooled = _pooled(measured)
        limits = {
            figure: [limit(fraction(name), values, late.count) for name in measured.quantiles]
            for figure, (values, late) in pooled.items()
            if values.count
        }
        bins, trouble = _read(measured, limits, folder)
        return cls(measured, pooled, bins, trouble)

    def of(self, figure: Figure, latency: Latency) -> Latency:
        """The figures of a step's metric in a measured run of a phase, each with its interval or why it has none;
        others as they are."""
        if figure not in self.pooled:
            return latency
        quantiles = enumerate(self.measured.quantiles)
        answers = {name: self._answer(figure, name, number, latency) for number, name in quantiles}
        return replace(
            latency,
            intervals={name: answer for name, answer in answers.items() if isinstance(answer, Interval)},
            no_interval={name: answer for name, answer in answers.items() if isinstance(answer, Reason)},
        )

    def _answer(self, figure: Figure, name: str, number: int, latency: Latency) -> Interval | Reason:
        if latency.quantiles[name] is None:
            return latency.why.get(name) or Reason.of("no_figure")
        values, late = self.pooled[figure]
        bins, phase = self.bins.get(figure), self.measured.plan.runs[figure.run].phase
        if phase.at_once:
            return Reason.of("at_once")
        if self.trouble or bins is None or int(bins.count.sum()) != values.count + late.count:
            return self.trouble or Reason.of("not_in_folder")
        ramp = phase.rate is not None and not phase.rate.steady
        counts = bins.count, bins.beyond[number]
        return in_ms(interval(fraction(name), values, late, *counts, width=bins.width, ramp=ramp))


def in_ms(estimate: Estimate | NoInterval) -> Interval | Reason:
    """An interval, or the reason why there is none, in the form of a result."""
    if isinstance(estimate, NoInterval):
        return estimate.reason
    low = milliseconds(estimate.low)
    assert low is not None
    return Interval(low, milliseconds(estimate.high), estimate.kind, estimate.sees_s, estimate.warning)


def _pooled(m: Measured) -> Pooled:
    """All values of each figure that can have an interval."""
    runs, steps = {run.number for run in m.plan.runs if run.measured}, len(m.plan.steps)
    pooled: Pooled = {}
    for (key, metric), histogram in m.recording.histograms.items():
        run, step = divmod(key.slot, steps)
        if run in runs and metric in CENSORED and key.outcome in (Outcome.OK, Outcome.TIMEOUT):
            for stratum in {"", key.stratum}:
                both = pooled.setdefault(Figure(run, step, metric, stratum), (Histogram(), Histogram()))
                both[key.outcome == Outcome.TIMEOUT].add(histogram)
    return pooled


def _read(
    m: Measured, limits: Mapping[Figure, list[int]], folder: Path | None
) -> tuple[dict[Figure, Tails], Reason | None]:
    """The bins, or the reason why there are none."""
    if folder is None:
        return {}, Reason.of("not_saved")
    try:
        return tails(folder / "intervals.jsonl", m.plan, limits), None
    except (OSError, ValueError) as error:
        return {}, Reason.of("folder_unreadable", error=str(error))
