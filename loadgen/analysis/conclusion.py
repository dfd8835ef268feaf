"""From what was measured to what is said: the result, and the status to exit with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadgen.analysis import build, confidence
from loadgen.analysis import thresholds as limits
from loadgen.clock import SECOND
from loadgen.engine.plan import Plan
from loadgen.errors import Exit, worst
from loadgen.exchange import Outcome
from loadgen.profile.model import Threshold
from loadgen.record.ledger import Ledger
from loadgen.record.metrics import Metric
from loadgen.record.recording import Recording
from loadgen.record.samples import Kept
from loadgen.record.share import Part, Shares
from loadgen.trust.effect import Effect, Place, ranked
from loadgen.trust.finding import Finding, Verdict
from loadgen.trust.verdict import disturbed, meaning, overall
from loadgen.trust.watch import Tail

NEVER_THERE = (Outcome.REFUSED, Outcome.DNS, Outcome.TLS, Outcome.TIMEOUT, Outcome.RESET)
SANDBOX_FIGURES = (
    "requests", "cold_starts", "throttled", "queue_peak", "overflowed", "downstream", "cpu", "lag_ns", "connections",
    "tls",
)  # fmt: skip
_OF_A_TAIL = {Metric.CLIENT_DELAY: "delay", Metric.WAIT: "wait", Metric.DNS: "dns", Metric.CONNECT: "connect"}


@dataclass(slots=True)
class Finished:
    """What a run has come to."""

    result: dict[str, Any]
    status: Exit


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended, and what was kept of it besides figures."""

    elapsed: int
    folder: str | None
    interrupted: bool = False
    stopped: bool = False
    refused: bool = False  # the target takes no more from us
    lost: bool = False
    complete: bool = True
    warnings: list[str] = field(default_factory=list)
    kept: Kept = field(default_factory=lambda: Kept([], [], {}))
    sandbox: dict[str, Any] | None = None
    accepted: bool = False  # the user takes the run's figures even if it is INVALID


def conclude(
    about: dict[str, Any],
    measured: build.Measured,
    findings: list[Finding],
    ending: Ending,
    thresholds: dict[str, tuple[Threshold, ...]],
    effects: Sequence[Effect] = (),
) -> Finished:
    """The result, `loadgen.result/1`, of a run with one variant."""
    variant = build.variant(measured)
    confidence.add(variant, measured, Path(ending.folder) if ending.folder else None)
    verdict = overall(findings)
    checked = limits.check(thresholds, variant["phases"])
    if verdict is Verdict.INVALID:
        means = meaning(verdict.name, {finding.signal for finding in findings if finding.verdict is verdict})
        checked = [limits.of_invalid(entry, ending.accepted, means) for entry in checked]
    missed = ending.stopped or any(threshold["status"] != "passed" for threshold in checked)
    holds = {
        Exit.INTERRUPTED: ending.interrupted,
        Exit.WORKER_LOST: ending.lost,
        Exit.UNUSABLE: ending.refused or unusable(measured.ledger),
        Exit.INVALID: verdict is Verdict.INVALID,
        Exit.THRESHOLD: missed,
    }
    status = worst({status for status, held in holds.items() if held})
    result = {
        "schema": build.SCHEMA,
        **about,
        "duration_s": round(ending.elapsed / SECOND, 3),
        "complete": ending.complete and not ending.lost,
        "interrupted": ending.interrupted,
        "run": ending.folder,
        "exit_status": int(status),
        "trust": _trust(verdict, findings, effects, ending.accepted),
        "warnings": ending.warnings,
        "thresholds": checked,
        "variants": [variant],
        "samples": {
            "failed": [build.sample(measured.plan, kept) for kept in ending.kept.failed],
            "slowest": [build.sample(measured.plan, kept) for kept in ending.kept.slowest],
        },
    }
    result["target"] = {**about["target"], "sandbox": _sandbox(ending.sandbox)}
    return Finished(result, status)


def tails(plan: Plan, recording: Recording) -> list[Tail]:
    """What the verdict looks at, for each measured run of a phase."""
    found = {run.number: Tail() for run in plan.runs if run.measured}
    for (key, metric), histogram in recording.histograms.items():
        run = plan.of_slot(key.slot)[0]
        if tail := found.get(run.number):
            whole = Metric.SERVICE if run.phase.kind == "closed" else Metric.RESPONSE
            if metric == Metric.LAG:
                tail.lag.add(histogram)
            elif key.outcome == Outcome.OK and metric in (whole, *_OF_A_TAIL):
                getattr(tail, "whole" if metric == whole else _OF_A_TAIL[Metric(metric)]).add(histogram)
    stamped = any(of.sums[:, Part.STAMPED].any() for key, of in recording.shares.items() if key.outcome == Outcome.OK)
    for key, shares in sorted(recording.shares.items(), key=lambda item: item[0].slot):  # as they are planned
        run, (scenario, step) = plan.of_slot(key.slot)
        if (tail := found.get(run.number)) and key.outcome in (Outcome.OK, Outcome.TIMEOUT):
            place = Place(run.name, run.cycle or 1, f"{scenario}/{step}" if len(plan.steps) > 1 else "")
            # where there are stamps, the kernel had no answer in time: none was read late
            unread = stamped and key.outcome == Outcome.TIMEOUT
            tail.steps.setdefault(place, Shares()).add(shares.all_stamped() if unread else shares)
    return list(found.values())


def untimed(ledger: Ledger, recording: Recording) -> int:
    """How many finished exchanges left no times: each has exactly one `sign`."""
    counts = ledger.outcome_counts()
    return sum(counts) - counts[Outcome.LOST] - recording.total(Metric.SIGN).count


def _trust(verdict: Verdict, findings: list[Finding], effects: Sequence[Effect], accepted: bool) -> dict[str, Any]:
    signals = [
        {"signal": f.signal, "value": f.value, "verdict": f.verdict.name, "why": f.why if f.verdict else ""}
        for f in findings
    ]
    reasons = sorted((f for f in findings if f.verdict), key=lambda f: -f.verdict)
    return {
        "verdict": verdict.name,
        "disturbed": disturbed(findings, effects),
        "accepted": accepted and verdict is Verdict.INVALID,
        "reasons": [f.reason for f in reasons],
        "notes": [f.note for f in findings if f.note],
        "effect": [effect.told() for effect in ranked(effects)],
        "signals": signals,
    }


def unusable(totals: Ledger) -> bool:
    """Whether nothing reached the target at all."""
    counts = totals.outcome_counts()
    return sum(counts[of] for of in NEVER_THERE) > 0 and not sum(totals.wired.tolist())


def unanswered(totals: Ledger) -> bool:
    """Whether everything that was sent came to its end without an answer."""
    counts = totals.outcome_counts()
    return sum(counts) > 0 and sum(counts[of] for of in NEVER_THERE) == sum(counts)


def _sandbox(stats: dict[str, Any] | None) -> dict[str, Any] | None:
    return {name: stats.get(name) for name in SANDBOX_FIGURES} if stats else None
