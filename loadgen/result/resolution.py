"""The differences of a latency that this machine cannot tell from none."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Self

from loadgen.clock import MILLISECOND
from loadgen.result.codec import item

Source = Literal["ticks", "selftest", "assumed"]

# The most that counts, in ms, by figure. The kernel gives a process a slice of 1 to 3 ms before another has its turn:
# most waits behind other work are longer than 1 ms, and have to show in the verdict. A machine that is later than this
# at its median, or for one wake-up in ten, is not quiet either.
MOST: Mapping[str, float] = MappingProxyType({"mean": 0.25, "p50": 0.25, "p90": 0.5, "p99": 1.0, "p99.9": 1.0})
HIDDEN = 0.1  # a share of a figure: more of it makes a run INVALID
LEAST = 0.001  # ms: the width of a counter of a histogram at 1 ms


@dataclass(frozen=True, slots=True)
class Resolution:
    """The difference in a latency below which this machine cannot tell, for each figure. A difference that is smaller
    may be this machine's own."""

    source: Source = item(
        "where it comes from: ticks of the idle workers before the load, the self-test of this machine, or assumed, "
        "because neither is there"
    )
    ms: dict[str, float] = item("the resolution of the mean and of percentiles", "ms")
    measured_ms: dict[str, float] = item(
        "what was measured: greater than the resolution where this machine was not quiet; without the percentiles that "
        "too few ticks were measured for",
        "ms",
    )

    @classmethod
    def measured(cls, source: Source, ms: Mapping[str, float]) -> Self:
        """The resolution that follows from measured figures. A figure that was not measured has the greatest."""
        return cls(source, _bounded(ms), dict(ms))

    def of(self, figure: str) -> int:
        """The resolution of a percentile or the mean, in ns. A percentile between two known ones is in proportion to
        the logarithm of the share beyond it."""
        return round(_between(_bounded(self.ms), figure) * MILLISECOND)

    @property
    def of_target(self) -> int:
        """That of the target's own time, in ns. Our wake-ups are not in it, but the target's is, which a target on this
        machine makes no better: half of the two that the median of a response has. No more at any percentile, so that
        no tail of ours excuses one of the target's."""
        return self.of("p50") // 2

    def part(self, figure: str) -> int:
        """The most of a figure that this machine may have made without being to blame, in ns: what it always adds, and
        what it cannot tell besides. No more than counts at all."""
        return min(2 * self.of(figure), round(_between(MOST, figure) * MILLISECOND))

    def hides(self, figure: str, ms: float) -> bool:
        """Whether this machine's own doing may be more than a tenth of a figure of so many ms."""
        return self.of(figure) > HIDDEN * ms * MILLISECOND


def median(resolutions: Iterable[Resolution | None]) -> Resolution | None:
    """The median of the resolutions of several runs, figure by figure; None if none of them was measured."""
    known = [resolution for resolution in resolutions if resolution and resolution.source != "assumed"]
    if not known:
        return None
    measured = [name for name in MOST if all(name in resolution.measured_ms for resolution in known)]
    return Resolution(
        known[0].source,
        {name: statistics.median(of.of(name) / MILLISECOND for of in known) for name in MOST},
        {name: statistics.median(of.measured_ms[name] for of in known) for name in measured},
    )


def _bounded(ms: Mapping[str, float]) -> dict[str, float]:
    """Each figure's resolution, whatever was measured or read from a file."""
    return {name: max(LEAST, min(most, ms.get(name, most))) for name, most in MOST.items()}


def _between(values: Mapping[str, float], figure: str) -> float:
    """The value of a figure, which may lie between two that are known."""
    if (known := values.get(figure)) is not None:
        return known
    points = sorted((_nines(name), value) for name, value in values.items() if name != "mean")
    nines = _nines(figure)
    below = max((point for point in points if point[0] <= nines), default=points[0])
    above = min((point for point in points if point[0] >= nines), default=points[-1])
    share = (nines - below[0]) / (above[0] - below[0]) if above[0] > below[0] else 0.0
    return below[1] + share * (above[1] - below[1])


def _nines(percentile: str) -> float:
    """How many nines it has: 1 for p90, 3 for p99.9, 0.3 for p50."""
    beyond = 1 - float(percentile.removeprefix("p")) / 100
    return -math.log10(max(beyond, 1e-9))


ASSUMED = Resolution("assumed", dict.fromkeys(MOST, 0.05), {})  # as a quiet machine has it
