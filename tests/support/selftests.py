"""The result of a self-test."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from loadgen.result.reason import Reason
from loadgen.result.resolution import Resolution
from loadgen.result.selftest import (
    Capacity,
    ClockCheck,
    Machine,
    MachineLimits,
    NewConnections,
    Noise,
    Pacing,
    Ports,
    Scheme,
    SelftestResult,
    TimerSlack,
    Trial,
)

MACHINE = Machine(cpu="Fast 9000", cpus=4, kernel="Linux 6.1", python="3.12.1", loadgen="0.1.0")
EACH: dict[str, tuple[float | None, ...]] = {"p50": (0.081, 0.085, 0.131), "p99": (0.21, 0.4, None)}
BUSY = Reason.of("not_valid", signal="core use", observed="core_use", share=0.74, verdict="INVALID")


def capacity(scheme: Scheme, rate: float | None, **more: Any) -> Capacity:
    tried = (Trial(24_000.0, None, 0.4),)
    made = Capacity(scheme, rate, sure=True, at_least=False, failed_at=26_000.0, failed_why=BUSY, trials=tried)
    return replace(made, **more)


def result(**more: Any) -> SelftestResult:
    """A whole one, with these fields in place of its own."""
    made = SelftestResult(
        at="2026-11-22T19:02:11+00:00",
        plan="full",
        seconds=118.2,
        machine=MACHINE,
        complete=True,
        interrupted=False,
        warnings=(),
        limits=MachineLimits(
            cpus=4,
            cpus_of_the_machine=8,
            quota=None,
            descriptors=20_000,
            ports=Ports(28_232, 12, True),
            timer="timerfd",
            timer_slack_ns=TimerSlack(50_000, 1),
            load_average=0.1,
        ),
        stamps=True,
        noise=Noise(1000, 1, EACH, {"mean": 0.06, "p50": 0.05, "p99": 0.21}),
        resolution=Resolution.measured("selftest", {"mean": 0.08, "p50": 0.07, "p90": 0.11, "p99": 0.21}),
        boot="4f8a",
        pacing=(Pacing(100, 300, 0.051, 0.09, 0.4),),
        connections=(NewConnections("http", 9000, False, 0.5), NewConnections("https", 2100, True, 0.9)),
        capacity=(
            capacity("http", 24_000.0),
            capacity("https", 19_000.0, at_least=True, failed_at=None, failed_why=None),
        ),
        clock=ClockCheck("tsc", 25, 0, 0.0, 0.02, 118.0),
    )
    return replace(made, **more)
