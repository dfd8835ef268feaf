"""Carries the visits of a tuned function out, one after the other, and restores its memory, whatever happens; also that
of a process that died."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from loadgen.analysis.documents import document
from loadgen.clock import wall
from loadgen.errors import Exit, LoadgenError, PlanError, ProfileError, TargetError
from loadgen.experiment.capacity.folder import usable
from loadgen.experiment.rounds import Within
from loadgen.experiment.tune.folder import (
    assembled,
    metadata,
    read_metadata,
    spent,
    visit_of,
    visits_in,
)
from loadgen.experiment.tune.plan import Visit, calling, profile_of, visits_of
from loadgen.interrupts import Interrupted, Interrupts, interrupts
from loadgen.profile.load import Loaded, load
from loadgen.result.codec import map_text, to_json
from loadgen.result.reason import Reason
from loadgen.result.run import RunResult
from loadgen.result.tune import TunePlan, TuneResult, TuneVisit
from loadgen.runner.destination import Destination, destination
from loadgen.runner.function.calls import Api, Calls, Configuration
from loadgen.runner.function.cells import Cells, Undone
from loadgen.runner.function.changes import Changes
from loadgen.runner.function.journal import read_journal
from loadgen.runner.function.versions import read_log
from loadgen.runner.options import Options
from loadgen.runner.progress import Display, Position
from loadgen.runner.secrets import Keeper, keeper
from loadgen.runner.session import run_at
from loadgen.store import ExperimentFolder, ExperimentFolderAgain


@dataclass(frozen=True, slots=True)
class Reached:
    """Where the visits go, the secrets of their requests, and the calls that change the function, and others that are
    measured too."""

    to: Destination
    secrets: Keeper
    api: Calls
    others: Mapping[str, Calls] = field(default_factory=dict)


async def reach(loaded: Loaded, options: Options, stack: AsyncExitStack, plan: TunePlan | None = None) -> Reached:
    """What the visits need, until `stack` is closed. Raises LoadgenError if Lambda cannot be reached."""
    profile = loaded.profile
    secrets = await keeper(profile, options.sandbox_at, loaded.secrets)
    going = destination(profile, options.start_sandbox, options.sandbox_at, secrets.account)
    to = await stack.enter_async_context(going)
    api = await stack.enter_async_context(Api(profile, to, secrets.access))
    others = {
        name: await stack.enter_async_context(Api(calling(loaded, name).profile, to, secrets.access))
        for name in dict.fromkeys(cell.function for cell in (plan.cells if plan else ()))
        if plan and name != plan.function
    }
    return Reached(to, secrets, api, others)


async def tune(loaded: Loaded, plan: TunePlan, options: Options, display: Display) -> TuneResult:
    """Measure the sizes of a function. Raises LoadgenError if it cannot begin; after that every error is in the
    result."""
    with interrupts() as signals:
        async with AsyncExitStack() as stack:
            reached = await reach(loaded, options, stack, plan)
            return await _Tuning(loaded, plan, options, display, signals, reached).carry_out(_begin)


async def resume(loaded: Loaded, options: Options, display: Display) -> TuneResult:
    """Go on with the sizes in the folder `options.out`. Raises LoadgenError if that is of another profile, or is
    complete; SomebodyElse if somebody else has changed the function since."""
    plan = read_metadata(options.out).plan
    with interrupts() as signals:
        async with AsyncExitStack() as stack:
            reached = await reach(loaded, options, stack, plan)
            return await _Tuning(loaded, plan, options, display, signals, reached).carry_out(_go_on)


Begin = Callable[["_Tuning", Configuration], ExperimentFolder]


@dataclass
class _Tuning:
    loaded: Loaded
    plan: TunePlan
    options: Options
    display: Display
    signals: Interrupts
    at: Reached
    warnings: list[Reason] = field(default_factory=list)
    said: list[Reason] = field(default_factory=list)
    visits: list[TuneVisit] = field(default_factory=list)
    interrupted: bool = False
    failed: LoadgenError | None = None

    async def carry_out(self, begin: Begin) -> TuneResult:
        hide, options = self.loaded.secrets.hide, self.options
        found = await self.at.api.read()
        if self.plan.cells:
            self.plan = replace(self.plan, cells=await self._cells().look())
        folder = begin(self, found)
        cells = self._cells()
        self.signals.heed(self._stop)
        await cells.begin()
        try:
            await self._visit_all(cells, folder)
        except Interrupted:
            self.interrupted = True
        except LoadgenError as error:
            self._fail(error)
        finally:
            await self._restore(cells, found.memory)
        result = assembled(options.out, self.warnings, interrupted=self.interrupted, failed=self.failed)
        self.signals.heed(None)
        result = map_text(result, hide)
        folder.finish(to_json(result))
        return result

    def _cells(self) -> Cells:
        plan, hide = self.plan, self.loaded.secrets.hide
        apis = {plan.function: self.at.api, **self.at.others}
        names = {name: hide(name) for name in apis}
        return Cells(plan, apis, self.options.out, names, stopped=lambda: self.interrupted)

    async def _visit_all(self, cells: Cells, folder: ExperimentFolder) -> None:
        made = {visit.number for visit in self.visits}
        for visit in [visit for visit in visits_of(self.plan) if visit.number not in made]:
            if self.interrupted or not self._affordable():
                return
            await self.at.secrets.refresh()
            qualifier = await cells.set(visit.cell)
            if self.interrupted:
                return
            result = await self._run(visit, qualifier)
            self.signals.heed(self._stop)
            try:
                await cells.unset(visit.cell, qualifier)
                goes_on = self._take(visit, result)
            except LoadgenError:
                folder.put_aside(visit.folder)  # whose figures it has is not known
                raise
            if not goes_on:
                return

    async def _run(self, visit: Visit, qualifier: str | None) -> RunResult:
        signals = Interrupts()

        def interrupt() -> None:
            self.interrupted = True
            signals.take()

        self.signals.heed(interrupt)
        options = replace(
            self.options,
            out=self.options.out / visit.folder,
            prepared=True,
            needed=True,
            preflight=self.options.preflight and not self.visits,
        )
        position = Position(
            round=visit.number,
            rounds=len(visits_of(self.plan)),
            variant="",
            now=(f"{visit.cell.name or f'{visit.memory} MB'}, round {visit.round} of {self.plan.rounds}",),
            each="visit",
        )
        shown = Within(self.display, position, self.said)
        of_visit = profile_of(self.loaded, self.plan, visit, qualifier)
        return await run_at(of_visit, options, shown, self.at.to, signals, self.at.secrets)

    def _take(self, visit: Visit, result: RunResult) -> bool:
        """Returns whether there may be another visit. Raises LoadgenError if the run is of no use."""
        if self.interrupted or result.interrupted:
            self.interrupted = True
            return False
        if not usable(result) or result.run is None:
            raise PlanError(f"visit {visit.number} was lost: {Exit(result.exit_status or 0).name.lower()}")
        if self.options.resolution is None:  # it is measured once, and not before each visit
            self.options = replace(self.options, resolution=result.resolution)
        made = visit_of(visit, result)
        self.visits.append(made)
        if result.unusable:
            return False
        self._check(visit, made, result)
        values: dict[str, int | str] = {
            "visit": visit.number,
            "memory": visit.memory,
            "calls": made.requests,
            "failed": made.failed,
        }
        values |= {"cell": visit.cell.name} if visit.cell.name else {}
        billed_ms = round(made.billed_ms / made.reports, 1)
        self.display.message(Reason.of("tune_visit", **values, billed_ms=billed_ms))
        return True

    def _affordable(self) -> bool:
        """Whether the visits so far have cost less than the limit."""
        limit, usd = self.plan.max_usd, spent(read_metadata(self.options.out), self.visits)
        if limit is None or usd < limit:
            return True
        self.warn(Reason.of("tune_stopped_by_cost", usd=usd, limit_usd=limit))
        return False

    def _check(self, visit: Visit, made: TuneVisit, result: RunResult) -> None:
        """Raises TargetError if the answers do not tell what the comparison takes, or are of another size."""
        place = self.at.api.place
        if not made.reports:
            raise TargetError(
                f"{place}: no answer has a REPORT line, which tells what is billed. "
                "If the function's log format is JSON, set its system log level to INFO"
            )
        told = [step.invocations for phase in result.variant.phases for step in phase.steps if step.invocations]
        memory = max((of.memory_mb or 0 for of in told), default=0)
        if memory != visit.memory:
            raise TargetError(f"{place}: it was set to {visit.memory} MB, and its REPORT says {memory} MB")

    async def _restore(self, cells: Cells, original: int) -> None:
        """Whatever comes, a signal does not stop this."""
        self.signals.heed(self._stop)
        try:
            await self.at.secrets.refresh()
            if any(await cells.restore()):
                self.display.message(Reason.of("tune_restored", memory=original))
        except LoadgenError as error:
            self.failed = self.failed or error
            self.warn(Reason.of("tune_not_restored", error=str(error), folder=str(self.options.out)))

    def _fail(self, error: LoadgenError) -> None:
        self.failed = error
        self.warn(Reason.of("tune_broken_off", error=str(error)))

    def _stop(self) -> None:
        if not self.interrupted:
            self.interrupted = True
            self.display.message(Reason.of("tune_stopping"))

    def warn(self, warning: Reason) -> None:
        if warning not in self.warnings:
            self.warnings.append(warning)
            self.display.message(warning)


def _begin(of: _Tuning, found: Configuration) -> ExperimentFolder:
    """A new folder."""
    hide, out = of.loaded.secrets.hide, of.options.out
    folder = ExperimentFolder(out, of.warn, needed=True, hide=hide)
    about = metadata(of.loaded, of.plan, found, wall())
    folder.begin(of.loaded.resolved, to_json(map_text(about, hide)))
    return folder


def _go_on(of: _Tuning, found: Configuration) -> ExperimentFolder:
    """The folder of a tuning that was interrupted, whose complete visits are taken. What is left of others is kept
    beside them."""
    out, hide = of.options.out, of.loaded.secrets.hide
    if document(out / "profile.json") != map_text(of.loaded.resolved, hide):
        raise ProfileError("is of another profile", file=str(out), remedy="Give the profile and options that it has")
    of.visits.extend(visit for visit, _ in visits_in(out, of.plan))
    made = {visit.number for visit in of.visits}
    left = [visit for visit in visits_of(of.plan) if visit.number not in made]
    if not left:
        raise ProfileError("is complete", file=str(out), remedy=f"`loadgen report {out}` shows it")
    folder = ExperimentFolderAgain(out, of.warn, needed=True, hide=hide)
    for visit in left:
        folder.put_aside(visit.folder)
    return folder


async def restore(folder: Path, options: Options) -> tuple[Undone, ...]:
    """Restore what functions had before the tuning, or the run with forced cold starts, in that folder, as far as they
    are still as it left them, and take away what it has made. Returns what was undone of each. Raises LoadgenError,
    and SomebodyElse if somebody else has changed a function since."""
    kind = document(folder / "run.json").get("kind")
    if kind not in ("tune", None):  # run.json of a run says no kind
        raise ProfileError("is not the folder of `loadgen tune` or of a run", file=str(folder))
    plan = read_metadata(folder).plan if kind == "tune" else None
    journal, log = read_journal(folder), read_log(folder)
    if not journal.entries and not log.lines and not (plan and plan.cells):
        return ()
    loaded = _reaching(folder)
    function = loaded.profile.target.function
    name = loaded.secrets.hide(function.name) if function else None
    named = {*(of.function for of in journal.entries[:1]), *((plan.function,) if plan else ())}
    if function is None or named != {name}:
        raise ProfileError("its profile, its plan and its journal name several functions", file=str(folder))
    if loaded.profile.target.sandbox:
        raise PlanError(f"{function.name} was a function of a sandbox that loadgen had started, and is gone")
    with interrupts():
        async with AsyncExitStack() as stack:
            reached = await reach(loaded, options, stack, plan)
            if plan is None:
                changed = await Changes(reached.api, journal, name or "").restore()
                return (Undone(function.name, journal.entries[0].settings, changed),)
            apis = {plan.function: reached.api, **reached.others}
            return await Cells(plan, apis, folder, {of: of for of in apis}).restore()


def _reaching(folder: Path) -> Loaded:
    """The profile in the folder, as far as it tells where the function is."""
    path = folder / "profile.json"
    written = document(path)
    kept = {key: written[key] for key in ("name", "target", "tls") if key in written}
    work = {
        "load": [{"name": "none", "users": 1, "iterations": 1}],
        "scenarios": [{"name": "none", "steps": [{"name": "none", "Invoke": {}}]}],
    }
    return load(path, text=json.dumps({**kept, **work}))
