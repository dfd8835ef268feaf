"""The interval of each percentile of a run, from the bins of its phase in the run's folder, or the reason why there
is none. Each cycle of a phase has its own; they are never pooled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from loadgen.analysis.build import Measured
from loadgen.analysis.latency import milliseconds
from loadgen.analysis.per_second import Beyond, Figure, Tails, gather
from loadgen.clock import MILLISECOND
from loadgen.exchange import Outcome
from loadgen.record.metrics import CENSORED, Metric
from loadgen.record.packed import Counts
from loadgen.result.latency import Interval, Latency
from loadgen.result.reason import Reason
from loadgen.result.settling import Growth, Settling
from loadgen.stats import Histogram, fraction
from loadgen.stats.intervals import Interval as Estimate
from loadgen.stats.intervals import NoInterval, interval, limit
from loadgen.stats.settling import Growth as Grew
from loadgen.stats.settling import settled, settling

UNKNOWN = Settling("not known", None, None, None)

Pooled = dict[Figure, tuple[Histogram, Histogram]]  # the ok values and the timeouts


@dataclass(frozen=True, slots=True)
class Confidence:
    """The intervals of a run's figures. `trouble`: why its bins could not be read."""

    measured: Measured
    pooled: Pooled
    bins: Mapping[Figure, Tails]
    trouble: Reason | None
    settling: Mapping[int, Settling]  # by the number of a run

    @classmethod
    def read(cls, measured: Measured, seconds: Iterable[Counts] | None) -> Confidence:
        """From the counts in the run's folder; None if there is no folder."""
        pooled = _pooled(measured)
        limits = {
            figure: [limit(fraction(name), values, late.count) for name in measured.quantiles]
            for figure, (values, late) in pooled.items()
            if values.count
        }
        bins, trouble = _read(measured, limits, seconds)
        return cls(measured, pooled, bins, trouble, dict(_settling(measured, pooled, bins)))

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
        ramp, of = phase.rate is not None and not phase.rate.steady, self.settling.get(figure.run)
        counts, settled = (bins.count, bins.beyond[number]), of is None or of.settled != "no"
        return in_ms(interval(fraction(name), values, late, *counts, width=bins.width, ramp=ramp, settled=settled))


def _settling(m: Measured, pooled: Pooled, bins: Mapping[Figure, Tails]) -> Iterator[tuple[int, Settling]]:
    """Of each measured run of a phase with a steady rate, over all its steps. A run that was stopped may have ended in
    it."""
    for run in m.plan.runs:
        rate, figures = run.phase.rate, [Figure(run.number, step, Metric.RESPONSE) for step in range(len(m.plan.steps))]
        if run.measured and rate and rate.steady:
            known = {figure: bins.get(figure) for figure in figures if figure in pooled}
            whole = (
                m.stopped is None
                and known
                and all(
                    of is not None and of.count.sum() == sum(histogram.count for histogram in pooled[figure])
                    for figure, of in known.items()
                )
            )
            yield run.number, _settled([of for of in known.values() if of]) if whole else UNKNOWN


def _settled(steps: list[Tails]) -> Settling:
    counts, totals = sum(of.count for of in steps), sum(of.total for of in steps if of.total is not None)
    answered = sum(of.answered or 0 for of in steps) / int(np.sum(counts)) if all(of.answered for of in steps) else None
    of = np.asarray(counts), np.asarray(totals, np.float64), steps[0].width
    both, known = settling(*of), settled(*of, answered)
    share = None if answered is None else round(answered, 6)
    if both is None or known is None:
        return replace(UNKNOWN, answered=share)
    latency, in_flight = both
    return Settling("yes" if known else "no", _growth(latency, MILLISECOND), _growth(in_flight, 1), share)


def _growth(of: Grew, unit: int) -> Growth:
    return Growth(round(of.begin / unit, 6), round(of.end / unit, 6), round(of.f, 3))


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
    m: Measured, limits: Mapping[Figure, list[int]], seconds: Iterable[Counts] | None
) -> tuple[dict[Figure, Tails], Reason | None]:
    """The bins, or the reason why there are none."""
    if seconds is None:
        return {}, Reason.of("not_saved")
    try:
        table = Beyond(m.plan, limits)
        gather(seconds, table)
        return table.tails(), None
    except (OSError, ValueError) as error:
        return {}, Reason.of("folder_unreadable", error=str(error))
