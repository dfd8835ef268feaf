"""All figures that are judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from loadgen.result.resolution import ASSUMED, Resolution
from loadgen.stats import Histogram
from loadgen.trust.figure import Figure
from loadgen.trust.network import Network


@dataclass(frozen=True, slots=True)
class Evidence:
    """Times in ns, shares from 0 to 1; None if it could not be measured, or does not apply."""

    lag_p99: int | None
    lag_p999: int | None
    response_p999: int | None
    planned: int
    started: int
    core_use: float | None  # of the busiest worker
    loop_lag_p99: int
    loop_lag_max: int
    steal: float | None
    throttled: int | None
    waiting_for_cpu: float
    gc_max: int
    gc_share: float
    client_resources: int
    connections: float  # peak share of what descriptors allow
    ports: float | None  # peak share of the ephemeral ports
    mismatches: list[str]
    sandbox: dict[str, Any] | None = None
    delay_p99: int | None = None
    delay_p999: int | None = None
    delayed_p999: int | None = None  # of what that delay is a part: the response, or the service of a closed load
    resolution: Resolution = ASSUMED  # below it, this machine's part is too small to tell
    figures: tuple[Figure, ...] = ()  # empty: too little is known to tell this machine's share of them
    missing: float = 0.0  # of the iterations that were due in the worst ten seconds, those that were not started
    busiest: int | None = None  # which worker
    preemptions: float = 0.0  # a second
    pressure: float | None = None  # of the time in which something here was ready and had no CPU
    clock_step: int | None = None
    client_asked: bool = False  # what the client costs is what the user asks for
    capped: int | None = None  # connections, if the profile says how many at the most
    wait_p99: int | None = None
    closed_idle: int = 0  # connections that the target closed and a request had to replace
    shared: bool = False  # whether the session is
    dns_max: int | None = None
    network: Network | None = None
    overflows: int | None = None  # connects that a listener in this machine's network dropped, as its queue was full
    of_node: Mapping[str, int] = field(default_factory=dict)  # by signal, of several nodes the one it is of
    connects: Histogram = field(default_factory=Histogram)  # how long TCP connects took
