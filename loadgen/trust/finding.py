"""What a signal is, and what it says of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from loadgen.clock import MILLISECOND
from loadgen.result import run as result

if TYPE_CHECKING:
    from loadgen.trust.evidence import Evidence

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


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run shows of a signal: in words, and a number for each of its limits (None: not known, or no matter)."""

    value: str
    figures: tuple[float | None, ...] = ()
    why: str = ""  # in place of the signal's own
    note: str = ""


@dataclass(frozen=True, slots=True)
class Signal:
    """A row of the table. `alone`: it changes figures in a way that the share of the tail does not show, and so can
    make a run INVALID by itself; any other one says why that share is what it is. `bounds`: it does that, and may also
    be what the load was held to, which no share shows."""

    name: str
    what: str
    limits: tuple[Limit, ...]
    alone: bool
    why: str
    remedy: str
    look: Callable[[Evidence], Seen | None]  # None: there is nothing to look at
    bounds: bool = False

    def judge(self, evidence: Evidence, most: Verdict) -> Finding | None:
        """The finding; `most` is the worst that one which does not stand alone may say. What goes beyond a limit and
        may not say so is a note."""
        seen = self.look(evidence)
        if seen is None:
            return None
        known = zip(self.limits, seen.figures, strict=False)
        verdict = max((limit.grade(of) for limit, of in known if of is not None), default=Verdict.VALID)
        if self.bounds:
            most = max(most, Verdict.DEGRADED)
        allowed = verdict if self.alone else min(verdict, most)
        why, note = seen.why or self.why, seen.note
        if verdict and not allowed:
            note = f"{self.name} {seen.value}: {why}; but hardly any of the tail is that"
        return Finding(self.name, seen.value, allowed, why, self.remedy, note)


def ms(ns: float) -> str:
    return f"{ns / MILLISECOND:.2f} ms"
