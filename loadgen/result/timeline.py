"""A run moment by moment, for a picture of it. It is no part of a result: the run's folder holds what it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Stretch:
    """One run of a phase, by its place among the phases of the result. `start` and `end` are in s from the start of the
    run."""

    phase: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Moment:
    """What was due in one moment, of all steps together, and what was completed in it, whenever that was due.

    `start` is in s from the start of the run; `sent` is the number of requests, `failed` of those that were not ok.
    `cold` are the ok answers that were cold starts, None if no answer tells; `throttled` are requests by reason.
    p50, p99 and the longest are in ms, of the response, or in a closed load of the service; None if not known, as among
    timeouts. `bins` are (low, high, count) in ms, eight for each doubling. `in_flight` is the most iterations that were
    open at the end of a second, `completed` the number of requests that ended and were ok; None if not known.
    """

    start: float
    sent: int
    failed: int
    p50: float | None
    p99: float | None
    longest: float | None
    bins: tuple[tuple[float, float, int], ...]
    in_flight: int | None
    completed: int | None = None
    cold: int | None = None
    throttled: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Moments of `width` s, without those in which nothing was due or completed; of several runs over each other, sums
    of `runs`."""

    width: int
    stretches: tuple[Stretch, ...]
    moments: tuple[Moment, ...]
    runs: int = 1
