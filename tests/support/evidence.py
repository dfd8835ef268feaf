"""What a quiet machine shows of itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from loadgen.clock import MILLISECOND
from loadgen.trust.evidence import Evidence
from loadgen.trust.figure import Figure


def figure(share: float, own: float = 10 * MILLISECOND, **more: Any) -> Figure:
    """p99 of 10,000 exchanges, of which this machine made such a share, which is so many ns."""
    value = own / share if share else 40.0 * MILLISECOND
    given: dict[str, Any] = {"decides": True, "resolution": 0.1 * MILLISECOND, **more}
    at_least = bool(given.pop("at_least", False))
    return Figure(
        "burst", 1, "", "p99", value, value - own, share, {"lag": own} if share else {}, 10_000, at_least, **given
    )


QUIET = Evidence(
    figures=(figure(0.005, 200_000),),
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
BLIND = replace(QUIET, figures=())  # too little is known to tell this machine's share


LIMITS: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    # signal, still valid, degraded at the most, invalid
    ("lag", {"lag_p99": 1_000_000}, {"lag_p99": 1_000_001}, {"lag_p999": 5_000_001}),
    ("lag", {"lag_p999": 5_000_000}, {"lag_p99": 5_000_000}, {"lag_p99": 5_000_001, "lag_p999": None}),
    ("client delay", {"delay_p99": 1_000_000}, {"delay_p99": 1_000_001}, {"delay_p999": 5_000_001}),
    ("client delay", {"delay_p999": 5_000_000}, {"delay_p99": 5_000_000}, {"delay_p99": 5_000_001, "delay_p999": None}),
    ("rate held", {"started": 9950}, {"started": 9800}, {"started": 9799}),
    ("rate held", {"missing": 0.05}, {"started": 9949, "missing": 0.05}, {"missing": 0.0501}),
    ("clock", {"clock_step": 1_000_000}, {"clock_step": 100_000_000}, {"clock_step": 100_000_001}),
    ("core use", {"core_use": 0.7}, {"core_use": 0.85}, {"core_use": 0.851}),
    ("loop stalls", {"loop_lag_max": 20_000_000}, {"loop_lag_max": 100_000_000}, {"loop_lag_max": 100_000_001}),
    ("steal", {"steal": 0.005}, {"steal": 0.02}, {"steal": 0.0201}),
    ("waiting for a CPU", {"waiting_for_cpu": 0.02}, {"waiting_for_cpu": 0.25}, {"waiting_for_cpu": 0.251}),
    ("gc", {"gc_max": 2_000_000}, {"gc_max": 20_000_000}, {"gc_max": 20_000_001}),
    ("gc", {"gc_share": 0.002}, {"gc_share": 0.005}, {"gc_share": 0.0051}),
    ("descriptors", {"connections": 0.7}, {"connections": 1.0}, {"connections": 1.01}),
    ("ports", {"ports": 0.7}, {"ports": 1.0}, {"ports": 1.01}),
]
