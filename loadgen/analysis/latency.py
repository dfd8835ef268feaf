"""Histograms into the latency figures of a result: numbers in ms, or null with the reason in `notes`.

A quantile is refused where fewer values were seen than one in 1/(1-p), and where it falls among timeouts: those are
censored, known only to have lasted longer than they were waited for. What such a figure must be greater than is in
`above`.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from loadgen.clock import MILLISECOND
from loadgen.exchange import Outcome
from loadgen.record.metrics import HEADLINES
from loadgen.record.recording import Place
from loadgen.stats import Histogram, fraction, rank

QUANTILES = ("p50", "p90", "p95", "p99", "p99.9")


def figures(
    seen: Histogram, censored: Histogram | None = None, quantiles: tuple[str, ...] = QUANTILES
) -> dict[str, Any]:
    """count, mean, min, the quantiles and max of `seen`, with the values of `censored` known to be greater than they
    are.
    """
    late = censored or Histogram()
    count, total = seen.count + late.count, seen.total + late.total
    result: dict[str, Any] = {"count": count, "mean": None, "min": milliseconds(seen.least) if seen.count else None}
    above: dict[str, int] = {}
    notes: list[str] = []
    if late.count:
        above = {"mean": total // count, "max": max(seen.most, late.most)}
        why = f"{late.count:,} timeouts are known only to have lasted longer"
        notes += [f"{name}: > {_shown(bound)} ms: {why}" for name, bound in above.items()]
    else:
        result["mean"] = milliseconds(seen.mean)
    for name in quantiles:
        found = _quantile(name, seen, late)
        result[name] = milliseconds(found.value)
        if found.why:
            notes.append(f"{name}: {found.why}")
        if found.above is not None:
            above[name] = found.above
    # all of it together: a bound from below where some of it is censored
    result["spent"] = milliseconds(total)
    result["max"] = milliseconds(seen.most) if seen.count and not late.count else None
    result["above"] = {name: milliseconds(bound) for name, bound in above.items()}
    result["notes"] = notes
    return result


def milliseconds(ns: float | None) -> float | None:
    return None if ns is None else round(ns / MILLISECOND, 6)


def fewest(quantile: str) -> int:
    """How many values there must be for it to be known, beyond which lies one."""
    return math.ceil(1 / (1 - fraction(quantile)))


class _Found(NamedTuple):
    """A quantile in ns; or why it is not known, and what it is above if that is."""

    value: int | None
    why: str = ""
    above: int | None = None


def _quantile(name: str, seen: Histogram, late: Histogram) -> _Found:
    p, count = fraction(name), seen.count + late.count
    needed = fewest(name)
    if count < needed:
        return _Found(None, f"needs {needed:,} requests, there were {count:,}")
    position = rank(p, count)
    if position > seen.count:
        why = f"> {_shown(late.least)} ms: it falls among the {late.count:,} timeouts"
        return _Found(None, why, late.least)
    value = seen.at_rank(position)
    if late.count and value > late.least:
        return _Found(None, f"not known: {late.count:,} timeouts may lie on either side of it")
    return _Found(value)


def _shown(ns: int) -> str:
    """In ms, and rather too little than too much."""
    return f"{ns // 1000 / 1000:.15g}"


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
    """A quantile in ms, None if nothing was seen."""
    value = histogram.quantile(fraction(quantile))
    return None if value is None else value / MILLISECOND
