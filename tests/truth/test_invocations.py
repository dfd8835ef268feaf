"""What the answers of a Lambda function tell is told as it was: the sandbox's own Lambda answers in virtual time, and
the lines that it wrote are the truth."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from engine_harness import START

from loadgen.clock import VirtualClock
from loadgen.exchange import Exchange
from loadgen.profile.sandbox import SandboxSettings
from loadgen.sandbox.virtual import VirtualSandbox
from loadgen.transport.scripted import Reply
from truth.pipeline import Told, assert_tells, ns, tell

MS = 1_000_000
PROFILE = """
target: {lambda: {function: orders, endpoint: sandbox, qualifier: $LATEST}}
load: [{name: steady, rate: 40/s, for: 12s}]
scenarios:
  - name: order
    steps: [{name: call, Invoke: {payload: {id: "{{seq}}"}}}]
"""
SANDBOX = {
    "rtt": "5ms", "service": "lognormal(p50=20ms, p99=80ms)",
    "environments": {"max": 50, "init": "lognormal(p50=300ms, p99=500ms)"},
}  # fmt: skip


@dataclass(slots=True)
class Target:
    """Answers as the sandbox does, and keeps what its logs say, and how long the client waited for each answer."""

    settings: SandboxSettings
    logs: list[tuple[str, int]] = field(default_factory=list)
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(START))
    sandbox: VirtualSandbox = field(init=False)

    def __post_init__(self) -> None:
        self.sandbox = VirtualSandbox(self.settings, self.clock)

    def __call__(self, x: Exchange) -> Reply:
        self.clock.run(until=x.started)
        answer = self.sandbox.answer(x.request, first=False)
        lines = [line.partition(": ") for line in answer.head.decode().split("\r\n")[1:]]
        headers = {name.lower(): value for name, _, value in lines}
        self.logs.append((b64decode(headers.get("x-amz-log-result", "")).decode(), answer.after))
        return Reply(answer.after, answer.status, headers, answer.body)

    def times(self, name: str) -> list[int]:
        """All times of that name in the logs, in ns."""
        return [of for log, _ in self.logs if (of := time_in(log, name))]


def time_in(log: str, name: str) -> int:
    """The time of that name in a REPORT, in ns; 0 if it has none."""
    found = re.search(rf"\t{name}: ([0-9.]+) ms", log)
    return ns(float(found[1])) if found else 0


def invoked(folder: Path, settings: dict[str, Any] | None = None, **sandbox: Any) -> tuple[Target, Told]:
    target = Target(SandboxSettings.model_validate({**SANDBOX, **sandbox, "lambda": settings or {}}))
    return target, tell(PROFILE, target, folder / "run")


def step_of(told: Told) -> dict[str, Any]:
    step: dict[str, Any] = told.phase("steady")["steps"][0]
    return step


def strata(told: Told) -> dict[str, int]:
    return {of["stratum"]: of["count"] for of in step_of(told)["strata"]}


def test_each_part_of_the_time_is_as_the_function_logged_it(tmp_path: Path) -> None:
    target, told = invoked(tmp_path, {"memory": 512, "memory_used": 77, "overhead": "3ms"})
    step, init, handler = step_of(told), target.times("Init Duration"), target.times("Duration")
    assert len(init) > 5
    assert len(handler) == len(target.logs) == step["requests"]["sent"]
    assert_tells(step["recorded_ms"]["handler"], handler)
    assert_tells(step["recorded_ms"]["init"], init)
    parts = ("Duration", "Init Duration")
    rest = [after - sum(time_in(log, part) for part in parts) for log, after in target.logs]
    assert_tells(step["recorded_ms"]["overhead"], rest)
    assert strata(told) == {"start=cold": len(init), "start=warm": len(handler) - len(init)}
    assert step["invocations"] == {
        "answers": len(handler),
        "reports": len(handler),
        "told": 0,
        "prepared": 0,
        "billed_ms": sum(target.times("Billed Duration")) // MS,
        "billed_gb": pytest.approx(sum(target.times("Billed Duration")) / 1e9 / 2),
        "memory_mb": 512,
        "memory_used_mb": 77,
    }


def test_an_init_that_nobody_waited_for_is_no_cold_start(tmp_path: Path) -> None:
    environments = {"max": 50, "init": "300ms", "provisioned": 3}
    target, told = invoked(tmp_path, environments=environments)
    step, printed = step_of(told), len(target.times("Init Duration"))
    assert step["invocations"]["prepared"] == 3
    assert strata(told)["start=cold"] == printed - 3 > 0  # of those that spilled over
    assert strata(told)["start=provisioned"] > 3
    assert step["recorded_ms"]["init"]["count"] == printed - 3


def test_a_restore_is_a_stratum_of_its_own(tmp_path: Path) -> None:
    target, told = invoked(tmp_path, {"snap_start": "150ms"})
    restored = target.times("Restore Duration")
    assert restored
    assert strata(told)["start=restored"] == len(restored)
    assert "start=cold" not in strata(told)
    assert_tells(step_of(told)["recorded_ms"]["restore"], restored)


def test_the_report_may_be_json(tmp_path: Path) -> None:
    target, told = invoked(tmp_path, {"log_format": "json"})
    durations = [float(of) for log, _ in target.logs for of in re.findall(r'"durationMs": ?([0-9.]+)', log)]
    assert_tells(step_of(told)["recorded_ms"]["handler"], [ns(of) for of in durations])
    assert strata(told)["start=cold"] == sum("initDurationMs" in log for log, _ in target.logs) > 0


def test_without_a_report_the_functions_own_word_is_taken(tmp_path: Path) -> None:
    _, told = invoked(tmp_path, {"log_format": "json", "log_level": "warn"})
    step = step_of(told)
    assert step["invocations"] == {
        "answers": step["requests"]["sent"], "reports": 0, "told": step["requests"]["sent"], "prepared": 0,
        "billed_ms": 0, "billed_gb": 0.0, "memory_mb": None, "memory_used_mb": None,
    }  # fmt: skip
    assert strata(told)["start=cold"] > 5
    assert step["recorded_ms"] == {}


def test_an_error_of_the_function_is_one_although_the_status_is_200(tmp_path: Path) -> None:
    target, told = invoked(tmp_path, {"errors": "10%", "timeout": "60ms"})
    step = step_of(told)
    outcomes, reasons = step["requests"]["outcomes"], step["failures"][0]["reasons"]
    assert outcomes["function_error"] == sum(reasons.values()) > 50
    assert set(reasons) == {"SimulatedError", "timed out"}
    assert reasons["timed out"] == sum("Status: timeout" in log for log, _ in target.logs)
    assert step["invocations"]["reports"] == step["requests"]["sent"]


def test_a_throttle_is_named_by_its_reason(tmp_path: Path) -> None:
    environments = {"max": 1, "reserved": 1, "overflow": "429"}
    _, told = invoked(tmp_path, environments=environments)
    step = step_of(told)
    reason = "429 the function's reserved concurrency (ReservedFunctionConcurrentInvocationLimitExceeded)"
    assert step["failures"][0]["reasons"] == {reason: step["requests"]["outcomes"]["throttled"]}
    assert step["invocations"]["answers"] == step["requests"]["outcomes"]["ok"]
