"""Which variant is compared with which: each with the baseline at the same load."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from loadgen.experiment.variants import Offer, Run, Variant


@dataclass(frozen=True, slots=True)
class Pair:
    """A variant and the baseline that it is compared with, over the rounds that both have, and the phase and quantile
    of the primary figure. `looks` are the numbers of rounds after which a verdict was planned. In a `duet` both run at
    the same time."""

    baseline: Variant
    variant: Variant
    rounds: Sequence[int]
    looks: Sequence[int]
    phase: str
    quantile: str
    duet: bool = False

    @property
    def both(self) -> tuple[Variant, Variant]:
        return self.baseline, self.variant

    def runs(self) -> Iterator[tuple[Variant, Run]]:
        for number in self.rounds:
            for variant in self.both:
                yield variant, variant.runs[number]


def load_axes(variants: Sequence[Variant]) -> list[str]:
    """The axes of the matrix that set the load. Variants that differ only in these have different loads."""
    return [axis for axis in variants[0].values if _sets_load(variants, axis)]


def _sets_load(variants: Sequence[Variant], axis: str) -> bool:
    return any(
        position(variant, [axis]) == position(other, [axis])
        and variant.runs
        and other.runs
        and _offered(variant) != _offered(other)
        for number, variant in enumerate(variants)
        for other in variants[:number]
    )


def _offered(variant: Variant) -> list[Offer]:
    return next(iter(variant.runs.values())).offered


def position(variant: Variant, without: Sequence[str] = ()) -> tuple[str, ...]:
    """A variant's key of `variants` and its values of all axes, except those to leave out."""
    axes = (axis for axis in variant.values if axis not in without)
    return (key_of(variant.name, variant.values), *(f"{axis}={variant.values[axis]}" for axis in axes))


def key_of(name: str, values: Mapping[str, object]) -> str:
    """The key of `variants` in a variant's name. The axes follow it."""
    first = next(iter(values), None)
    return name if first is None else name.partition(f"{first}=")[0].strip()


def pairs(variants: Sequence[Variant], baseline: str) -> list[tuple[Variant, Variant]]:
    """The pairs (baseline, variant). If an axis sets the load, a variant's baseline is the one with the same load; that
    one is itself compared with nothing."""
    base = next(variant for variant in variants if variant.name == baseline)
    axes = load_axes(variants)
    compared = []
    for variant in variants:
        same_load = (other for other in variants if all(other.values[axis] == variant.values[axis] for axis in axes))
        counterpart = (other for other in same_load if position(other, axes) == position(base, axes))
        against = next(counterpart, base)
        if against is not variant:
            compared.append((against, variant))
    return compared
