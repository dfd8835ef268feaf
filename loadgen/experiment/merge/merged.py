"""The run that machines which shared a load are together, with its folder, which is one as any run's."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path

from loadgen.analysis.build import Measured
from loadgen.analysis.conclusion import Ending, conclude, untimed
from loadgen.analysis.documents import as_written, decoded, document
from loadgen.analysis.exemplars import FILE as EXEMPLARS
from loadgen.analysis.exemplars import together
from loadgen.analysis.findings import ORDER
from loadgen.analysis.latency import QUANTILES
from loadgen.clock import SECOND
from loadgen.exchange import Outcome
from loadgen.experiment.merge.costs import cost, distinct, function_cost
from loadgen.experiment.merge.machines import differing, machines_of, numbers, of_clocks
from loadgen.experiment.merge.part import Part, read_parts
from loadgen.experiment.merge.sums import Sums, add_up
from loadgen.experiment.merge.trust import resolution_of, standing_of
from loadgen.profile.model import Threshold
from loadgen.record.samples import FIRST, SLOWEST, Kind
from loadgen.redaction import Secrets
from loadgen.result.codec import to_json
from loadgen.result.exemplars import Exemplars
from loadgen.result.reason import Reason
from loadgen.result.run import Metadata, RunResult, Sample, Samples
from loadgen.runner.prepared import described
from loadgen.store import RunFolder
from loadgen.trust.probe import raise_descriptor_limit

EARLY = frozenset(("stopped_by_errors", "stopped_by_cost"))


def merge(runs: Sequence[Path], out: Path, accept_invalid: bool = False) -> RunResult:
    """Make the runs of machines that shared a load into one, in the folder `out`. Raises ProfileError if they are no
    parts of one load, or if the folder is there or cannot be written."""
    raise_descriptor_limit()  # a file of each run is open
    parts = read_parts(runs)
    warnings: list[Reason] = []
    folder = RunFolder(out, warnings.append, needed=True)
    try:
        metadata = _metadata(parts)
        folder.begin(parts[0].profile, described(metadata, parts[0].plan, None, Secrets()))
        sums = add_up(parts, folder)
        result = _concluded(parts, sums, metadata, out, warnings, accept_invalid)
        with as_written(out):
            kept = together([of for part in parts if (of := _exemplars(part))])
        if kept:
            folder.keep(EXEMPLARS, to_json(kept))
        folder.finish(to_json(result))
        return result
    except BaseException:
        shutil.rmtree(out, ignore_errors=True)  # it was made here, and is half of a run
        raise
    finally:
        folder.close()


def _metadata(parts: Sequence[Part]) -> Metadata:
    first = parts[0].result
    known = {of.name: getattr(first, of.name) for of in fields(Metadata)}
    addresses = dict.fromkeys(address for part in parts for address in part.result.target.addresses)
    target = replace(first.target.counted(None), addresses=tuple(addresses))  # each saw what all of them sent
    workers = sum(part.result.workers for part in parts)
    return Metadata(**known | {"target": target, "workers": workers, "share": None})


def _concluded(
    parts: Sequence[Part], sums: Sums, metadata: Metadata, out: Path, warnings: list[Reason], accepted: bool
) -> RunResult:
    plan, machines = parts[0].plan, machines_of(parts, sums)
    thresholds = _thresholds(parts)
    warnings += _warnings(parts, sums, machines.missing)
    measured = Measured(
        plan, sums.ledger, sums.recording, _quantiles(thresholds), dict(_reasons(parts)), sums.health.network,
        sums.asked, _stopped(parts),
    )  # fmt: skip
    if not sums.without_parts and (missing := untimed(sums.ledger, sums.recording)) > 0:
        warnings.append(Reason.of("lost_without_latencies", exchanges=missing))
    results = [part.result for part in parts]
    said = {warning.code for result in results for warning in result.warnings}
    ending = Ending(
        elapsed=round(max(result.duration_s for result in results) * SECOND),
        folder=str(out),
        interrupted=any(result.interrupted for result in results),
        stopped=bool(said & EARLY),
        refused="turned_away" in said,
        lost=bool(machines.missing) or not all(result.complete for result in results),
        absent=dict(_absent(parts, machines.missing)),
        warnings=warnings,
        resolution=resolution_of(parts),
        setup=next((result.setup for result in results if result.setup and result.setup.created), results[0].setup),
        cost=cost([result.cost for result in results if result.cost]),
        function_cost=function_cost([result.function_cost for result in results if result.function_cost]),
        sdk=results[0].sdk,
    )
    result = conclude(metadata, measured, standing_of(parts, sums.ledger, accepted), ending, thresholds)
    found = sorted([*differing(machines, plan), *result.findings], key=lambda of: ORDER.index(of.observed.code))
    return replace(result, findings=tuple(found), samples=_samples(parts), machines=machines)


# what is put together from the results


def _exemplars(part: Part) -> Exemplars | None:
    path = part.folder / EXEMPLARS
    return decoded(Exemplars, document(path), path) if path.exists() else None


def _thresholds(parts: Sequence[Part]) -> dict[str, tuple[Threshold, ...]]:
    """The profile's thresholds, as the first result that has any tells them."""
    told = next((part.result.thresholds for part in parts if part.result.thresholds), ())
    found: dict[str, dict[str, Threshold]] = {}
    with as_written(parts[0].folder):
        for of in told:
            found.setdefault(of.phase, {}).setdefault(of.text, Threshold.parse(of.text))
    return {phase: tuple(of.values()) for phase, of in found.items()}


def _quantiles(thresholds: Mapping[str, tuple[Threshold, ...]]) -> tuple[str, ...]:
    asked = [limit.quantile for limits in thresholds.values() for limit in limits]
    return tuple(dict.fromkeys((*QUANTILES, *(name for name in asked if name.startswith("p")))))


def _reasons(parts: Sequence[Part]) -> Counter[Kind]:
    """How many requests failed of each kind."""
    outcomes, reasons = {outcome.word: int(outcome) for outcome in Outcome}, Counter[Kind]()
    runs = {(run.name, run.cycle or 1): run for run in parts[0].plan.all_runs}
    for part in parts:
        with as_written(part.folder):
            for phase in part.result.variant.counted:
                slots = part.plan.slots_of(runs[phase.name, phase.cycle])
                for slot, step in zip(slots, phase.steps, strict=True):
                    for failure in step.failures:
                        for why, count in failure.reasons.items():
                            reasons[slot, outcomes[failure.outcome], why] += count
    return reasons


def _stopped(parts: Sequence[Part]) -> int | None:
    """When the last machine stopped, if all stopped before their time, in ns after the start. If one did not, the load
    went on, with less than was planned."""
    stopped = []
    for part in parts:
        times = [(phase.ran, phase.seconds) for phase in part.result.variant.phases if phase.seconds is not None]
        ran = [ran for ran, _ in times if ran is not None]
        if not any(ran is None or ran < seconds for ran, seconds in times):
            return None
        stopped.append(round(sum(ran) * SECOND))
    return max(stopped)


def _absent(parts: Sequence[Part], missing: Sequence[int]) -> Iterator[tuple[int, Reason]]:
    """The phases of which not all machines carried out their part, by number, and why."""
    for run in parts[0].plan.runs:
        if missing:
            yield run.number, Reason.of("shares_missing", of=parts[0].share.of, missing=numbers(missing))
        elif cut := [part.index for part in parts if not _carried_out(part, run.number)]:
            yield run.number, Reason.of("machines_cut_short", machines=numbers(cut))


def _carried_out(part: Part, number: int) -> bool:
    """Whether a machine carried out all of its part of a phase. Of one that lost a worker nobody knows since when."""
    phase = part.result.variant.phases[number]
    return part.result.complete and phase.ran == phase.seconds


def _samples(parts: Sequence[Part]) -> Samples:
    """The first of each kind of failure and the slowest of each step, of all machines."""
    kinds: Counter[tuple[object, ...]] = Counter()
    failed, slowest = [], []
    for sample in sorted((of for part in parts for of in part.result.samples.failed), key=lambda of: of.second):
        kind = *_step(sample), sample.outcome, sample.reason
        kinds[kind] += 1
        if kinds[kind] <= FIRST:
            failed.append(sample)
    steps: Counter[tuple[object, ...]] = Counter()
    every = (of for part in parts for of in part.result.samples.slowest)
    for sample in sorted(every, key=lambda of: -of.whose_ms.value):
        steps[_step(sample)] += 1
        if steps[_step(sample)] <= SLOWEST:
            slowest.append(sample)
    order = list(dict.fromkeys(_step(of) for part in parts for of in part.result.samples.slowest))
    return Samples(tuple(failed), tuple(sorted(slowest, key=lambda of: order.index(_step(of)))))


def _step(of: Sample) -> tuple[str, int, str, str]:
    return of.phase, of.cycle, of.scenario, of.step


# what is to be known


def _warnings(parts: Sequence[Part], sums: Sums, missing: Sequence[int]) -> Iterator[Reason]:
    if missing:
        yield Reason.of("shares_missing", of=parts[0].share.of, missing=numbers(missing))
    if cut := [part.index for part in parts if not part.ended]:
        yield Reason.of("machines_cut_short", machines=numbers(cut))
    yield from of_clocks(parts)
    if sums.without_parts:
        yield Reason.of("parts_missing", machines=numbers(sums.without_parts))
    yield from _of_machines(parts)


def _of_machines(parts: Sequence[Part]) -> tuple[Reason, ...]:
    """The warnings of the machines, each with its machine; what all of them say is said once."""
    told = [(part.index, warning) for part in parts for warning in part.result.warnings]
    every = [reason for _, reason in told]
    return distinct(
        reason if every.count(reason) == len(parts) > 1 else reason.of_machine(index) for index, reason in told
    )
