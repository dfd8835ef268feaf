"""Carries out an experiment: in each round every variant runs once, with the same arrivals, or in a duet at the same
time as the others and with its own (`order`).

A round that holds an INVALID run is carried out once more, all of its variants in the same order; the first form is
kept beside it.
Each run is an ordinary run, in a folder below the experiment's. The result of the experiment is made from these folders
(`folder`), so that it can be made again from disk.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property

from loadgen.clock import SECOND, wall
from loadgen.engine.plan import Plan
from loadgen.errors import Exit, LoadgenError, PlanError
from loadgen.experiment.folder import conclude, decided, holds_invalid, metadata, put_aside, run_folder
from loadgen.experiment.order import seed_of
from loadgen.experiment.positions import Positions
from loadgen.experiment.primary import primary_of
from loadgen.experiment.share import limits_of, part_of, parts
from loadgen.interrupts import Interrupted, Interrupts, interrupts
from loadgen.profile.experiment import Primary
from loadgen.profile.load import Loaded, Variant
from loadgen.profile.model import Experiment, Profile
from loadgen.result.codec import map_text, to_json
from loadgen.result.experiment import ExperimentResult
from loadgen.result.reason import Reason
from loadgen.result.run import RunResult
from loadgen.runner.destination import Destination, destination
from loadgen.runner.options import Options
from loadgen.runner.progress import Display, Position, Progress
from loadgen.runner.secrets import Keeper, keeper
from loadgen.runner.session import run_at
from loadgen.runner.table.attach import OnTable, on_table
from loadgen.store import ExperimentFolder

MORE = 0.25  # of the planned rounds: so many may be carried out once more


async def run_experiment(loaded: Loaded, options: Options, display: Display) -> ExperimentResult:
    """Carry an experiment out. Raises LoadgenError if it cannot begin; after that every error is in the result."""
    with interrupts() as signals:
        async with AsyncExitStack() as stack:
            return await _Experiment(loaded, options, display, signals, stack).carry_out()


class Within:
    """What a run of an experiment shows: its progress, with where it stands among the others, and what none of them
    has `said`. `last` is the progress that it showed last."""

    def __init__(self, display: Display, position: Position, said: list[Reason]) -> None:
        self._display, self._position, self._said = display, position, said
        self.last: Progress | None = None

    @property
    def detailed(self) -> bool:
        return self._display.detailed

    def update(self, progress: Progress) -> None:
        self.last = replace(progress, position=self._position)
        self._display.update(self.last)

    def message(self, notice: Reason) -> None:
        if notice not in self._said:
            self._said.append(notice)
            self._display.message(notice.of_run(self._position.variant, self._position.round))


@dataclass
class _Experiment:
    loaded: Loaded
    options: Options
    display: Display
    signals: Interrupts
    stack: AsyncExitStack
    keepers: dict[str, Keeper] = field(default_factory=dict)
    places: dict[str, Destination] = field(default_factory=dict)
    makers: dict[str, Variant] = field(default_factory=dict)  # the variant that makes the table of a place
    warnings: list[Reason] = field(default_factory=list)
    said: list[Reason] = field(default_factory=list)
    spent: float = 0.0
    repeated: int = 0  # rounds that were carried out once more
    last: Progress | None = None  # what was shown last
    interrupted: bool = False
    failed: LoadgenError | None = None

    @property
    def plan(self) -> Experiment:
        assert self.loaded.profile.experiment
        return self.loaded.profile.experiment

    async def carry_out(self) -> ExperimentResult:
        for variant in self.loaded.variants:
            await self._reach(variant)
        for variant in self.loaded.variants:
            await self._check(variant)
        for key, variant in self.makers.items():
            to, secrets = self.places[key], self.keepers[variant.name]
            say, plan = self.display.message, Plan.of(variant.profile)
            await self.stack.enter_async_context(on_table(variant.profile, plan, to, secrets, say, self._warn))
        hide = self.loaded.secrets.hide
        folder = ExperimentFolder(self.options.out, self._warn, needed=True, hide=hide)
        folder.begin(self.loaded.resolved, to_json(map_text(metadata(self.loaded, wall()), hide)))
        done = 0
        for number in range(1, self.plan.rounds[-1] + 1):
            if not (await self._round(number) and await self._again(number)):
                break
            done = number
            if number in self.plan.rounds[:-1] and decided(self.options.out, number):
                self.display.message(Reason.of("decided", rounds=number))
                break
        result = conclude(self.options.out, self.warnings, done, interrupted=self.interrupted, failed=self.failed)
        self.signals.heed(None)
        told = len(self.warnings)
        folder.finish(to_json(map_text(result, hide)))
        result = replace(result, warnings=(*result.warnings, *self.warnings[told:]))  # that it could not be written
        return map_text(result, hide)

    async def _reach(self, variant: Variant) -> None:
        """What the variant's runs need to reach their target during the whole experiment: secrets and a destination."""
        profile, options = variant.profile, self.options
        key = place_of(profile)
        self.keepers[variant.name] = secrets = await keeper(profile, options.sandbox_at, self.loaded.secrets)
        if key not in self.places:
            going = destination(profile, options.start_sandbox, options.sandbox_at, secrets.account)
            self.places[key] = await self.stack.enter_async_context(going)
            self.makers[key] = variant

    async def _check(self, variant: Variant) -> None:
        """Raises LoadgenError if the variant's runs would be refused: by this machine, or by the target's table."""
        profile, key = variant.profile, place_of(variant.profile)
        to = self.places[key]
        limits_of(variant.name, profile, parts(self.plan), len(to.addresses), to.loopback, self.options.nodes)
        if profile.target.dynamodb:
            part = part_of(profile, parts(self.plan))
            table = OnTable(part, Plan.of(part), to, self.keepers[variant.name], _unheard, self._warn)
            try:
                await table.check(made=self.makers[key] is variant)
            except PlanError as error:
                raise PlanError(f"variant {variant.name}: {error}") from None

    async def _round(self, number: int) -> bool:
        """Carry out a round. Returns whether the experiment goes on after it."""
        for at, group in enumerate(self._positions.groups(number)):
            if number > 1 or at:
                await self._pause(self._positions.of(number, at, group[0]))
            if self.interrupted:
                return False
            if not await self._runs(number, at, group):
                return False
        return True

    async def _again(self, number: int) -> bool:
        """Carry the round out once more, in the place of one that held an INVALID run, as long as few rounds were.
        Returns whether the experiment goes on after it."""
        most = math.ceil(MORE * self.plan.rounds[-1])
        if self.repeated >= most or not holds_invalid(self.options.out, number):
            return True
        try:
            put_aside(self.options.out, number)
        except LoadgenError as error:
            self.failed = error
            return False
        self.repeated += 1
        self.display.message(Reason.of("round_again", round=number))
        return await self._round(number)

    async def _pause(self, position: Position) -> None:
        """Wait before the runs at `position`."""
        if self.last:
            self.display.update(replace(self.last, state="pausing", position=position))
        waiting = asyncio.ensure_future(asyncio.sleep(self.plan.pause / SECOND))

        def stop() -> None:
            self.interrupted = True
            waiting.cancel()

        self.signals.heed(stop)
        await asyncio.wait([waiting])

    async def _runs(self, number: int, at: int, group: list[Variant]) -> bool:
        signals = [Interrupts() for _ in group]

        def interrupt() -> None:
            self.interrupted = True
            for taken in signals:
                taken.take()

        self.signals.heed(interrupt)
        shown = [Within(self.display, self._positions.of(number, at, variant), self.said) for variant in group]
        runs = [self._run(number, *each) for each in zip(group, signals, shown, strict=True)]
        ends = await asyncio.gather(*runs, return_exceptions=True)
        self.last = shown[-1].last or self.last
        for variant, ended in zip(group, ends, strict=True):
            if isinstance(ended, RunResult):
                self._positions.verdicts[variant.name][number] = ended.trust.verdict
            if isinstance(ended, Interrupted):
                self.interrupted = True
            elif isinstance(ended, LoadgenError):
                self.failed = self.failed or ended
            elif isinstance(ended, BaseException):
                raise ended
            elif ended.exit_status in (Exit.INTERRUPTED, Exit.UNUSABLE):
                self.interrupted |= ended.exit_status == Exit.INTERRUPTED
                return False
            elif ended.run is None:
                self.failed = PlanError("a run could not be saved, and an experiment is put together from saved runs")
            else:
                self.spent += ended.usd or 0.0
        return not self.failed and not self.interrupted and self._affordable()

    async def _run(self, number: int, variant: Variant, signals: Interrupts, shown: Within) -> RunResult:
        profile = part_of(variant.profile, parts(self.plan))
        asked = self.plan.model_copy(update={"primary": self._primary})
        own = self.loaded.variants.index(variant) if self.plan.duet else None
        seed = seed_of(self._seed, number, own)
        profile = profile.model_copy(update={"seed": seed, "experiment": asked})
        loaded = replace(self.loaded, profile=profile, variants=())
        out = run_folder(self.options.out, number, variant.name)
        options = replace(self.options, out=out, prepared=True, needed=True)
        to, secrets = self.places[place_of(variant.profile)], self.keepers[variant.name]
        return await run_at(loaded, options, shown, to, signals, secrets)

    def _affordable(self) -> bool:
        limit = self.loaded.profile.max_cost
        if limit is None or self.spent < limit:
            return True
        self._warn(Reason.of("experiment_stopped_by_cost", usd=self.spent))
        return False

    @cached_property
    def _positions(self) -> Positions:
        return Positions(self.loaded.variants, self.plan, self._seed)

    @cached_property
    def _primary(self) -> Primary:
        return primary_of([variant.profile for variant in self.loaded.variants])

    @property
    def _seed(self) -> int:
        return self.loaded.profile.seed

    def _warn(self, warning: Reason) -> None:
        if warning not in self.warnings:
            self.warnings.append(warning)
            self.said.append(warning)
            self.display.message(warning)


def place_of(profile: Profile) -> str:
    """What two variants must have in common to share a destination. A sandbox is one process, and they would share its
    state."""
    sandbox = profile.sandbox.to_json().decode() if profile.sandbox and profile.target.sandbox else ""
    return f"{profile.target.model_dump_json()} {sandbox}"


def _unheard(notice: Reason) -> None: ...
