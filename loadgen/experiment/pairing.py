"""Which variant is held against which: against the baseline, at the same load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loadgen.experiment.variants import Arm


def load_axes(arms: Sequence[Arm]) -> list[str]:
    """The axes of the matrix that set the load: variants that differ in nothing else have another one."""
    return [axis for axis in arms[0].values if any(_steps(arms, axis))]


def _steps(arms: Sequence[Arm], axis: str) -> list[bool]:
    found = []
    for number, arm in enumerate(arms):
        for other in arms[:number]:
            if place(arm, [axis]) == place(other, [axis]) and arm.runs and other.runs:
                found.append(_offered(arm) != _offered(other))
    return found


def _offered(arm: Arm) -> list[tuple[Any, ...]]:
    return next(iter(arm.runs.values())).offered


def place(arm: Arm, without: Sequence[str] = ()) -> tuple[str, ...]:
    """Where an arm stands: the key of `variants` that it comes from, and its values of all axes but some."""
    return (key_of(arm.name, arm.values), *(f"{axis}={arm.values[axis]}" for axis in arm.values if axis not in without))


def key_of(name: str, values: Mapping[str, Any]) -> str:
    """The key of `variants` in a variant's name, which is followed by its axes."""
    first = next(iter(values), None)
    return name if first is None else name.partition(f"{first}=")[0].strip()


def pairs(arms: Sequence[Arm], baseline: str) -> list[tuple[Arm, Arm]]:
    """(baseline, variant): where an axis sets the load, the baseline's counterpart at the variant's load, which itself
    is held against nothing."""
    base = next(arm for arm in arms if arm.name == baseline)
    axes = load_axes(arms)
    found = []
    for arm in arms:
        same_load = (other for other in arms if all(other.values[a] == arm.values[a] for a in axes))
        against = next((other for other in same_load if place(other, axes) == place(base, axes)), base)
        if against is not arm:
            found.append((against, arm))
    return found
