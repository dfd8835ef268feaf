"""The shape of a distribution in a result: how its values are spread, and whether they are of two kinds."""

from __future__ import annotations

from dataclasses import dataclass

from loadgen.result.codec import item


@dataclass(frozen=True, slots=True)
class Ends:
    """Two values between which a figure may lie."""

    low: float = item("the smaller value", "ms")
    high: float = item("the greater value", "ms")


@dataclass(frozen=True, slots=True)
class Kind:
    """One of two kinds of values, with hardly any values between the kinds."""

    count: int = item("the number of values of this kind")
    share: float = item("their share of all values", "1")
    share_low: float = item("the lower end of the share's interval, if requests were independent", "1")
    share_high: float = item("the upper end of the share's interval, if requests were independent", "1")
    low: float = item("the smallest value of this kind", "ms")
    high: float = item("the greatest value of this kind", "ms")


@dataclass(frozen=True, slots=True)
class Shape:
    """How the values of a step's headline metric are spread. Timeouts are not among them."""

    bins: tuple[tuple[float, float, int], ...] = item(
        "eight bins for each doubling, those without values left out: the two ends of each, and the number of values",
        "ms",
    )
    kinds: tuple[Kind, ...] = item("the two kinds of values, the faster first; empty if there is one kind")
    between: int = item("the number of values that lie between the two kinds")
    on_step: dict[str, Ends] = item(
        "the percentiles that lie on the step from one kind to the other, so that they may be either of two values"
    )
