"""The variants of an experiment compared with its baseline, from the folders of its runs: what differs, by how much,
where the difference comes from, and whether a verdict may be given.

A figure is about a phase and a step, or about whole iterations; each round gives one pair of values. The primary figure
was fixed before the first run, and may spend the whole error probability (the variants share it, if there are several).
All other figures share the same error probability among themselves.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from loadgen.clock import MILLISECOND
from loadgen.experiment import breakdown, standing
from loadgen.experiment.curves import QUANTILES, average, curves, finite
from loadgen.experiment.pairing import Pair, pairs
from loadgen.experiment.target_time import TARGET, concerns, judged, other_load
from loadgen.experiment.validity import checks, notes, uneven
from loadgen.experiment.variants import Key, Variant, bounds, enough, is_primary, keys, why_unknown
from loadgen.profile.experiment import Primary
from loadgen.profile.values import STAMPED
from loadgen.result.experiment import Check, Comparison, Curve, Design, ExperimentVariant, Figure, Part
from loadgen.result.reason import Reason
from loadgen.result.resolution import Resolution, median
from loadgen.result.run import RunResult
from loadgen.stats import comparison as statistics
from loadgen.stats.comparison import Decision, Range, Value

UNKNOWN = Range(math.nan, math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class Question:
    """What an experiment asks, as it was fixed before the first run. `level` is the error probability that this look
    may spend. `resolution` is what the machine cannot tell, if that may be the margin. In a `duet` the variants run at
    the same time."""

    baseline: str
    primary: Primary
    margin: float
    looks: tuple[int, ...]
    rounds: tuple[int, ...]
    level: float
    resolution: Resolution | None = None
    duet: bool = False

    @classmethod
    def of(cls, design: Design, variants: Sequence[ExperimentVariant], runs: Iterable[RunResult] = ()) -> Question:
        """The question over the rounds that all of the variants have. `runs` are all runs of the experiment."""
        looks, done = design.looks, design.rounds
        level = statistics.level_at(looks, done)
        there = [{run.round for run in variant.rounds} for variant in variants]
        rounds = tuple(number for number in range(1, done + 1) if all(number in numbers for numbers in there))
        resolution = median(run.resolution for run in runs) if design.by_resolution else None
        primary = Primary.parse(design.primary)
        return cls(design.baseline, primary, design.margin, looks, rounds, level, resolution, design.duet)

    def pair(self, baseline: Variant, variant: Variant, phase: str, quantile: str) -> Pair:
        """The two variants, with the phase and the quantile that they are compared by."""
        return Pair(baseline, variant, self.rounds, self.looks, phase, quantile, self.duet)

    def resolution_ms(self, metric: str, quantile: str) -> float:
        """What the machine cannot tell of a percentile or the mean; 0 if that may not be the margin."""
        if not self.resolution:
            return 0.0
        of_target = metric in STAMPED
        return (self.resolution.of_target if of_target else self.resolution.of(quantile)) / MILLISECOND


def compare(variants: Sequence[Variant], question: Question) -> Comparison:
    """A result's `comparison`, over at least one round. Raises OSError and ValueError if a run cannot be read."""
    primary = question.primary
    compared = [
        question.pair(baseline, variant, primary.phase, primary.quantile)
        for baseline, variant in pairs(variants, question.baseline)
    ]
    estimates = [estimate for pair in compared for estimate in _estimates(pair, question)]
    looked_at = {pair.variant.name: [*checks(pair), *_primary_known(pair, estimates)] for pair in compared}
    _correct(estimates, question.level)
    _hold_back(estimates)
    wrong = {name for name, looked in looked_at.items() if not all(check.ok for check in looked)}
    # it hides single figures
    trusted = [standing.check(pair, _primary_key(pair, question), _holds(pair, estimates)) for pair in compared]
    every = [*(check for looked in looked_at.values() for check in looked), *trusted]
    return comparison_of(
        question,
        why_not=_distinct(reason for check in every if not check.ok for reason in check.why),
        notes=_distinct(note for pair in compared for note in (*notes(pair), *_trend(pair, estimates))),
        checks=tuple(_by_name(every)),
        figures=tuple(_figure(estimate, estimate.pair.variant.name not in wrong) for estimate in estimates),
        parts=tuple(_parts(compared, question.level)),
        curves=tuple(curve for variant in variants for curve in curves(variant, primary, question.rounds)),
    )


def comparison_of(
    question: Question,
    why_not: tuple[Reason, ...],
    notes: tuple[Reason, ...] = (),
    checks: tuple[Check, ...] = (),
    figures: tuple[Figure, ...] = (),
    parts: tuple[Part, ...] = (),
    curves: tuple[Curve, ...] = (),
) -> Comparison:
    """The answer to a question. It is valid unless a check speaks against it."""
    return Comparison(
        baseline=question.baseline,
        primary=question.primary.text,
        margin=question.margin,
        confidence=round(1 - question.level, 4),
        valid=not why_not,
        why_not=why_not,
        notes=notes,
        checks=checks,
        figures=figures,
        parts=parts,
        curves=curves,
        resolution=question.resolution,
    )


def decided(comparison: Comparison) -> bool:
    """Whether every primary figure has a verdict, so that no further look is needed."""
    verdicts = {figure.verdict for figure in comparison.figures if figure.primary}
    return bool(verdicts) and not {"none", "inconclusive"} & verdicts


# figures


@dataclass(slots=True)
class _Estimate:
    """A figure of one pair: its values by round, and the comparison of these. `hidden` is the reason why there is no
    verdict on it, whatever the values are. `holds`: the verdict is one that holds whatever of them this machine made.
    `margin_ms` is the margin, if it is not a share."""

    pair: Pair
    key: Key
    quantile: str
    primary: bool
    values: list[tuple[Value | None, Value | None]]
    result: statistics.Comparison | None
    why: Reason | None
    hidden: Reason | None
    holds: bool
    margin_ms: float | None

    @property
    def verdict(self) -> Decision | None:
        return self.result.verdict if self.result and not self.hidden else None

    def weaken(self, why: Reason, more: int | None = None) -> None:
        """Its values are alike, and are no proof of it."""
        assert self.result
        self.result, self.why = replace(self.result, verdict=Decision.INCONCLUSIVE, more=more), why

    def beside(self, target: _Estimate) -> None:
        """Its values are alike, but those of the target's own time may differ."""
        more = target.result.more if target.result and not target.hidden else None
        self.weaken(Reason.of("target_not_equivalent", step=target.key.step, verdict=target.verdict or "none"), more)


def _estimates(pair: Pair, question: Question) -> Iterator[_Estimate]:
    chosen = _primary_key(pair, question)
    for key in _shared_keys(pair, question):
        for quantile in dict.fromkeys((*QUANTILES, "mean", question.primary.quantile)):
            primary = key == chosen and quantile == question.primary.quantile
            if estimate := _estimate(pair, key, quantile, question, primary):
                yield estimate


def _shared_keys(pair: Pair, question: Question) -> list[Key]:
    of_variant = set(keys(pair.variant, question.primary))
    return judged([key for key in keys(pair.baseline, question.primary) if key in of_variant], pair)


def _primary_key(pair: Pair, question: Question) -> Key | None:
    return next((key for key in _shared_keys(pair, question) if is_primary(key, question.primary)), None)


def _estimate(pair: Pair, key: Key, quantile: str, question: Question, primary: bool) -> _Estimate | None:
    """The estimate of a figure; None if the figure takes more requests than each round has."""
    rounds = [[variant.runs[number].figures.get(key, []) for variant in pair.both] for number in pair.rounds]
    if not primary and not all(enough(cycles, quantile) for both in rounds for cycles in both):
        return None
    values = [(_value(bounds(base, quantile)), _value(bounds(other, quantile))) for base, other in rounds]
    sure = [(base, other) for base, other in values if base and other]
    resolution = question.resolution_ms(key.metric, quantile)
    known = len(sure) == len(values)
    result = statistics.compare(sure, question.margin, question.level, resolution) if known else None
    why = result.why if result else _unknown(pair, key, quantile) or Reason.of("zero_figure")
    margin = resolution if result and result.by_resolution else None
    doubt = standing.doubt(pair, key, quantile)
    holding = _holding(result, standing.within(pair, key, quantile), question, resolution) if result and doubt else None
    if holding:
        result, why, doubt = holding, holding.why, None
    unused = uneven(pair, key, quantile) or doubt or other_load(pair, key, quantile)
    return _Estimate(pair, key, quantile, primary, values, result, why, unused, holding is not None, margin)


def _holding(
    measured: statistics.Comparison,
    within: Sequence[tuple[Value, Value]] | None,
    question: Question,
    resolution: float,
) -> statistics.Comparison | None:
    """What was measured, with the verdict that holds wherever the figures are `within` these bounds; None if none does.
    Only of a difference it can be said."""
    widest = statistics.compare(within, question.margin, question.level, resolution) if within else None
    if widest is None or widest.verdict not in (Decision.SLOWER, Decision.FASTER):
        return None
    why = Reason.of("whatever_own_part", ratio_low=widest.ratio.low, ratio_high=widest.ratio.high)
    return replace(measured, verdict=widest.verdict, p=widest.p, why=why, away=None, more=None)


def _unknown(pair: Pair, key: Key, quantile: str) -> Reason | None:
    """The reason of the first run that lacks the figure."""
    for variant, run in pair.runs():
        cycles = run.figures.get(key, [])
        if bounds(cycles, quantile) is None:
            return why_unknown(cycles, quantile).of_run(variant.name, run.round)
    return None


def _value(between: tuple[float, float] | None) -> Value | None:
    return Value(*between) if between else None


def _correct(estimates: Sequence[_Estimate], level: float) -> None:
    """Correct for several verdicts at once: the primary ones among themselves, all others among themselves, and those
    of the target's own time beside either likewise."""
    for family in _families(estimates):
        results = {number: estimate.result for number, estimate in family.items() if estimate.result}
        for number, result in statistics.holm(results, level).items():
            family[number].result = result
            family[number].why = result.why


def _families(estimates: Sequence[_Estimate]) -> Iterator[dict[str, _Estimate]]:
    questions = {(of.pair.variant.name, of.quantile): of.key for of in estimates if of.primary}

    def family(of: _Estimate) -> tuple[bool, bool]:
        asked = questions.get((of.pair.variant.name, of.quantile))
        beside = asked is not None and concerns(of.key, asked)
        return of.primary or beside, of.key.metric == TARGET and not of.primary

    for kind in product((True, False), repeat=2):
        yield {str(number): of for number, of in enumerate(estimates) if family(of) == kind}


def _hold_back(estimates: Sequence[_Estimate]) -> None:
    """Nothing is equivalent where the target's own time is not, or where the figures are those of how long a phase
    was."""
    for of in estimates:
        if of.verdict is Decision.EQUIVALENT and (why := _not_settled(of)):
            of.weaken(why)
        if of.verdict is Decision.EQUIVALENT:
            alike = (other for other in estimates if (other.pair, other.quantile) == (of.pair, of.quantile))
            for target in alike:
                if concerns(target.key, of.key) and target.verdict is not Decision.EQUIVALENT:
                    of.beside(target)


def _not_settled(of: _Estimate) -> Reason | None:
    for variant, run in of.pair.runs():
        for phase in run.phases:
            if phase.name == of.key.phase and phase.settling and phase.settling.settled == "no":
                return Reason.of("not_settled").of_run(variant.name, run.round)
    return None


def _figure(estimate: _Estimate, valid: bool) -> Figure:
    result = estimate.result
    verdict = estimate.verdict if valid else None
    ratio, difference = (result.ratio, result.difference) if result else (UNKNOWN, UNKNOWN)
    rounds = tuple((_plain(base), _plain(other)) for base, other in estimate.values)
    return Figure(
        estimate.pair.variant.name,
        estimate.pair.baseline.name,
        *estimate.key,
        quantile=estimate.quantile,
        primary=estimate.primary,
        baseline_ms=average([base for base, _ in rounds]),
        variant_ms=average([other for _, other in rounds]),
        ratio=finite(ratio.value),
        ratio_low=finite(ratio.low),
        ratio_high=finite(ratio.high),
        difference_ms=finite(difference.value),
        difference_low=finite(difference.low),
        difference_high=finite(difference.high),
        verdict=verdict.value if verdict else "none",
        why=estimate.hidden or estimate.why,
        more_rounds=result.more if result and verdict else None,
        rounds=rounds,
        margin_ms=estimate.margin_ms,
    )


def _plain(value: Value | None) -> float | None:
    """The value in ms; None if it is not known, or if only a bound of it is."""
    return finite(value.low) if value and value.low == value.high else None


# checks


def _primary(pair: Pair, estimates: Sequence[_Estimate]) -> _Estimate | None:
    return next((estimate for estimate in estimates if estimate.pair is pair and estimate.primary), None)


def _holds(pair: Pair, estimates: Sequence[_Estimate]) -> bool:
    """Whether the verdict on the primary figure holds whatever this machine made of it."""
    primary = _primary(pair, estimates)
    return primary is not None and primary.holds and primary.verdict is not Decision.INCONCLUSIVE


def _primary_known(pair: Pair, estimates: Sequence[_Estimate]) -> Iterator[Check]:
    if _primary(pair, estimates) is None:
        missing = Reason.of("primary_missing", variant=pair.variant.name, baseline=pair.baseline.name)
        yield Check("primary figure", False, (missing,))


def _trend(pair: Pair, estimates: Sequence[_Estimate]) -> Iterator[Reason]:
    """That the primary figure has a trend over the rounds, and no other: of a hundred figures without a trend, about
    one would seem to have one."""
    primary = _primary(pair, estimates)
    chance = primary.result.trend if primary and primary.result else None
    if chance is not None and chance < statistics.TREND:
        yield Reason.of("trend", variant=pair.variant.name, baseline=pair.baseline.name, chance=chance)


def _by_name(looked: Sequence[Check]) -> Iterator[Check]:
    """The checks of all pairs by name: all that is wrong, or, if nothing is, what shows that they hold."""
    for name in dict.fromkeys(check.check for check in looked):
        same = [check for check in looked if check.check == name]
        ok = all(check.ok for check in same)
        yield Check(name, ok, _distinct(reason for check in same if check.ok == ok for reason in check.why))


def _distinct(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    distinct: list[Reason] = []
    for reason in reasons:
        if reason not in distinct:
            distinct.append(reason)
    return tuple(distinct)


# curves


def _parts(compared: Sequence[Pair], level: float) -> Iterator[Part]:
    variants = {variant.name: variant for pair in compared for variant in pair.both}
    parts = {name: breakdown.of_variant(variant, compared[0].rounds) for name, variant in variants.items()}
    for pair in compared:
        yield from breakdown.differences(pair, parts[pair.baseline.name], parts[pair.variant.name], level)
