"""What a signal says of a run, and the limits that it is held to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from loadgen.clock import MILLISECOND
from loadgen.result import run as result

NOT_SEEN = "not known"


class Verdict(IntEnum):
    VALID = 0
    DEGRADED = 1
    INVALID = 2

    @property
    def word(self) -> result.Verdict:
        """As a result has it."""
        words: tuple[result.Verdict, ...] = ("VALID", "DEGRADED", "INVALID")
        return words[self]


@dataclass(frozen=True, slots=True)
class Finding:
    """One signal: its value in words, its verdict, and if it is not VALID why that matters and what to do. `note` is
    worth saying although it is nothing against the run."""

    signal: str
    value: str
    verdict: Verdict
    why: str = ""
    remedy: str = ""
    note: str = ""

    @property
    def reason(self) -> str:
        return f"{self.signal} {self.value}: {self.why}. {self.remedy}"


@dataclass(frozen=True, slots=True)
class Limit:
    """Beyond which a figure of a signal makes a run DEGRADED and INVALID; None: it never does. In ns or as a share, as
    `unit` (ms, %, or empty for a count) says. `but` is what must hold besides."""

    figure: str
    unit: str
    degraded: float | None = None
    invalid: float | None = None
    but: str = ""

    def grade(self, value: float) -> Verdict:
        if self.invalid is not None and value > self.invalid:
            return Verdict.INVALID
        return Verdict.DEGRADED if self.degraded is not None and value > self.degraded else Verdict.VALID

    def text(self, verdict: Verdict) -> str:
        """As the page says it; empty if there is no such limit."""
        limit = self.invalid if verdict is Verdict.INVALID else self.degraded
        if limit is None:
            return ""
        if not self.unit:
            return f"any{self.but}" if not limit else f"{self.figure} > {limit:g}{self.but}"
        shown = f"{limit / MILLISECOND:g} ms" if self.unit == "ms" else f"{100 * limit:g} %"
        return f"{self.figure} > {shown}{self.but}"


def ms(ns: float) -> str:
    return f"{ns / MILLISECOND:.2f} ms"
