"""Latency under load: if an axis of the matrix sets the load, a curve over this axis for each combination of the
others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadgen.experiment.curves import QUANTILES, by_round, over_rounds
from loadgen.experiment.pairing import load_axes, position
from loadgen.experiment.variants import Key, Run, Variant, keys
from loadgen.profile.experiment import Primary
from loadgen.result.experiment import Scaling, ScalingPoint
from loadgen.result.run import Phase

EACH = (*QUANTILES, "mean")


def scaling(variants: Sequence[Variant], primary: Primary, rounds: Sequence[int]) -> Iterator[Scaling]:
    """A result's `scaling`: for each series its points in the order of the axis. Empty if no axis sets the load."""
    for axis in load_axes(variants):
        for where in dict.fromkeys(position(variant, [axis]) for variant in variants):
            along = [variant for variant in variants if position(variant, [axis]) == where]
            for key in keys(along[0], primary):
                points = tuple(_point(variant, axis, key, rounds) for variant in along)
                yield Scaling(" ".join(filter(None, where)), axis, *key, points=points)


def _point(variant: Variant, axis: str, key: Key, rounds: Sequence[int]) -> ScalingPoint:
    phases = [phase for number in rounds for phase in variant.runs[number].phases if phase.name == key.phase]
    sent = sum(phase.requests.sent for phase in phases)
    return ScalingPoint(
        at=str(variant.values[axis]),
        variant=variant.name,
        offered=_offered(variant.runs[rounds[0]], key.phase),
        rate=_reached(phases),
        errors=round(sum(phase.requests.failed for phase in phases) / sent, 6) if sent else None,
        figures=dict(_figures(variant, key, rounds)),
        rounds={of: values for of in EACH if (values := by_round(variant, key, of, rounds))},
    )


def _figures(variant: Variant, key: Key, rounds: Sequence[int]) -> Iterator[tuple[str, float | None]]:
    for quantile in EACH:
        if point := over_rounds(variant, key, quantile, rounds):
            yield from ((quantile, point.value), (f"{quantile}_low", point.low), (f"{quantile}_high", point.high))


def _offered(run: Run, name: str) -> float | None:
    """The mean planned rate of iterations per second; None if users set the pace."""
    return next((each.mean_rate for each in run.plan.runs if each.measured and each.name == name), None)


def _reached(phases: Sequence[Phase]) -> float | None:
    """The rate at which iterations were started, per second; where that was more than the target could answer, at
    which they were answered."""
    if not phases or any(not phase.seconds for phase in phases):
        return None
    reached = sum(phase.iterations.started * _answered(phase) for phase in phases)
    return round(reached / sum(phase.seconds or 0.0 for phase in phases), 3)


def _answered(phase: Phase) -> float:
    of = phase.settling
    return of.answered if of and of.settled == "no" and of.answered is not None else 1.0
