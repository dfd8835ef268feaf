"""Makes the latency figures of a result from histograms.

A quantile is refused if fewer than 1/(1-p) values were seen, or if it falls among timeouts. These are censored: they
lasted longer than loadgen waited, and nobody knows how long.
"""

from __future__ import annotations

from dataclasses import replace

from loadgen.clock import MILLISECOND
from loadgen.exchange import Outcome
from loadgen.record.metrics import HEADLINES
from loadgen.record.recorder import Place
from loadgen.record.share import MOSTLY_STAMPED
from loadgen.result.latency import Latency, Quantile
from loadgen.result.reason import Reason
from loadgen.stats import Histogram, fewest, fraction, rank

MOVED = 0.1  # of what lies beyond a figure, so much may be unknown
QUANTILES = ("p50", "p90", "p95", "p99", "p99.9")


def latency(values: Histogram, censored: Histogram | None = None, quantiles: tuple[str, ...] = QUANTILES) -> Latency:
    """The figures of `values` (ns), with those of `censored` known to be greater than they are."""
    late = censored or Histogram()
    count, total = values.count + late.count, values.total + late.total
    above: dict[str, int] = {}
    why: dict[str, Reason] = {}
    if late.count:
        above = {"mean": total // count, "max": max(values.most, late.most)}
        why = {name: _reason("censored", bound, late.count) for name, bound in above.items()}
    percentiles = {name: _quantile(name, values, late) for name in quantiles}
    why |= {name: figure.why for name, figure in percentiles.items() if figure.why}
    bounds = {name: figure.bound for name, figure in percentiles.items() if figure.bound is not None}
    known = values.count > 0 and not late.count
    return Latency(
        count=count,
        mean=None if late.count else milliseconds(values.mean),
        min=milliseconds(values.least) if values.count else None,
        quantiles={name: figure.value for name, figure in percentiles.items()},
        spent=round(total / MILLISECOND, 6),
        max=milliseconds(values.most) if known else None,
        timeouts=late.count,
        above={name: round(bound / MILLISECOND, 6) for name, bound in above.items()} | bounds,
        why=why,
    )


def without_stamps(known: Latency, unknown: int) -> Latency:
    """The figures of a metric that the kernel's stamps tell, which `unknown` other requests lack: those figures that
    these requests could not move by more than a tenth of what lies beyond."""
    if not unknown:
        return known
    count = known.count + unknown
    why = Reason.of("unstamped", requests=unknown, of=count)
    lost = [name for name in known.quantiles if unknown > float(1 - fraction(name)) * count * MOVED]
    lost += ["max", *(["mean"] if unknown > (1 - MOSTLY_STAMPED) * count else [])]
    return replace(
        known,
        mean=None if "mean" in lost else known.mean,
        max=None,
        quantiles={name: None if name in lost else value for name, value in known.quantiles.items()},
        above={name: bound for name, bound in known.above.items() if name not in lost},
        why={**known.why, **dict.fromkeys(lost, why)},
    )


def milliseconds(ns: float | None) -> float | None:
    """ns as ms, rounded to the nanosecond, as in a result."""
    return None if ns is None else round(ns / MILLISECOND, 6)


def _reason(code: str, bound: int, timeouts: int) -> Reason:
    return Reason.of(code, bound_ms=milliseconds(bound), timeouts=timeouts)


def _quantile(name: str, values: Histogram, late: Histogram) -> Quantile:
    count, needed = values.count + late.count, fewest(name)
    if count < needed:
        return Quantile(name, None, why=Reason.of("too_few", needs=needed, count=count))
    position = rank(fraction(name), count)
    if position > values.count:
        return Quantile(name, None, milliseconds(late.least), _reason("among_timeouts", late.least, late.count))
    value = values.at_rank(position)
    if late.count and value > late.least:
        return Quantile(name, None, why=Reason.of("beside_timeouts", timeouts=late.count))
    return Quantile(name, milliseconds(value))


def headline(taken: dict[Place, Histogram]) -> Histogram:
    """The response (service where there is none) of the ok exchanges that came in."""
    for metric in HEADLINES:
        total = Histogram()
        for (_, key, of), histogram in taken.items():
            if of == metric and key.outcome == Outcome.OK:
                total.add(histogram)
        if total.count:
            return total
    return Histogram()


def quantile_ms(histogram: Histogram, quantile: str) -> float | None:
    """A quantile in ms, None without values."""
    value = histogram.quantile(fraction(quantile))
    return None if value is None else value / MILLISECOND
