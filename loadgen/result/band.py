"""A load whose rate changes, by the rate that was offered."""

from __future__ import annotations

from dataclasses import dataclass

from loadgen.result.codec import item
from loadgen.result.latency import Latency


@dataclass(frozen=True, slots=True)
class Band:
    """The requests of a step that were due while the offered rate was within a band."""

    low_per_s: float = item("the least rate of iterations that was offered", "1/s")
    high_per_s: float = item("the greatest rate of iterations that was offered", "1/s")
    start_s: float = item("when the rate came into the band, from the start of the phase", "s")
    lasted_s: float = item("how long the rate was within the band", "s")
    requests: int = item("the number of requests that were due in that time")
    failed: int = item("of these, the number that were not ok, whenever that was known")
    completed: int = item(
        "the number of ok answers that came in that time, whenever their requests were due, in an earlier phase too"
    )
    latency_ms: Latency = item("the response times of the requests that were due in that time")

    @property
    def completed_per_s(self) -> float:
        return self.completed / self.lasted_s if self.lasted_s > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Held:
    """From when on a threshold was not kept any more, in a phase whose rate changes."""

    until_s: float = item("how long the threshold was kept, from the start of the phase; 0: never", "s")
    until_per_s: float = item("the rate of iterations that was offered then", "1/s")
