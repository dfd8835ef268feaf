"""What `loadgen capacity` is to find: the conditions, how long it may take, and what the capacity has to be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import Field

from loadgen.profile import units
from loadgen.profile.part import Duration, FromText, Part
from loadgen.profile.units import quoted
from loadgen.profile.values import Threshold

KEEP = "p99 < 100ms, errors < 0.1%"
ERRORS = "errors < 1%"  # what is kept besides, if nothing is said of errors
UPPER = ("<", "<=")
_LEAST = re.compile(r"capacity\s*(>=?)\s*(\S+)")


class NoCondition(ValueError):
    """What the target is to keep is written wrongly. `remedy` says what to write."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(f"{problem}{f': {remedy[0].lower()}{remedy[1:]}' if remedy else ''}")
        self.problem, self.remedy = problem, remedy


def conditions(texts: Sequence[str]) -> tuple[Threshold, ...]:
    """Conditions that break at a rate; each text may hold several, separated by commas. Raises NoCondition."""
    parts = [part.strip() for text in texts for part in text.split(",") if part.strip()]
    made = [_condition(part) for part in parts]
    if not made:
        raise NoCondition("there is no condition", "Give one, as in 'p99 < 100ms, errors < 1%'")
    if len({of.text for of in made}) < len(made):
        raise NoCondition("a condition is given twice", "Leave one out")
    if all(of.kind != "errors" for of in made):
        made.append(_condition(ERRORS))
    return tuple(made)


def _condition(text: str) -> Threshold:
    if not any(sign in text for sign in "<>"):
        raise NoCondition(f"{quoted(text)} says no limit", "Use 'p99 < 100ms' or 'errors < 1%'")
    try:
        of = Threshold.parse(f"response {text}" if text[:1] == "p" else text)
    except ValueError as error:
        raise NoCondition(str(error)) from None
    if of.op not in UPPER or not (of.kind == "errors" or of.fraction):
        raise NoCondition(f"{text} is no condition that breaks at a rate", "Use 'p99 < 100ms' or 'errors < 1%'")
    if of.kind == "errors" and not of.value:
        raise NoCondition(f"{text} allows nothing", "Use errors < 0.1%, for example")
    return Threshold(of.kind, of.metric, of.quantile, of.op, of.value, text)


@dataclass(frozen=True, slots=True)
class Keep:
    """What the target is to keep, as it is written and as conditions."""

    conditions: tuple[Threshold, ...]
    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises NoCondition."""
        return cls(conditions([text]), text)


@dataclass(frozen=True, slots=True)
class Least:
    """`capacity > 120/s`: what the capacity has to be. `rate` is per second."""

    op: Literal[">", ">="]
    rate: float
    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError."""
        match = _LEAST.fullmatch(text.strip())
        if not match:
            raise ValueError(f"{quoted(text)} is not a threshold of a capacity: expected 'capacity > 120/s'")
        rate = units.rate(match[2])
        if not rate:
            raise ValueError(f"{quoted(text)} asks for nothing: expected more than 0/s")
        return cls(">=" if match[1] == ">=" else ">", rate, text.strip())

    def met(self, rate: float) -> bool:
        return rate >= self.rate if self.op == ">=" else rate > self.rate


def rate_to_send(text: str) -> float:
    """Raises ValueError."""
    value = units.rate(text)
    if not value:
        raise ValueError(f"{quoted(text)} is no rate to send at")
    return value


KeepText = Annotated[Keep, FromText(Keep.parse, r".+<.+", KEEP)]
RateText = Annotated[float, FromText(rate_to_send, units.RATE_PATTERN, "500/s")]
LeastText = Annotated[Least, FromText(Least.parse, r"capacity\s*>=?.+", "capacity > 120/s")]


class Capacity(Part):
    """What `loadgen capacity` measures with this profile; its options win. A run does not use it. Short: capacity:
    p99 < 100ms, which is what the target is to keep."""

    keep: KeepText
    """What the target is to keep: p99 < 100ms, errors < 0.1%. If it says nothing of errors, errors < 1% is kept too."""

    duration: Duration | None = Field(default=None, validation_alias="for")
    """How long the measurement may take, about. Default: 8m for each variant."""

    max_rate: RateText | None = None
    """The highest rate that may be sent; required unless the target is this machine. Default: that of the profile."""

    first: RateText | None = Field(default=None, validation_alias="from")
    """The first rate. Default: that of the first measured phase."""

    thresholds: tuple[LeastText, ...] = ()
    """What the capacity has to be: capacity > 120/s. It passes if the whole interval is above, and fails if all of it
    is below. If one fails, the exit status is 4; if one is undecided, 7."""

    @classmethod
    def short(cls, value: object) -> object:
        return {"keep": value} if isinstance(value, str) else value
