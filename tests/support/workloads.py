"""Workloads of a few steps, the requests that they make and the values that placeholders give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine_harness import profile

from loadgen.exchange import Request
from loadgen.profile.placeholders import parse
from loadgen.workload import draws
from loadgen.workload.scenarios import StepWork, Workload

LOAD = "load: [{name: a, rate: 1/s, for: 1s}]\n"


def workload(steps: str, folder: Path | None = None, more: str = "", base: str = "", **which: int) -> Workload:
    written = LOAD + f"scenarios: [{{name: s, steps: [{steps}]{more}}}]"
    return Workload(profile(written, folder), base, **which)


def step(written: str, folder: Path | None = None) -> StepWork:
    return workload(f"{{name: x, {written}}}", folder).scenarios[0].steps[0]


def request(written: str, index: int = 0, values: dict[str, Any] | None = None, folder: Path | None = None) -> Request:
    """The request of a step; `values` stand for what earlier ones captured."""
    captured = ", ".join(f"{name}: body.{name}" for name in values or {})
    before = f"{{name: before, get: /, capture: {{{captured}}}}}, " if values else ""
    compiled = workload(f"{before}{{name: x, {written}}}", folder).scenarios[0].steps[-1]
    if compiled.constant:
        return compiled.constant
    assert compiled.render
    return compiled.render(values or {}, index)


def values(placeholder: str, count: int = 2000, seed: tuple[int, ...] = (1, 2)) -> list[Any]:
    single = parse(placeholder).single
    assert single
    get = draws.getter(single, seed)
    return [get({}, index) for index in range(count)]
