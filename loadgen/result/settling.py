"""Whether the figures of a phase are those of the target, or of how long the phase ran."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loadgen.result.codec import item


@dataclass(frozen=True, slots=True)
class Growth:
    """What there was at the beginning and at the end of a phase, by its slowest wave."""

    begin: float = item("at the beginning: the mean latency, or the number of requests in flight", "ms or 1")
    end: float = item("at the end", "ms or 1")
    f: float | None = item("how strong this wave is, in terms of the next eight; below 0 if it falls", "1")


@dataclass(frozen=True, slots=True)
class Settling:
    """Whether a phase of a steady rate has settled."""

    settled: Literal["yes", "no", "not known"] = item("no if its latency and its requests in flight grew all the time")
    latency: Growth | None = item("how the mean latency grew; null if that is not known")
    in_flight: Growth | None = item("how the number of requests in flight grew; null if that is not known")
    answered: float | None = item(
        "the share of the requests, timeouts among them, that were answered ok before the phase ended; null if that is "
        "not known",
        "1",
    )
