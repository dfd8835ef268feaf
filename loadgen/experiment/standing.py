"""How far this machine's part in the runs lets a figure be compared.

A run in which the figure is INVALID is a bad measurement of it, and no proof against the others. A round with such a
run is run again (`rounds`). What is left of them speaks against a figure if they are many, or if one variant has them:
what the machine does then looks like a difference between the variants.

A difference may be far larger than that. Each run's figure lies between what it would be without this machine's part
and what was measured. A verdict that holds wherever in between the figures are is given nevertheless.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from loadgen.experiment.pairing import Pair
from loadgen.experiment.target_time import sent_otherwise
from loadgen.experiment.variants import Key, Run, Variant, bounds
from loadgen.result.experiment import Check
from loadgen.result.reason import Reason
from loadgen.result.run import JudgedFigure
from loadgen.stats.comparison import Value
from loadgen.stats.distributions import heads
from loadgen.trust.figure import is_of
from loadgen.trust.finding import Verdict
from loadgen.trust.verdict import on_metric, share_of, spoiling

TRUST = "trust"  # the check's name
MANY = 0.25  # of the rounds
CHANCE = 0.1  # of so many more INVALID runs of one variant than of the other, below which they are its own


class Doubt(NamedTuple):
    """A run in which a figure is not VALID."""

    variant: Variant
    run: Run
    verdict: Verdict


def check(pair: Pair, key: Key | None, holds: bool) -> Check:
    """The check of the primary figure, of which a verdict `holds` whatever this machine made of it."""
    doubts = _doubts(pair, key, pair.quantile) if key else []
    if not doubts:
        return Check(TRUST, True, (Reason.of("all_valid"),))
    if key and not holds and (why := doubt(pair, key, pair.quantile)):
        return Check(TRUST, False, (why,))
    accepted = [of for of in _invalid(doubts) if of.run.result.trust.accepted]
    evidence = [Reason.of("accepted_run", variant=of.variant.name, round=of.run.round) for of in accepted]
    return Check(TRUST, True, (*evidence, _counted("degraded_runs", pair, doubts)))


def doubt(pair: Pair, key: Key, quantile: str) -> Reason | None:
    """Why the figure cannot be compared for the sake of its INVALID runs; None if it can."""
    invalid = [of for of in _invalid(_doubts(pair, key, quantile)) if not of.run.result.trust.accepted]
    baseline, variant = ({of.run.round for of in invalid if of.variant is each} for each in pair.both)
    if len(baseline | variant) > MANY * len(pair.rounds):
        return _counted("many_invalid_runs", pair, invalid)
    if 2 * heads(max(len(baseline - variant), len(variant - baseline)), len(baseline ^ variant)) < CHANCE:
        return _counted("uneven_invalid_runs", pair, invalid)
    return None


def within(pair: Pair, key: Key, quantile: str) -> list[tuple[Value, Value]] | None:
    """The figure in each round, of the baseline and of the variant: what it lies within, in ms. None if that is not
    known: not of each run, or since requests did not leave as planned, so that the target had another load."""
    if sent_otherwise(pair, key, quantile):
        return None
    values = [_within(run, key, quantile) for _, run in pair.runs()]
    known = [value for value in values if value]
    return list(zip(known[::2], known[1::2], strict=True)) if len(known) == len(values) else None


def _within(run: Run, key: Key, quantile: str) -> Value | None:
    measured, figures = bounds(run.figures.get(key, []), quantile), _judged(run, key, quantile)
    if measured is None or not figures or _spoilt(run):
        return None
    least = _least(run, key, quantile)
    share = max(share_of(figure, key.metric, least)[0] for figure in figures)
    low, high = measured
    return Value(low * (1 - share), high) if share < 1 else None


def verdict_on(run: Run, key: Key, quantile: str) -> Verdict:
    """The verdict on a figure of a run: the worst one of its cycles and steps."""
    if _spoilt(run):
        return Verdict.INVALID
    least = _least(run, key, quantile)
    verdicts = (on_metric(figure, key.metric, least) for figure in _judged(run, key, quantile))
    return max(verdicts, default=Verdict.VALID)


def _spoilt(run: Run) -> bool:
    return bool(spoiling(signal.signal for signal in run.result.trust.signals if signal.verdict == "INVALID"))


def _least(run: Run, key: Key, quantile: str) -> float | None:
    values = [latency.quantile(quantile).value for latency in run.figures.get(key, [])]
    return min((value for value in values if value is not None), default=None)


def _judged(run: Run, key: Key, quantile: str) -> list[JudgedFigure]:
    return [
        figure
        for figure in run.result.trust.figures
        if (figure.phase, figure.quantile) == (key.phase, quantile) and is_of(key.step, figure.step)
    ]


def _doubts(pair: Pair, key: Key, quantile: str) -> list[Doubt]:
    verdicts = [(variant, run, verdict_on(run, key, quantile)) for variant, run in pair.runs()]
    return [Doubt(*of) for of in verdicts if of[-1]]


def _invalid(doubts: Sequence[Doubt]) -> list[Doubt]:
    return [of for of in doubts if of.verdict is Verdict.INVALID]


def _counted(code: str, pair: Pair, doubts: Sequence[Doubt]) -> Reason:
    """How many of these runs each of both has."""
    baseline, variant = (sum(of.variant is each for of in doubts) for each in pair.both)
    return Reason.of(
        code,
        runs=len(pair.rounds),
        baseline=pair.baseline.name,
        baseline_runs=baseline,
        variant=pair.variant.name,
        variant_runs=variant,
    )
