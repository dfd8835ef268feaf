"""The variants of an experiment: the figures of each run that are compared, by round."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from loadgen.analysis.documents import decoded, document, foreign
from loadgen.engine.plan import PhaseRun, Plan
from loadgen.errors import ProfileError
from loadgen.profile.experiment import Primary
from loadgen.profile.model import Rate
from loadgen.result.experiment import ExperimentVariant
from loadgen.result.latency import Latency
from loadgen.result.reason import Reason
from loadgen.result.run import Phase, RunResult, Step
from loadgen.stats import fewest

HEADLINES = ("response", "service", "operation", "iteration")


class Key(NamedTuple):
    """What a figure is of. `step` is empty for whole iterations, or is the scenario's name if there are several. The
    cycles of a phase are replicates of it."""

    phase: str
    step: str
    metric: str


class Offer(NamedTuple):
    """The load of one run of a phase."""

    name: str
    rate: Rate | None
    arrivals: str
    users: int | None
    at_once: int | None
    iterations: int | None
    duration: int | None


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `phases` are the measured ones; `figures` holds the figures of each cycle."""

    round: int
    folder: Path
    plan: Plan
    result: RunResult
    phases: tuple[Phase, ...]
    figures: dict[Key, list[Latency]]

    @property
    def offered(self) -> list[Offer]:
        """The load of each measured phase."""
        return [_offer(run) for run in self.plan.runs if run.measured]


def _offer(run: PhaseRun) -> Offer:
    phase = run.phase
    return Offer(run.name, phase.rate, phase.arrivals, phase.users, phase.at_once, phase.iterations, phase.duration)


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant, with its values of the matrix and its runs by round."""

    name: str
    values: Mapping[str, object]
    runs: dict[int, Run]


def result_of(folder: Path) -> RunResult:
    """The result of the run in that folder. Raises ProfileError if it cannot be read."""
    path = folder / "result.json"
    return decoded(RunResult, document(path), path)


def core_of(result: RunResult) -> float | None:
    """The greatest share of a core that a worker of the run used; None if that is not known."""
    shares = [of.observed.values.get("share") for of in result.trust.signals if of.observed.code == "core_use"]
    return next((round(share, 3) for share in shares if isinstance(share, float | int)), None)


def read(
    experiment: Path,
    variants: Sequence[ExperimentVariant],
    results: Mapping[str, Mapping[int, RunResult]],
    rounds: Sequence[int],
) -> list[Variant]:
    """The variants of the experiment in that folder, with their runs of the given rounds. `results` are the results of
    its runs, by variant and round. Raises ProfileError if a run cannot be read."""
    read_variants = []
    for variant in variants:
        folders = {run.round: experiment / run.folder for run in variant.rounds}
        runs = {number: _run(number, folders[number], results[variant.name][number]) for number in rounds}
        read_variants.append(Variant(variant.name, variant.values, runs))
    return read_variants


def _run(number: int, folder: Path, result: RunResult) -> Run:
    path = folder / "run.json"
    try:
        plan = Plan.from_description(document(path)["plan"])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise ProfileError(f"has no plan of a run: it {foreign(error)}", file=str(path)) from None
    phases = tuple(phase for phase in result.variant.phases if phase.measured)
    return Run(number, folder, plan, result, phases, _figures(phases))


def _figures(phases: Sequence[Phase]) -> dict[Key, list[Latency]]:
    figures: dict[Key, list[Latency]] = {}
    for phase in phases:
        for key, latency in (*_of_steps(phase), *_of_iterations(phase)):
            figures.setdefault(key, []).append(latency)
    return figures


def _of_steps(phase: Phase) -> Iterator[tuple[Key, Latency]]:
    for step in phase.steps:
        for metric, latency in step.latency_ms.items():
            yield Key(phase.name, label(step.scenario, step.step, scenarios_of(phase)), metric), latency


def _of_iterations(phase: Phase) -> Iterator[tuple[Key, Latency]]:
    several = len(scenarios_of(phase)) > 1
    for whole in phase.iteration_ms:
        if not whole.stratum:
            yield Key(phase.name, whole.scenario if several else "", "iteration"), whole.latency


def steps_of(run: Run, key: Key) -> Iterator[Step]:
    """The steps that the figure is of: one, or those of whole iterations; of each cycle."""
    for phase in run.phases:
        if phase.name == key.phase:
            for step in phase.steps:
                whole = key.metric == "iteration" and key.step in ("", step.scenario)
                if whole or label(step.scenario, step.step, scenarios_of(phase)) == key.step:
                    yield step


def scenarios_of(phase: Phase) -> set[str]:
    """The scenarios that the phase's steps belong to."""
    return {step.scenario for step in phase.steps}


def label(scenario: str, step: str, scenarios: Collection[str]) -> str:
    """The step's name, with the scenario's name if there are several."""
    return f"{scenario}/{step}" if len(scenarios) > 1 else step


def keys(variant: Variant, primary: Primary) -> list[Key]:
    """What is compared: for each step the metric that a user waits for, whole iterations, and the primary figure."""
    run = variant.runs[min(variant.runs)]
    scenarios = [scenario for scenario, _ in run.plan.steps]
    several = {scenario for scenario in scenarios if scenarios.count(scenario) > 1}
    compared = []
    for key in run.figures:
        headline = key.metric in HEADLINES
        if key.metric == "service":  # in a closed load
            headline = key._replace(metric="response") not in run.figures
        if key.metric == "iteration":  # an iteration with a single step takes as long as that step
            headline = bool(several) and (not key.step or key.step in several)
        if headline or is_primary(key, primary):
            compared.append(key)
    return compared


def is_primary(key: Key, primary: Primary) -> bool:
    """Whether the key is one that the primary figure may be of. The first such key is the primary one."""
    step = not primary.step or key.step == primary.step or key.step.endswith(f"/{primary.step}")
    return step and (key.phase, key.metric) == (primary.phase, primary.metric)


def bounds(cycles: Sequence[Latency], quantile: str) -> tuple[float, float] | None:
    """The bounds of a figure in ms, over the cycles of a run: the value twice; or, if it lies among timeouts, its lower
    bound and infinity. None if a cycle lacks the figure. Quantiles of cycles are never pooled: the result is the mean
    of their logarithms. A mean is that of all values."""
    of_cycles = [_bounds(latency, quantile) for latency in cycles]
    sure = [both for both in of_cycles if both is not None]
    if not sure or len(sure) < len(of_cycles):
        return None
    low, high = zip(*sure, strict=True)
    if quantile == "mean":
        weights = [latency.count for latency in cycles]
        return _weighted(low, weights), _weighted(high, weights)
    return _geometric(low), _geometric(high)


def _bounds(latency: Latency, quantile: str) -> tuple[float, float] | None:
    figure = latency.quantile(quantile)
    if figure.value is not None:
        return figure.value, figure.value
    return None if figure.bound is None else (figure.bound, math.inf)


def _weighted(values: Sequence[float], weights: Sequence[int]) -> float:
    return math.fsum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights)


def _geometric(values: Sequence[float]) -> float:
    return math.exp(math.fsum(map(math.log, values)) / len(values)) if all(values) else 0.0


def enough(cycles: Sequence[Latency], quantile: str) -> bool:
    """Whether each cycle has as many values as the figure takes."""
    needed = 1 if quantile == "mean" else fewest(quantile)
    return bool(cycles) and all(latency.count >= needed for latency in cycles)


def why_unknown(cycles: Sequence[Latency], quantile: str) -> Reason:
    """Why the figure is not known: the reason of the first cycle that lacks it."""
    reasons = (latency.quantile(quantile).why for latency in cycles)
    return next((reason for reason in reasons if reason), Reason.of("no_figure"))
