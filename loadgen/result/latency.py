"""Percentiles in a result: a value, or a reason why there is none, and its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loadgen.result.codec import item
from loadgen.result.reason import Reason

PERCENTILE = r"p[0-9]+(\.[0-9]+)?"


@dataclass(frozen=True, slots=True)
class Interval:
    """The interval that a percentile lies in: in 95 of 100 cases if it is full. A binomial one assumes that requests
    are independent, and so it is at least as wide as that."""

    low: float = item("the lower end", "ms")
    high: float | None = item("the upper end; null if nothing bounds it", "ms")
    kind: Literal["full", "binomial"] = item(
        "full, if it has the dependence between requests in it; binomial, if requests would have to be independent",
        default="full",
    )
    sees_s: float | None = item(
        "how long the dependence between requests may last, so that a full interval has it in it", "s", omit=True
    )
    warning: Reason | None = item("why the interval is less certain than others, or why it is not full", omit=True)


@dataclass(frozen=True, slots=True)
class Quantile:
    """All that is known of one figure. It has a `value` in ms; or a `bound` that it is greater than, if it lies among
    timeouts; or `why` there is neither. It has an `interval`; or the reason why there is none, `no_interval`."""

    name: str
    value: float | None
    bound: float | None = None
    why: Reason | None = None
    interval: Interval | None = None
    no_interval: Reason | None = None
    doubt: str | None = None  # DEGRADED or INVALID, if this machine made too much of it


@dataclass(frozen=True, slots=True)
class Resent:
    """The connects whose first packet (SYN) was sent again, as their durations show."""

    connects: int = item("the number of connects")
    after_s: int = item("the time after which most of them were sent again", "s")


@dataclass(frozen=True, slots=True)
class Latency:
    """The figures of one metric. They are of the requests that were ok; timeouts are among them as times that are
    known only to be longer."""

    count: int = item("the number of values, timeouts included")
    mean: float | None = item("the mean; null if there are no values, or if timeouts are among them", "ms")
    min: float | None = item("the smallest value; null if there are no values", "ms")
    quantiles: dict[str, float | None] = item(
        "a percentile; null if it is not known, and `why` has the reason", "ms", inline=PERCENTILE
    )
    spent: float = item("the sum of all values, in which a timeout counts as long as it was waited for", "ms")
    max: float | None = item("the greatest value; null if there are no values, or if timeouts are among them", "ms")
    timeouts: int = item("the number of values that are timeouts")
    above: dict[str, float] = item(
        "the bound that a figure among timeouts is greater than, by the figure's name", "ms", default_factory=dict
    )
    why: dict[str, Reason] = item("the reason why a figure is null, by the figure's name", default_factory=dict)
    intervals: dict[str, Interval] = item("the interval of a percentile, by its name", omit=True, default_factory=dict)
    no_interval: dict[str, Reason] = item(
        "the reason why a percentile has no interval, by its name", omit=True, default_factory=dict
    )
    doubted: dict[str, Literal["DEGRADED", "INVALID"]] = item(
        "the verdict on a percentile of which this machine made too much, by its name", omit=True, default_factory=dict
    )
    resent: Resent | None = item(
        "the connects whose first packet (SYN) was sent again, as their durations show", omit=True
    )

    def quantile(self, name: str) -> Quantile:
        """The figure of that name: a percentile, `mean`, `min` or `max`. If there is no such figure, its reason is
        `no_figure`."""
        plain = {"mean": self.mean, "min": self.min, "max": self.max}
        value = plain[name] if name in plain else self.quantiles.get(name)
        why = self.why.get(name) or (Reason.of("no_figure") if value is None else None)
        sure = self.intervals.get(name), self.no_interval.get(name), self.doubted.get(name)
        return Quantile(name, value, self.above.get(name), why, *sure)
