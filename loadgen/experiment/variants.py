"""The arms of an experiment: what is compared of each variant's runs, by round, read from their folders."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from loadgen.analysis.documents import document
from loadgen.analysis.latency import fewest
from loadgen.engine.plan import PhaseRun, Plan
from loadgen.errors import ProfileError
from loadgen.profile.experiment import Primary

HEADLINES = ("response", "service", "operation", "iteration")
Block = dict[str, Any]  # latency figures, as a result has them


class Key(NamedTuple):
    """What a figure is of. `step` is empty for whole iterations; where there are several scenarios, it names one, too.
    A phase's cycles are replicates of it."""

    phase: str
    step: str
    metric: str


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `told` is what the whole result says of it; `phases` are the measured ones of its own result."""

    round: int
    folder: Path
    told: dict[str, Any]
    plan: Plan
    phases: list[dict[str, Any]]
    blocks: dict[Key, list[Block]]  # a block for each cycle

    @property
    def offered(self) -> list[tuple[Any, ...]]:
        """The load of each measured phase."""
        return [_offer(run) for run in self.plan.runs if run.measured]


def _offer(run: PhaseRun) -> tuple[Any, ...]:
    phase = run.phase
    return (run.name, phase.rate, phase.arrivals, phase.users, phase.at_once, phase.iterations, phase.duration)


@dataclass(frozen=True, slots=True)
class Arm:
    """A variant, with its values of the matrix and its runs by round."""

    name: str
    values: dict[str, Any]
    runs: dict[int, Run]


def read(experiment: Path, variants: Sequence[dict[str, Any]], rounds: Sequence[int]) -> list[Arm]:
    """The arms of the experiment in that folder, of those rounds; `variants` as in its result. Raises ProfileError for
    a run that cannot be read."""
    found = []
    for variant in variants:
        told = {run["round"]: run for run in variant["rounds"]}
        runs = {number: _run(experiment / told[number]["folder"], told[number]) for number in rounds}
        found.append(Arm(variant["name"], variant.get("values") or {}, runs))
    return found


def _run(folder: Path, told: dict[str, Any]) -> Run:
    about, result = document(folder / "run.json"), document(folder / "result.json")
    try:
        plan = Plan.from_description(about["plan"])
        phases = [phase for phase in result["variants"][0]["phases"] if phase["measured"]]
        return Run(told["round"], folder, told, plan, phases, _blocks(phases))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise ProfileError(f"is not a run's result: {type(error).__name__}: {error}", file=str(folder)) from None


def _blocks(phases: list[dict[str, Any]]) -> dict[Key, list[Block]]:
    found: dict[Key, list[Block]] = {}
    for phase in phases:
        for key, block in (*_of_steps(phase), *_of_iterations(phase)):
            found.setdefault(key, []).append(block)
    return found


def _of_steps(phase: dict[str, Any]) -> Iterator[tuple[Key, Block]]:
    for step in phase["steps"]:
        for metric, block in step["latency_ms"].items():
            yield Key(phase["name"], label(step, phase["steps"]), metric), block


def _of_iterations(phase: dict[str, Any]) -> Iterator[tuple[Key, Block]]:
    several = len({step["scenario"] for step in phase["steps"]}) > 1
    for whole in phase["iteration_ms"]:
        if not whole["stratum"]:
            yield Key(phase["name"], whole["scenario"] if several else "", "iteration"), whole["latency"]


def label(step: dict[str, Any], steps: Iterable[dict[str, Any]]) -> str:
    """The step's name; with its scenario's where there are several."""
    several = len({each["scenario"] for each in steps}) > 1
    return f"{step['scenario']}/{step['step']}" if several else str(step["step"])


def keys(arm: Arm, primary: Primary) -> list[Key]:
    """What is compared: of each step what a user waits for, and whole iterations; and what the primary figure is of."""
    run = arm.runs[min(arm.runs)]
    scenarios = [scenario for scenario, _ in run.plan.steps]
    several = {scenario for scenario in scenarios if scenarios.count(scenario) > 1}
    found = []
    for key in run.blocks:
        headline = key.metric in HEADLINES
        if key.metric == "service":  # of a closed load
            headline = key._replace(metric="response") not in run.blocks
        if key.metric == "iteration":  # one of a single step is that step's
            headline = bool(several) and (not key.step or key.step in several)
        if headline or is_primary(key, primary):
            found.append(key)
    return found


def is_primary(key: Key, primary: Primary) -> bool:
    """Whether the primary figure may be of that: the first that is."""
    step = not primary.step or key.step == primary.step or key.step.endswith(f"/{primary.step}")
    return step and (key.phase, key.metric) == (primary.phase, primary.metric)


def known(blocks: list[Block], quantile: str) -> tuple[float, float] | None:
    """Between what the figure lies, in ms, over the cycles of a run: a value twice, or the bound of one among timeouts
    and infinity. None if a cycle does not tell. Quantiles of cycles are never pooled: it is the mean of their
    logarithms; a mean is that of all values."""
    bounds = [_known(block, quantile) for block in blocks]
    sure = [both for both in bounds if both is not None]
    if not sure or len(sure) < len(bounds):
        return None
    low, high = zip(*sure, strict=True)
    if quantile == "mean":
        weights = [block["count"] for block in blocks]
        return _weighted(low, weights), _weighted(high, weights)
    return _geometric(low), _geometric(high)


def _known(block: Block, quantile: str) -> tuple[float, float] | None:
    value, above = block.get(quantile), block["above"].get(quantile)
    if value is not None:
        return float(value), float(value)
    return None if above is None else (float(above), math.inf)


def _weighted(values: Sequence[float], weights: Sequence[int]) -> float:
    return math.fsum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights)


def _geometric(values: Sequence[float]) -> float:
    return math.exp(math.fsum(map(math.log, values)) / len(values)) if all(values) else 0.0


def enough(blocks: list[Block], quantile: str) -> bool:
    """Whether each cycle has as many values as the figure takes."""
    needed = 1 if quantile == "mean" else fewest(quantile)
    return bool(blocks) and all(block["count"] >= needed for block in blocks)


def why(blocks: list[Block], quantile: str) -> str:
    """Why the figure is not known."""
    notes = (note for block in blocks for note in block["notes"] if note.startswith(f"{quantile}: "))
    return next(notes, f"{quantile}: there is no such figure")
