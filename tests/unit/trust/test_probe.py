"""What a worker may have of its system, and sees of itself."""

from __future__ import annotations

import gc
import resource
from collections.abc import Iterator

import pytest

from loadgen.clock import MILLISECOND, VirtualClock
from loadgen.trust import host, probe
from loadgen.trust.probe import TICK, Probe, raise_descriptor_limit

OPEN_MAX = 10_240  # of macOS


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The limits that were set, on a system which says that there is none and gives OPEN_MAX."""
    found = [(256, resource.RLIM_INFINITY)]

    def setrlimit(kind: int, limits: tuple[int, int]) -> None:
        if limits[0] > OPEN_MAX:
            raise ValueError("current limit exceeds maximum limit")
        found.append(limits)

    monkeypatch.setattr(resource, "getrlimit", lambda kind: found[-1])
    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    monkeypatch.setattr(host, "UNLIMITED", OPEN_MAX)
    return found


def test_where_descriptors_are_said_to_be_unlimited_all_are_taken_that_there_are(limit: list[tuple[int, int]]) -> None:
    assert raise_descriptor_limit() == OPEN_MAX == host.descriptors()
    assert limit[1:] == [(OPEN_MAX, resource.RLIM_INFINITY)]
    assert raise_descriptor_limit() == OPEN_MAX
    assert len(limit) == 2


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualClock]:
    """The time as a probe sees it; the collector is off, and what a probe hangs on it is taken off again."""
    virtual = VirtualClock(start=1)
    monkeypatch.setattr(probe, "now", virtual.now)
    before = list(gc.callbacks)
    gc.disable()  # a real collection would be one more pause
    yield virtual
    gc.enable()
    gc.callbacks[:] = before


def held_up(clock: VirtualClock, ns: int) -> None:
    """The loop does nothing else for so long."""
    clock.advance(ns)
    clock.run(until=clock.now())


def test_a_loop_that_is_held_up_is_seen(clock: VirtualClock) -> None:
    watching = Probe(clock)
    watching.start()
    clock.run(until=clock.now() + 10 * TICK)
    held_up(clock, TICK + 7 * MILLISECOND)
    figures = watching.sample()
    assert figures["loop_lag_max"] == pytest.approx(7 * MILLISECOND, rel=0.01)
    assert watching.sample()["loop_lag_max"] == 0


def test_what_the_profile_asks_to_be_made_is_no_stall(clock: VirtualClock) -> None:
    built = [0]
    watching = Probe(clock, lambda: built[0])
    watching.start()
    held_up(clock, TICK + 80 * MILLISECOND)
    assert watching.sample()["loop_lag_max"] == pytest.approx(80 * MILLISECOND, rel=0.01)
    built[0] += 75 * MILLISECOND
    held_up(clock, TICK + 80 * MILLISECOND)
    assert watching.sample()["loop_lag_max"] == pytest.approx(5 * MILLISECOND, rel=0.01), "the rest is one"
    held_up(clock, TICK + 80 * MILLISECOND)
    assert watching.sample()["loop_lag_max"] == pytest.approx(80 * MILLISECOND, rel=0.01), "it counts once"


def test_what_the_collector_takes_while_it_is_made_is_a_part_of_it(clock: VirtualClock) -> None:
    built = [0]
    watching = Probe(clock, lambda: built[0])
    watching.start()
    for making in (0, 30 * MILLISECOND):
        watching._on_gc("start", {})
        clock.advance(30 * MILLISECOND)
        built[0] += making
        watching._on_gc("stop", {})
        figures = watching.sample()
        assert (figures["gc_max"], figures["gc_pauses"]) == (30 * MILLISECOND - making, 1)
