"""The arms of an experiment: what is compared of each variant's runs, by round, read from their folders."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from loadgen.engine.plan import PhaseRun, Plan
from loadgen.errors import ProfileError
from loadgen.experiment.documents import document

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
    def measured(self) -> tuple[PhaseRun, ...]:
        return tuple(run for run in self.plan.runs if run.measured)


@dataclass(frozen=True, slots=True)
class Arm:
    """A variant, with its values of the matrix and its runs by round."""

    name: str
    values: dict[str, Any]
    runs: dict[int, Run]


def read(experiment: Path, variants: list[dict[str, Any]]) -> list[Arm]:
    """The arms of the experiment in that folder; `variants` as in its result. Raises ProfileError for a run that cannot
    be read."""
    return [
        Arm(variant["name"], variant.get("values") or {}, {
            told["round"]: _run(experiment / told["folder"], told) for told in variant["rounds"]
        })
        for variant in variants
    ]  # fmt: skip


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


def value(blocks: list[Block], quantile: str) -> float | None:
    """The figure in ms over the cycles of a run, None if it is not known in each of them. Quantiles of cycles are
    never pooled: it is the mean of their logarithms; a mean is that of all values."""
    if quantile == "mean":
        weights = [int(block["count"]) for block in blocks if block["mean"] is not None]
        if len(weights) < len(blocks) or not sum(weights):
            return None
        return math.fsum(float(block["mean"]) * block["count"] for block in blocks) / sum(weights)
    known = [float(block[quantile]) for block in blocks if block.get(quantile)]
    if not blocks or len(known) < len(blocks):
        return None
    return math.exp(math.fsum(map(math.log, known)) / len(known))


def why(blocks: list[Block], quantile: str) -> str:
    """Why the figure is not known."""
    notes = (note for block in blocks for note in block["notes"] if note.startswith(f"{quantile}: "))
    return next(notes, f"{quantile}: there is no such figure")
