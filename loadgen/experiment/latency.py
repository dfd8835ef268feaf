"""Histograms into the latency figures of a result: numbers in ms, or null with the reason in `notes`.

A quantile is refused where fewer values were seen than one in 1/(1-p), and where it falls among timeouts: those are
censored, known only to have lasted longer than they were waited for.
"""

from __future__ import annotations

import math
from typing import Any

from loadgen.clock import MILLISECOND
from loadgen.stats import Histogram, fraction, rank

QUANTILES = ("p50", "p90", "p95", "p99", "p99.9")


def figures(
    seen: Histogram, censored: Histogram | None = None, quantiles: tuple[str, ...] = QUANTILES
) -> dict[str, Any]:
    """count, mean, min, the quantiles and max of `seen`, with the values of `censored` known to be greater than they
    are.
    """
    late = censored if censored and censored.count else None
    notes: list[str] = []
    count = seen.count + (late.count if late else 0)
    result: dict[str, Any] = {"count": count, "mean": None, "min": milliseconds(seen.least) if seen.count else None}
    if late:
        bound = f"> {milliseconds(late.least):g} ms"
        notes.append(f"mean, max: {bound}: {late.count} timeouts are known only to have lasted longer")
    else:
        result["mean"] = milliseconds(seen.mean) if seen.count else None
    for name in quantiles:
        result[name], note = _quantile(name, seen, late, count)
        if note:
            notes.append(f"{name}: {note}")
    # all of it together: a bound from below where some of it is censored
    result["spent"] = milliseconds(seen.total + (late.total if late else 0))
    result["max"] = milliseconds(seen.most) if seen.count and not late else None
    result["notes"] = notes
    return result


def milliseconds(ns: float | None) -> float | None:
    return None if ns is None else round(ns / MILLISECOND, 6)


def _quantile(name: str, seen: Histogram, late: Histogram | None, count: int) -> tuple[float | None, str]:
    p = fraction(name)
    needed = math.ceil(1 / (1 - p))
    if count < needed:
        return None, f"needs {needed:,} requests, there were {count:,}"
    position = rank(p, count)
    if position > seen.count:
        assert late
        return None, f"> {milliseconds(late.least):g} ms: it falls among the {late.count:,} timeouts"
    value = seen.at_rank(position)
    if late and value > late.least:
        return None, f"not known: {late.count:,} timeouts may lie on either side of it"
    return milliseconds(value), ""
