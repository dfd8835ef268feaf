"""Coordinated omission (4): a target that stands still for ten of a hundred seconds, and what its users would have
waited, whatever the client's connections."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine_harness import START, Run, always, profile

from loadgen.clock import MILLISECOND, SECOND
from loadgen.exchange import Exchange
from loadgen.transport.scripted import Reply
from truth.pipeline import Told, assert_tells, ns, tell, told

SERVICE = MILLISECOND
FREEZE, THAW = 40 * SECOND, 50 * SECOND
TEXT = """
load: [{name: steady, rate: 100/s, for: 100s, arrivals: ARRIVALS}]
session: {connections: CONNECTIONS}
timeout: 60s
"""
UNLIMITED = 100_000

# What is due u seconds into the freeze waits 10 - u, and for those before it, each of which takes 1 ms, 0.1 u: that is
# 10 - 0.9 u. What comes until they are through, 1.1 s after the thaw, waits too. So a share of (10 - r) / 90 of all
# waits longer than r
FLUID = {"p90": 1.0, "p95": 5.5, "p99": 9.1}


class Frozen:
    """A target with one server, first come first served."""

    def __init__(self) -> None:
        self._free = 0

    def __call__(self, x: Exchange) -> Reply:
        begin = max(x.started - START, self._free)
        if FREEZE <= begin < THAW:
            begin = THAW
        self._free = begin + SERVICE
        return Reply(after=self._free - (x.started - START))


def lindley(arrivals: list[int]) -> list[int]:
    """The responses of that queue: by the recursion on the gaps, in which no instant is kept."""
    responses = []
    wait, last = -SERVICE, arrivals[0]
    for now in arrivals:
        wait = max(0, wait + SERVICE - (now - last))
        if FREEZE <= now + wait < THAW:
            wait = THAW - now
        responses.append(wait + SERVICE)
        last = now
    return responses


def frozen(folder: Path, arrivals: str, connections: int, workers: int = 1) -> Told:
    text = TEXT.replace("ARRIVALS", arrivals).replace("CONNECTIONS", str(connections))
    return tell(text, Frozen(), folder, workers=workers)


@pytest.mark.parametrize("connections", [1, UNLIMITED])
def test_a_freeze_is_in_the_percentiles_as_arithmetic_has_it(connections: int, tmp_path: Path) -> None:
    found = frozen(tmp_path / "run", "constant", connections)
    block = found.block("steady")
    for name, seconds in FLUID.items():
        assert ns(block[name]) == pytest.approx(seconds * SECOND, rel=0.02), name
    assert ns(block["p50"]) == pytest.approx(SERVICE, rel=0.001)
    assert_tells(block, lindley([k * SECOND // 100 for k in range(10_000)]))


def test_random_arrivals_wait_as_the_recursion_says_over_any_number_of_connections(tmp_path: Path) -> None:
    """The schedule is what an unlimited client sent, in the target's own log: a limited one must not have another."""
    free = frozen(tmp_path / "free", "poisson", UNLIMITED)
    log = sorted(x.started - START for x in free.run.of(0))
    expected = lindley(log)
    for name, seconds in FLUID.items():  # but for chance: 1,000 arrivals in the freeze, give or take 32
        assert ns(free.block("steady")[name]) == pytest.approx(seconds * SECOND, rel=0.1), name
    assert_tells(free.block("steady"), expected)
    for connections in (1, 7):
        capped = frozen(tmp_path / f"{connections}", "poisson", connections)
        assert_tells(capped.block("steady"), expected)
        assert ns(capped.block("steady", "service")["p95"]) < SECOND / 2, "of which service alone would tell nothing"
    assert_tells(frozen(tmp_path / "two", "poisson", UNLIMITED, workers=2).block("steady"), expected)


def test_a_client_that_stands_still_hides_nothing_either(tmp_path: Path) -> None:
    """All that was due meanwhile goes out when it comes to, and waited since it was due; the target was never slow."""
    text = TEXT.replace("ARRIVALS", "poisson").replace("CONNECTIONS", str(UNLIMITED))
    calm = tell(text, always(after=SERVICE), tmp_path / "calm")
    run = Run(profile(text), always(after=SERVICE)).stall(FREEZE, THAW - FREEZE)
    found = told(run.go(), tmp_path / "run")
    dues = [x.due - START for x in calm.run.of(0)]
    late = [THAW - due if FREEZE < due < THAW else 0 for due in dues]
    truth = [lag + SERVICE for lag in late]
    assert_tells(found.block("steady"), truth, "p50", "p90", "p95", "p99")
    assert ns(found.block("steady", "lag")["spent"]) == sum(late)
    assert ns(found.block("steady", "service")["p99"]) == pytest.approx(SERVICE, rel=0.001)
