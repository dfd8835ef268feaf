"""`loadgen capacity` against servers whose limit is known: the rate, and what set it."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from program import FULL
from servers import Server

from loadgen.experiment.capacity import measurement
from loadgen.experiment.capacity.measurement import measure
from loadgen.experiment.capacity.plan import conditions, plan_of
from loadgen.experiment.saved import read
from loadgen.profile.load import Loaded, load
from loadgen.report.terminal.live import Silence
from loadgen.result.capacity import CapacityResult
from loadgen.result.run import RunResult
from loadgen.runner.options import Options
from loadgen.sandbox.process import start

pytestmark = pytest.mark.real

TIMES = pytest.mark.parametrize("time", range(3 if FULL else 1))
KEEP = ("p99 < 100ms, errors < 1%",)
STEADY = "load: [{name: a, rate: 60/s, for: 1s, arrivals: constant}]\nstop_if: never\n"
SHORT = {"steps": 6, "step_s": 0.5, "lead_in_s": 0.25, "search_s": 0.4}


def profile(url: str, rate: str) -> Loaded:
    phase = f"{{name: a, rate: {rate}, for: 1s, arrivals: constant}}"
    return load("c.yaml", text=f"name: c\ntarget: {url}\nload: [{phase}]\nstop_if: never\n")


def measured(loaded: Loaded, folder: Path, keep: tuple[str, ...] = KEEP, **changed: float) -> CapacityResult:
    plan = replace(plan_of(loaded, conditions(keep)), **{**SHORT, **changed})  # type: ignore[arg-type]
    options = Options(folder, start, needed=True)
    result = asyncio.run(measure(loaded, plan, options, Silence()))
    assert result.complete and result.run == str(folder)
    return result


@TIMES
def test_the_limit_of_nginx_is_found_and_named(nginx: Server, tmp_path: Path, time: int) -> None:
    """100 requests a second, five more in a burst; what is above it is refused with 429."""
    result = measured(profile(f"{nginx.http}/limited", "60/s"), tmp_path / "run")
    capacity = result.capacity
    assert capacity.limit.code == "limit_throttle"
    assert "429" in str(capacity.limit.values["reason"])
    assert capacity.condition == "errors < 1%"
    assert capacity.rate and capacity.low and capacity.high
    assert 85 < capacity.rate < 120, capacity
    assert read(tmp_path / "run") == result


@TIMES
def test_the_queue_of_uvicorn_is_found_and_named(uvicorn: Server, tmp_path: Path, time: int) -> None:
    """Four requests at once of 20 ms each and a little more: some 190 a second. In 0.75 s their queue takes 100 ms only
    from so much above 200/s on."""
    result = measured(profile(f"{uvicorn.http}/queue", "80/s"), tmp_path / "run")
    capacity = result.capacity
    assert capacity.condition == "p99 < 100ms"
    most = 200 * (1 + 0.1 / (SHORT["lead_in_s"] + SHORT["step_s"]))
    assert capacity.rate and 90 < capacity.rate < most, capacity
    assert capacity.limit.code == "limit_target", result.steps


# on the sandbox


@TIMES
def test_a_cap_on_connections_is_found_and_named(tmp_path: Path, time: int) -> None:
    """Ten connections carry 100 requests of 100 ms a second, and fewer by what a request takes besides. Beside those
    100 ms, what a busy machine adds is small."""
    session = "sandbox: {service: 100ms, tls: false}\nsession: {connections: 10}\n"
    keep = ("p99 < 200ms", "errors < 1%")
    result = measured(load("c.yaml", text=f"name: c\ntarget: sandbox\n{session}{STEADY}"), tmp_path / "run", keep)
    capacity = result.capacity
    assert capacity.limit.code == "limit_connections", result.steps
    most = 100 * (1 + 0.1 / (SHORT["lead_in_s"] + SHORT["step_s"]))
    assert capacity.rate and 50 < capacity.rate < most, capacity


@pytest.mark.skipif(not FULL, reason="keeps both cores busy; set LOADGEN_FULL_TESTS=1")
@TIMES
def test_this_machine_is_named_where_it_is_the_limit(nginx: Server, tmp_path: Path, time: int) -> None:
    """One worker, and a server that needs a third of its time for a request."""
    phase = "{name: a, rate: 2000/s, for: 1s, arrivals: constant}"
    text = f"name: c\ntarget: {nginx.http}/\nworkers: 1\nload: [{phase}]\nstop_if: never\n"
    capacity = measured(load("c.yaml", text=text), tmp_path / "run", first_rate=2000).capacity
    assert capacity.limit.code == "limit_machine", capacity


POOL = "target: sandbox\nsandbox: {service: 20ms, environments: {max: 2, init: 1ms, idle: 1h}}\n"


def test_two_variants_are_measured_and_compared(tmp_path: Path) -> None:
    """Two environments do 100 requests a second of 20 ms, and 50 of 40 ms."""
    slow = "{sandbox: {service: 40ms, environments: {max: 2, init: 1ms, idle: 1h}}}"
    variants = f"experiment: {{variants: {{fast: {{}}, slow: {slow}}}, rounds: 2}}\n"
    result = measured(load("c.yaml", text=f"name: c\n{POOL}{STEADY}{variants}"), tmp_path / "run", steps=1)
    fast, slow_one = (of.capacity for of in result.variants)
    assert [of.name for of in result.variants] == ["fast", "slow"]
    assert fast.rate and slow_one.rate and slow_one.rate < fast.rate, result.variants
    assert {step.variant for step in result.steps} == {"fast", "slow"}
    (ratio,) = result.ratios
    assert ratio.ratio and 0.3 < ratio.ratio < 0.8, ratio
    assert read(tmp_path / "run") == result


def workers() -> list[int]:
    """The worker processes that this process has started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"loadgen.fleet.worker" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


def test_a_step_whose_worker_is_killed_is_carried_out_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_at, begun = measurement.run_at, list[str]()

    async def kill_one() -> None:
        while not (alive := workers()):
            await asyncio.sleep(0.02)
        os.kill(alive[0], signal.SIGKILL)

    async def third_loses_one(loaded: Loaded, options: Options, *others: Any) -> RunResult:
        begun.append(options.out.name)
        if len(begun) != 3:
            return await run_at(loaded, options, *others)
        killing = asyncio.ensure_future(kill_one())
        try:
            return await run_at(loaded, options, *others)
        finally:
            await killing

    monkeypatch.setattr(measurement, "run_at", third_loses_one)
    result = measured(load("c.yaml", text=f"name: c\n{POOL}{STEADY}"), tmp_path / "run", first_rate=10, max_rate=20)
    assert begun[:4] == ["01", "02", "03", "03"]
    assert [of.code for of in result.warnings if of.code.startswith("capacity")] == ["capacity_step_again"]
    assert (tmp_path / "run" / "steps" / "03-cut-short-1").is_dir()
    assert [step.number for step in result.steps] == list(range(1, len(result.steps) + 1))
    assert read(tmp_path / "run") == result
