"""The result of `loadgen selftest`, which is also the file that it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loadgen.result import SCHEMA
from loadgen.result.codec import item
from loadgen.result.reason import Reason

Scheme = Literal["http", "https"]


@dataclass(frozen=True, slots=True)
class Machine:
    """What a self-test is true of: on another machine, kernel, Python or loadgen it has to be made anew."""

    cpu: str = item("the model of the CPU")
    cpus: int = item("how many CPUs loadgen may use")
    kernel: str = item("the kernel and its version")
    python: str = item("Python's version")
    loadgen: str = item("loadgen's version")


@dataclass(frozen=True, slots=True)
class Ports:
    """Local ports."""

    count: int = item("how many there are")
    resting: int = item("of them: in TIME_WAIT")
    reused_on_loopback: bool = item("whether loopback takes a port in TIME_WAIT again at once")


@dataclass(frozen=True, slots=True)
class TimerSlack:
    """How late the kernel may let a timer be."""

    default: int = item("by default", "ns")
    worker: int = item("in a worker", "ns")


@dataclass(frozen=True, slots=True)
class MachineLimits:
    """What the machine has. It is read, not measured."""

    cpus: int = item("how many CPUs loadgen may use")
    cpus_of_the_machine: int | None = item("how many CPUs the machine has; null where the system does not tell")
    quota: float | None = item("the quota of a container; null without one", "CPUs")
    descriptors: int = item("how many descriptors a process may have")
    ports: Ports = item("local ports")
    timer: Literal["timerfd", "event loop"] = item("what wakes a worker: timerfd, or the event loop, a ms coarse")
    timer_slack_ns: TimerSlack | None = item("the timer's slack; null where the system does not tell")
    load_average: float = item("what wanted a CPU in the last minute, on average, before the self-test", "processes")


@dataclass(frozen=True, slots=True)
class ClockCheck:
    """The monotonic clock, by which all is timed, and how the wall clock moved against it."""

    source: str | None = item("the kernel's clock source; null where the system does not tell")
    resolution_ns: int = item("the least that two readings differ by", "ns")
    steps: int = item("steps of the wall clock")
    largest_step_ms: float = item("the largest of them", "ms")
    drift_ms: float = item("how far the wall clock drifted besides", "ms")
    seconds: float = item("in how long", "s")


@dataclass(frozen=True, slots=True)
class Noise:
    """The same measurement again and again: what two of them differ by is no difference of a target."""

    rate: int = item("its rate", "1/s")
    seconds: float = item("how long each took", "s")
    p50_ms: tuple[float | None, ...] = item("the p50 of response, of each", "ms")
    p99_ms: tuple[float | None, ...] = item("the p99 of response, of each", "ms")


@dataclass(frozen=True, slots=True)
class Pacing:
    """How much later than due requests left, at one rate."""

    rate: int = item("the rate", "1/s")
    requests: int = item("how many requests")
    p50_ms: float | None = item("the p50 of lag", "ms")
    p99_ms: float | None = item("the p99 of lag", "ms")
    max_ms: float | None = item("the greatest lag", "ms")


@dataclass(frozen=True, slots=True)
class NewConnections:
    """How many new connections one worker opens at the most."""

    scheme: Scheme = item("over http or https")
    per_second: int = item("how many", "1/s")
    at_least: bool = item("whether it may be more, as the target was in the way")
    target_busy: float = item("the share of a core that the target used", "1")


@dataclass(frozen=True, slots=True)
class Trial:
    """A rate that was tried."""

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

    scheme: Scheme = item("over http or https")
    rate: float | None = item("the rate; null where none stayed VALID", "1/s", default=None)
    sure: bool = item("whether it was VALID twice", default=False)
    at_least: bool = item("whether a higher rate might be VALID too", default=False)
    failed_at: float | None = item("the lowest rate above it that was not VALID; null without one", "1/s", default=None)
    failed_why: Reason | None = item("why that one was not VALID", default=None)
    trials: tuple[Trial, ...] = item("the rates that were tried, in that order", default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class SelftestResult:
    """What this machine can be trusted with."""

    schema: Literal["loadgen.result/3"] = item("the version of this document", default=SCHEMA)
    kind: Literal["selftest"] = item("what this document is", default="selftest")
    at: str = item("when it began, in UTC, ISO 8601")
    plan: Literal["full", "quick"] = item("which it is: full, or quick, with rougher figures")
    seconds: float = item("how long it took", "s")
    machine: Machine = item("what it is true of")
    complete: bool = item("whether it came to its end, and every part could be measured")
    interrupted: bool = item("whether it was interrupted by a signal")
    warnings: tuple[Reason, ...] = item("what the user should know")
    limits: MachineLimits = item("what the machine has")
    stamps: bool | None = item("whether the kernel stamps answers; null where it was not measured")
    noise: Noise | None = item("what differences are noise; null where it was not measured")
    pacing: tuple[Pacing, ...] = item("how late requests leave, by rate")
    connections: tuple[NewConnections, ...] = item("new connections, by scheme")
    capacity: tuple[Capacity, ...] = item("the highest rate that stays VALID, by scheme")
    clock: ClockCheck = item("the clock")
    saved: str | None = item("the file that it is kept in; null where it is not kept", default=None)
