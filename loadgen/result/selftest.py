"""The result of `loadgen selftest`, which is also the file that it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loadgen.result import SCHEMA
from loadgen.result.codec import item
from loadgen.result.reason import Reason
from loadgen.result.resolution import Resolution

Scheme = Literal["http", "https"]


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine and the versions that a self-test holds for. After a change of any of them it must be made again."""

    cpu: str = item("the model of the CPU")
    cpus: int = item("how many CPUs loadgen may use")
    kernel: str = item("the kernel and its version")
    python: str = item("Python's version")
    loadgen: str = item("loadgen's version")


@dataclass(frozen=True, slots=True)
class Ports:
    """The local ports of this machine."""

    count: int = item("the number of local ports")
    resting: int = item("the number of ports in TIME_WAIT")
    reused_on_loopback: bool = item("whether loopback can use a port in TIME_WAIT again at once")


@dataclass(frozen=True, slots=True)
class TimerSlack:
    """How much later than asked the kernel may let a timer fire."""

    default: int = item("the slack by default", "ns")
    worker: int = item("the slack in a worker", "ns")


@dataclass(frozen=True, slots=True)
class MachineLimits:
    """The limits of the machine. They are read, not measured."""

    cpus: int = item("the number of CPUs that loadgen may use")
    cpus_of_the_machine: int | None = item(
        "the number of CPUs that the machine has; null if the system does not report it"
    )
    quota: float | None = item("the CPU quota of the container; null without one", "CPUs")
    descriptors: int = item("the number of file descriptors that a process may have")
    ports: Ports = item("the local ports")
    timer: Literal["timerfd", "event loop"] = item(
        "what wakes a worker: timerfd, or the event loop, which is exact to 1 ms only"
    )
    timer_slack_ns: TimerSlack | None = item("the timer's slack; null if the system does not report it")
    load_average: float = item(
        "the mean number of processes that wanted a CPU in the minute before the self-test", "processes"
    )


@dataclass(frozen=True, slots=True)
class ClockCheck:
    """The monotonic clock, which all times are taken from, and how the wall clock moved against it."""

    source: str | None = item("the kernel's clock source; null if the system does not report it")
    resolution_ns: int = item("the smallest difference between two readings", "ns")
    steps: int = item("the number of times that the wall clock was set")
    largest_step_ms: float = item("the largest of these changes", "ms")
    drift_ms: float = item("how far the wall clock drifted apart from these changes", "ms")
    seconds: float = item("the time in which the clocks were watched", "s")


@dataclass(frozen=True, slots=True)
class Noise:
    """The same measurement, made several times. A target's figures that differ by no more than these may well be
    the same."""

    rate: int = item("the rate of each measurement", "1/s")
    seconds: float = item("the time that each measurement took", "s")
    each_ms: dict[str, tuple[float | None, ...]] = item(
        "the figures of response of each measurement, by the figure's name; null if it is not known", "ms"
    )
    repeatability_ms: dict[str, float] = item(
        "2.77 standard deviations of these figures: two of them differ by less in 95 of 100 cases; without the figures "
        "that too few measurements have",
        "ms",
    )


@dataclass(frozen=True, slots=True)
class Pacing:
    """How much later than due requests left at one rate."""

    rate: int = item("the rate", "1/s")
    requests: int = item("the number of requests")
    p50_ms: float | None = item("the p50 of lag; null if it is not known", "ms")
    p99_ms: float | None = item("the p99 of lag; null if it is not known", "ms")
    max_ms: float | None = item("the greatest lag; null if it is not known", "ms")


@dataclass(frozen=True, slots=True)
class NewConnections:
    """The highest rate at which one worker opens new connections."""

    scheme: Scheme = item("the scheme of the target's URL")
    per_second: int = item("the rate of new connections", "1/s")
    at_least: bool = item("whether a higher rate may be possible, because the target was the limit")
    target_busy: float = item("the share of a core that the target used", "1")


@dataclass(frozen=True, slots=True)
class Trial:
    """One rate that was tried."""

    rate: float = item("the rate", "1/s")
    why: Reason | None = item("why the run was not VALID; null if it was")
    target_busy: float = item("the share of a core that the target used", "1")

    @property
    def held(self) -> bool:
        """Whether the run was VALID."""
        return self.why is None


@dataclass(frozen=True, slots=True)
class Capacity:
    """The highest rate that stays VALID on one worker."""

    scheme: Scheme = item("the scheme of the target's URL")
    rate: float | None = item("the highest rate that stayed VALID; null if none did", "1/s", default=None)
    sure: bool = item("whether the run at this rate was VALID twice", default=False)
    at_least: bool = item("whether a higher rate might be VALID too", default=False)
    failed_at: float | None = item(
        "the lowest higher rate that was not VALID; null if there is none", "1/s", default=None
    )
    failed_why: Reason | None = item("why the run at that rate was not VALID", default=None)
    trials: tuple[Trial, ...] = item("the rates that were tried, in the order in which they were tried", default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class SelftestResult:
    """How far this machine's figures can be trusted."""

    schema: Literal["loadgen.result/4"] = item("the version of this document", default=SCHEMA)
    kind: Literal["selftest"] = item("the kind of this document", default="selftest")
    at: str = item("the time when the self-test began, in UTC, ISO 8601")
    plan: Literal["full", "quick"] = item("the kind of self-test: full, or quick with rougher figures")
    seconds: float = item("the time that the self-test took", "s")
    machine: Machine = item("the machine and the versions that the self-test holds for")
    boot: str | None = item("the system's number of the time since it was started; null if there is none", default=None)
    complete: bool = item("whether the self-test reached its end and could measure every part")
    interrupted: bool = item("whether a signal interrupted the self-test")
    warnings: tuple[Reason, ...] = item("what the user should know")
    limits: MachineLimits = item("the limits of the machine")
    stamps: bool | None = item(
        "whether the kernel stamps answers with the time of their arrival; null if it was not measured"
    )
    noise: Noise | None = item("how much figures differ without a cause; null if it was not measured")
    resolution: Resolution | None = item(
        "the differences that this machine cannot tell; null if too little was measured", default=None
    )
    pacing: tuple[Pacing, ...] = item("how late requests leave, at each rate")
    connections: tuple[NewConnections, ...] = item("the highest rate of new connections, for each scheme")
    capacity: tuple[Capacity, ...] = item("the highest rate that stays VALID, for each scheme")
    clock: ClockCheck = item("the clocks of this machine")
    saved: str | None = item("the file in which the result is kept; null if it is not kept", default=None)
