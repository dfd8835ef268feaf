"""Two saved runs side by side, and why that is no proof."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import NamedTuple

from loadgen.errors import InvalidRun, ProfileError
from loadgen.profile.beside import DRAIN
from loadgen.result.capacity import CapacityResult
from loadgen.result.codec import to_json
from loadgen.result.experiment import ExperimentResult
from loadgen.result.latency import Latency
from loadgen.result.reason import Reason
from loadgen.result.run import Host, RunResult, Session, Step
from loadgen.result.tune import TuneResult
from loadgen.result.two_runs import ComparedRun, Difference, SideBySide, TwoRuns

QUANTILES = ("mean", "p50", "p90", "p95", "p99", "p99.9")
METRICS = ("response", "service")
TARGET = "target"  # stands beside the one of them that both have

Saved = RunResult | ExperimentResult | CapacityResult | TuneResult


class Place(NamedTuple):
    """A step in one run of a phase."""

    phase: str
    cycle: int
    scenario: str
    step: str


def compare(first: Saved, second: Saved, *, accept_invalid: bool = False) -> TwoRuns:
    """The latencies of the phases and steps that both runs have, with their ratio; what differed between the runs; and
    why there is no verdict. Raises ProfileError if one of them is an experiment, or if they have nothing in common;
    raises InvalidRun if one of them is INVALID, unless its user accepts that."""
    first, second = _of_a_run(first), _of_a_run(second)
    invalid = [result for result in (first, second) if result.trust.verdict == "INVALID"]
    if invalid and not accept_invalid:
        names = " and ".join(str(result.run) for result in invalid)
        signals = dict.fromkeys(signal.signal for result in invalid for signal in result.trust.reasons)
        by = f" by {', '.join(signals)}" if signals else ""
        raise InvalidRun(f"{names}: INVALID{by}; `loadgen report` says why. To compare all the same: --accept-invalid")
    of_first, of_second = _steps(first), _steps(second)
    both = [place for place in of_first if place in of_second]
    if not both:
        raise ProfileError("the two runs have no phase and step in common", remedy="Compare runs of one profile")
    accepted = tuple(str(result.run) for result in invalid)
    return TwoRuns(
        runs=(_compared(first), _compared(second)),
        differ=tuple(_differences(first, second)),
        accepted=accepted,
        why_not=(Reason.of("different_times"), *(Reason.of("compared_invalid", run=run) for run in accepted)),
        notes=(Reason.of("same_arrivals", seed=first.seed),) if _same_arrivals(first, second) else (),
        rows=tuple(row for place in both for row in _rows(place, of_first[place], of_second[place])),
    )


def _of_a_run(result: Saved) -> RunResult:
    if isinstance(result, ExperimentResult):
        raise ProfileError("is an experiment: `loadgen report` shows its comparison", file=result.run)
    if isinstance(result, CapacityResult):
        raise ProfileError(
            "is a capacity, and no run: compare the intervals that `loadgen report` shows", file=result.run
        )
    if isinstance(result, TuneResult):
        raise ProfileError("is of `loadgen tune`, and no run: compare two of its visits", file=result.run)
    return result


def _compared(result: RunResult) -> ComparedRun:
    return ComparedRun(
        run=result.run,
        name=result.name,
        started=result.started,
        duration_s=result.duration_s,
        client=result.client,
        seed=result.seed,
        trust=result.trust.verdict,
        target=result.target.url,
    )


def _steps(result: RunResult) -> dict[Place, Step]:
    return {
        Place(phase.name, phase.cycle, step.scenario, step.step): step
        for phase in result.variant.phases
        if phase.measured
        for step in phase.steps
    }


def _rows(place: Place, first: Step, second: Step) -> Iterator[SideBySide]:
    for metric in METRICS:
        one, other = first.latency(metric), second.latency(metric)
        if one and other:
            yield from _figures(place, metric, one, other)
            break
    if (one := first.latency(TARGET)) and (other := second.latency(TARGET)):
        yield from _figures(place, TARGET, one, other)


def _figures(place: Place, metric: str, first: Latency, second: Latency) -> Iterator[SideBySide]:
    for quantile in QUANTILES:
        one, other = first.quantile(quantile).value, second.quantile(quantile).value
        if one is not None and other is not None:
            ratio = other / one if one else None
            yield SideBySide(*place, metric=metric, quantile=quantile, ms=(one, other), ratio=ratio)


def _same_arrivals(first: RunResult, second: RunResult) -> bool:
    """Whether requests were due at the same instants of both: the seed decides that, and the load."""
    load = _load(first)
    return bool(load) and first.seed == second.seed and load == _load(second)


def _load(result: RunResult) -> list[tuple[object, ...]]:
    """The scheduled phases, in their order, up to the drain."""
    return [
        (number, phase.name, phase.cycle, phase.rate, phase.arrivals, phase.seconds, phase.iterations.planned)
        for number, phase in enumerate(result.variant.phases)
        if phase.kind == "open" and phase.name != DRAIN
    ]


def _differences(first: RunResult, second: RunResult) -> Iterator[Difference]:
    """What differed between the runs, apart from their times."""
    for name, one, other in _settings(first, second):
        if one != other:
            yield Difference(name, to_json(one), to_json(other))


def _settings(first: RunResult, second: RunResult) -> Iterator[tuple[str, object, object]]:
    yield "client", first.client, second.client
    yield "seed", first.seed, second.seed
    yield "workers", first.workers, second.workers
    yield "target", first.target.url, second.target.url
    for field in fields(Session):
        yield f"session.{field.name}", getattr(first.session, field.name), getattr(second.session, field.name)
    for field in fields(Host):
        yield f"host.{field.name}", getattr(first.host, field.name), getattr(second.host, field.name)
