"""What a quiet machine shows of itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from loadgen.clock import MILLISECOND
from loadgen.trust.effect import Effect
from loadgen.trust.evidence import Evidence


def effect(share: float, own: float = 10 * MILLISECOND, *, at_least: bool = False, **more: Any) -> Effect:
    """Of the slowest hundredth of 10,000 exchanges, such a share, and so many ns of each."""
    parts = dict.fromkeys(("sign", "wait_delay", "connect_delay", "client_delay", "handshake_cpu"), 0.0) | {"lag": own}
    value = round(own / share) if share else 40 * MILLISECOND
    given: dict[str, Any] = {"value": value, "without": value - round(own if share else 0), **more}
    return Effect("burst", 1, "", "p99", 100, 10_000, share, parts, given["value"], given["without"], at_least)


QUIET = Evidence(
    effects=(effect(0.005, 200_000),),
    lag_p99=50_000,
    lag_p999=200_000,
    response_p999=40 * MILLISECOND,
    planned=10_000,
    started=10_000,
    core_use=0.3,
    loop_lag_p99=100_000,
    loop_lag_max=MILLISECOND,
    steal=0.0,
    throttled=0,
    waiting_for_cpu=0.001,
    gc_max=0,
    gc_share=0.0,
    client_resources=0,
    connections=0.01,
    ports=0.01,
    mismatches=[],
    delay_p99=50_000,
    delay_p999=200_000,
    delayed_p999=40 * MILLISECOND,
)
BLIND = replace(QUIET, effects=())  # too few requests for a share of the tail
