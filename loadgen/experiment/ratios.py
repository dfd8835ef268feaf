"""The thresholds of two variants. `fresh / shared p99 < 3` is decided by the interval of that ratio over the rounds:
passed if all of it is less than 3, failed if none of it is, else undecided. Each step is judged by itself.

Where this machine made too much of the figures, the interval is that of all ratios that they allow (`standing`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from loadgen.analysis.beyond import OPERATORS
from loadgen.errors import ProfileError
from loadgen.experiment import standing
from loadgen.experiment.comparison import Question
from loadgen.experiment.curves import finite
from loadgen.experiment.pairing import Pair
from loadgen.experiment.target_time import other_load
from loadgen.experiment.validity import checks, uneven
from loadgen.experiment.variants import Key, Variant, bounds, why_unknown
from loadgen.profile.model import Threshold as Asked
from loadgen.result.reason import Reason
from loadgen.result.run import Threshold
from loadgen.stats.comparison import Range, Value, compare

Texts = Mapping[str, Sequence[str]]


def texts(thresholds: Mapping[str, Iterable[Asked]]) -> dict[str, tuple[str, ...]]:
    """The thresholds of two variants, by phase, as the profile has them."""
    written = {phase: tuple(of.text for of in asked if of.kind == "ratio") for phase, asked in thresholds.items()}
    return {phase: texts for phase, texts in written.items() if texts}


def check(written: Texts, variants: Sequence[Variant], question: Question) -> Iterator[Threshold]:
    """An entry of a result's `thresholds` for each step, over the complete rounds. `written` is what `texts`
    returns."""
    by_name = {variant.name: variant for variant in variants}
    for phase, asked in _parsed(written):
        variant, baseline = (by_name[name] for name in asked.variants)
        pair = question.pair(baseline, variant, phase, asked.quantile)
        yield from _check(asked, pair, question.level)


def undecided(written: Texts, why: Reason) -> list[Threshold]:
    """The same entries, undecided, if there are no rounds to decide them by."""
    return [_undecided(asked, phase, why) for phase, asked in _parsed(written)]


def _parsed(written: Texts) -> list[tuple[str, Asked]]:
    try:
        return [(phase, Asked.parse(text)) for phase, texts in written.items() for text in texts]
    except ValueError as error:
        raise ProfileError(f"the experiment's thresholds cannot be read: {error}") from None


def _undecided(asked: Asked, phase: str, why: Reason | None, step: str = "") -> Threshold:
    return Threshold(phase, 1, step, asked.text, "undecided", why=why, variant=asked.variants[0])


def _check(asked: Asked, pair: Pair, level: float) -> Iterator[Threshold]:
    wrong = next((check.why[0] for check in checks(pair) if not check.ok), None)
    keys = [] if wrong else _keys(asked, pair)
    for key in keys:
        yield _of_key(asked, pair, key, level)
    if not keys:
        yield _undecided(asked, pair.phase, wrong or Reason.of("no_figure"))


def _keys(asked: Asked, pair: Pair) -> list[Key]:
    """The steps of which both variants have that metric; without a metric, the one that the phase is judged by."""
    baseline, variant = (variant.runs[pair.rounds[0]].figures for variant in pair.both)
    keys = [key for key in baseline if key in variant and key.phase == pair.phase]
    metric = asked.metric or ("response" if any(key.metric == "response" for key in keys) else "service")
    return [key for key in keys if key.metric == metric]


def _of_key(asked: Asked, pair: Pair, key: Key, level: float) -> Threshold:
    doubt = standing.doubt(pair, key, asked.quantile)
    unusable = uneven(pair, key, asked.quantile) or other_load(pair, key, asked.quantile)
    values = unusable or (standing.within(pair, key, asked.quantile) or doubt if doubt else _values(asked, pair, key))
    if isinstance(values, Reason):
        return _undecided(asked, pair.phase, values, key.step)
    comparison = compare(values, level=level)
    if comparison is None:
        return _undecided(asked, pair.phase, Reason.of("zero_figure"), key.step)
    if comparison.verdict is None:
        return _undecided(asked, pair.phase, comparison.why, key.step)
    decided = _decided(asked, _undecided(asked, pair.phase, None, key.step), comparison.ratio)
    return replace(decided, why=doubt) if doubt and decided.status == "undecided" else decided


def _values(asked: Asked, pair: Pair, key: Key) -> list[tuple[Value, Value]] | Reason:
    """The figure in each round, of the baseline and of the variant; or the reason why it is not known."""
    values = []
    for variant, run in pair.runs():
        cycles = run.figures.get(key, [])
        between = bounds(cycles, asked.quantile)
        if between is None:
            return why_unknown(cycles, asked.quantile).of_run(variant.name, run.round)
        values.append(Value(*between))
    return list(zip(values[::2], values[1::2], strict=True))


def _decided(asked: Asked, entry: Threshold, ratio: Range) -> Threshold:
    holds = [OPERATORS[asked.op](end, asked.value) for end in (ratio.low, ratio.high)]
    decided = replace(
        entry, value_ratio=finite(ratio.value), ratio_low=finite(ratio.low), ratio_high=finite(ratio.high)
    )
    if any(holds) and not all(holds):
        return replace(decided, why=Reason.of("limit_inside", limit=asked.value))
    return replace(decided, status="passed" if all(holds) else "failed")
