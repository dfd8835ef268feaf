"""Latency along an axis: for each axis of the matrix that sets the load, or whose values are numbers, a curve for each
combination of the others, and whether its ratio to the baseline's curve changes along the axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from loadgen.experiment.curves import QUANTILES, average, by_round, finite, over_rounds
from loadgen.experiment.pairing import load_axes, position
from loadgen.experiment.variants import Key, Run, Variant, core_of, is_primary, keys
from loadgen.profile.experiment import Primary
from loadgen.profile.units import quantity
from loadgen.result.experiment import Scaling, ScalingPoint, Slope
from loadgen.result.reason import Reason
from loadgen.result.run import Phase
from loadgen.stats.blocks import Floats
from loadgen.stats.comparison import ROUNDS
from loadgen.stats.looks import ALPHA
from loadgen.stats.slope import slope

EACH = (*QUANTILES, "mean")
Verdict = Literal["rises", "falls", "inconclusive", "none"]


def scaling(
    variants: Sequence[Variant], primary: Primary, rounds: Sequence[int], baseline: str, why_not: Sequence[Reason] = ()
) -> Iterator[Scaling]:
    """A result's `scaling`: for each series its points in the order of the axis. Empty without such an axis. `why_not`:
    why no verdict may be given on the slopes."""
    loads = load_axes(variants)
    for axis in axes(variants):
        base = position(next(variant for variant in variants if variant.name == baseline), [axis])
        of_axis = [
            _series(variants, axis, where, primary, rounds, axis in loads)
            for where in dict.fromkeys(position(variant, [axis]) for variant in variants)
        ]
        yield from _sloped(of_axis, _name(base), primary, rounds, why_not)


def axes(variants: Sequence[Variant]) -> list[str]:
    """Those that set the load, and those whose values are two numbers or more."""
    loads = load_axes(variants)
    return [axis for axis in variants[0].values if axis in loads or len(_numbers(variants, axis)) > 1]


def _numbers(variants: Sequence[Variant], axis: str) -> set[float]:
    """The values of an axis; none if one of them is no number."""
    values = [quantity(variant.values[axis]) for variant in variants]
    return {value for value in values if value is not None} if None not in values else set()


def _name(where: tuple[str, ...]) -> str:
    return " ".join(filter(None, where))


def _series(
    variants: Sequence[Variant],
    axis: str,
    where: tuple[str, ...],
    primary: Primary,
    rounds: Sequence[int],
    load: bool,
) -> list[Scaling]:
    along = [variant for variant in variants if position(variant, [axis]) == where]
    return [
        Scaling(_name(where), axis, *key, points=tuple(_point(of, axis, key, rounds) for of in along), load=load)
        for key in keys(along[0], primary)
    ]


# a point


def _point(variant: Variant, axis: str, key: Key, rounds: Sequence[int]) -> ScalingPoint:
    by_run = [[phase for phase in variant.runs[number].phases if phase.name == key.phase] for number in rounds]
    phases = [phase for of_run in by_run for phase in of_run]
    results = [variant.runs[number].result for number in rounds]
    return ScalingPoint(
        at=str(variant.values[axis]),
        variant=variant.name,
        offered=_offered(variant.runs[rounds[0]], key.phase),
        rate=_reached(phases, lambda phase: phase.iterations.started),
        errors=_share(phases, lambda phase: phase.requests.failed),
        completed=_reached(phases, lambda phase: phase.iterations.completed),
        throttled=_share(phases, lambda phase: phase.requests.outcomes.get("throttled", 0)),
        unsettled=sum(any(_grew(phase) for phase in of_run) for of_run in by_run),
        core=max((core for result in results if (core := core_of(result)) is not None), default=None),
        usd=average([result.usd for result in results]),
        figures=dict(_figures(variant, key, rounds)),
        rounds={of: values for of in EACH if (values := by_round(variant, key, of, rounds))},
    )


def _share(phases: Sequence[Phase], of: Callable[[Phase], int]) -> float | None:
    sent = sum(phase.requests.sent for phase in phases)
    return round(sum(map(of, phases)) / sent, 6) if sent else None


def _figures(variant: Variant, key: Key, rounds: Sequence[int]) -> Iterator[tuple[str, float | None]]:
    for quantile in EACH:
        if point := over_rounds(variant, key, quantile, rounds):
            yield from ((quantile, point.value), (f"{quantile}_low", point.low), (f"{quantile}_high", point.high))


def _offered(run: Run, name: str) -> float | None:
    """The mean planned rate of iterations per second; None if users set the pace."""
    return next((each.mean_rate for each in run.plan.runs if each.measured and each.name == name), None)


def _reached(phases: Sequence[Phase], of: Callable[[Phase], int]) -> float | None:
    """So many iterations per second; where more was started than the target could answer, those that were answered in
    time."""
    if not phases or any(not phase.seconds for phase in phases):
        return None
    reached = sum(of(phase) * _answered(phase) for phase in phases)
    return round(reached / sum(phase.seconds or 0.0 for phase in phases), 3)


def _grew(phase: Phase) -> bool:
    return phase.settling is not None and phase.settling.settled == "no"


def _answered(phase: Phase) -> float:
    of = phase.settling
    return of.answered if of and _grew(phase) and of.answered is not None else 1.0


# the ratio to the baseline's series


def _sloped(
    of_axis: Sequence[Sequence[Scaling]],
    base: str,
    primary: Primary,
    rounds: Sequence[int],
    why_not: Sequence[Reason],
) -> Iterator[Scaling]:
    """The series with their slopes. Those of the primary figure share 5 % of doubt, and all others another 5 %."""
    every = [series for of_series in of_axis for series in of_series]
    against = {_key(series): series for series in every if series.series == base}
    compared = [series for series in every if series.series != base and _key(series) in against]
    decides = sum(_quantile_of(series, primary) is not None for series in compared)
    others = len(compared) * len(EACH) - decides
    for series in every:
        other = against.get(_key(series))
        if other is None or other is series or not _placed(series):
            yield series
            continue
        slopes = []
        for quantile in EACH:
            own = quantile == _quantile_of(series, primary)
            pairs = _pairs(series, other, quantile)
            of = _slope(pairs, ALPHA / (decides if own else max(1, others)), len(rounds))
            against_it = _against(pairs, why_not)
            of = replace(of, baseline=other.series, quantile=quantile, primary=own)
            slopes.append(replace(of, verdict="none", why=of.why or against_it) if against_it else of)
        yield replace(series, slopes=tuple(each for each in slopes if each.primary or each.factor is not None))


Pairs = Sequence[tuple[ScalingPoint, ScalingPoint, Floats]]  # both at the same value, and their ratio in each round


def _pairs(series: Scaling, other: Scaling, quantile: str) -> Pairs:
    """The values at which both have settled and have the figure."""
    return [
        (mine, its, np.divide(mine.rounds[quantile], its.rounds[quantile]))
        for mine, its in zip(series.points, other.points, strict=True)
        if not mine.unsettled and not its.unsettled and mine.rounds.get(quantile) and its.rounds.get(quantile)
    ]


def _against(pairs: Pairs, why_not: Sequence[Reason]) -> Reason | None:
    """The first reason why there is no verdict, unless it is about a variant that is not among them."""
    among = {point.variant for mine, its, _ in pairs for point in (mine, its)}
    return next((why for why in why_not if why.values.get("variant") in (None, *among)), None)


def _key(series: Scaling) -> Key:
    return Key(series.phase, series.step, series.metric)


def _quantile_of(series: Scaling, primary: Primary) -> str | None:
    return primary.quantile if is_primary(_key(series), primary) else None


def _placed(series: Scaling) -> bool:
    """Whether the axis has values that can be doubled."""
    values = [quantity(point.at) for point in series.points]
    return len(set(values)) > 1 and all(value is not None and value > 0 for value in values)


def _slope(pairs: Pairs, level: float, rounds: int) -> Slope:
    found = Slope(
        baseline="",
        quantile="",
        primary=False,
        points=len(pairs),
        rounds=rounds,
        factor=None,
        low=None,
        high=None,
        confidence=round(1 - level, 6),
        verdict="none",
        why=Reason.of("few_points", points=len(pairs)),
    )
    if len(pairs) < 2:
        return found
    axis = np.array([quantity(mine.at) for mine, _, _ in pairs], np.float64)
    student = slope(axis, np.array([ratio for _, _, ratio in pairs]).T)
    found = replace(found, factor=finite(math.exp(student.centre)))
    if rounds < ROUNDS:
        return replace(found, why=Reason.of("too_few_rounds", needs=ROUNDS, rounds=rounds))
    low, high = student.interval(level)
    verdict: Verdict = "rises" if low > 0 else "falls" if high < 0 else "inconclusive"
    return replace(found, low=finite(math.exp(low)), high=finite(math.exp(high)), verdict=verdict, why=None)
