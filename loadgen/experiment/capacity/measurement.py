"""Carries the steps of a capacity out, one after the other, each as a run of its own; or those that a folder lacks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace

from loadgen.analysis.documents import document
from loadgen.clock import wall
from loadgen.errors import Exit, LoadgenError, PlanError, ProfileError, WorkerLost
from loadgen.experiment.capacity.course import Next, next_step
from loadgen.experiment.capacity.folder import assembled, metadata, read_metadata, steps_in, usable
from loadgen.experiment.capacity.judgement import so_far_of
from loadgen.experiment.capacity.plan import BETWEEN, SEARCH, conditions
from loadgen.experiment.capacity.reach import Reached, reach
from loadgen.experiment.capacity.steps import folder_of, planned_usd, profile_of, step_of
from loadgen.interrupts import Interrupted, Interrupts, interrupts
from loadgen.profile.load import Loaded
from loadgen.profile.model import Threshold
from loadgen.result.capacity import CapacityPlan, CapacityResult, CapacityStep
from loadgen.result.codec import map_text, to_json
from loadgen.result.reason import Reason
from loadgen.result.run import RunResult
from loadgen.runner.options import Options
from loadgen.runner.progress import CapacitySoFar, Display, Position, Progress
from loadgen.runner.session import run_at
from loadgen.store import ExperimentFolder, ExperimentFolderAgain

PAUSE = 0.3  # s between two steps
IDLE = 30.0  # s that a target gets at most for what it still has to do


async def measure(loaded: Loaded, plan: CapacityPlan, options: Options, display: Display) -> CapacityResult:
    """Measure a capacity. Raises LoadgenError if it cannot begin; after that every error is in the result."""
    with interrupts() as signals:
        async with AsyncExitStack() as stack:
            going = _Measurement(loaded, plan, options, display, signals, stack)
            return await going.carry_out(_begin)


async def resume(loaded: Loaded, options: Options, display: Display) -> CapacityResult:
    """Go on with the capacity in the folder `options.out`. Raises LoadgenError if that is of another profile, or is
    complete."""
    plan = read_metadata(options.out).plan
    with interrupts() as signals:
        async with AsyncExitStack() as stack:
            going = _Measurement(loaded, plan, options, display, signals, stack)
            return await going.carry_out(_go_on)


@dataclass
class _Measurement:
    loaded: Loaded
    plan: CapacityPlan
    options: Options
    display: Display
    signals: Interrupts
    stack: AsyncExitStack
    steps: list[CapacityStep] = field(default_factory=list)
    warnings: list[Reason] = field(default_factory=list)
    said: list[Reason] = field(default_factory=list)
    so_far: dict[str, CapacitySoFar] = field(default_factory=dict)  # of each variant
    interrupted: bool = False
    failed: LoadgenError | None = None

    @property
    def keep(self) -> tuple[Threshold, ...]:
        return conditions(self.plan.keep)

    async def carry_out(self, begin: Callable[[_Measurement], ExperimentFolder]) -> CapacityResult:
        options = self.options
        reached = await reach(self.loaded, self.plan, options, self.display, self.warn, self.stack)
        folder = begin(self)
        while not (self.interrupted or self.failed) and (step := next_step(self.plan, self.steps)):
            if self.steps:
                await self._pause()
            if self.interrupted or not self._affordable(step):
                break
            if not await self._step(step, reached[step.variant], folder):
                break
        hide = self.loaded.secrets.hide
        result = assembled(options.out, self.warnings, interrupted=self.interrupted, failed=self.failed)
        self.signals.heed(None)
        result = map_text(result, hide)
        folder.finish(to_json(result))
        return result

    async def _step(self, step: Next, at: Reached, folder: ExperimentFolder) -> bool:
        """Carry out a step; once more if a worker was lost. Returns whether there may be another one."""
        try:
            result = await self._run(step, at)
            if result is None and not self.interrupted:
                self.warn(Reason.of("capacity_step_again", step=step.number))
                folder.put_aside(folder_of(step.number))
                result = await self._run(step, at)
        except Interrupted:
            self.interrupted = True
            return False
        except LoadgenError as error:
            self.failed = error
            return False
        if result is None:
            self.failed = WorkerLost(f"step {step.number} lost a worker twice")
        return result is not None and self._take(step, result)

    async def _run(self, step: Next, at: Reached) -> RunResult | None:
        """The result of the step's run; None if it lost a worker."""
        signals = Interrupts()

        def interrupt() -> None:
            self.interrupted = True
            signals.take()

        self.signals.heed(interrupt)
        out = self.options.out / folder_of(step.number)
        of_step = profile_of(self.loaded, self.plan, self.keep, step)
        first = self.options.preflight and all(of.variant != step.variant for of in self.steps)
        options = replace(self.options, out=out, prepared=True, needed=True, preflight=first)
        display = _Within(self.display, self._position(step), self.said)
        try:
            result = await run_at(of_step, options, display, at.to, signals, at.secrets)
        except WorkerLost:
            return None
        return None if result.exit_status == Exit.WORKER_LOST else result

    def _take(self, step: Next, result: RunResult) -> bool:
        if self.interrupted or result.interrupted:
            self.interrupted = True
            return False
        if not usable(result) or result.run is None:
            self.failed = PlanError(f"step {step.number} was lost: {Exit(result.exit_status or 0).name.lower()}")
            return False
        if self.options.resolution is None:  # it is measured once, and not before each step
            self.options = replace(self.options, resolution=result.resolution)
        made = step_of(self.plan, self.keep, step, result)
        self.steps.append(made)
        self._tell(made)
        return not (result.unusable and all(of.variant != step.variant for of in self.steps[:-1]))

    def _tell(self, step: CapacityStep) -> None:
        latency = next((of for text in self.plan.keep if (of := step.condition(text))), None)
        values = {
            "step": step.number,
            "variant": step.variant or None,
            "rate": step.rate,
            "beyond": latency.share if latency else None,
            "text": latency.text if latency else None,
            "failed": step.failed / step.requests if step.requests else None,
            "kept": int(step.kept),
        }
        self.display.message(Reason.of("capacity_step", **{k: v for k, v in values.items() if v is not None}))
        own = [of for of in self.steps if of.variant == step.variant]
        self.so_far[step.variant] = so_far = so_far_of(self.plan, own)
        if step.stage == "measure" and so_far.rate and so_far.low and so_far.high:
            told = {"rate": so_far.rate, "low": so_far.low, "high": so_far.high, "variant": step.variant or None}
            self.display.message(Reason.of("capacity_so_far", **{k: v for k, v in told.items() if v is not None}))

    def _position(self, step: Next) -> Position:
        plan, measured = self.plan, sum(of.stage == "measure" for of in self.steps)
        most = plan.steps * len(plan.names)
        left = (most - measured) * (plan.step_s + plan.lead_in_s + BETWEEN)
        about = f"about {max(1, round(left / 60))} min" if left > 90 else f"about {left:.0f} s"
        now = (f"{step.variant} at {step.rate:g}/s, {about} left".removeprefix(" at "),)
        searching = step.stage == "search"
        first = sorted(plan.names, key=lambda name: name != step.variant)
        return Position(
            round=step.number if searching else measured + 1,
            rounds=max(SEARCH * len(plan.names), step.number) if searching else most,
            variant="",
            now=now,
            left_s=left,
            each="search step" if searching else "step",
            capacities=tuple(self.so_far[name] for name in first if name in self.so_far),
        )

    async def _pause(self) -> None:
        """Wait until the target is idle again, about: as long as it needs for what nobody waited for any more."""
        last = self.steps[-1]
        lost = sum(count for name, count in last.failures.items() if name.startswith(("timeout", "cancelled")))
        rest = min(IDLE, lost / last.completed) if last.completed else (IDLE if lost else 0.0)
        waiting = asyncio.ensure_future(asyncio.sleep(PAUSE + rest))

        def stop() -> None:
            self.interrupted = True
            waiting.cancel()

        self.signals.heed(stop)
        await asyncio.wait([waiting])

    def _affordable(self, step: Next) -> bool:
        """Whether the step, as it is planned, keeps all steps within `max_cost`."""
        limit, spent = self.loaded.profile.max_cost, sum(of.usd or 0.0 for of in self.steps)
        of_step = profile_of(self.loaded, self.plan, self.keep, step).profile
        if limit is None or spent + planned_usd(of_step, self.steps) <= limit:
            return True
        self.warn(Reason.of("capacity_stopped_by_cost", usd=spent))
        return False

    def warn(self, warning: Reason) -> None:
        if warning not in self.warnings:
            self.warnings.append(warning)
            self.display.message(warning)


class _Within:
    """The display of a step's run: its progress with where it stands, and what no earlier step has said."""

    def __init__(self, display: Display, position: Position, said: list[Reason]) -> None:
        self._display, self._position, self._said = display, position, said

    @property
    def detailed(self) -> bool:
        return self._display.detailed

    def update(self, progress: Progress) -> None:
        self._display.update(replace(progress, position=self._position))

    def message(self, notice: Reason) -> None:
        if notice not in self._said:
            self._said.append(notice)
            self._display.message(notice)


def _begin(of: _Measurement) -> ExperimentFolder:
    """A new folder."""
    hide = of.loaded.secrets.hide
    folder = ExperimentFolder(of.options.out, of.warn, needed=True, hide=hide)
    folder.begin(of.loaded.resolved, to_json(map_text(metadata(of.loaded, of.plan, wall()), hide)))
    return folder


def _go_on(of: _Measurement) -> ExperimentFolder:
    """The folder of a measurement that was interrupted, whose complete steps are taken. What is left of the next one is
    kept beside it."""
    out, hide = of.options.out, of.loaded.secrets.hide
    saved = document(out / "profile.json")
    if saved != map_text(of.loaded.resolved, hide):
        raise ProfileError("is of another profile", file=str(out), remedy="Give the profile and options that it has")
    of.steps.extend(step for step, _ in steps_in(out, of.plan))
    for name in of.plan.names:
        if own := [step for step in of.steps if step.variant == name]:
            of.so_far[name] = so_far_of(of.plan, own)
    step = next_step(of.plan, of.steps)
    if step is None:
        raise ProfileError("is complete", file=str(out), remedy=f"`loadgen report {out}` shows it")
    folder = ExperimentFolderAgain(out, of.warn, needed=True, hide=hide)
    folder.put_aside(folder_of(step.number))
    return folder
