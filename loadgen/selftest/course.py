"""The self-test from its beginning to its end, whichever way that comes."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from loadgen.clock import SECOND, now, wall
from loadgen.errors import LoadgenError, PlanError
from loadgen.runner.destination import Sandbox
from loadgen.runner.interrupts import interrupts
from loadgen.selftest import SCHEMA, machine
from loadgen.selftest.loads import Loads, Stopped
from loadgen.selftest.measure import Budget, Measurements

BUSY = 0.3  # load average a CPU, beyond which other work was going on

Say = Callable[[str], None]


async def selftest(budget: Budget, start: Callable[[], Sandbox], say: Say) -> dict[str, Any]:
    """`loadgen.selftest/1`. `start` starts the target. What a signal cuts short, or fails, is there as far as it came.
    Raises LoadgenError if not even the target can be started."""
    began, clocks = now(), machine.Clocks()
    result: dict[str, Any] = {
        "schema": SCHEMA,
        "at": datetime.fromtimestamp(wall() / SECOND, UTC).isoformat(timespec="seconds"),
        "plan": budget.name,
        "machine": machine.fingerprint(),
        "limits": machine.limits(),
        "complete": False,
        "interrupted": False,
        "warnings": [],
    }
    if result["limits"]["load_average"] > BUSY * result["limits"]["cpus"]:
        result["warnings"].append(
            f"other work was going on (load average {result['limits']['load_average']:.1f} before): these are figures "
            "of this machine with that work"
        )
    for text in result["warnings"]:
        say(text)

    def progress(text: str) -> None:
        clocks.look()
        say(f"{(now() - began) / SECOND:4.0f} s of about {budget.seconds} s  {text}")

    with interrupts() as signals, _folder() as folder:
        target = await asyncio.to_thread(start)
        try:
            loads = Loads(target, Path(folder), signals, say)
            measured = Measurements(loads, budget, result["limits"]["cpus"], progress)
            await _carry_out(measured, result)
        finally:
            await asyncio.to_thread(target.stop)
    return result | measured.found | {"clock": clocks.told(), "seconds": round((now() - began) / SECOND, 1)}


async def _carry_out(measured: Measurements, result: dict[str, Any]) -> None:
    parts = (measured.noise, measured.pacing, measured.connections, measured.capacity)
    failed = 0
    for part in parts:
        try:
            await part()
        except Stopped:
            result["interrupted"] = True
            return
        except LoadgenError as error:
            failed += 1
            result["warnings"].append(f"{part.__name__} could not be measured: {error}")
    result["complete"] = not failed


def _folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="loadgen-selftest-")
    except OSError as error:
        raise PlanError(f"there is no place for temporary files: {error.strerror}. Set TMPDIR") from None
