"""The target's own time over real sockets: that of the packets, and no verdict where the load was another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from truth.wall import Seen, target_is_the_wires, watch

pytestmark = pytest.mark.real


def statuses(seen: Seen) -> dict[str, tuple[str, Any]]:
    thresholds = seen.ran.result["thresholds"]
    return {entry["text"]: (entry["status"], (entry["why"] or {}).get("code")) for entry in thresholds}


@pytest.mark.parametrize("service", ["0ms", "lognormal(p50=10ms, p99=40ms)"])
def test_it_is_that_of_the_packets(tmp_path: Path, service: str) -> None:
    seen = watch(tmp_path, {"service": service}, "{name: a, rate: 500/s, iterations: 2000}")
    target_is_the_wires(seen)
    latency = seen.latency()
    assert latency["ttfb"]["p99"] == pytest.approx(latency["target"]["p99"], abs=0.001), "one read has it all"


def test_a_freeze_behind_a_cap_is_not_judged_by_it(tmp_path: Path) -> None:
    """Of 400 requests 100 are due while nothing is answered, and 20 of these are sent: the target's p90 shows nothing.
    The response's does. Of one freeze nobody knows how many there will be, so that no count decides."""
    seen = watch(
        tmp_path,
        {"service": "5ms", "stalls": {"every": "3s", "for": "1s"}},
        "{name: a, rate: 100/s, arrivals: constant, for: 4s}",
        "session: {connections: 20}\nthresholds: {a: [target p90 < 50ms, response p90 < 50ms]}\n",
        "--accept-invalid",
    )
    latency = seen.latency()
    assert latency["target"]["p90"] < 50 < latency["response"]["p90"]
    assert statuses(seen) == {
        "target p90 < 50ms": ("undecided", "off_schedule"),
        "response p90 < 50ms": ("undecided", "not_decided"),
    }
