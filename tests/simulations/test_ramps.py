"""How often a ramp tells from when on a limit was broken for good, and how near: on queues of known capacity, whose
rate rises with the load's own schedule. `python tests/simulations/test_ramps.py` prints the table of docs/evidence.md.

The capacity is the rate that keeps the limit for ever. A queue takes a while to fill, so that a ramp breaks the limit
above it; the faster the ramp, the higher.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from heapq import heapreplace

import numpy as np
import pytest
from capacities import Server
from promises import at_least, at_most, note, seeds
from streams import Floats, random, stalls

from loadgen.pacing import Schedule
from loadgen.profile.rate import LinearRate
from loadgen.stats import Integers
from loadgen.stats.breaking import broken_from
from loadgen.stats.ticks import TICKS, doublings

QUEUES = [Server("M/M/4", 4, 0.020, 0.150), Server("M/M/1", 1, 0.005, 0.100), Server("M/M/16", 16, 0.040, 0.250)]
ALLOWED = 0.01
FIRST = 0.3  # of the capacity, at which a ramp begins


@dataclass(frozen=True)
class Ramp:
    """From `FIRST` to `last` of the capacity in so many seconds."""

    server: Server
    last: float
    lasts: int

    def draw(self, seed: int) -> tuple[Integers, Integers]:
        """The requests of each bin, and those beyond the limit."""
        rate = LinearRate(FIRST * self.server.capacity, self.last * self.server.capacity)
        schedule = Schedule(rate, self.lasts * 10**9, True, (seed, self.lasts))
        due = np.concatenate([*schedule.blocks()]) / 1e9
        return self.counted(due, served(due, random(71, seed, self.lasts).exponential(1, len(due)), self.server))

    def counted(self, due: Floats, took: Floats) -> tuple[Integers, Integers]:
        width = (1 << int(doublings(np.array(self.lasts * 10**9)))) / TICKS
        edges = np.arange(int(self.lasts / width) + 1) * width
        return np.histogram(due, edges)[0], np.histogram(due[took > self.server.limit], edges)[0]

    def broken(self, seed: int) -> float | None:
        """The rate, in capacities, from which on the limit was broken."""
        counts, beyond = self.draw(seed)
        first = broken_from(counts, beyond, ALLOWED)
        return None if first is None else FIRST + (self.last - FIRST) * first / len(counts)


def served(due: Floats, work: Floats, server: Server) -> Floats:
    """How long each takes, in the order in which they come."""
    free = [0.0] * server.servers

    def done(now: float, service: float) -> float:
        end = max(now, free[0]) + service
        heapreplace(free, end)
        return end

    return np.array([done(*each) for each in zip(due.tolist(), (work * server.service).tolist(), strict=True)]) - due


@cache
def found(ramp: Ramp, number: int) -> list[float | None]:
    return [ramp.broken(seed) for seed in range(number)]


@pytest.mark.parametrize("server", QUEUES, ids=lambda server: server.name)
@pytest.mark.parametrize("lasts", [10, 60])
def test_a_ramp_that_keeps_the_limit_breaks_it_in_hardly_any_run(server: Server, lasts: int) -> None:
    for last in (0.6, 0.9):
        tried = seeds(20, 1000)
        false = sum(of is not None for of in found(Ramp(server, last, lasts), len(tried)))
        note("ramp kept", {"server": server.name, "last": last, "lasts": lasts, "said": false, "of": len(tried)})
        assert at_most(0.01, false, len(tried)), false


@pytest.mark.parametrize("server", QUEUES, ids=lambda server: server.name)
@pytest.mark.parametrize(("lasts", "above"), [(30, 1.3), (120, 1.2)])
def test_a_ramp_to_twice_the_capacity_tells_where(server: Server, lasts: int, above: float) -> None:
    tried = seeds(8, 500)
    told = [of for of in found(Ramp(server, 2.0, lasts), len(tried)) if of is not None]
    note("ramp broken", {"server": server.name, "lasts": lasts, "said": len(told), "of": len(tried),
                         "rates": np.quantile(told, (0.05, 0.5, 0.95)).round(3).tolist()})  # fmt: skip
    assert at_least(0.99, len(told), len(tried))
    assert 1 <= np.median(told) < above, "later than for ever, as a queue fills"
    assert at_least(0.9, sum(0.85 < of < above + 0.15 for of in told), len(tried)), sorted(told)


def test_stalls_break_nothing_for_good() -> None:
    """A target that stalls for 300 ms every 20 s, whatever the rate: nearly one in a hundred takes long, all of them
    within a moment, and the last such moment may be close to the end."""
    ramp, tried = Ramp(QUEUES[0], 1.0, 60), seeds(20, 1000)
    draw = stalls(200, 20, 0.3).draw
    said = sum(broken_from(*ramp.counted(*draw(random(73, seed), 60)), ALLOWED) is not None for seed in tried)
    note("ramp stalls", {"said": said, "of": len(tried)})
    assert at_most(0.05, said, len(tried)), said


if __name__ == "__main__":
    print("| ramp to | in | said | p5 | p50 | p95 of the rates, in capacities |\n|---|---|---|---|---|---|")
    for server in QUEUES:
        for last in (0.9, 1.0, 1.1, 1.5, 2.0):
            for lasts in (10, 30, 60, 120):
                of = found(Ramp(server, last, lasts), 200)
                told = sorted(rate for rate in of if rate is not None)
                ends = " | ".join(f"{end:.2f}" for end in np.quantile(told, (0.05, 0.5, 0.95))) if told else "| |"
                print(f"| {server.name} to {last} | {lasts} s | {len(told) / len(of):.0%} | {ends} |", flush=True)
