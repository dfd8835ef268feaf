"""The result of a run with a ramp, as data: what a report of it is made of."""

from __future__ import annotations

import json
from dataclasses import replace

from paths import DATA

from loadgen.result.band import Band, Held
from loadgen.result.codec import from_json
from loadgen.result.latency import Latency
from loadgen.result.reason import Reason
from loadgen.result.run import PlannedRate, RunResult

RESULT = from_json(RunResult, json.loads((DATA / "result.json").read_text()))


def latency(number: int) -> Latency:
    """The first band has too few requests for a p99; of the last, p99 lies among timeouts."""
    p99 = None if number in (0, 9) else 40.0 + 10 * number**2
    why = {0: Reason.of("too_few", needs=100, count=43), 9: Reason.of("among_timeouts", bound_ms=5000.0, timeouts=9)}
    return Latency(
        count=100,
        mean=10.0,
        min=5.0,
        quantiles={"p50": 10.0 + number, "p90": 30.0, "p95": 35.0, "p99": p99, "p99.9": None},
        spent=1000.0,
        max=None,
        timeouts=9 if number == 9 else 0,
        above={"p99": 5000.0} if number == 9 else {},
        why={"p99": why[number]} if number in why else {},
    )


def band(number: int) -> Band:
    low = 50.0 + 55 * number
    done = min(int(low), 300)
    return Band(low, low + 55, float(number), 1.0, int(low), 10 * (number == 9), done, latency(number))


def ramp_result(steps: int = 1, cycles: int = 1, broken: bool = True) -> RunResult:
    """A single phase, from 50/s to 600/s in ten seconds, whose threshold was broken at 312/s."""
    (variant,) = RESULT.variants
    phase = next(phase for phase in variant.phases if phase.measured)
    bands = tuple(map(band, range(10)))
    made = [replace(phase.steps[0], step=f"get{number or ''}", bands=bands, strata=()) for number in range(steps)]
    rate = PlannedRate(50.0, 600.0)
    phases = [
        replace(phase, name="climb", cycle=n + 1, cycles=cycles, rate=rate, ran=10.0, steps=tuple(made), settling=None)
        for n in range(cycles)
    ]
    threshold = RESULT.thresholds[0]
    held = Held(14.2, 312.04) if broken else None
    missed = replace(threshold, phase="climb", step="get", text="response p99 < 150ms", status="failed", held=held)
    return replace(RESULT, variants=(replace(variant, phases=tuple(phases)),), thresholds=(missed,), findings=())
