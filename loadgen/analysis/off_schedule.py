"""Whether the target's own time may decide anything: not where its load was another than the plan's.

A target that freezes behind a cap of connections makes requests wait that are then served in no time, and a client that
stalls sends in bursts. Of both the target's time tells nothing, whatever it is: to judge by it is coordinated omission.
"""

from __future__ import annotations

from collections.abc import Iterable

from loadgen.result.reason import Reason
from loadgen.result.run import OffSchedule, Step

MOST = 0.1  # of a tail may have left otherwise than planned: a percentile then moves by no more than a tenth of it
MEAN = "mean"
FINEST = "p99.9"


def off_schedule(steps: Iterable[Step], quantile: str) -> Reason | None:
    """The reason why that figure of the target's own time, over those steps together, may not decide anything."""
    name = {"max": FINEST, "min": MEAN}.get(quantile, quantile)
    tails = [tail for step in steps if (tail := step.off_schedule.get(name))]
    tail = OffSchedule(sum(t.requests for t in tails), sum(t.displaced for t in tails), sum(t.waited for t in tails))
    if tail.share <= MOST:
        return None
    return Reason.of("off_schedule", requests=tail.requests, displaced=tail.displaced, waited=tail.waited)
