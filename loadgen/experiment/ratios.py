"""Did the thresholds of two variants hold? `fresh / shared p99 < 3` is decided by the interval of that ratio over the
rounds: passed if all of it is less than 3, failed if none is, else undecided. Each step is judged by itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from loadgen.analysis.thresholds import OPERATORS
from loadgen.errors import ProfileError
from loadgen.experiment.comparison import Question
from loadgen.experiment.validity import Pair, checks, hidden
from loadgen.experiment.variants import Arm, Key, known, why
from loadgen.profile.model import Threshold
from loadgen.stats.comparison import Range, Value, compare

Answer = tuple[str, str, str]  # value, status, why


def texts(thresholds: Mapping[str, Sequence[Threshold]]) -> dict[str, list[str]]:
    """Those of two variants, by phase, as they were written."""
    found = {phase: [one.text for one in each if one.kind == "ratio"] for phase, each in thresholds.items()}
    return {phase: each for phase, each in found.items() if each}


def check(written: Mapping[str, Sequence[str]], arms: Sequence[Arm], question: Question) -> list[dict[str, Any]]:
    """An entry of a result's `thresholds` for each step, over the rounds that are complete. `written` is as `texts`
    gives it."""
    by_name = {arm.name: arm for arm in arms}
    found = []
    for phase, threshold in _parsed(written):
        other, base = (by_name[name] for name in threshold.variants)
        pair = Pair(base, other, question.rounds, question.looks, phase, threshold.quantile)
        found += [_entry(phase, threshold, step, answer) for step, answer in _answers(threshold, pair, question.level)]
    return found


def undecided(written: Mapping[str, Sequence[str]], reason: str) -> list[dict[str, Any]]:
    """The same where there is nothing to decide them by."""
    return [_entry(phase, threshold, "", ("", "undecided", reason)) for phase, threshold in _parsed(written)]


def _parsed(written: Mapping[str, Sequence[str]]) -> list[tuple[str, Threshold]]:
    try:
        return [(phase, Threshold.parse(text)) for phase, each in written.items() for text in each]
    except (ValueError, TypeError, AttributeError) as error:
        raise ProfileError(f"the experiment's thresholds cannot be read: {error}") from None


def _entry(phase: str, threshold: Threshold, step: str, answer: Answer) -> dict[str, Any]:
    value, status, reason = answer
    return {"variant": threshold.variants[0], "phase": phase, "cycle": 1, "text": threshold.text, "step": step,
            "value": value, "status": status, "why": reason}  # fmt: skip


def _answers(threshold: Threshold, pair: Pair, level: float) -> Iterator[tuple[str, Answer]]:
    wrong = next((check.why for check in checks(pair) if not check.ok), "")
    keys = [] if wrong else _keys(threshold, pair)
    for key in keys:
        yield key.step, _answer(threshold, pair, key, level)
    if not keys:
        yield "", ("", "undecided", wrong or "there is no such figure")


def _keys(threshold: Threshold, pair: Pair) -> list[Key]:
    """The steps that both have that metric of; unless said, what the phase is judged by."""
    base, other = (arm.runs[pair.rounds[0]].blocks for arm in pair.arms)
    keys = [key for key in base if key in other and key.phase == pair.phase]
    metric = threshold.metric or ("response" if any(key.metric == "response" for key in keys) else "service")
    return [key for key in keys if key.metric == metric]


def _answer(threshold: Threshold, pair: Pair, key: Key, level: float) -> Answer:
    if uneven := hidden(pair, key, threshold.quantile):
        return "", "undecided", uneven
    values = []
    for number in pair.rounds:
        both = []
        for arm in pair.arms:
            blocks = arm.runs[number].blocks.get(key, [])
            bounds = known(blocks, threshold.quantile)
            if bounds is None:
                return "", "undecided", f"{arm.name}, round {number}: {why(blocks, threshold.quantile)}"
            both.append(Value(*bounds))
        values.append((both[0], both[1]))
    found = compare(values, level=level)
    if found is None or found.verdict is None:
        return "", "undecided", found.why if found else "a single round tells nothing of how rounds differ"
    return _decided(threshold, found.ratio)


def _decided(threshold: Threshold, ratio: Range) -> Answer:
    holds = [OPERATORS[threshold.op](end, threshold.value) for end in (ratio.low, ratio.high)]
    shown = f"{_times(ratio.value)} [{_times(ratio.low)}, {_times(ratio.high)}]"
    if all(holds):
        return shown, "passed", ""
    return shown, "undecided" if any(holds) else "failed", f"{threshold.value:g} lies within" if any(holds) else ""


def _times(ratio: float) -> str:
    return f"{ratio:.3g}" if math.isfinite(ratio) else "unknown"
