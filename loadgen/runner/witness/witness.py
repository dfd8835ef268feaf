"""The witness of a run: one quiet process that sends the same beside the workers (`load`), counts for itself, and is
then asked whether they can be right (`agreement`). Its figures are in no other; its folder is one as any run's.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from loadgen.analysis.build import Measured, quantiles_of
from loadgen.analysis.conclusion import Ending, conclude, tails
from loadgen.analysis.latency import milliseconds
from loadgen.analysis.standing import standing_of
from loadgen.clock import NEVER
from loadgen.engine.engine import Share
from loadgen.engine.plan import Plan
from loadgen.fleet.group import Group
from loadgen.fleet.placement import Local
from loadgen.profile.model import Profile
from loadgen.record.ledger import Ledger
from loadgen.record.recording import Recording
from loadgen.redaction import Secrets
from loadgen.result import run as result
from loadgen.result.codec import map_text, to_json
from loadgen.result.reason import Reason
from loadgen.runner.prepared import Prepared
from loadgen.runner.witness import agreement
from loadgen.runner.witness.load import EACH, FIRST
from loadgen.trust.finding import Finding
from loadgen.trust.host import RESERVE, cpus, descriptors
from loadgen.trust.verdict import judge
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
    """Of one run: a group of one, which follows the workers. Then `conclude`."""

    def __init__(self, run: Prepared, profile: Profile) -> None:
        """`profile` is what it carries out, by `load.witness_load`. It begins a folder of its own in the run's."""
        self._profile, self._warn = profile, run.warn
        limits, first = run.checked.limits, run.assignments[0]
        others = limits.workers + run.to.loopback
        self.cores = Cores.of(others)
        for warning in warnings(run.loaded.profile, others):
            run.warn(warning)
        self._metadata = replace(run.metadata(), workers=1, seed=profile.seed)
        self._folder = run.folder.inner(FOLDER)
        own = {"workers": 1, "seed": profile.seed, "thinned": True}
        self._folder.begin(run.loaded.resolved, run.description | own)
        plan = Plan.of(profile)
        work = replace(
            first,
            profile=profile,
            share=Share(0, 1, NEVER, first.share.users_gap * EACH // limits.workers, EACH),
            connections=min(limits.connections, descriptors() - RESERVE),
            preopen=min(limits.preopen, KEPT),
            ledger=self._folder.make_room(0, Ledger.size(len(plan.all_runs), plan.slots)),
            first=FIRST,
        )
        self.group = Group(plan, [work], counted=self._store, placement=Local(self.cores.own))

    def close(self) -> None:
        """Let go of its folder, whatever became of the run."""
        self._folder.close()

    def _store(self) -> None:
        self._folder.second(self.group.recording.packed(), self.group.health.take())
        self.group.recording.flush()

    def conclude(
        self, plan: Plan, workers: Recording, secrets: Secrets, ending: Ending
    ) -> tuple[result.Witness, Finding]:
        """For the run's result, and for its verdict. `plan` and `ending` are the workers', as it came to be."""
        group, (worker,) = self.group, self.group.members
        lost = group.start > 0 and not worker.finished
        self._store()
        where = str(self._folder.path) if self._folder.usable else None
        evidence = evidence_of(group.totals(), tails(group.plan, group.recording), group.health)
        own = Ending(
            elapsed=group.elapsed,
            folder=where,
            interrupted=ending.interrupted,
            stopped=ending.stopped,
            lost=lost,
            kept=worker.kept,
            sandbox=ending.sandbox,
            resolution=evidence.resolution,
        )
        measured = Measured(
            group.plan, group.totals(), group.recording, quantiles_of(self._profile), worker.kept.reasons
        )
        standing = standing_of(evidence, judge(evidence))
        concluded = map_text(conclude(self._metadata, measured, standing, own, {}), secrets.hide)
        self._folder.finish(to_json(concluded))
        if lost:
            self._warn(Reason.of("witness_gone"))
        late = agreement.lateness(group.plan, group.recording)
        capped = self._profile.session.connections is not None
        figures = [] if lost else agreement.figures(plan, workers, group.recording, capped)
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


def _finding(figures: list[agreement.Entry], late: int | None, where: str, lost: bool) -> Finding:
    if lost:
        return Finding(agreement.SIGNAL, Reason.of("witness_lost"))
    return agreement.finding(figures, late, where)


def warnings(profile: Profile, others: int) -> list[Reason]:
    """What a user should know before a run: where the witness will not be able to tell, or not be quiet."""
    return [*_no_cpu(others), *_too_few(profile), *_one_user_more(profile)]


def disturbances(profile: Profile, others: int) -> list[Reason]:
    """Where the witness, beside `others` processes, will not be quiet."""
    return [*_no_cpu(others), *_one_user_more(profile)]


def _no_cpu(others: int) -> list[Reason]:
    if spare(others):
        return []
    return [Reason.of("witness_no_cpu", cpus=cpus(), others=others)]


def _too_few(profile: Profile) -> list[Reason]:
    short = [(step, step.exchanges) for step in agreement.forecast(profile) if not step.enough["p99"]]
    expected = [(step, exchanges) for step, exchanges in short if exchanges is not None]
    if not expected:
        return []
    most = max(exchanges for _, exchanges in expected)
    where = ", ".join(dict.fromkeys(step.phase for step, _ in expected))
    needs = expected[0][0].needed["p99"]
    return [Reason.of("witness_no_p99", where=where, exchanges=most, needs=needs, each=EACH)]


def _one_user_more(profile: Profile) -> list[Reason]:
    return [
        Reason.of("witness_one_user_more", phase=phase.name, users=phase.users)
        for phase in profile.load
        if phase.measure and phase.users and phase.users < EACH
    ]
