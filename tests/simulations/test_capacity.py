"""How often `loadgen capacity` finds a capacity that is known: `python tests/simulations/test_capacity.py` prints the
table of docs/capacity.md. Each measurement has the plan of thirteen minutes, in virtual time."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, replace

import pytest
from capacities import Measurement, Server, measured, of_variants
from promises import FULL, at_least, note, seeds

from loadgen.clock import SECOND
from loadgen.experiment.capacity.judgement import of_variants as capacities_of
from loadgen.experiment.capacity.judgement import ratios
from loadgen.experiment.capacity.plan import conditions, plan_of
from loadgen.profile.load import from_url
from loadgen.result.capacity import CapacityPlan

MINUTES = 13
QUEUES = [
    Server("M/M/4, p99 < 150 ms", 4, 0.020, 0.150),
    Server("M/M/1, p99 < 150 ms", 1, 0.005, 0.150),
    Server("M/M/4, p95 < 150 ms", 4, 0.020, 0.150, quantile=0.95),
]
LIMITS = [
    Server("a throttle of 120/s", 4, 0.020, 0.150, throttle=120, burst=20, limited_by="limit_throttle"),
    Server("a throttle with a bucket of 100", 4, 0.020, 0.150, throttle=120, burst=100, limited_by="limit_throttle"),
    Server("a small bucket", 4, 0.020, 0.150, throttle=60, errors=0.01, limited_by="limit_throttle"),
    Server("a cap on connections", 4, 0.020, 0.150, limited_by="limit_connections"),
    Server("this machine", 4, 0.020, 0.150, limited_by="limit_machine"),
]


@dataclass(frozen=True)
class Found:
    """What the measurements of one target came to; the numbers are counts, but for the widths."""

    tried: int
    near: int  # within 5 %
    held: int  # the interval holds the truth
    narrow: int  # it is at most 12 % wide
    named: int  # what set the limit
    width: float  # the median

    @classmethod
    def of(cls, server: Server, made: list[Measurement]) -> Found:
        truth, all_of = server.capacity, [of.capacity for of in made]
        widths = sorted(of.width if of.width is not None else float("inf") for of in all_of)
        return cls(
            tried=len(made),
            near=sum(of.rate is not None and abs(of.rate / truth - 1) <= 0.05 for of in all_of),
            held=sum(bool(of.low and of.high and of.low <= truth <= of.high) for of in all_of),
            narrow=sum(width <= 0.12 for width in widths),
            named=sum(of.limit.code == server.limited_by for of in all_of),
            width=widths[len(widths) // 2],
        )


def plan(server: Server) -> CapacityPlan:
    loaded = from_url("http://127.0.0.1:1/")
    return plan_of(loaded, conditions(server.keep), MINUTES * 60 * SECOND, first=10.0)


def found(server: Server, tried: range) -> Found:
    made = Found.of(server, [measured(server, plan(server), seed) for seed in tried])
    note("capacity", {"target": server.name, **asdict(made)})
    return made


@pytest.mark.parametrize("server", QUEUES if FULL else QUEUES[:1], ids=lambda server: server.name)
def test_the_capacity_of_a_queue_is_found(server: Server) -> None:
    of = found(server, seeds(2, 200))
    assert at_least(0.95, of.near, of.tried), of
    assert at_least(0.93, of.held, of.tried), of
    assert at_least(0.85, of.narrow, of.tried), of


@pytest.mark.parametrize("server", LIMITS if FULL else LIMITS[:2], ids=lambda server: server.name)
def test_what_set_the_limit_is_named(server: Server) -> None:
    """A small bucket refuses so few near its capacity that the rate is less sure, which its interval says."""
    of, small = found(server, seeds(2, 200)), server.throttle and server.burst < 10
    assert at_least(0.95, of.named, of.tried), of
    assert at_least(0.8 if small else 0.95, of.near, of.tried), of
    assert at_least(0.93, of.held, of.tried), of


SHARED = Server("shared", 4, 0.020, 0.150)
PAIRS = [
    ("M/M/4 against M/M/2, 20 ms", SHARED, Server("fresh", 2, 0.020, 0.150)),
    # some requests of the slower one are beyond the limit at any rate
    ("M/M/4 of 20 ms against 25 ms", SHARED, Server("fresh", 4, 0.025, 0.150)),
]


@dataclass(frozen=True)
class Compared:
    """What the ratios of the capacities of two targets came to."""

    tried: int
    held: int  # the interval holds the ratio
    near: int  # the ratio is within 5 %
    width: float  # the median width of the interval, as a share of the ratio

    @classmethod
    def of(cls, name: str, shared: Server, fresh: Server, tried: range) -> Compared:
        truth, made = fresh.capacity / shared.capacity, []
        both = replace(plan(shared), variants=("shared", "fresh"))
        for seed in tried:
            steps = of_variants({"shared": shared, "fresh": fresh}, both, seed).steps
            made += ratios(capacities_of(both, steps))
        widths = sorted((of.high - of.low) / of.ratio for of in made if of.ratio and of.low and of.high)
        found = cls(
            tried=len(made),
            held=sum(bool(of.low and of.high and of.low <= truth <= of.high) for of in made),
            near=sum(of.ratio is not None and abs(of.ratio / truth - 1) <= 0.05 for of in made),
            width=widths[len(widths) // 2],
        )
        note("capacity ratio", {"targets": name, **asdict(found)})
        return found


@pytest.mark.parametrize(("name", "shared", "fresh"), PAIRS)
def test_the_interval_of_a_ratio_holds_it(name: str, shared: Server, fresh: Server) -> None:
    of = Compared.of(name, shared, fresh, seeds(1, 200))
    assert at_least(0.93, of.held, of.tried), of


def table_of_ratios(tried: int) -> None:
    print("| targets | ratio | interval holds | within 5 % | median width |")
    print("|---|---|---|---|---|")
    for name, shared, fresh in PAIRS:
        of = Compared.of(name, shared, fresh, range(tried))
        shares = [f"{100 * count / of.tried:.3g} %" for count in (of.held, of.near)]
        truth = f"{fresh.capacity / shared.capacity:.3f}"
        print(f"| {name} | {truth} | {shares[0]} | {shares[1]} | {100 * of.width:.1f} % |", flush=True)


def table(tried: int) -> None:
    print("| target | capacity | within 5 % | interval holds | at most 12 % wide | median width | named |")
    print("|---|---|---|---|---|---|---|")
    for server in [*QUEUES, *LIMITS]:
        of = found(server, range(tried))
        shares = [f"{100 * count / of.tried:.3g} %" for count in (of.near, of.held, of.narrow)]
        row = [server.name, f"{server.capacity:.1f}/s", *shares, f"{100 * of.width:.1f} %"]
        print(f"| {' | '.join(row)} | {100 * of.named / of.tried:.3g} % |", flush=True)


if __name__ == "__main__":
    table(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
    table_of_ratios(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
