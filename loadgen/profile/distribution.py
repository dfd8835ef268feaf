"""The distributions of the sandbox's service times, as a profile writes them: `lognormal(p50=8ms, p99=40ms)`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, Self

from loadgen.profile.units import duration, format_duration, quoted, share

Kind = Literal["fixed", "lognormal", "bimodal", "pareto", "table"]

EXAMPLES: dict[Kind, str] = {
    "fixed": "fixed(8ms)",
    "lognormal": "lognormal(p50=8ms, p99=40ms)",
    "bimodal": "bimodal(fast=5ms, slow=200ms, share=2%)",
    "pareto": "pareto(min=5ms, alpha=2.5)",
    "table": "table(p0=1ms, p50=8ms, p99=80ms, p100=200ms)",
}
EXPECTED = ", ".join(EXAMPLES.values())

TOLD = ("p0", "p50", "p90", "p99", "p100")  # of a longer table

_CALL = re.compile(r"\s*([a-z]+)\s*\((.*)\)\s*")
_LEVEL = re.compile(r"p([0-9]{1,3}(?:\.[0-9]{1,6})?)")


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution of times and its parameters. All `values` are nanoseconds, except `share`, which is from 0 to 1,
    and `alpha`, which is a plain number."""

    kind: Kind
    values: tuple[tuple[str, float], ...]

    @classmethod
    def fixed(cls, ns: int) -> Self:
        return cls("fixed", (("value", ns),))

    @classmethod
    def parse(cls, text: str) -> Self:
        """One of `EXAMPLES`, or a bare duration, which is fixed. Raises ValueError."""
        match = _CALL.fullmatch(text)
        if not match:
            try:
                return cls.fixed(duration(text))
            except ValueError:
                raise ValueError(f"{quoted(text)} is not a distribution: expected one of {EXPECTED}") from None
        kind = next((kind for kind in EXAMPLES if kind == match[1]), None)
        if kind is None:
            raise ValueError(f"{quoted(match[1])} is not a distribution: expected one of {EXPECTED}")
        if kind == "fixed":
            return cls.fixed(duration(match[2]))
        values = _arguments(match[2], kind)
        _CHECKS[kind](values)
        return cls(kind, tuple(values.items()))

    def __getitem__(self, name: str) -> float:
        return dict(self.values)[name]

    def __str__(self) -> str:
        """As it is written; `parse` reads it back."""
        if self.kind == "fixed":
            return f"fixed({format_duration(int(self['value']))})"
        return f"{self.kind}({', '.join(f'{name}={_written(name, value)}' for name, value in self.values)})"

    def describe(self) -> str:
        """What was simulated, for a report: `log-normal with p50 8ms, p99 40ms`."""
        values = {name: _written(name, value) for name, value in self.values}
        if self.kind == "fixed":
            return f"always {values['value']}"
        if self.kind == "bimodal":
            return f"{values['fast']}, but {values['slow']} for {values['share']} of requests"
        if self.kind == "pareto":
            return f"Pareto from {values['min']} with alpha {values['alpha']}"
        name = "log-normal" if self.kind == "lognormal" else "a table"
        if len(values) > len(TOLD):
            name, values = f"a table of {len(values)} points", {name: values[name] for name in TOLD if name in values}
        return f"{name} with {', '.join(f'{name} {value}' for name, value in values.items())}"


def levels(distribution: Distribution) -> list[tuple[float, float]]:
    """A table's points as (level from 0 to 1, nanoseconds), rising."""
    return [(float(name[1:]) / 100, value) for name, value in distribution.values]


def _arguments(text: str, kind: Kind) -> dict[str, float]:
    values: dict[str, float] = {}
    for argument in text.split(","):
        name, equals, value = (part.strip() for part in argument.partition("="))
        if not equals or not name or name in values:
            raise ValueError(f"{quoted(argument.strip())} is not an argument of {kind}: expected {EXAMPLES[kind]}")
        values[name] = share(value) if name == "share" else _alpha(value) if name == "alpha" else duration(value)
    return values


def _alpha(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?", text) or float(text) <= 1:
        raise ValueError(f"{quoted(text)} is not an alpha: expected a number above 1, for example 2.5")
    return float(text)


def _written(name: str, value: float) -> str:
    if name == "share":
        return f"{value * 100:.12f}".rstrip("0").rstrip(".") + "%"
    return f"{value:g}" if name == "alpha" else format_duration(int(value))


def _check_names(values: Mapping[str, float], kind: Kind, *names: str) -> None:
    if set(values) != set(names):
        raise ValueError(f"{kind} takes {', '.join(names)}: expected for example {EXAMPLES[kind]}")


def _check_lognormal(values: Mapping[str, float]) -> None:
    _check_names(values, "lognormal", "p50", "p99")
    if not 0 < values["p50"] < values["p99"]:
        raise ValueError("lognormal: p50 must be more than 0 and less than p99")


def _check_bimodal(values: Mapping[str, float]) -> None:
    _check_names(values, "bimodal", "fast", "slow", "share")
    if values["fast"] > values["slow"]:
        raise ValueError("bimodal: fast must not be longer than slow")


def _check_pareto(values: Mapping[str, float]) -> None:
    _check_names(values, "pareto", "min", "alpha")


def _check_table(values: Mapping[str, float]) -> None:
    for name in values:
        match = _LEVEL.fullmatch(name)
        if not match or float(match[1]) > 100:
            raise ValueError(f"{quoted(name)} is not a level from p0 to p100: expected {EXAMPLES['table']}")
    if "p0" not in values or "p100" not in values:
        raise ValueError(f"table needs p0 and p100: expected for example {EXAMPLES['table']}")
    points = [(float(name[1:]), value) for name, value in values.items()]
    if any(a[0] >= b[0] or a[1] > b[1] for a, b in pairwise(points)):
        raise ValueError("table: the levels must rise, and the times must not fall")


_CHECKS: dict[Kind, Callable[[Mapping[str, float]], None]] = {
    "lognormal": _check_lognormal,
    "bimodal": _check_bimodal,
    "pareto": _check_pareto,
    "table": _check_table,
}
