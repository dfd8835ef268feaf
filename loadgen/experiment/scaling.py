"""Latency under load: where an axis of the matrix sets it, a curve for each other combination, over that axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from loadgen.experiment.curves import QUANTILES, over_rounds
from loadgen.experiment.pairing import load_axes, place
from loadgen.experiment.variants import Arm, Key, Run, keys
from loadgen.profile.experiment import Primary


def scaling(arms: Sequence[Arm], primary: Primary, rounds: Sequence[int]) -> list[dict[str, Any]]:
    """A result's `scaling`: the points of a series in the order of the axis. Empty where no axis sets the load."""
    found = []
    for axis in load_axes(arms):
        for where in dict.fromkeys(place(arm, [axis]) for arm in arms):
            along = [arm for arm in arms if place(arm, [axis]) == where]
            for key in keys(along[0], primary):
                points = [_point(arm, axis, key, rounds) for arm in along]
                named = {"series": " ".join(filter(None, where)), "axis": axis}
                found.append(named | key._asdict() | {"points": points})
    return found


def _point(arm: Arm, axis: str, key: Key, rounds: Sequence[int]) -> dict[str, Any]:
    phases = [phase for number in rounds for phase in arm.runs[number].phases if phase["name"] == key.phase]
    outcomes = [phase["requests"]["outcomes"] for phase in phases]
    sent = sum(sum(each.values()) for each in outcomes)
    point = {
        "at": str(arm.values[axis]),
        "variant": arm.name,
        "offered": _offered(arm.runs[rounds[0]], key.phase),
        "rate": _reached(phases),
        "errors": round(1 - sum(each.get("ok", 0) for each in outcomes) / sent, 6) if sent else None,
    }
    return point | dict(_quantiles(arm, key, rounds))


def _quantiles(arm: Arm, key: Key, rounds: Sequence[int]) -> Iterator[tuple[str, float | None]]:
    for quantile in (*QUANTILES, "mean"):
        if point := over_rounds(arm, key, quantile, rounds):
            yield from ((quantile, point.value), (f"{quantile}_low", point.low), (f"{quantile}_high", point.high))


def _offered(run: Run, name: str) -> float | None:
    """Iterations a second that the plan has on average; None where users set the pace."""
    return next((each.mean_rate for each in run.plan.runs if each.measured and each.name == name), None)


def _reached(phases: Sequence[dict[str, Any]]) -> float | None:
    """Iterations started a second."""
    if not phases or any(not phase["seconds"] for phase in phases):
        return None
    started = sum(int(phase["iterations"]["started"]) for phase in phases)
    return round(started / sum(float(phase["seconds"]) for phase in phases), 3)
