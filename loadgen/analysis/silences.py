"""When the target answered nothing in a phase that has a schedule, from the traffic of the run."""

from __future__ import annotations

from loadgen.analysis.per_second import span
from loadgen.clock import SECOND
from loadgen.engine.plan import PhaseRun, Plan
from loadgen.record.traffic import Count, Traffic
from loadgen.result.run import Silence
from loadgen.stats import silences
from loadgen.stats.ticks import TICK

MOST = 20  # that a phase tells


def silences_of(run: PhaseRun, plan: Plan, traffic: Traffic, stopped: int | None = None) -> tuple[Silence, ...]:
    """The longest silences of this run of a phase, in the order of time; none if the plan does not tell when it begins
    and ends. `stopped` is when the run was stopped early, in ns after its start."""
    start, end = span(run, plan)
    if not run.rates or start is None or end is None:
        return ()
    width = traffic.width * TICK
    first, last = -(-start // width), min(end, stopped or end) // width
    released, back = (traffic.counts[row, first:last] for row in (Count.RELEASED, Count.BACK))
    found = silences.silences(released, back)
    longest = sorted(found, key=lambda gap: gap.bins, reverse=True)[:MOST]
    seconds = width / SECOND
    return tuple(Silence((first + gap.start) * seconds, gap.bins * seconds, gap.requests) for gap in sorted(longest))
