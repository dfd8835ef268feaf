"""What the formula says of a function on the CPU curve: by memory and the CPU's share of the work, which size each
strategy chooses. Of handlers whose time with one vCPU is log-normal."""

from __future__ import annotations

import math
from dataclasses import dataclass

from loadgen.aws.lambda_prices import lambda_price
from loadgen.sandbox.invocation import slowdown

SIZES = (128, 256, 512, 1024, 1536, 3008)


@dataclass(frozen=True, slots=True)
class Curve:
    """Times are ms with one vCPU; `cpu_bound` is the share of them that is work of the CPU, for one thread."""

    p50: float
    p99: float
    cpu_bound: float

    @property
    def service(self) -> str:
        """As the sandbox's settings have it."""
        return f"lognormal(p50={self.p50}ms, p99={self.p99}ms)"

    @property
    def sigma(self) -> float:
        """The standard deviation of the time's logarithm."""
        return math.log(self.p99 / self.p50) / 2.3263

    def times(self, memory: int) -> float:
        return slowdown(memory, self.cpu_bound, 1)

    def chosen(self, limit: float) -> dict[str, int]:
        """The size of each strategy, `keep` of those whose p99 is below `limit` ms, by Power Tuning's figures: the
        duration, and the price of memory times duration."""
        price = lambda_price("us-east-1", "x86_64")
        durations = {memory: self.times(memory) * self.p50 for memory in SIZES}
        costs = {memory: price.duration(memory, ms) for memory, ms in durations.items()}
        dear, slow = max(costs.values()), max(durations.values())
        keeping = [memory for memory in SIZES if self.times(memory) * self.p99 < limit]
        return {
            "cost": min(SIZES, key=costs.__getitem__),
            "speed": min(SIZES, key=durations.__getitem__),
            "balanced": min(SIZES, key=lambda memory: costs[memory] / dear + durations[memory] / slow),
            "keep": min(keeping, key=costs.__getitem__),
        }
