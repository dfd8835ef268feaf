"""The result of `loadgen fit`: a sandbox that behaves like the target of a saved run, and how well it does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from loadgen.result import SCHEMA
from loadgen.result.codec import item
from loadgen.result.reason import Reason


@dataclass(frozen=True, slots=True)
class FittedKey:
    """Where the value of a key comes from, or why it is left at its default."""

    key: str = item("the key of the profile, as sandbox.rtt")
    why: Reason = item("where its value comes from, or why it has none")


@dataclass(frozen=True, slots=True)
class TwinFigure:
    """A percentile of the run, beside that of the twin."""

    phase: str = item("the phase's name; its cycles are together")
    scenario: str = item("the scenario's name")
    step: str = item("the step's name")
    metric: str = item("the metric: target, or service where the client does not tell it")
    quantile: str = item("the percentile")
    requests: int = item("the number of the run's requests behind it")
    run_ms: float = item("the run's figure", "ms")
    twin_ms: float = item("the twin's figure", "ms")
    low_ms: float | None = item(
        "the lower end of where the twin's figure should lie, by the run's requests; null if they do not bound it", "ms"
    )
    high_ms: float | None = item("the upper end; null if they do not bound it", "ms")
    fits: bool = item("whether the twin's figure is within the tolerance of the run's")

    @property
    def ratio(self) -> float:
        return self.twin_ms / self.run_ms if self.run_ms else 1.0

    @property
    def inside(self) -> bool:
        """Whether the twin's figure is where it should be, by the run's requests."""
        low, high = self.low_ms, self.high_ms
        return (low is None or low <= self.twin_ms) and (high is None or self.twin_ms <= high)


@dataclass(frozen=True, slots=True)
class ColdShare:
    """The cold starts of a phase of the run, beside those of the twin."""

    phase: str = item("the phase's name; its cycles are together")
    run: int = item("the run's cold starts")
    run_of: int = item("the run's answers that tell whether they were cold starts")
    twin: float = item("the twin's cold starts, as the mean of its loads", "1")
    twin_of: float = item("the twin's answers, likewise", "1")
    fits: bool = item("whether the twin's share is within the tolerance of the run's")

    @property
    def run_share(self) -> float:
        return self.run / self.run_of if self.run_of else 0.0

    @property
    def twin_share(self) -> float:
        return self.twin / self.twin_of if self.twin_of else 0.0

    @property
    def inside(self) -> bool:
        """Whether both numbers may be of one mean, if cold starts are independent: their difference is within two
        standard deviations of it (Poisson)."""
        expected = self.twin_share * self.run_of
        return abs(self.run - expected) <= 2 * math.sqrt(self.run + expected)


@dataclass(frozen=True, slots=True)
class Agreement:
    """The load of the run, carried out on the twin in virtual time."""

    loads: int = item("how often the load was carried out, each time with other draws of the sandbox")
    tolerance: float = item("by how much a figure of the twin may differ, as a share of the run's", "1")
    cold_tolerance: float = item("the same of the share of cold starts", "1")
    figures: tuple[TwinFigure, ...] = item("the percentiles of each step in each measured phase")
    cold: tuple[ColdShare, ...] = item("the cold starts of each measured phase, where answers tell them")

    @property
    def apart(self) -> int:
        """How many figures differ by more than they may, and by more than chance explains."""
        compared: tuple[TwinFigure | ColdShare, ...] = (*self.figures, *self.cold)
        return sum(not (of.fits or of.inside) for of in compared)


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinResult:
    """A profile whose sandbox behaves like the target of a saved run."""

    schema: Literal["loadgen.result/4"] = item("the version of this document", default=SCHEMA)
    kind: Literal["twin"] = item("the kind of this document", default="twin")
    run: str = item("the run's folder")
    started: str = item("the time when the run began, in UTC, ISO 8601")
    target: str = item("the URL of the run's target")
    profile: dict[str, object] = item("the run's profile with the fitted sandbox as its target")
    written: str | None = item("the file that the profile was written to; null if it was printed", omit=True)
    fitted: tuple[FittedKey, ...] = item("where the values come from, key by key")
    agreement: Agreement | None = item("how well the twin agrees with the run; null if it was not tried")
    unchecked: Reason | None = item("why it was not tried", omit=True)
