"""Which memory size to choose. `cost`, `speed` and `balanced` are those of AWS Lambda Power Tuning (lambda/analyzer.js,
4.4.0), by its figures: the price of a call without the request, and the trimmed mean. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from loadgen.result.tune import Strategy, TuneChoice, TuneSize

WEIGHT = 0.5  # of the price in `balanced`; the rest is that of the time

Figures = tuple[float, float]  # the price and the time
Key = tuple[int, str]  # the memory, and the name of a cell that is more than that
K = TypeVar("K", int, Key)


def choices(sizes: Sequence[TuneSize], keeping: bool) -> Iterator[TuneChoice]:
    """The choice of each strategy; of `keep` too if there are conditions."""
    known = {(size.memory, size.cell): figures for size in sizes if (figures := _figures(size))}
    yield _chosen("cost", _least(known, lambda of: of))
    yield _chosen("speed", _least(known, lambda of: (of[1], of[0])))
    yield _chosen("balanced", balanced(known))
    if keeping:
        yield _chosen("keep", cheapest_that_keeps(sizes))


def _chosen(strategy: Strategy, of: Key | None) -> TuneChoice:
    return TuneChoice(strategy, None) if of is None else TuneChoice(strategy, *of)


def balanced(known: dict[K, Figures], weight: float = WEIGHT) -> K | None:
    """The least weighted sum of price and time, each as a share of its greatest."""
    if not known:
        return None
    most_usd, most_ms = (max(of[at] for of in known.values()) for at in (0, 1))
    return _least(known, lambda of: (weight * of[0] / most_usd + (1 - weight) * of[1] / most_ms,))


def cheapest_that_keeps(sizes: Sequence[TuneSize]) -> Key | None:
    """The size with the least price of a million warm calls, of those that keep all conditions."""
    keeping = [(of.usd_per_million, of.memory, of.cell) for of in sizes if of.kept and of.usd_per_million is not None]
    return min(keeping)[1:] if keeping else None


def _least(known: dict[K, Figures], by: Callable[[Figures], tuple[float, ...]]) -> K | None:
    """Of equal ones the smallest size."""
    return min(known, key=lambda of: (by(known[of]), of), default=None)


def _figures(size: TuneSize) -> Figures | None:
    if not size.trimmed_ms or not size.trimmed_usd:
        return None
    return size.trimmed_usd, size.trimmed_ms
