"""The result of a self-test."""

from __future__ import annotations

from typing import Any

from loadgen.selftest import SCHEMA

MACHINE = {"cpu": "Fast 9000", "cpus": 4, "kernel": "Linux 6.1", "python": "3.12.1", "loadgen": "0.1.0"}


TRIALS = [{"rate": 24_000.0, "why": "", "target_busy": 0.4}]


def row(scheme: str, rate: float | None, **more: Any) -> dict[str, Any]:
    told = {"scheme": scheme, "rate": rate, "sure": True, "at_least": False, "trials": TRIALS}
    return told | {"failed_at": 26_000.0, "failed_why": "core use 74%"} | more


def result(**more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "schema": SCHEMA, "at": "2026-11-22T19:02:11+00:00", "plan": "full", "seconds": 118.2, "machine": MACHINE,
        "complete": True, "interrupted": False, "warnings": [], "stamps": True,
        "limits": {
            "cpus": 4, "cpus_of_the_machine": 8, "quota": None, "descriptors": 20_000, "timer": "timerfd",
            "ports": {"count": 28_232, "resting": 12, "reused_on_loopback": True},
            "timer_slack_ns": {"default": 50_000, "worker": 1}, "load_average": 0.1,
        },
        "clock": {
            "source": "tsc", "resolution_ns": 25, "steps": 0, "largest_step_ms": 0.0, "drift_ms": 0.02,
            "seconds": 118.0,
        },
        "noise": {"rate": 1000, "seconds": 2, "p50_ms": [0.081, 0.085, 0.131], "p99_ms": [0.21, 0.4, 0.3]},
        "pacing": [{"rate": 100, "requests": 300, "p50_ms": 0.051, "p99_ms": 0.09, "max_ms": 0.4}],
        "connections": [
            {"scheme": "http", "per_second": 9000, "at_least": False, "target_busy": 0.5},
            {"scheme": "https", "per_second": 2100, "at_least": True, "target_busy": 0.9},
        ],
        "capacity": [row("http", 24_000.0), row("https", 19_000.0, at_least=True, failed_at=None, failed_why=None)],
    }  # fmt: skip
    return made | more
