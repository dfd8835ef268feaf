"""Percentiles as a result has them: a value, or a reason why there is none, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

from loadgen.result.codec import item
from loadgen.result.reason import Reason

PERCENTILE = r"p[0-9]+(\.[0-9]+)?"


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a percentile lies, 95 times in 100."""

    low: float = item("its lower end", "ms")
    high: float | None = item("its upper end; null where nothing bounds it", "ms")
    warning: Reason | None = item("why it is less sure than others", omit=True)


@dataclass(frozen=True, slots=True)
class Quantile:
    """All that is known of one figure of a block: its `value` in ms, or, where it lies among timeouts, the `bound` that
    it is greater than, or `why` there is neither; and its `interval`, or `no_interval`: why there is none."""

    name: str
    value: float | None
    bound: float | None = None
    why: Reason | None = None
    interval: Interval | None = None
    no_interval: Reason | None = None


@dataclass(frozen=True, slots=True)
class Resent:
    """Connects whose first packet was sent again, by how long they took."""

    connects: int = item("how many")
    after_s: int = item("after which time mostly", "s")


@dataclass(frozen=True, slots=True)
class Latency:
    """The figures of one metric: of the requests that were ok, with timeouts known only to have lasted longer."""

    count: int = item("how many values, timeouts included")
    mean: float | None = item("the mean; null if there is none, or timeouts are among the values", "ms")
    min: float | None = item("the least value", "ms")
    quantiles: dict[str, float | None] = item(
        "a percentile; null if it is not known: `why` says why", "ms", inline=PERCENTILE
    )
    spent: float = item("the sum of all values, timeouts as long as they were waited for", "ms")
    max: float | None = item("the greatest value; null if there is none, or timeouts are among the values", "ms")
    timeouts: int = item("how many of the values are timeouts")
    above: dict[str, float] = item("of a figure among timeouts: what it is greater than", "ms", default_factory=dict)
    why: dict[str, Reason] = item("why a figure is null", default_factory=dict)
    intervals: dict[str, Interval] = item("the interval of a percentile", omit=True, default_factory=dict)
    no_interval: dict[str, Reason] = item("why a percentile has no interval", omit=True, default_factory=dict)
    resent: Resent | None = item("connects whose first packet was sent again", omit=True)

    def quantile(self, name: str) -> Quantile:
        """The figure of that name: a percentile, `mean`, `min` or `max`. One that the block does not have is not known,
        and has the reason `no_figure`."""
        plain = {"mean": self.mean, "min": self.min, "max": self.max}
        value = plain[name] if name in plain else self.quantiles.get(name)
        why = self.why.get(name) or (Reason.of("no_figure") if value is None else None)
        return Quantile(name, value, self.above.get(name), why, self.intervals.get(name), self.no_interval.get(name))
