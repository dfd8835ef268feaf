"""The variants of an experiment held against its baseline, from the folders of its runs alone: what differs, by how
much, where that comes from, and whether a verdict may be given on it.

Each figure is one of a phase and a step, or of whole iterations, and each round gives one pair of it. The primary one
was fixed before the first run and has the level to itself (shared by the variants, if there are several); all others
have it together.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loadgen.experiment import breakdown
from loadgen.experiment.curves import QUANTILES, average, curves, finite
from loadgen.experiment.pairing import pairs
from loadgen.experiment.resampling import resampled
from loadgen.experiment.validity import Check, Pair, checks, hidden
from loadgen.experiment.variants import Arm, Key, enough, is_primary, keys, known, why
from loadgen.profile.experiment import Primary
from loadgen.stats.comparison import TREND, Comparison, Range, Value, holm
from loadgen.stats.comparison import compare as compared
from loadgen.stats.looks import ALPHA, levels

NONE = "none"
ALONE = "a single round tells nothing of how rounds differ"
NOTHING = "there is no ratio to nothing"
UNKNOWN = Range(math.nan, math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class Question:
    """What an experiment asks, as it was fixed before. `level` is how much doubt this look may leave."""

    baseline: str
    primary: Primary
    margin: float
    looks: tuple[int, ...]
    rounds: tuple[int, ...]
    level: float
    seed: int

    @classmethod
    def of(cls, experiment: Mapping[str, Any], variants: Sequence[Mapping[str, Any]]) -> Question:
        """From a result's `experiment`, over the rounds that all of its variants have."""
        looks, done = tuple(experiment["looks"]), experiment["rounds"]
        level = levels(looks)[looks.index(done)] if done in looks else ALPHA
        there = [{run["round"] for run in variant["rounds"]} for variant in variants]
        rounds = tuple(number for number in range(1, done + 1) if all(number in each for each in there))
        primary = Primary.parse(experiment["primary"])
        return cls(experiment["baseline"], primary, experiment["margin"], looks, rounds, level, experiment["seed"])

    def told(self) -> dict[str, Any]:
        """As a comparison begins."""
        confidence = round(1 - self.level, 4)
        return {
            "baseline": self.baseline,
            "primary": self.primary.text,
            "margin": self.margin,
            "confidence": confidence,
        }


@dataclass(slots=True)
class Found:
    """A figure of one pair: its values by round, and what they come to."""

    pair: Pair
    key: Key
    quantile: str
    primary: bool
    values: list[tuple[Value | None, Value | None]]
    result: Comparison | None
    why: str
    hidden: str  # why there is no verdict on it, whatever it comes to


def compare(arms: Sequence[Arm], question: Question) -> dict[str, Any]:
    """A result's `comparison`, over at least one round. Raises OSError and ValueError for a run that cannot be read."""
    primary = question.primary
    held = [
        Pair(base, other, question.rounds, question.looks, primary.phase, primary.quantile)
        for base, other in pairs(arms, question.baseline)
    ]
    found = [figure for pair in held for figure in _figures(pair, question)]
    looked = {pair.other.name: [*checks(pair), *_trend(pair, found)] for pair in held}
    _correct(found, question.level)
    wrong = {name for name, each in looked.items() if not all(check.ok for check in each)}
    return {
        **question.told(),
        "valid": not wrong,
        "why_not": _once(check.why for each in looked.values() for check in each if not check.ok),
        "checks": _together([check for each in looked.values() for check in each]),
        "figures": [_entry(figure, question, figure.pair.other.name not in wrong) for figure in found],
        "parts": _parts(held),
        "curves": [curve for arm in arms for curve in curves(arm, primary, question.rounds)],
    }


def decided(comparison: Mapping[str, Any]) -> bool:
    """Whether there is a verdict on every primary figure, so that no further look is needed."""
    verdicts = [figure["verdict"] for figure in comparison["figures"] if figure["primary"]]
    return bool(verdicts) and not {NONE, "inconclusive"} & set(verdicts)


# figures


def _figures(pair: Pair, question: Question) -> Iterator[Found]:
    theirs = set(keys(pair.other, question.primary))
    shared = [key for key in keys(pair.base, question.primary) if key in theirs]
    chosen = next((key for key in shared if is_primary(key, question.primary)), None)
    for key in shared:
        for quantile in dict.fromkeys((*QUANTILES, "mean", question.primary.quantile)):
            primary = key == chosen and quantile == question.primary.quantile
            if found := _figure(pair, key, quantile, question, primary):
                yield found


def _figure(pair: Pair, key: Key, quantile: str, question: Question, primary: bool) -> Found | None:
    """The figure, unless it takes more requests than there are in each round."""
    blocks = [[arm.runs[number].blocks.get(key, []) for arm in pair.arms] for number in pair.rounds]
    if not primary and not all(enough(each, quantile) for both in blocks for each in both):
        return None
    values = [(_value(known(base, quantile)), _value(known(other, quantile))) for base, other in blocks]
    sure = [(base, other) for base, other in values if base and other]
    result = compared(sure, question.margin, question.level) if len(sure) == len(values) else None
    uneven = hidden(pair, key, quantile)
    if result:
        return Found(pair, key, quantile, primary, values, result, result.why, uneven)
    reasons = (
        f"{arm.name}, round {number}: {why(each, quantile)}"
        for number, both in zip(pair.rounds, blocks, strict=True)
        for arm, each in zip(pair.arms, both, strict=True)
        if known(each, quantile) is None
    )
    return Found(pair, key, quantile, primary, values, None, next(reasons, ALONE if len(sure) < 2 else NOTHING), uneven)


def _value(bounds: tuple[float, float] | None) -> Value | None:
    return Value(*bounds) if bounds else None


def _correct(found: Sequence[Found], level: float) -> None:
    """Let the verdicts stand together: the primary ones by themselves, and all others."""
    for primary in (True, False):
        family = {str(number): each for number, each in enumerate(found) if each.primary == primary}
        results = {number: each.result for number, each in family.items() if each.result}
        for number, result in holm(results, level).items():
            family[number].result = result
            family[number].why = result.why


def _entry(found: Found, question: Question, valid: bool) -> dict[str, Any]:
    result = found.result
    verdict = result.verdict if result and valid and not found.hidden else None
    ratio, difference = (result.ratio, result.difference) if result else (UNKNOWN, UNKNOWN)
    rounds = [[_plain(base), _plain(other)] for base, other in found.values]
    return {
        **_names(found.pair),
        **found.key._asdict(),
        "quantile": found.quantile,
        "primary": found.primary,
        "baseline_ms": average([base for base, _ in rounds]),
        "variant_ms": average([other for _, other in rounds]),
        "ratio": finite(ratio.value),
        "ratio_low": finite(ratio.low),
        "ratio_high": finite(ratio.high),
        "difference_ms": finite(difference.value),
        "difference_low": finite(difference.low),
        "difference_high": finite(difference.high),
        "verdict": str(verdict) if verdict else NONE,
        "why": found.hidden or found.why,
        "more_rounds": result.more if result and verdict else None,
        "rounds": rounds,
        **({"resampled": _resampled(found, question)} if found.primary else {}),
    }


def _names(pair: Pair) -> dict[str, str]:
    return {"variant": pair.other.name, "baseline": pair.base.name}


def _resampled(found: Found, question: Question) -> dict[str, Any] | None:
    if found.result is None or found.result.sd is None:
        return None
    return resampled(found.pair, found.key, found.quantile, found.result.sd, question.seed, question.level)


def _plain(value: Value | None) -> float | None:
    """In ms; None where it is not known, or only from below."""
    return finite(value.low) if value and value.low == value.high else None


# checks


def _trend(pair: Pair, found: Sequence[Found]) -> Iterator[Check]:
    """Of the primary figure alone: among many, one in a hundred would seem to have a trend."""
    primary = next((figure for figure in found if figure.pair is pair and figure.primary), None)
    if primary is None:
        yield Check("primary figure", False, f"{pair.other.name} and {pair.base.name} do not both have it")
    elif primary.result and primary.result.trend is not None:
        steady = primary.result.trend >= TREND
        seen = f"the ratio of {pair.other.name} to {pair.base.name} {'has no' if steady else 'has a'} trend"
        yield Check("no trend", steady, f"{seen} over the rounds (by chance: {primary.result.trend:.2%})")


def _together(looked: Sequence[Check]) -> list[dict[str, Any]]:
    """The checks of all pairs by name: what was wrong in one of them, or else what was seen."""
    found = []
    for name in dict.fromkeys(check.check for check in looked):
        same = [check for check in looked if check.check == name]
        ok = all(check.ok for check in same)
        found.append({"check": name, "ok": ok, "why": "; ".join(_once(c.why for c in same if c.ok == ok))})
    return found


def _once(texts: Iterator[str]) -> list[str]:
    return list(dict.fromkeys(texts))


# what is drawn


def _parts(held: Sequence[Pair]) -> list[dict[str, Any]]:
    arms = {arm.name: arm for pair in held for arm in pair.arms}
    found = {name: breakdown.of_arm(arm, held[0].rounds) for name, arm in arms.items()}
    return [
        part
        for pair in held
        for part in breakdown.differences(_names(pair), found[pair.base.name], found[pair.other.name])
    ]
