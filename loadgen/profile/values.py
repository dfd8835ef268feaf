"""The small values of a profile that users write as text: `1s..3s`, `body.items.0`, `response p99 < 250ms`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Self

from loadgen.profile.units import duration, format_duration, quoted, rate, share

LATENCIES = (
    "response", "service", "connect", "lag", "wait", "client_delay", "target", "ttfb", "iteration", "operation",
    "build",
)  # fmt: skip
STAMPED = ("target", "ttfb")  # only a client with the kernel's stamps has these
SCHEDULED = ("response", "lag")  # a closed load does not have these, because nothing is due in it
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")

Op = Literal["<", "<=", ">", ">="]
OPS: tuple[Op, ...] = ("<", "<=", ">", ">=")
_QUANTILE = r"p[0-9]{1,2}(?:\.[0-9]{1,6})?|mean|min|max"
_CONDITION = r"\s*(<=?|>=?)\s*"
_LATENCY = re.compile(rf"([a-z_]+)\s+({_QUANTILE}){_CONDITION}(\S+(?: \S+)?)")
_PLAIN = re.compile(rf"(errors|rate|cold|recovery){_CONDITION}(\S+(?: \S+)?)")
# a name may hold a slash, as in `rate=50/s`: the slash between two names has spaces around it
_RATIO = re.compile(
    rf"(\S.*?) +/ +(\S.*?)(?: +({'|'.join(LATENCIES)}))? +(p[0-9]{{1,2}}(?:\.[0-9]{{1,6}})?|mean){_CONDITION}(.+)"
)
_VALUES: dict[str, Callable[[str], float]] = {"errors": share, "rate": rate, "cold": share, "recovery": duration}
_FACTOR = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?")
_STOP = re.compile(rf"errors{_CONDITION}(\S+)\s+for\s+(\S+)")


@dataclass(frozen=True, slots=True)
class Think:
    """A pause in nanoseconds, drawn evenly between `low` and `high`. Both are equal unless the user wrote a range."""

    low: int
    high: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """`1s` or `1s..3s`. Raises ValueError."""
        low, _, high = text.partition("..")
        value = cls(duration(low), duration(high or low))
        if value.low > value.high:
            raise ValueError(f"{quoted(text)} is backwards: expected the shorter time first, for example 1s..3s")
        return value

    def __str__(self) -> str:
        low, high = format_duration(self.low), format_duration(self.high)
        return low if low == high else f"{low}..{high}"


@dataclass(frozen=True, slots=True)
class Selector:
    """A part of an answer.

    `status`: the number. `header`: the text of the header `name` (in lower case); for server-timing with
    `path == ("db",)` the `dur` of that metric, in milliseconds. `body`: the whole text; with a `path` the value at that
    path of the JSON body. `item`, `items`: the item or items that DynamoDB returned, as plain values. `report`: what
    the answer to an Invoke tells of the invocation, by the name in `path`, as in `report.memory_used`.
    """

    kind: Literal["status", "header", "body", "item", "items", "report"]
    name: str = ""
    path: tuple[str | int, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """`status`, `header.x-cold`, `header.server-timing.db`, `body`, `body.items.0.id`. Raises ValueError."""
        kind, _, rest = text.strip().partition(".")
        if kind == "status" and text == "status":
            return cls("status")
        if kind == "body" and (rest or text == "body"):
            return cls("body", path=json_path(rest) if rest else ())
        if kind in ("item", "items") and (rest or text == kind):
            return cls("item" if kind == "item" else "items", path=json_path(rest) if rest else ())
        if kind == "report" and rest:
            return cls("report", path=(rest,))
        if kind == "header" and rest:
            name, _, metric = rest.partition(".")
            if name.lower() == "server-timing" and metric and HEADER_NAME.fullmatch(metric):
                return cls("header", "server-timing", (metric,))
            if HEADER_NAME.fullmatch(rest):
                return cls("header", rest.lower())
        raise ValueError(
            f"{quoted(text)} is not a part of an answer: expected status, header.NAME, header.server-timing.METRIC, "
            "body, body.KEY.0.KEY, on DynamoDB item.NAME and items.0.NAME, or on Lambda report.NAME"
        )

    def __str__(self) -> str:
        return ".".join(str(part) for part in (self.kind, self.name, *self.path) if part != "")


@dataclass(frozen=True, slots=True)
class Threshold:
    """A condition that a measured phase must meet. A latency must meet it in each step.

    `latency`: the `quantile` of `metric`; `value` is in nanoseconds. `errors`: the share of requests that are not ok.
    `rate`: iterations started per second. `cold`: the share of the answers that were cold starts. `recovery`: how long
    the p99 was beyond its interval in the phase before; `value` is in nanoseconds. `ratio`, in an experiment: the
    `quantile` of `metric` of the first of `variants`, divided by that of the second; an empty `metric` is the one that
    the phase is judged by.
    """

    kind: Literal["latency", "errors", "rate", "cold", "recovery", "ratio"]
    metric: str
    quantile: str
    op: Op
    value: float
    text: str
    variants: tuple[str, str] = ("", "")

    @property
    def fraction(self) -> float | None:
        """0.99 for `p99`; None for mean, min and max, and if the threshold is not about a latency."""
        return float(self.quantile[1:]) / 100 if self.quantile.startswith("p") else None

    @classmethod
    def parse(cls, text: str) -> Self:
        """`response p99 < 250ms`, `errors < 5%`, `rate > 190/s`, `recovery < 20s`, `fresh / shared p99 < 3`. Raises
        ValueError."""
        written = text.strip()
        if match := _PLAIN.fullmatch(written):
            kind, op, value = match.groups()
            return cls(kind, kind, "", _op(op), _VALUES[kind](value), written)  # type: ignore[arg-type]
        if match := _RATIO.fullmatch(written):
            variant, baseline, metric, quantile, op, value = match.groups()
            ratio = _factor(value), written, (variant, baseline)
            return cls("ratio", metric or "", _quantile(quantile, text), _op(op), *ratio)
        if written.startswith("capacity"):
            raise ValueError(f"{quoted(text)} is a threshold of a capacity: write it below capacity.thresholds")
        match = _LATENCY.fullmatch(written)
        if not match or match[1] not in LATENCIES:
            raise ValueError(
                f"{quoted(text)} is not a threshold: expected for example 'response p99 < 250ms', 'errors < 5%', "
                "'rate > 190/s', 'cold < 5%', 'recovery < 20s', or for two variants 'fresh / shared p99 < 3'. "
                f"Latencies are {', '.join(LATENCIES)}, each with p50, p99.9, mean, min or max"
            )
        metric, quantile, op, value = match.groups()
        return cls("latency", metric, _quantile(quantile, text), _op(op), duration(value), written)


@dataclass(frozen=True, slots=True)
class StopIf:
    """The condition that stops a run: the share of failed requests over the last `window` nanoseconds, and `value`."""

    metric: Literal["errors"]
    op: Op
    value: float
    window: int
    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """`errors > 50% for 5s`. Raises ValueError."""
        match = _STOP.fullmatch(text.strip())
        if not match or match[1] not in (">", ">="):
            raise ValueError(f"{quoted(text)} is not a condition to stop: expected 'errors > 50% for 5s' or never")
        window = duration(match[3])
        if window < duration("1s"):
            raise ValueError(f"{quoted(text)} has too short a time: expected 1s or more")
        return cls("errors", _op(match[1]), share(match[2]), window, text.strip())


def json_path(text: str) -> tuple[str | int, ...]:
    """`items.0.id` as `("items", 0, "id")`: a number is an index into a list. Raises ValueError."""
    parts = text.split(".")
    if not all(parts):
        raise ValueError(f"{quoted(text)} is not a path in a JSON body: expected keys and indices, as in items.0.id")
    return tuple(int(part) if part.isascii() and part.isdigit() and len(part) < 10 else part for part in parts)


def _quantile(name: str, text: str) -> str:
    if name in ("p0", "p00"):
        raise ValueError(f"{quoted(text)}: write min instead of p0")
    return name


def _factor(text: str) -> float:
    """A ratio: `3`, `1.05`."""
    if not _FACTOR.fullmatch(text) or not float(text):
        raise ValueError(f"{quoted(text)} is not a ratio: expected a number of times, for example 3 or 1.05")
    return float(text)


def _op(text: str) -> Op:
    return next(op for op in OPS if op == text)
