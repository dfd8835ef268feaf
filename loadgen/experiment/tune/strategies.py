"""Which memory size to choose. `cost`, `speed` and `balanced` are those of AWS Lambda Power Tuning (lambda/analyzer.js,
4.4.0), by its figures: the price of a call without the request, and the trimmed mean. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from loadgen.result.tune import TuneChoice, TuneSize

WEIGHT = 0.5  # of the price in `balanced`; the rest is that of the time

Figures = tuple[float, float]  # the price and the time


def choices(sizes: Sequence[TuneSize], keeping: bool) -> Iterator[TuneChoice]:
    """The choice of each strategy; of `keep` too if there are conditions."""
    known = {size.memory: figures for size in sizes if (figures := _figures(size))}
    yield TuneChoice("cost", _least(known, lambda of: of))
    yield TuneChoice("speed", _least(known, lambda of: (of[1], of[0])))
    yield TuneChoice("balanced", balanced(known))
    if keeping:
        yield TuneChoice("keep", cheapest_that_keeps(sizes))


def balanced(known: dict[int, Figures], weight: float = WEIGHT) -> int | None:
    """The least weighted sum of price and time, each as a share of its greatest."""
    if not known:
        return None
    most_usd, most_ms = (max(of[at] for of in known.values()) for at in (0, 1))
    return _least(known, lambda of: (weight * of[0] / most_usd + (1 - weight) * of[1] / most_ms,))


def cheapest_that_keeps(sizes: Sequence[TuneSize]) -> int | None:
    """The size with the least price of a million warm calls, of those that keep all conditions."""
    keeping = [(size.usd_per_million, size.memory) for size in sizes if size.kept and size.usd_per_million is not None]
    return min(keeping)[1] if keeping else None


def _least(known: dict[int, Figures], by: Callable[[Figures], tuple[float, ...]]) -> int | None:
    """Of equal ones the smallest size."""
    return min(known, key=lambda memory: (by(known[memory]), memory), default=None)


def _figures(size: TuneSize) -> Figures | None:
    if not size.trimmed_ms or not size.trimmed_usd:
        return None
    return size.trimmed_usd, size.trimmed_ms
