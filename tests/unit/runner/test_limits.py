"""Can this machine carry the plan out: workers, connections, ports and descriptors, asked before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
from engine_harness import profile

from loadgen.errors import PlanError
from loadgen.profile.model import Profile
from loadgen.runner import limits as module
from loadgen.runner.limits import IN_FLIGHT, PREOPEN, RATE_PER_WORKER, Limits, limits, new_connections, workers_for
from loadgen.trust import host
from loadgen.trust.host import RESERVE, Ports


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Eight cores, 1000 descriptors for connections, 28,000 ports: changed by a call."""

    def change(
        cpus: int = 8, descriptors: int = 1000, ports: int = 28_000, waiting: int = 0, reused: bool = True
    ) -> None:
        monkeypatch.setattr(module, "cpus", lambda: cpus)
        monkeypatch.setattr(host, "descriptors", lambda: descriptors + RESERVE)
        monkeypatch.setattr(Ports, "read", classmethod(lambda cls: Ports(ports, waiting, reused)))

    change()
    return change


def of(load: str, session: str = "shared", **more: Any) -> Profile:
    lines = "".join(f"{key}: {value}\n" for key, value in more.items())
    return profile(f"load: [{load}]\nsession: {session}\n{lines}")


OPEN = "{name: a, rate: 100/s, for: 10s}"
SANDBOX = {"target": "sandbox"}


def test_the_number_of_workers_that_was_asked_for_is_taken() -> None:
    assert workers_for(of(OPEN, workers=3)) == 3


@pytest.mark.parametrize(
    ("rate", "workers"), [(1, 1), (RATE_PER_WORKER, 1), (RATE_PER_WORKER + 1, 2), (4 * RATE_PER_WORKER, 4), (10**7, 8)]
)
def test_auto_takes_as_many_workers_as_the_highest_rate_needs(rate: int, workers: int) -> None:
    load = f"{{name: b, rate: 1/s, for: 1s}}, {{name: a, rate: 1/s..{rate}/s, for: 1s}}"
    assert workers_for(of(load, workers="auto")) == workers


def test_auto_leaves_a_core_to_the_sandbox_and_heeds_the_cap(machine: Any) -> None:
    fast = f"{{name: a, rate: {10**7}/s, for: 1s}}"
    assert workers_for(of(fast, workers="auto")) == 8
    assert workers_for(of(fast, **SANDBOX, workers="auto")) == 7
    assert workers_for(of(fast, "{connections: 3}", workers="auto")) == 3
    machine(cpus=1)
    assert workers_for(of(fast, **SANDBOX, workers="auto")) == 1


def test_auto_takes_every_core_for_users() -> None:
    assert workers_for(of("{name: a, users: 100, for: 1s}", workers="auto")) == 8
    assert workers_for(of("{name: a, users: 100, for: 1s}", "{connections: 2}", workers="auto")) == 2


def test_limits_unless_said() -> None:
    assert limits(of(OPEN), 2, 1, False) == Limits(2, 2000, PREOPEN, IN_FLIGHT)
    assert limits(of(OPEN, "per-request"), 2, 1, False).preopen == 0
    assert limits(of("{name: a, users: 10, for: 1s}"), 2, 1, False).preopen == 10
    assert limits(of("{name: a, users: 10000, for: 1s}"), 2, 1, False).preopen == 2000


def test_limits_that_the_profile_says() -> None:
    given = of(OPEN, "{connections: 300}", in_flight_limit=77)
    assert limits(given, 2, 1, False) == Limits(2, 300, 300, 77)
    assert limits(of(OPEN, "{reuse: per-iteration, connections: 300}"), 2, 1, False).preopen == 0


def refused(given: Profile, workers: int = 1, addresses: int = 1, loopback: bool = False) -> str:
    with pytest.raises(PlanError) as found:
        limits(given, workers, addresses, loopback)
    return str(found.value)


def test_descriptors_bound_the_connections_of_each_worker(machine: Any) -> None:
    assert limits(of(OPEN, "{connections: 2000}"), 2, 1, False).connections == 2000
    assert "session.connections: 2,001 connections need more descriptors than the 1,064" in refused(
        of(OPEN, "{connections: 2001}"), 2
    )
    machine(descriptors=0)
    assert "need more descriptors" in refused(of(OPEN))


def test_a_cap_below_the_number_of_workers_says_which_number_is_possible() -> None:
    assert refused(of(OPEN, "{connections: 3}"), 4) == (
        "session.connections: 3 cannot be shared by 4 workers. Set workers to at most 3"
    )


def test_a_cap_needs_as_many_ports(machine: Any) -> None:
    machine(descriptors=100_000, waiting=8000)
    given = of(OPEN, "{connections: 20001}")
    assert "20,001 connections need more ports than the 20,000 that are free" in refused(given)
    assert limits(given, 1, 2, False).connections == 20_001
    assert limits(given, 1, 1, True).connections == 20_001, "loopback takes a resting port again"
    machine(descriptors=100_000, waiting=29_000)
    assert "more ports than the 0 that are free" in refused(given), "other addresses have resting ports, too"
    machine(descriptors=100_000, waiting=8000, reused=False)
    assert "than the 20,000 that are free" in refused(given, loopback=True)


def test_ports_bound_what_new_connections_take_in_a_minute(machine: Any) -> None:
    for_long = "{name: a, rate: 1000/s, for: 5m}"
    told = refused(of(for_long, "per-request"))
    assert "per-request would open 60,000 connections within 60 s, and only 28,000 ports are free" in told
    assert "about 467/s can be held" in told
    assert limits(of(for_long, "shared"), 1, 1, False)
    assert limits(of(for_long, "per-request"), 1, 3, False), "each address has ports of its own"
    assert limits(of(for_long, "per-request"), 1, 1, True), "loopback takes a resting port again"
    machine(reused=False)
    assert "within 60 s" in refused(of(for_long, "per-request"), loopback=True)


STEPS = "[{name: s, steps: [{name: x, get: /}, {name: y, get: /}, {name: z, get: /}]}]"


@pytest.mark.parametrize(
    ("load", "session", "count"),
    [
        (OPEN, "per-request", 1000),
        (OPEN, "per-iteration", 1000),
        ("{name: a, rate: 100/s, for: 1h}", "per-request", 6000),
        ("{name: a, rate: 100/s, iterations: 500}", "per-request", 500),
        ("{name: a, rate: 100/s, iterations: 50000}", "per-request", 6000),
        ("{name: a, at-once: 700}", "per-request", 700),
        ("{name: a, rate: 0/s..100/s, for: 10s}", "per-request", 500),
        # the last minute of a climb, not an average one
        ("{name: a, rate: 0/s..1000/s, for: 10m}", "per-request", 57_000),
        ("{name: a, rate: 1000/s..0/s, for: 10m}", "per-request", 57_000),
        # a minute may hold several phases, and the middle of a triangle is the worst of it
        ("{name: a, rate: 100/s, for: 10s}, {name: b, rate: 200/s, for: 10s}", "per-request", 3000),
        ("{name: a, rate: 0/s..100/s, for: 1m}, {name: b, rate: 100/s..0/s, for: 1m}", "per-request", 4500),
        (
            "{name: a, rate: 10/s, for: 30s}, {name: b, at-once: 500}, {name: c, rate: 10/s, for: 1h}",
            "per-request",
            1100,
        ),
        ("{name: a, users: 5, for: 30s}, {name: b, rate: 10/s, for: 10s}", "per-request", 100),
        ("{name: a, users: 5, iterations: 30}", "per-request", 0),
    ],
)
def test_new_connections_are_those_of_the_busiest_minute(load: str, session: str, count: int) -> None:
    assert new_connections(of(load, session)) == count


def test_cycles_are_part_of_the_minute() -> None:
    load = "{name: a, rate: 100/s, for: 5s}, {name: b, rate: 10/s, for: 5s}"
    assert new_connections(of(load, "per-request", cycles=4)) == 2200


def test_steps_open_connections_by_the_weight_of_their_scenario() -> None:
    assert new_connections(of(OPEN, "per-request", scenarios=STEPS)) == 3000
    assert new_connections(of(OPEN, "per-iteration", scenarios=STEPS)) == 1000
    light = STEPS[:-1] + ", {name: t, weight: 9, steps: [{name: x, get: /}]}]"
    assert new_connections(of(OPEN, "per-request", scenarios=light)) == 1200


def test_a_year_of_load_is_counted_in_a_moment() -> None:
    assert new_connections(of("{name: a, rate: 100/s, for: 8760h}", "per-request")) == pytest.approx(6000, rel=0.1)


def test_machines_alike_have_the_limits_together(machine: Any) -> None:
    """What the profile caps is all machines' together; what a machine sets each of them has."""
    assert limits(of(OPEN, "{connections: 300}", in_flight_limit=77), 2, 1, False, 4) == Limits(2, 300, 300, 77)
    assert limits(of(OPEN), 2, 1, False, 4) == Limits(2, 4 * 2000, PREOPEN, 4 * IN_FLIGHT)
    with pytest.raises(PlanError, match="7 cannot be shared by 8 workers"):
        limits(of(OPEN, "{connections: 7}"), 2, 1, False, 4)
    assert limits(of(OPEN, "{connections: 9000}"), 2, 1, False, 5).connections == 9000
    machine(ports=1000)
    opened = of("{name: a, rate: 100/s, for: 60s}", "per-request")
    with pytest.raises(PlanError, match="6,000 connections"):
        limits(opened, 2, 1, False)
    assert limits(opened, 2, 1, False, 6).workers == 2
