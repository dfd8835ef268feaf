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

    run: str | None = item("the run's folder; null if it could not be written")
    name: str = item("the profile's name")
    started: str = item("the time when the run began, in UTC, ISO 8601")
    duration_s: float = item("the time that the run took", "s")
    client: str = item("the client that sent the load")
    seed: int = item("the number from which the run's arrivals and payloads were drawn")
    trust: Verdict = item("the run's verdict")
    target: str = item("the URL of the target")


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting, or a fact about the machine, that differed between the two runs."""

    name: str = item("the name of the setting or fact: seed, session.reuse, host.cpus")
    first: object = item("its value in the first run")
    second: object = item("its value in the second run")


@dataclass(frozen=True, slots=True)
class SideBySide:
    """A figure that both runs have."""

    phase: str = item("the phase's name")
    cycle: int = item("the number of the phase's cycle")
    scenario: str = item("the scenario's name")
    step: str = item("the step's name")
    metric: str = item("the metric: response or service, and target")
    quantile: str = item("a percentile, or mean")
    ms: tuple[float, float] = item("the figure of the first run and that of the second", "ms")
    ratio: float | None = item("the ratio of the second to the first; null if the first is 0", "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoRuns:
    """Two saved runs side by side, without a verdict."""

    schema: Literal["loadgen.result/4"] = item("the version of this document", default=SCHEMA)
    kind: Literal["two-runs"] = item("the kind of this document", default="two-runs")
    runs: tuple[ComparedRun, ...] = item("the first run and the second")
    differ: tuple[Difference, ...] = item("what differed between the runs, apart from their times")
    accepted: tuple[str, ...] = item("the folders of runs that are INVALID and were compared nevertheless")
    why_not: tuple[Reason, ...] = item("why there is no verdict")
    notes: tuple[Reason, ...] = item("what else to know before comparing them", omit=True, default=())
    rows: tuple[SideBySide, ...] = item("the figures that both runs have")
