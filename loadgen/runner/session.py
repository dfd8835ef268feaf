"""One run, from a loaded profile to its result: target, limits, workers, watching, verdict, thresholds, folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

from loadgen.analysis import build
from loadgen.analysis.conclusion import Ending, conclude, tails, untimed
from loadgen.analysis.exemplars import FILE as EXEMPLARS
from loadgen.analysis.exemplars import exemplars
from loadgen.analysis.latency import headline
from loadgen.analysis.standing import asked_of, asked_parts, standing_of
from loadgen.clock import SECOND, now
from loadgen.errors import Exit, LoadgenError
from loadgen.fleet.fleet import Fleet
from loadgen.fleet.group import Group, Member
from loadgen.fleet.nodes import OnNodes
from loadgen.fleet.placement import Local
from loadgen.interrupts import Interrupted, Interrupts, interrupts
from loadgen.net.names import numbered
from loadgen.net.thread import in_thread
from loadgen.profile.clients import CLIENTS
from loadgen.profile.load import Loaded
from loadgen.record.parts import Parts
from loadgen.record.samples import SLOWEST
from loadgen.result.codec import from_json, map_text, to_json
from loadgen.result.reason import Reason
from loadgen.result.run import RunResult, Sandbox
from loadgen.result.run import Until as UntilResult
from loadgen.runner.course import Course
from loadgen.runner.destination import Destination, destination
from loadgen.runner.function.attach import on_function
from loadgen.runner.join import join_after
from loadgen.runner.nodes import result_of, warnings_of
from loadgen.runner.options import Options
from loadgen.runner.preflight import preflight
from loadgen.runner.prepared import Checked, Prepared, described
from loadgen.runner.progress import Display, Known, progress
from loadgen.runner.secrets import Keeper, keeper
from loadgen.runner.shared import EARLY, check_in_time, ended, instant_of, iso
from loadgen.runner.so_far import SoFar
from loadgen.runner.stop import Snapshot, history, reason_to_stop, since
from loadgen.runner.table.attach import on_table
from loadgen.runner.until.decided import UntilDecided
from loadgen.runner.until.until import Until
from loadgen.runner.warnings import Warnings
from loadgen.runner.witness.witness import Witness
from loadgen.stats import Histogram
from loadgen.trust import host
from loadgen.trust.evidence import Evidence
from loadgen.trust.finding import Finding
from loadgen.trust.idle import WATCHED
from loadgen.trust.verdict import judge
from loadgen.trust.watch import HostWatch, Session, evidence_of, worst_of

DRAWN = 0.5  # seconds between two updates of the progress


async def run(loaded: Loaded, options: Options, display: Display) -> RunResult:
    """Run a profile. Raises LoadgenError if the run cannot begin; after that every error is in the result."""
    with interrupts() as signals:
        secrets = await keeper(loaded.profile, options.sandbox_at, loaded.secrets)
        profile = loaded.profile
        async with destination(profile, options.start_sandbox, options.sandbox_at, secrets.account) as to:
            result = await run_at(loaded, options, display, to, signals, secrets)
            if options.join and result.run:
                with suppress(Interrupted), signals.giving_up():  # a signal ends the search: the run is over
                    return await join_after(result, loaded, options.join, to, options.sandbox_at, display.message)
            return result


async def run_at(
    loaded: Loaded, options: Options, display: Display, to: Destination, signals: Interrupts, keeper: Keeper
) -> RunResult:
    """Run a profile at a destination that exists, with signal handlers that are installed."""
    profile = loaded.profile
    with signals.giving_up(), loaded.secrets.unrevealing():
        await keeper.refresh()
        checked = Checked.of(profile, options, to)
        warn = Warnings(display.message, loaded.secrets)
        say = _unheard if options.prepared else display.message
        share = options.share
        async with (
            _kept(keeper, warn),
            on_table(profile, checked.plan, to, keeper, say, warn, share) as table,
            on_function(loaded, checked.plan, to, keeper, options, warn) as function,
        ):
            if function and function.force_cold:  # what restores the function is in the folder
                options = replace(options, needed=True)
            needed = function is not None and function.needs_a_call
            if options.preflight and (to.simulates is None or needed):  # a sandbox counts its cold starts
                probed = await preflight(profile, to.origin, to.addresses, to.ca, keeper.lent)
                if function:
                    function.learn(probed)
            prepared = Prepared.of(loaded, options, to, keeper, table, checked, warn, function)
            return await Running(prepared, display, signals).carry_out()


@asynccontextmanager
async def _kept(keeper: Keeper, warn: Warnings) -> AsyncIterator[None]:
    """Renew secrets while the block lasts."""
    keeping = asyncio.create_task(keeper.keep(warn))
    try:
        yield
    finally:
        keeping.cancel()


class Running:
    """A prepared run during its load: its processes, and the figures that are watched every second."""

    def __init__(self, prepared: Prepared, display: Display, signals: Interrupts) -> None:
        """Takes over the signals and the messages of the keeper of secrets."""
        self._prepared, self._display = prepared, display
        checked, keeper = prepared.checked, prepared.keeper
        self._warn, self._until = prepared.warn, checked.until
        self._watch, self._snapshots, self._last_second = HostWatch(), history(prepared.stop_if), Histogram()
        self._course = Course(prepared.options.share.of)
        self._so_far = SoFar(self._evidence)
        self._begun = self._interrupted = self._refused = self._stopped = False
        self._unserved: Reason | None = None  # the sandbox serves no more
        self._witness = Witness(prepared, checked.witness_load) if checked.witness_load else None
        following = [self._witness.group] if self._witness else []
        self._on_nodes = self._nodes()
        placement = self._on_nodes or Local(self._witness.cores.others if self._witness else frozenset())
        self._workers = Group(
            checked.plan, prepared.assignments, self._each_second, self._counted, self._turned_away, placement
        )
        self._force_cold = prepared.function.force_cold if prepared.function else None
        self._fleet = Fleet(self._workers, *following, between=self._change if self._force_cold else None)
        keeper.renewed, keeper.lost = self._fleet.renew, self._refuse
        self._signals = signals
        signals.heed(self._interrupt)

    def _nodes(self) -> OnNodes | None:
        prepared = self._prepared
        nodes, simulated = prepared.options.nodes, prepared.to.simulates is not None
        return nodes.of(prepared.loaded, simulated, prepared.options.preflight and not simulated) if nodes else None

    async def carry_out(self) -> RunResult:
        """Carry out the load. Returns its result. Where it was refused before anything was sent, no folder stays."""
        try:
            return await self._carry_out()
        except LoadgenError as error:
            refused = error.status in (Exit.USAGE, Exit.UNUSABLE)
            if refused and not self._begun and not self._force_cold:  # what restores a function is in the folder
                self._prepared.folder.discard()
            raise
        finally:
            self._prepared.folder.close()
            if self._witness:
                self._witness.close()

    async def _carry_out(self) -> RunResult:
        prepared = self._prepared
        if prepared.part and not prepared.part.clock_kept:
            self._display.message(Reason.of("clock_not_kept"))
        try:
            sandbox = await self._load()
        finally:
            await self._fleet.close()
        self._store_second()
        self._workers.recording.fold_strata(worker.series.values() for worker in self._workers.members)
        self._store_parts()
        if prepared.table:
            await prepared.table.end()
        if self._force_cold:
            await self._force_cold.end()
        self._signals.heed(None)  # from here on it is as it is
        concluded = map_text(self._conclude(sandbox), prepared.secrets.hide)
        if prepared.folder.finish(to_json(concluded)):
            return concluded
        return replace(concluded, run=None, warnings=tuple(self._warn.given))

    async def _load(self) -> dict[str, Any] | None:
        """Carry out the load. Returns what the sandbox counted meanwhile, if the target is one."""
        ticker = asyncio.create_task(self._show())
        try:
            before = await self._ask_sandbox()  # the counts of a table's setup, and of earlier runs
            await self._wait_for_start(EARLY)
            await self._fleet.launch()
            if self._prepared.options.resolution is None:
                await self._fleet.settle(WATCHED)
            if self._force_cold:
                await self._force_cold.begin(self._prepared.options.out)
                await self._change()
            await self._ask_sandbox()  # the sandbox's lag and CPU time count from here
            start = await self._wait_for_start(self._workers.head_start)
            self._watch.begin()
            self._begun = True
            await self._fleet.run(start)
            return since(before, await self._ask_sandbox())  # type: ignore[no-any-return]
        finally:
            ticker.cancel()

    async def _wait_for_start(self, before: int) -> int | None:
        """Wait until so many ns before the start that was asked for, and return its instant; None if none was. Raises
        PlanError if it has passed."""
        start_at = self._prepared.options.start_at
        if start_at is None:
            return None
        left = instant_of(start_at) - now() - before
        if left > SECOND and not self._fleet.stopping:
            seconds = round((left + before) / SECOND)
            self._display.message(Reason.of("waiting_for_start", start_at=iso(start_at), seconds=seconds))
        await self._fleet.settle(max(0, left))
        if not self._fleet.stopping:
            check_in_time(start_at)
        return instant_of(start_at)

    async def _ask_sandbox(self) -> dict[str, Any] | None:
        sandbox = self._prepared.to.sandbox
        if sandbox is None or self._unserved:
            return None
        try:
            return await in_thread(sandbox.stats)
        except LoadgenError as error:
            self._lose_sandbox(str(error))
            return None

    # while it runs

    def _interrupt(self) -> None:
        if self._interrupted:
            self._display.message(Reason.of("stopping_at_once"))
            self._fleet.kill()
        else:
            self._interrupted = True
            self._display.message(Reason.of("stopping"))
            self._fleet.stop()

    def _turned_away(self, answer: str) -> None:
        self._refuse(Reason.of("turned_away", url=self._prepared.to.origin.url, answer=answer))

    async def _change(self) -> None:
        """Force a cold start. If that fails the load ends."""
        assert self._force_cold
        if self._fleet.stopping:
            return
        try:
            await self._force_cold.change()
        except LoadgenError as error:
            self._force_cold.failed = True
            self._warn(Reason.of("force_cold_failed", error=str(error)))
            self._fleet.stop()

    def _lose_sandbox(self, error: str) -> None:
        """The sandbox serves no more: there is nothing left to be measured."""
        if not self._unserved:
            at = round(self._fleet.elapsed / SECOND, 3)
            self._unserved = Reason.of("sandbox_silent", error=error, at_s=at or None)
            self._display.message(self._unserved)
            self._fleet.kill()

    def _refuse(self, why: Reason) -> None:
        """The target refuses our requests, whatever is sent."""
        if not self._refused:
            self._refused = True
            self._warn(why)
            self._fleet.kill()

    def _each_second(self) -> None:
        prepared, fleet = self._prepared, self._fleet
        if prepared.to.sandbox and (error := prepared.to.sandbox.look()):
            self._lose_sandbox(error)
        totals = fleet.plan.of_phases(self._workers.totals())
        self._watch.look(totals)
        self._snapshots.append(Snapshot.of(totals, fleet.elapsed))
        self._course.count(self._snapshots, fleet.plan.runs, self._workers.health.in_flight)
        billed = prepared.table or prepared.function
        why = reason_to_stop(self._snapshots, prepared.stop_if) or (billed.beyond(fleet.totals()) if billed else None)
        if why and not fleet.stopping:
            self._stopped = True
            self._warn(why)
            fleet.stop()
        if self._display.detailed:
            self._so_far.look()

    def _counted(self) -> None:
        self._store_second()
        self._course.time(self._fleet.counted - 1, self._last_second)
        if self._until:
            self._look(self._until)

    def _look(self, until: Until | UntilDecided) -> None:
        prepared, made = self._prepared, until.looks_made
        until.each_second(self._fleet, self._display.message)
        if until.looks_made > made:  # keep the looks so far on disk, in case the run dies
            result = self._until_result(complete=False)
            nodes = len(prepared.options.nodes) if prepared.options.nodes else 0
            prepared.folder.amend(described(prepared.metadata(), self._fleet.plan, result, prepared.secrets, nodes))

    def _store_second(self) -> None:
        workers, prepared = self._workers, self._prepared
        pieces, taken = workers.recording.packed(), workers.recording.flush()
        self._last_second = headline(taken)
        if self._until:
            self._until.count(taken)
        prepared.folder.second(pieces, workers.health.take())

    def _store_parts(self) -> None:
        """Keep what is added up with that of the other machines, if there are any."""
        prepared, recording = self._prepared, self._workers.recording
        if prepared.part:
            asked = asked_parts(prepared.loaded.profile)
            prepared.folder.parts(Parts(recording.shares, recording.traffic, asked))

    async def _show(self) -> None:
        prepared = self._prepared
        origin = prepared.to.origin
        known = Known(
            name=prepared.loaded.profile.name,
            target="" if prepared.to.simulates is not None else origin.url + origin.base,
            workers=prepared.checked.limits.workers,
            machines=prepared.options.share.of,
        )
        while True:
            trust = self._so_far.signals
            self._display.update(progress(self._fleet, self._snapshots, self._last_second, known, self._course, trust))
            await asyncio.sleep(DRAWN)

    # when it is over

    def _evidence(self, sandbox: dict[str, Any] | None = None) -> Evidence:
        """What was seen of this machine, and of the sandbox, until now."""
        prepared, workers = self._prepared, self._workers
        profile = prepared.loaded.profile
        host, of_node = self._watch.figures(prepared.to.loopback), dict[str, int]()
        if self._on_nodes:  # they send, and not this machine
            host, of_node = worst_of({node.number: node.host for node in self._on_nodes.nodes if node.host})
        of_profile, client_asked = asked_parts(profile), not CLIENTS[profile.client].ours
        session = Session(profile.session.reuse == "shared", profile.session.connections, of_profile, client_asked)
        quantiles, asked, resolution = build.quantiles_of(profile), asked_of(profile), prepared.options.resolution
        evidence = evidence_of(
            workers.totals(), tails(self._fleet.plan, workers.recording), workers.health, host, sandbox, session,
            resolution, quantiles=(*quantiles, "mean"), asked=asked,
        )  # fmt: skip
        return replace(evidence, of_node=of_node)

    def _conclude(self, sandbox: dict[str, Any] | None) -> RunResult:
        prepared, fleet, workers = self._prepared, self._fleet, self._workers
        profile, table = prepared.loaded.profile, prepared.table
        totals = workers.totals()
        lost = [worker for worker in workers.members if worker.lost]
        evidence = self._evidence(sandbox)
        if missing := untimed(totals, workers.recording):
            if lost:
                self._warn(Reason.of("lost_without_latencies", exchanges=missing))
            else:
                evidence.mismatches.append(f"{missing:,} exchanges have no latencies")
        kept = workers.kept(SLOWEST)
        self._explain(lost)
        on, health = self._on_nodes, workers.health
        nodes = result_of(on, workers.members) if on else ()
        for warning in warnings_of(nodes):
            self._warn(warning)
        facts = (build.quantiles_of(profile), kept.reasons, health.network, asked_parts(profile), fleet.stopped)
        hosts = numbered(prepared.to.addresses)
        of = on.workers(len(workers.members)) if on else {}
        unread = any(node.unread for node in nodes)
        measured = build.Measured(fleet.plan, totals, workers.recording, *facts, health.environments, hosts, of, unread)
        if some := exemplars(measured, kept.exemplars):
            prepared.folder.keep(EXEMPLARS, map_text(to_json(some), prepared.secrets.hide))
        ending = Ending(
            elapsed=fleet.elapsed,
            folder=str(prepared.options.out) if prepared.folder.usable else None,
            interrupted=self._interrupted,
            stopped=self._stopped,
            refused=self._refused or (self._force_cold is not None and self._force_cold.failed),
            unserved=self._unserved,
            lost=bool(lost),
            warnings=self._warn.given,
            kept=kept,
            sandbox=from_json(Sandbox, sandbox) if sandbox else None,
            resolution=evidence.resolution,
            until=self._until_result(complete=not fleet.stopping),
            levels=self._until.levels if self._until else {},
            setup=table.setup() if table else None,
            cost=table.cost(fleet.totals()) if table else None,
            function_cost=prepared.function.cost(fleet.totals()) if prepared.function else None,
            sdk=next((worker.options for worker in workers.members if worker.options), None),
            nodes=nodes,
        )
        more: list[Finding] = []
        if self._witness:
            witness, *more = self._witness.conclude(fleet.plan, workers.recording, prepared.secrets, ending)
            ending = replace(ending, witness=witness)
        accepted, primary = prepared.options.accept_invalid, profile.experiment is not None
        standing = standing_of(evidence, judge(evidence, more), accepted=accepted, primary=primary)
        metadata = replace(prepared.metadata(), share=ended(prepared.part, workers.start))
        concluded = conclude(metadata, measured, standing, ending, profile.thresholds)
        if not self._force_cold:
            return concluded
        return replace(concluded, forced_cold=self._force_cold.result(concluded))

    def _until_result(self, complete: bool) -> UntilResult | None:
        return self._until.result(self._fleet.begins(self._until.run), complete) if self._until else None

    def _explain(self, lost: list[Member]) -> None:
        to, warn = self._prepared.to, self._warn
        for worker in lost:
            why = str(worker.broken or f"it ended with status {worker.process.poll()}").strip().rpartition("\n")[2]
            warn(Reason.of("worker_lost", worker=worker.index, why=why))
        for address in to.left_out:
            warn(Reason.of("address_left_out", host=to.origin.host, address=address.host))
        for fallback in host.description().fallbacks:
            warn(Reason.of("system_lacks", what=fallback))
        if not self._prepared.loaded.profile.tls.verify:
            warn(Reason.of("tls_not_verified"))


def _unheard(notice: Reason) -> None: ...
