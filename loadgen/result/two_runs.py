"""The result of `loadgen compare`: two runs side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loadgen.result import SCHEMA
from loadgen.result.codec import item
from loadgen.result.reason import Reason
from loadgen.result.run import Verdict


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """One of the two runs."""

    run: str | None = item("its folder; null where that could not be written")
    name: str = item("the profile's name")
    started: str = item("when it began, in UTC, ISO 8601")
    duration_s: float = item("how long it took", "s")
    client: str = item("which client sent it")
    seed: int = item("what its arrivals and payloads were drawn from")
    trust: Verdict = item("its verdict")
    target: str = item("the URL that it went to")


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting, or a fact of the machine, that was not the same in both runs."""

    name: str = item("what it is: seed, session.reuse, host.cpus")
    first: object = item("what it was in the first run")
    second: object = item("what it was in the second run")


@dataclass(frozen=True, slots=True)
class SideBySide:
    """A figure that both runs have."""

    phase: str = item("of which phase")
    cycle: int = item("of which of its cycles")
    scenario: str = item("of which scenario")
    step: str = item("of which step")
    metric: str = item("response or service")
    quantile: str = item("a percentile, or mean")
    ms: tuple[float, float] = item("of the first run, and of the second", "ms")
    ratio: float | None = item("the ratio of the second to the first; null if that is 0", "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoRuns:
    """Two saved runs side by side, without a verdict."""

    schema: Literal["loadgen.result/3"] = item("the version of this document", default=SCHEMA)
    kind: Literal["two-runs"] = item("what this document is", default="two-runs")
    runs: tuple[ComparedRun, ...] = item("the first and the second")
    differ: tuple[Difference, ...] = item("what was not the same, besides the time")
    accepted: tuple[str, ...] = item("the folders of runs that are INVALID and were compared all the same")
    why_not: tuple[Reason, ...] = item("why there is no verdict")
    rows: tuple[SideBySide, ...] = item("the figures that both have")
