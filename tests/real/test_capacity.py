"""`loadgen capacity` against servers whose limit is known: the rate, and what set it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from program import FULL
from servers import Server

from loadgen.experiment.capacity.measurement import measure
from loadgen.experiment.capacity.plan import conditions, plan_of
from loadgen.experiment.saved import read
from loadgen.profile.load import Loaded, load
from loadgen.report.terminal.live import Silence
from loadgen.result.capacity import CapacityResult
from loadgen.runner.options import Options

pytestmark = pytest.mark.real

TIMES = pytest.mark.parametrize("time", range(3 if FULL else 1))
KEEP = ("p99 < 100ms, errors < 1%",)
SHORT = {"steps": 6, "step_s": 0.5, "lead_in_s": 0.25, "search_s": 0.4}


def profile(url: str, rate: str) -> Loaded:
    phase = f"{{name: a, rate: {rate}, for: 1s, arrivals: constant}}"
    return load("c.yaml", text=f"name: c\ntarget: {url}\nload: [{phase}]\nstop_if: never\n")


def measured(loaded: Loaded, folder: Path) -> CapacityResult:
    plan = replace(plan_of(loaded, conditions(KEEP)), **SHORT)  # type: ignore[arg-type]
    options = Options(folder, needed=True)
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
    assert capacity.limit.code in ("limit_target", "limit_machine"), "another load may keep this machine busy"
