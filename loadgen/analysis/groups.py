"""The requests of a step by worker, and the worker that differs, from a recording's groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loadgen.analysis.latency import latency, milliseconds
from loadgen.result.latency import Latency
from loadgen.result.odd import Odd, OfWorker
from loadgen.stats import Histogram
from loadgen.stats.odd import odd_one

Bins = Sequence[tuple[Histogram, Histogram]]  # what was ok, and what timed out


def of_workers(groups: Mapping[int, Bins], quantiles: tuple[str, ...]) -> tuple[OfWorker, ...]:
    """The figures of each worker; none if there is only one."""
    if len(groups) < 2:
        return ()
    return tuple(OfWorker(number, _latency(bins, quantiles)) for number, bins in groups.items())


def odd_of(groups: Mapping[str, Bins]) -> Odd | None:
    """The group that differs from all others, by name; None if the counts do not prove that there is one."""
    names = list(groups)
    found = odd_one([[Histogram.together(pair) for pair in groups[name]] for name in names])
    if found is None:
        return None
    name = names[found.group]
    value, low, high = (milliseconds(of) or 0.0 for of in (found.value, found.others_low, found.others_high))
    own = _latency(groups[name], (found.quantile,))
    return Odd(
        name, found.quantile, value, low, high, own.timeouts if own.quantile(found.quantile).value is None else 0
    )


def _latency(bins: Bins, quantiles: tuple[str, ...]) -> Latency:
    ok, late = (Histogram.together(of) for of in zip(*bins, strict=True))
    return latency(ok, late, quantiles)
