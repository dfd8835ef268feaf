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
    assert target.admit(1) == Fate(1, 429, "overflow", reason="ConcurrentInvocationLimitExceeded")
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


def test_each_kind_of_request_has_its_time() -> None:
    target = simulation(
        service=[
            {"match": "GET /orders/*", "time": Distribution.fixed(1)},
            {"match": "POST /a.b/**", "time": Distribution.fixed(2)},
            {"match": "* /any", "time": Distribution.fixed(3)},
            {"match": "GetItem", "time": Distribution.fixed(4)},
        ]
    )

    def took(method: bytes, path: bytes) -> int:
        return target.admit(0, method=method, path=path).service

    assert [took(b"GET", b"/orders/x%2Fy"), took(b"GET", b"/orders/"), took(b"GET", b"/orders/1/2")] == [1, 1, 0]
    assert [took(b"POST", b"/a.b/1/2"), took(b"POST", b"/acb/1"), took(b"PUT", b"/any")] == [2, 0, 3]
    assert [target.serve(0, b"GetItem").service, target.serve(0, b"PutItem").service] == [4, 0]


def test_a_kind_of_request_does_not_change_the_times_of_others() -> None:
    drawn = Distribution.parse("lognormal(p50=8ms, p99=40ms)")
    alone = simulation(service=[{"match": "GET /", "time": drawn}])
    beside = simulation(service=[{"match": "GET /", "time": drawn}, {"match": "POST /", "time": drawn}])
    expected = [alone.admit(0, method=b"GET", path=b"/").service for _ in range(20)]
    found = []
    for _ in range(20):
        beside.admit(0, method=b"POST", path=b"/")
        found.append(beside.admit(0, method=b"GET", path=b"/").service)
    assert found == expected


def test_cold_starts_are_drawn() -> None:
    init = Distribution.parse("lognormal(p50=200ms, p99=400ms)")
    target = simulation(environments=Environments(max=50, init=init), service=Distribution.fixed(1))
    drawn = [target.admit(0) for _ in range(50)]
    assert len({fate.init for fate in drawn}) == 50
    assert all(fate.cold and fate.ready == fate.init + 1 for fate in drawn)
    again = simulation(environments=Environments(max=50, init=init), service=Distribution.fixed(1))
    assert [again.admit(0).init for _ in range(50)] == [fate.init for fate in drawn]


def test_a_given_service_time_and_the_bypass() -> None:
    target = simulation(service=Distribution.fixed(8), environments=Environments(max=1))
    assert target.admit(0, service=500).ready == 500
    assert target.bypass(1) == Fate(1)
