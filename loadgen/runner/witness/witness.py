"""The witness of a run: one quiet process that sends the same beside the workers (`thinned`), counts for itself, and is
then asked whether they can be right (`testimony`). Its figures are in no other; its folder is one as any run's.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from loadgen.analysis.build import Measured, quantiles_of
from loadgen.analysis.conclusion import Ending, conclude, tails
from loadgen.analysis.latency import milliseconds
from loadgen.clock import SECOND, now
from loadgen.engine.engine import NEVER, Share
from loadgen.engine.plan import Plan
from loadgen.fleet.fleet import HEAD_START, Fleet
from loadgen.fleet.worker import Assignment
from loadgen.profile.load import Loaded
from loadgen.profile.model import Profile
from loadgen.record.ledger import Ledger
from loadgen.record.recording import Recording
from loadgen.result import run as result
from loadgen.result.codec import from_json, map_text, to_json
from loadgen.runner.limits import Limits
from loadgen.runner.redaction import redactor
from loadgen.runner.witness import agreement
from loadgen.runner.witness.load import EACH, FIRST, thinner
from loadgen.store import RunFolder
from loadgen.trust.host import RESERVE, cpus, descriptors
from loadgen.trust.verdict import Finding, Verdict, judge
from loadgen.trust.watch import evidence_of

FOLDER = "witness"
KEPT = 8  # connections that it has before the load at the most: it seldom needs two at once


@dataclass(frozen=True, slots=True)
class Cores:
    """The CPU that is the witness's own, and those that the workers are left with; none where they share all."""

    own: frozenset[int] = frozenset()
    others: frozenset[int] = frozenset()

    @classmethod
    def of(cls, others: int) -> Cores:
        """One for the witness, if as many as `others` need are left."""
        if not spare(others) or not hasattr(os, "sched_getaffinity"):
            return cls()
        allowed = os.sched_getaffinity(0)
        own = max(allowed)
        return cls(frozenset({own}), frozenset(allowed - {own}))


def spare(others: int) -> bool:
    """Whether a CPU is left when `others` processes have one each."""
    return cpus() > others


class Witness:
    """Of one run: `begin`, then `beside` the workers, who start and close it, and `conclude`. `warn` hears what a user
    should know."""

    def __init__(
        self,
        loaded: Loaded,
        profile: Profile,
        first: Assignment,
        limits: Limits,
        loopback: bool,
        warn: Callable[[str], None],
    ) -> None:
        """`profile` is what it carries out, `first` the first worker's assignment; `loopback` says that the target is
        on this machine."""
        self.profile, self._resolved, self._work, self._limits, self._warn = (
            profile, loaded.resolved, first, limits, warn,
        )  # fmt: skip
        others = limits.workers + loopback
        self.cores = Cores.of(others)
        for text in warnings(loaded.profile, others):
            warn(text)

    def begin(self, out: Path, about: dict[str, Any], workers: Fleet, tag: Callable[[int], str]) -> None:
        """Follow the workers. `out` is the run's folder, `about` what is known of the run and its plan; `tag` names a
        slot."""
        plan, self._tag = Plan.of(self.profile), tag
        self._about = {**about, "workers": 1, "seed": self.profile.seed}
        del self._about["plan"]
        self._folder = RunFolder(out / FOLDER, self._warn)
        self._folder.begin(self._resolved, {**self._about, "plan": about["plan"], "thinned": True})
        work = replace(
            self._work,
            profile=self.profile,
            share=Share(0, 1, NEVER, self._work.share.users_gap * EACH // self._limits.workers, EACH),
            connections=min(self._limits.connections, descriptors() - RESERVE),
            preopen=min(self._limits.preopen, KEPT),
            ledger=self._folder.make_room(0, Ledger.size(len(plan.all_runs), plan.slots)),
            first=FIRST,
        )
        self.fleet = Fleet(plan, [work], self._store, lambda reason: None)
        workers.follower, workers.cpus, self.fleet.cpus = self.fleet, self.cores.others, self.cores.own

    async def beside(self, workers: Fleet) -> None:
        """Carry the load out with the workers, from the same instant on; its last phase ends when they have finished,
        if not before. It has as long as an iteration may take for what is open then."""
        start = now() + HEAD_START
        own = asyncio.create_task(self.fleet.run(start))
        try:
            await workers.run(start)
            self.fleet.leave(self.fleet.plan.runs[-1].number, self.fleet.elapsed, self.fleet.plan)
            await asyncio.wait({own}, timeout=self.fleet.plan.drain_limit / SECOND)
        finally:
            own.cancel()

    def _store(self) -> None:
        self._folder.interval(self.fleet.recording.flush(), self.fleet.health.take(), self._tag)

    def conclude(
        self, plan: Plan, workers: Recording, secrets: tuple[str, ...], ending: Ending
    ) -> tuple[result.Witness, Finding]:
        """For the run's result, and for its verdict. `plan` and `ending` are the workers', as it came to be."""
        fleet, (worker,) = self.fleet, self.fleet.workers
        lost = fleet.start > 0 and not worker.finished
        self._store()
        its = thinner(plan, self.profile.seed)
        where = str(self._folder.path) if self._folder.usable else None
        own = replace(
            ending, elapsed=fleet.elapsed, folder=where, refused=False, lost=lost, warnings=[], kept=worker.kept
        )
        findings = judge(evidence_of(fleet.totals(), tails(its, fleet.recording), fleet.health))
        measured = Measured(its, fleet.totals(), fleet.recording, quantiles_of(self.profile), worker.kept.reasons)
        metadata = from_json(result.Metadata, self._about)
        concluded = map_text(conclude(metadata, measured, findings, own, {}), redactor(secrets))
        self._folder.finish(to_json(concluded))
        if lost:
            self._warn("the witness was lost, and says nothing of the workers; its open exchanges are counted as lost")
        late = agreement.lateness(its, fleet.recording)
        capped = self.profile.session.connections is not None
        figures = [] if lost else agreement.figures(plan, workers, fleet.recording, capped)
        witness = result.Witness(
            run=where,
            each=EACH,
            cpu=max(self.cores.own, default=None),
            lost=lost,
            late_ms=milliseconds(late),
            confidence=agreement.confidence(plan),
            iterations=concluded.variant.iterations,
            requests=concluded.variant.requests,
            connections=concluded.variant.connections,
            figures=tuple(result.WitnessFigure(**figure) for figure in figures),
        )
        return witness, _finding(figures, late, where or FOLDER, lost)


def in_all(totals: Ledger, witness: Witness | None) -> Ledger:
    """What the target was sent by the workers and by the witness, if there is one: it is paid for alike."""
    if not witness:
        return totals
    both = totals.snapshot()
    both.add(witness.fleet.totals())
    return both


def _finding(figures: list[agreement.Entry], late: int | None, where: str, lost: bool) -> Finding:
    if lost:
        return Finding("witness", "not known: it was lost", Verdict.VALID)
    return agreement.finding(figures, late, where)


def warnings(profile: Profile, others: int) -> list[str]:
    """What a user should know before a run: where the witness will not be able to tell, or not be quiet."""
    return [*_no_cpu(others), *_too_few(profile), *_one_user_more(profile)]


def disturbances(profile: Profile, others: int) -> list[str]:
    """Where the witness, beside `others` processes, will not be quiet."""
    return [*_no_cpu(others), *_one_user_more(profile)]


def _no_cpu(others: int) -> list[str]:
    if spare(others):
        return []
    return [
        f"the witness has no CPU of its own: there are {cpus()} for {others} other processes of the load, and what it "
        "waits for one is in its figures"
    ]


def _too_few(profile: Profile) -> list[str]:
    short = [(step, step.exchanges) for step in agreement.forecast(profile) if not step.enough["p99"]]
    expected = [(step, exchanges) for step, exchanges in short if exchanges is not None]
    if not expected:
        return []
    most = max(exchanges for _, exchanges in expected)
    where = ", ".join(dict.fromkeys(step.phase for step, _ in expected))
    needs = expected[0][0].needed["p99"]
    return [
        f"the witness will have no interval for the p99 of {where}: at most about {most:,} exchanges of a step, "
        f"{needs:,} are needed (1 for {EACH} of the workers')"
    ]


def _one_user_more(profile: Profile) -> list[str]:
    return [
        f"the witness is one user more in {phase.name}: {phase.users + 1} instead of {phase.users}"
        for phase in profile.load
        if phase.measure and phase.users and phase.users < EACH
    ]
