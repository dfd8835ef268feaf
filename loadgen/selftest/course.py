"""The self-test from beginning to end, also if a signal or an error ends it early."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from loadgen.clock import SECOND, now, wall
from loadgen.errors import LoadgenError, PlanError
from loadgen.interrupts import interrupts
from loadgen.net.thread import in_thread
from loadgen.result.reason import Reason
from loadgen.result.selftest import MachineLimits, SelftestResult
from loadgen.runner.destination import Sandbox
from loadgen.selftest import machine
from loadgen.selftest.loads import Loads, Stopped
from loadgen.selftest.measure import Budget, Measurements

BUSY = 0.3  # load average per CPU above which other work was going on

Show = Callable[[Reason], None]


@dataclass(frozen=True, slots=True)
class Ending:
    """How the measurements ended."""

    interrupted: bool
    warnings: tuple[Reason, ...]

    @property
    def complete(self) -> bool:
        return not self.interrupted and not self.warnings


async def selftest(budget: Budget, start: Callable[[], Sandbox], show: Show) -> SelftestResult:
    """`start` starts the target; `show` shows the progress. What a signal cuts short, or what fails, is in the
    result as far as it came. Raises LoadgenError if not even the target can be started."""
    began, at, clocks = now(), wall(), machine.Clocks()
    limits = machine.limits()
    disturbances = _disturbances(limits)
    for warning in disturbances:
        show(warning)

    def progress(measured: Reason) -> None:
        clocks.look()
        show(measured.with_values(after_s=(now() - began) / SECOND, of_s=budget.seconds))

    with interrupts() as signals, _folder() as folder:
        target = await in_thread(start, unwanted=lambda late: late.stop())
        try:
            loads = Loads(target, Path(folder), signals, show)
            measurements = Measurements(loads, budget, limits.cpus, progress)
            ending = await _carry_out(measurements)
            signals.heed(None)
        finally:
            await in_thread(target.stop)
    measured = measurements.measured
    return SelftestResult(
        at=datetime.fromtimestamp(at / SECOND, UTC).isoformat(timespec="seconds"),
        plan=budget.name,
        seconds=round((now() - began) / SECOND, 1),
        machine=machine.fingerprint(),
        boot=machine.boot(),
        complete=ending.complete,
        interrupted=ending.interrupted,
        warnings=(*disturbances, *ending.warnings),
        limits=limits,
        stamps=measured.stamps,
        noise=measured.noise,
        resolution=measured.resolution,
        pacing=tuple(measured.pacing),
        connections=tuple(measured.connections),
        capacity=tuple(measured.capacity.values()),
        clock=clocks.check(),
    )


def _disturbances(limits: MachineLimits) -> tuple[Reason, ...]:
    if limits.load_average <= BUSY * limits.cpus:
        return ()
    return (Reason.of("busy_before", load_average=limits.load_average),)


async def _carry_out(measurements: Measurements) -> Ending:
    """Make all measurements, one after the other. If one fails, the next is made nevertheless."""
    warnings: list[Reason] = []
    for measure in (measurements.noise, measurements.pacing, measurements.connections, measurements.capacity):
        try:
            await measure()
        except Stopped:
            return Ending(True, tuple(warnings))
        except LoadgenError as error:
            warnings.append(Reason.of("not_measured", what=measure.__name__, error=str(error)))
    return Ending(False, tuple(warnings))


def _folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="loadgen-selftest-")
    except OSError as error:
        raise PlanError(f"cannot make a temporary folder: {error.strerror}. Set TMPDIR") from None
