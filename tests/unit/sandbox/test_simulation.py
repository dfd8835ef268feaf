"""The sandbox's simulation: what happens to one request, in exact figures."""

from __future__ import annotations

from loadgen.clock import MILLISECOND, SECOND
from loadgen.profile.distribution import Distribution
from loadgen.profile.sandbox import Environments, Faults, SandboxSettings, Stall, Throttle
from loadgen.sandbox.messages import Fate
from loadgen.sandbox.simulation import Simulation


def simulation(**settings: object) -> Simulation:
    return Simulation(SandboxSettings.model_validate(settings))


def test_no_settings_no_delay() -> None:
    target = simulation()
    assert target.admit(5) == Fate(5)
    assert target.leaves(5) == 5


def test_round_trips() -> None:
    target = simulation(rtt=20, service=Distribution.fixed(8))
    fate = target.admit(100)
    assert fate == Fate(108, service=8)
    assert (target.leaves(fate.ready), target.leaves(fate.ready, 2)) == (128, 148)


def test_cold_starts_and_queueing() -> None:
    target = simulation(service=Distribution.fixed(8), environments=Environments(max=1, init=100))
    assert target.admit(0) == Fate(108, environment=1, cold=True, service=8, init=100)
    assert target.admit(10) == Fate(116, environment=1, service=8, queued=98)
    assert (target.cold_starts, target.queue_peak) == (1, 1)


def test_throttled_and_overflowed_take_no_time() -> None:
    target = simulation(
        service=Distribution.fixed(10 * SECOND),
        throttle=Throttle(rate=1.0, burst=2),
        environments=Environments(max=1, overflow="429"),
    )
    assert target.admit(0).status == 0
    assert target.admit(1) == Fate(1, 429, "overflow")
    assert target.admit(2) == Fate(2, 429, "throttle")


def test_what_comes_in_a_stall_begins_when_it_ends() -> None:
    stall = Stall.model_validate({"at": 1 * SECOND, "for": 2 * SECOND})
    target = simulation(rtt=MILLISECOND, service=Distribution.fixed(8 * MILLISECOND), stalls=(stall,))
    ready = [target.admit(t) for t in (0, SECOND - 5 * MILLISECOND, SECOND, 2 * SECOND, 3 * SECOND)]
    assert [target.leaves(fate.ready) for fate in ready] == [
        9 * MILLISECOND,
        3 * SECOND,
        3009 * MILLISECOND,
        3009 * MILLISECOND,
        3009 * MILLISECOND,
    ]
    assert [fate.queued for fate in ready] == [0, 0, 2 * SECOND, SECOND, 0]


def test_errors_come_in_turn_and_take_their_time() -> None:
    target = simulation(service=Distribution.fixed(8), faults=Faults(errors=1.0))
    assert [target.admit(0).status for _ in range(4)] == [502, 503, 504, 502]
    assert target.admit(0).ready == 8


def test_faults_do_not_change_the_service_times() -> None:
    service = Distribution.parse("lognormal(p50=8ms, p99=40ms)")
    healthy, ill = simulation(service=service), simulation(service=service, faults=Faults(errors=0.5))
    assert [healthy.admit(0).service for _ in range(50)] == [ill.admit(0).service for _ in range(50)]


def test_a_given_service_time_and_the_bypass() -> None:
    target = simulation(service=Distribution.fixed(8), environments=Environments(max=1))
    assert target.admit(0, service=500).ready == 500
    assert target.bypass(1) == Fate(1)
