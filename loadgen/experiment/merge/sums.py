"""The counts of machines that shared a load, added up exactly, and kept in the folder of the run that they are
together: ledgers by worker, counts second by second from the common start, whose workers are numbered over all
machines."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from loadgen.analysis.conclusion import finished
from loadgen.analysis.documents import as_written
from loadgen.engine.machine import MachineShare
from loadgen.engine.plan import PhaseRun
from loadgen.experiment.merge.part import Part
from loadgen.experiment.merge.whole import check_latencies, check_ledgers
from loadgen.experiment.saved import ledgers
from loadgen.record.groups import KEPT, Group, Groups
from loadgen.record.ledger import Ledger
from loadgen.record.metrics import Metric
from loadgen.record.packed import Counts
from loadgen.record.parts import Parts, read_parts
from loadgen.record.recorder import OTHERS, SeriesKey
from loadgen.record.recording import Recording
from loadgen.record.seconds import Second, read_seconds
from loadgen.record.share import Part as PartOfTime
from loadgen.store import RunFolder
from loadgen.trust.health import Health


@dataclass(frozen=True, slots=True)
class Sums:
    """What all machines counted. `machines` are the times of each machine's requests: of response, or in a closed load
    of service. `without_parts` are the numbers of those that left no parts of times."""

    ledger: Ledger
    recording: Recording
    health: Health
    machines: Groups
    asked: Mapping[PartOfTime, str]
    without_parts: tuple[int, ...]


def add_up(parts: Sequence[Part], folder: RunFolder) -> Sums:
    """Add up what the parts counted, and write it to the folder. Raises ProfileError for what loadgen did not write."""
    ledger, exchanges = _add_ledgers(parts, folder)
    recording, health = Recording(), Health()
    machines = Groups()
    own = _add_seconds(parts, folder, recording, health, machines)
    for part in parts:
        check_latencies(part, exchanges[part.index], own[part.index].timed)
    asked, without = _add_parts(parts, recording)
    _fold_strata(parts, recording, {index: of.strata for index, of in own.items()})
    return Sums(ledger, recording, health, machines, asked, without)


def number(part: Part, worker: int) -> int:
    """The number of a machine's worker among those of all machines. Raises ValueError if it has no such worker."""
    if not 0 <= worker < part.result.workers:
        raise ValueError(f"it has a worker {worker}, and {part.result.workers} workers")
    return MachineShare(part.index, part.share.of).worker(worker, part.result.workers)


def _add_ledgers(parts: Sequence[Part], folder: RunFolder) -> tuple[Ledger, dict[int, int]]:
    """Returns the sum, and how many exchanges of each machine came to an end."""
    runs, slots = len(parts[0].plan.all_runs), parts[0].plan.slots
    total, exchanges = Ledger.in_memory(runs, slots), dict[int, int]()
    for part in parts:
        own, workers = Ledger.in_memory(runs, slots), set[int]()
        with as_written(part.folder):
            for worker, block, _ in ledgers(part.folder, part.plan):
                path = folder.make_room(number(part, worker), Ledger.size(runs, slots))
                Ledger.in_file(path, runs, slots).add(block)
                own.add(block)
                workers.add(worker)
        check_ledgers(part, workers, own)
        total.add(own)
        exchanges[part.index] = finished(own)
    return total, exchanges


@dataclass(slots=True)
class _Own:
    """What the seconds of one machine hold: its strata, and how many exchanges have times: each has one `sign`."""

    strata: set[str] = field(default_factory=set)
    timed: int = 0


def _add_seconds(
    parts: Sequence[Part],
    folder: RunFolder,
    recording: Recording,
    health: Health,
    machines: Groups,
) -> dict[int, _Own]:
    """Returns what each machine has. Memory does not grow with the length of the run: the machines' records
    are read side by side."""
    own = {part.index: _Own() for part in parts}
    for records in zip_longest(*(_records(part) for part in parts)):
        for part, record in zip(parts, records, strict=True):
            if record is None:
                continue
            with as_written(part.folder):
                for sample in record.health:
                    health.add({**sample, "worker": number(part, sample["worker"])})
                _take(part, record.counts, recording, machines, own[part.index])
        folder.second(recording.packed(), health.take())
        recording.flush()
    return own


def _records(part: Part) -> Iterator[Second]:
    with as_written(part.folder):
        yield from read_seconds(part.folder)


def _take(part: Part, counts: Counts, recording: Recording, machines: Groups, own: _Own) -> None:
    for (tick, key, metric), histogram in counts.histograms():
        headline = headline_of(part.plan.of_slot(key.slot)[0])
        if metric == headline and key.outcome in KEPT:
            machines.add(Group(part.index, key.slot, key.outcome), tick, histogram)
        own.strata.add(key.stratum)
        own.timed += histogram.count if metric == Metric.SIGN else 0
        recording.add(tick, key, metric, histogram)


def headline_of(run: PhaseRun) -> Metric:
    """The metric that a run of a phase is judged by."""
    return Metric.SERVICE if run.phase.closed else Metric.RESPONSE


def _add_parts(parts: Sequence[Part], recording: Recording) -> tuple[Mapping[PartOfTime, str], tuple[int, ...]]:
    """Add the parts of times, if all machines left them: what some have says nothing of all."""
    found: dict[int, Parts] = {}
    for part in parts:
        with as_written(part.folder):
            if (of := read_parts(part.folder)) is not None:
                found[part.index] = of
    if without := tuple(part.index for part in parts if part.index not in found):
        return {}, without
    for of in found.values():
        recording.merge(Recording(shares=dict(of.shares), traffic=of.traffic))
    return found[parts[0].index].asked, ()


def _fold_strata(parts: Sequence[Part], recording: Recording, strata: Mapping[int, Collection[str]]) -> None:
    """As `Recording.fold_strata`, of machines: one that had no room for a stratum has a part of it in `other`."""
    if not any(OTHERS in of for of in strata.values()):
        return
    known = [_whole(part) if OTHERS in strata[part.index] else strata[part.index] for part in parts]
    recording.fold_strata([{SeriesKey(0, 0, 0, name) for name in of} for of in known])


def _whole(part: Part) -> set[str]:
    """The strata that a machine had room for, in each of its workers."""
    steps = (step for phase in part.result.variant.phases for step in phase.steps)
    return {OTHERS, *(stratum.stratum for step in steps for stratum in step.strata)}
