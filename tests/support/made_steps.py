"""Steps and phases of a result, from times that a test makes up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loadgen.analysis.latency import QUANTILES, latency
from loadgen.analysis.shape import shape
from loadgen.result.run import (
    Attribution,
    Connections,
    Iterations,
    OnConnections,
    Phase,
    PlannedRate,
    Requests,
    RunVariant,
    Skipped,
    Step,
    Stratum,
)
from loadgen.stats import Histogram

Floats = NDArray[np.float64]
NONE = Iterations(0, 0, 0, 0, 0, 0, {})


def histogram(seconds: Floats) -> Histogram:
    return Histogram.of((np.minimum(seconds, 3000) * 1e9).astype(np.int64))


def step(
    name: str,
    seconds: Floats,
    strata: Mapping[str, NDArray[np.bool_]] | None = None,
    timeouts: int = 0,
    whose: Mapping[str, Attribution] | None = None,
    **other: Any,
) -> Step:
    """A step with these response times, of which `strata` are those where its mask is true."""
    values = histogram(seconds)
    late = Histogram.of(np.full(timeouts, 5_000_000_000)) if timeouts else None
    outcomes = {"ok": values.count, **({"timeout": timeouts} if timeouts else {}), **other.pop("outcomes", {})}
    parts = [
        Stratum(of, int(mask.sum()), {"response": latency(histogram(seconds[mask]))}, 0)
        for of, mask in (strata or {}).items()
        if mask.any()
    ]
    return Step(
        scenario="s",
        step=name,
        requests=Requests(sum(outcomes.values()), sum(outcomes.values()), outcomes),
        skipped=Skipped(0, 0),
        latency_ms={"response": latency(values, late)},
        whose_ms=dict(whose or {}),
        strata=tuple(parts),
        by_connection={},
        failures=other.pop("failures", ()),
        recorded_ms={},
        shape=shape(values, QUANTILES),
        **other,
    )


def whose(value: float, **parts: float) -> Attribution:
    """A time of so many ms, of which what is not in `parts` is the target's."""
    known = {"connect": 0.0, "wait": 0.0, "build": 0.0, "held": 0.0, "own": 0.0, **parts}
    return Attribution(value=value, target=value - sum(known.values()), own_at_least=False, requests=100, **known)


def phase(
    name: str, *steps: Step, cycle: int = 1, cycles: int = 1, rate: float = 200.0, trip: float | None = None
) -> Phase:
    return Phase(
        name=name,
        cycle=cycle,
        cycles=cycles,
        kind="open",
        measured=True,
        seconds=30.0,
        ran=30.0,
        rate=PlannedRate(rate, rate),
        arrivals="poisson",
        users=None,
        iterations=NONE,
        requests=Requests(0, 0, {}),
        connections=OnConnections(0, 0, 0),
        round_trip_ms=trip,
        iteration_ms=(),
        steps=steps,
    )


def variant(*phases: Phase) -> RunVariant:
    return RunVariant("run", NONE, Requests(0, 0, {}), Connections(0, 0, 0, 0, 0, 0, 0), None, phases)
