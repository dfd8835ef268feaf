"""How well a twin agrees with the run that it was fitted to, by the same load on it in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from loadgen.clock import MILLISECOND
from loadgen.exchange import Outcome
from loadgen.experiment.twin.observed import Counts, Entry, is_ok
from loadgen.record.metrics import Metric
from loadgen.result.twin import Agreement, ColdShare, TwinFigure
from loadgen.stats import Histogram, fewest, fraction
from loadgen.stats.intervals import CONFIDENCE
from loadgen.stats.order import between

QUANTILES = ("p50", "p90", "p99")
TOLERANCE, COLD_TOLERANCE = 0.05, 0.1


def agreement(run: Counts, twin: Counts, loads: int) -> Agreement:
    """The run's percentiles beside the twin's, of which there were so many loads."""
    phases = list(dict.fromkeys(of.name for of in run.plan.runs if of.measured))
    return Agreement(
        loads=loads,
        tolerance=TOLERANCE,
        cold_tolerance=COLD_TOLERANCE,
        figures=tuple(figure for phase in phases for figure in _figures(run, twin, phase)),
        cold=tuple(share for phase in phases for share in _cold(run, twin, phase, loads)),
    )


def _figures(run: Counts, twin: Counts, phase: str) -> Iterator[TwinFigure]:
    for number, (scenario, step) in enumerate(run.plan.steps):
        mine = _of(phase, lambda of, number=number: of.step == number)  # type: ignore[misc]
        real, late = _times(run, mine)
        like, like_late = _times(twin, mine)
        for quantile in QUANTILES:
            count = real.count + late
            one, other = (values.quantile(fraction(quantile), cut) for values, cut in ((real, late), (like, like_late)))
            if count < fewest(quantile) or one is None or other is None:
                continue
            ends = between(fraction(quantile), real, late, like.count + like_late, CONFIDENCE)
            yield TwinFigure(
                phase=phase,
                scenario=scenario,
                step=step,
                metric=run.metric.word,
                quantile=quantile,
                requests=count,
                run_ms=one / MILLISECOND,
                twin_ms=other / MILLISECOND,
                low_ms=_ms(ends.low) if ends else None,
                high_ms=_ms(ends.high) if ends else None,
                fits=abs(other - one) <= TOLERANCE * one,
            )


def _times(counts: Counts, mine: Callable[[Entry], bool]) -> tuple[Histogram, int]:
    """The successful answers, and how many timeouts there are besides."""
    late = counts.together(Metric.SERVICE, lambda of: mine(of) and of.outcome == Outcome.TIMEOUT)
    return counts.together(counts.metric, lambda of: mine(of) and is_ok(of)), late.count


def _cold(run: Counts, twin: Counts, phase: str, loads: int) -> Iterator[ColdShare]:
    def colds(of: Counts) -> tuple[int, int]:
        known = _of(phase, lambda entry: is_ok(entry) and entry.cold is not None)
        cold = of.together(Metric.SERVICE, lambda entry: known(entry) and bool(entry.cold)).count
        return cold, of.together(Metric.SERVICE, known).count

    (cold, answers), (like, like_of) = colds(run), colds(twin)
    if answers:
        one, other = cold / answers, like / like_of if like_of else 0.0
        fits = abs(other - one) <= COLD_TOLERANCE * one
        yield ColdShare(phase, cold, answers, like / loads, like_of / loads, fits)


def _of(phase: str, more: Callable[[Entry], bool]) -> Callable[[Entry], bool]:
    return lambda of: of.run.measured and of.run.name == phase and more(of)


def _ms(ns: int | None) -> float | None:
    return None if ns is None else round(ns / MILLISECOND, 6)
