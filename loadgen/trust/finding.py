"""A signal's finding on a run, and the limits of a signal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from loadgen.clock import MILLISECOND
from loadgen.result import run as result
from loadgen.result.reason import Reason

UNKNOWN = Reason.of("not_observed")


class Verdict(IntEnum):
    VALID = 0
    DEGRADED = 1
    INVALID = 2

    @property
    def word(self) -> result.Verdict:
        """The word that a result has for it."""
        words: tuple[result.Verdict, ...] = ("VALID", "DEGRADED", "INVALID")
        return words[self]


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one signal: what was observed, and what that makes of the run. `limits` is what its limits alone
    say, which may be worse. `noted`: it is worth reading although it does not count against the run. `machine` is the
    number of the one that it is of, if several shared the load, and `node`, if it came from several."""

    signal: str
    observed: Reason
    verdict: Verdict = Verdict.VALID
    limits: Verdict = Verdict.VALID
    noted: bool = False
    machine: int | None = None
    node: int | None = None

    def to_result(self) -> result.TrustSignal:
        """As a result has it."""
        words = self.verdict.word, self.observed, self.limits.word, self.noted
        return result.TrustSignal(self.signal, *words, machine=self.machine, node=self.node)


@dataclass(frozen=True, slots=True)
class Limit:
    """The limits of a signal's figure, beyond which a run is DEGRADED and INVALID; None: no limit. In ns or as a share,
    by `unit` (ms, %, or empty for a count). `but` is a further condition."""

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
        """The limit in docs/signals.md; empty if there is none."""
        limit = self.invalid if verdict is Verdict.INVALID else self.degraded
        if limit is None:
            return ""
        if not self.unit:
            return f"any{self.but}" if not limit else f"{self.figure} > {limit:g}{self.but}"
        shown = f"{limit / MILLISECOND:g} ms" if self.unit == "ms" else f"{100 * limit:g} %"
        return f"{self.figure} > {shown}{self.but}"


def in_ms(ns: float | None) -> float | None:
    """Nanoseconds as a result has them, in ms; None stays None."""
    return None if ns is None else round(ns / MILLISECOND, 6)
