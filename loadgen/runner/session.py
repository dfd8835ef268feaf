"""One run, from a loaded profile to its result: target, limits, workers, watch, verdict, thresholds, folder."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadgen.analysis import build
from loadgen.analysis.conclusion import Ending, Finished, conclude, tails, unanswered, untimed, unusable
from loadgen.analysis.latency import headline
from loadgen.aws import refusals
from loadgen.clock import SECOND, wall
from loadgen.engine.engine import Share
from loadgen.engine.plan import Plan
from loadgen.errors import LoadgenError
from loadgen.exchange import Outcome
from loadgen.fleet.fleet import Fleet, merge
from loadgen.fleet.worker import Assignment
from loadgen.pacing import share
from loadgen.profile.load import Loaded
from loadgen.profile.model import StopIf
from loadgen.record.ledger import Ledger
from loadgen.record.samples import SLOWEST
from loadgen.runner.advice import explained
from loadgen.runner.destination import Destination, SandboxAt, StartSandbox, destination
from loadgen.runner.interrupts import Interrupts, interrupts
from loadgen.runner.limits import Limits, limits, workers_for
from loadgen.runner.metadata import about
from loadgen.runner.preflight import preflight
from loadgen.runner.progress import Display, progress
from loadgen.runner.redaction import redacted
from loadgen.runner.secrets import Keeper, keeper
from loadgen.runner.stop import Snapshot, history, reason_to_stop, since
from loadgen.runner.table.attach import OnTable, on_table
from loadgen.runner.until.goal import Goal
from loadgen.runner.until.until import Until
from loadgen.runner.witness.load import EACH, thinned
from loadgen.runner.witness.witness import Witness, in_all
from loadgen.stats import Histogram
from loadgen.store import RunFolder
from loadgen.trust import host
from loadgen.trust.verdict import Finding, judge
from loadgen.trust.watch import HostWatch, Session, evidence_of

DRAWN = 0.5  # seconds between two looks at the progress


@dataclass(frozen=True, slots=True)
class Options:
    """How to run it, besides the profile. `out` is the run's folder; `workers` is a command line's `--workers`;
    `prepared` says that a table which the load needs has been made ready, and is told about, by whoever asks; `until`
    is what a phase goes on for; `accept_invalid` decides thresholds on the figures of an INVALID run too; `witness`
    asks for one."""

    out: Path
    workers: str = "1"
    start_sandbox: StartSandbox | None = None
    sandbox_at: SandboxAt | None = None
    prepared: bool = False
    until: Goal | None = None
    accept_invalid: bool = False
    witness: bool = False


async def run(loaded: Loaded, options: Options, display: Display) -> Finished:
    """Carry a profile out. Raises LoadgenError where it cannot be begun; once begun, everything is in the result."""
    with interrupts() as signals:
        secrets = await keeper(loaded.profile, options.sandbox_at)
        profile = loaded.profile
        async with destination(profile, options.start_sandbox, options.sandbox_at, secrets.account) as to:
            return await one(loaded, options, display, to, signals, secrets)


async def one(
    loaded: Loaded, options: Options, display: Display, to: Destination, signals: Interrupts, keeper: Keeper
) -> Finished:
    """The same at a destination that is there already, with signals that are taken already."""
    with keeper.unrevealing(loaded.secrets):
        await keeper.refresh()
        return await _Run(loaded, options, display, to, signals, keeper).carry_out()


@dataclass
class _Run:
    loaded: Loaded
    options: Options
    display: Display
    to: Destination
    signals: Interrupts
    keeper: Keeper
    warnings: list[str] = field(default_factory=list)
    snapshots: deque[Snapshot] = field(init=False)
    interrupted: bool = False
    stopped_because: str = ""
    refused_because: str = ""
    last_second: Histogram = field(default_factory=Histogram)
    table: OnTable | None = None
    witness: Witness | None = None

    async def carry_out(self) -> Finished:
        profile, goal = self.loaded.profile, self.options.until
        self.plan = Plan.of(profile)
        self.until = Until(goal, self.plan) if goal else None
        self.witnessed = thinned(profile) if self.options.witness else None
        workers = workers_for(profile, self.options.workers)
        self.limits = limits(profile, workers, len(self.to.addresses), self.to.loopback)
        say, warn = (_unheard if self.options.prepared else self.display.message), self._warn
        keeping = asyncio.create_task(self.keeper.keep(warn))
        try:
            async with on_table(profile, self.plan, self.to, self.keeper, say, warn) as self.table:
                if not self.to.loopback:
                    await preflight(profile, self.to.origin, self.to.addresses, self.to.ca, self.keeper.lent)
                return await self._measure()
        finally:
            keeping.cancel()

    async def _measure(self) -> Finished:
        self.folder, self.began = RunFolder(self.options.out, self._warn), wall()
        said = self._said()
        self.folder.begin(self.loaded.resolved, said)
        self.watch, self.snapshots = HostWatch(), history(self._stop_if())
        work = self._assignments(self.limits)
        self.fleet = Fleet(self.plan, work, self._each_second, self._turned_away)
        if self.witnessed:
            self.witness = Witness(self.loaded, self.witnessed, work[0], self.limits, self.to.loopback, self._warn)
            self.witness.begin(self.options.out, said, self.fleet, self._tag)
        self.keeper.renewed, self.keeper.lost = self.fleet.renew, self._refused
        self.signals.do = self._interrupt
        if self.signals.early:
            self._interrupt()
        try:
            await self._load()
        finally:
            await self.fleet.close()
        self._store_second()
        self.fleet.recording.fold_strata(worker.series.values() for worker in self.fleet.workers)
        if self.table:
            await self.table.end()
        finished = self._conclude()
        finished.result = redacted(finished.result, self._secrets)
        if not self.folder.finish(finished.result):
            finished.result |= {"run": None, "warnings": redacted(self.warnings, self._secrets)}
        return finished

    async def _load(self) -> None:
        ticker = asyncio.create_task(self._show())
        try:
            before = await self._ask_sandbox()  # a table's setup, and earlier runs
            await self.fleet.launch()
            await self._ask_sandbox()  # its lag and CPU time count from here
            self.watch.begin()
            await (self.witness.beside(self.fleet) if self.witness else self.fleet.run())
            self.sandbox_stats = since(before, await self._ask_sandbox())
        finally:
            ticker.cancel()

    def _said(self) -> dict[str, Any]:
        """What is known before the run's end, all that there is of one that dies."""
        until = {"until": self.until.result(complete=False)} if self.until else {}
        return dict(redacted({**self._about(), **until, "plan": self.plan.describe()}, self._secrets))

    @property
    def _secrets(self) -> tuple[str, ...]:
        return self.loaded.secrets + self.keeper.known

    async def _ask_sandbox(self) -> dict[str, Any] | None:
        if not self.to.sandbox:
            return None
        try:
            return await asyncio.to_thread(self.to.sandbox.stats)
        except LoadgenError as error:  # what was measured until then is worth no less
            self._warn(str(error))
            return None

    def _assignments(self, limits: Limits) -> list[Assignment]:
        profile, n = self.loaded.profile, limits.workers
        size = Ledger.size(len(self.plan.all_runs), self.plan.slots)
        gap = round(SECOND * n * (1 + bool(self.witnessed) / EACH) / profile.max_rate) if profile.max_rate else 0
        return [
            Assignment(
                os.getpid(),
                profile,
                self.to.origin,
                self.to.addresses[index % len(self.to.addresses) :]
                + self.to.addresses[: index % len(self.to.addresses)],
                self.to.ca,
                Share(index, n, max(1, share(limits.in_flight, index, n)), gap),
                share(limits.connections, index, n),
                share(limits.preopen, index, n),
                self.folder.make_room(index, size),
                (self.began,),
                self.keeper.lent,
            )
            for index in range(n)
        ]

    # while it runs

    def _interrupt(self) -> None:
        if self.interrupted:
            self.display.message("stopping at once: what is open is given up")
            self.fleet.kill()
        else:
            self.interrupted = True
            self.display.message("stopping: waiting for what is open; once more to stop at once")
            self.fleet.stop()

    def _turned_away(self, reason: str) -> None:
        self._refused(f"{self.to.origin.url} answers {reason}: {refusals.remedy(reason)}")

    def _refused(self, why: str) -> None:
        """The target takes no more from us, whatever is sent."""
        if not self.refused_because:
            self.refused_because = why
            self._warn(f"the run was ended: {why}")
            self.fleet.kill()

    def _each_second(self) -> None:
        self._store_second()
        totals = self.fleet.totals()
        self.watch.look(totals)
        self.snapshots.append(Snapshot.of(totals, self.fleet.elapsed))
        if self.until:
            made, self.plan = self.until.looks_made, self.until.each_second(self.fleet, self.display.message)
            if self.until.looks_made > made:  # it is told as it is by now, should the run die
                self.folder.amend(self._said())
        paid = in_all(totals, self.witness)
        why = reason_to_stop(self.snapshots, self._stop_if()) or (self.table.beyond(paid) if self.table else "")
        if why and not self.fleet.stopping:
            self.stopped_because = why
            self.display.message(f"stopping: {why}")
            self.fleet.stop()

    def _stop_if(self) -> StopIf | None:
        profile = self.loaded.profile
        if profile.stop_if_given or self.to.loopback:
            return profile.stop_if
        return StopIf.parse("errors > 50% for 5s")

    def _store_second(self) -> None:
        taken = self.fleet.recording.flush()
        self.last_second = headline(taken)
        if self.until:
            self.until.add(taken)
        self.folder.interval(taken, self.fleet.health.take(), self._tag)

    def _tag(self, slot: int) -> str:
        run, (scenario, step) = self.plan.of_slot(slot)
        return f"{run.name}{f'-{run.cycle}' if run.cycle else ''}.{scenario}.{step}"

    async def _show(self) -> None:
        while True:
            workers = self.limits.workers
            self.display.update(progress(self.plan, self.fleet, self.snapshots, self.last_second, workers))
            await asyncio.sleep(DRAWN)

    # when it is over

    def _conclude(self) -> Finished:
        fleet, profile = self.fleet, self.loaded.profile
        totals = fleet.totals()
        lost = [worker for worker in fleet.workers if worker.lost]
        seen = self.watch.figures(self.to.loopback)
        adaptive = profile.retries is not None and profile.retries.mode == "adaptive"
        session = Session(profile.session.reuse == "shared", profile.session.connections, adaptive)
        parts = tails(self.plan, fleet.recording)
        evidence = evidence_of(totals, parts, fleet.health, seen, self.sandbox_stats, session)
        if missing := untimed(totals, fleet.recording):
            without = f"{missing:,} exchanges have no latencies"
            if lost:
                self._warn(f"{without}: those of the last second of the workers that were lost")
            else:
                evidence.mismatches.append(without)
        kept = merge((worker.kept for worker in fleet.workers), SLOWEST)
        self._explain(lost, totals, kept.reasons)
        told = (build.quantiles_of(profile), kept.reasons, fleet.health.network, adaptive, fleet.stopped)
        measured = build.Measured(self.plan, totals, fleet.recording, *told)
        ending = Ending(
            elapsed=fleet.elapsed,
            folder=str(self.options.out) if self.folder.usable else None,
            interrupted=self.interrupted,
            stopped=bool(self.stopped_because),
            refused=bool(self.refused_because),
            lost=bool(lost),
            warnings=self.warnings,
            kept=kept,
            sandbox=self.sandbox_stats,
            accepted=self.options.accept_invalid,
        )
        said = {**self._about(), **(self.table.results(in_all(totals, self.witness)) if self.table else {})}
        if sdk := next((worker.options for worker in fleet.workers if worker.options), None):
            said["sdk"] = sdk
        if self.until:
            said["until"] = self.until.result(complete=not fleet.stopping)
        more: list[Finding] = []
        if self.witness:
            said["witness"], *more = self.witness.conclude(self.plan, fleet.recording, self._secrets, ending)
        return conclude(said, measured, judge(evidence, more), ending, profile.thresholds, evidence.effects)

    def _explain(self, lost: list[Any], totals: Ledger, in_the_way: dict[tuple[int, int, str], int]) -> None:
        never_there = unusable(totals)
        if in_the_way and (never_there or unanswered(totals)):
            _, outcome, reason = max(in_the_way, key=in_the_way.__getitem__)
            why = explained(self.to.origin.url, Outcome(outcome), reason)
            self._warn(f"nothing {'reached' if never_there else 'was answered by'} {self.to.origin.url}: {why}")
        for worker in lost:
            why = str(worker.broken or f"it ended with status {worker.process.poll()}").strip().rpartition("\n")[2]
            self._warn(f"worker {worker.index} was lost: {why}; its open exchanges are counted as lost")
        if self.stopped_because:
            self._warn(f"the run was stopped early by {self.stopped_because}")
        for address in self.to.left_out:
            self._warn(f"{self.to.origin.host} is also {address.host}, which takes no connection, and was left out")
        for fallback in host.about()["fallbacks"]:
            self._warn(f"this system has {fallback}")
        if not self.loaded.profile.tls.verify:
            self._warn("TLS certificates were not verified (tls.verify: false)")

    def _warn(self, text: str) -> None:
        text = redacted(text, self._secrets)
        self.warnings.append(text)
        self.display.message(text)

    def _about(self) -> dict[str, Any]:
        return about(self.loaded.profile, self.to, self.table, self.began, self.limits.workers)


def _unheard(text: str) -> None: ...
