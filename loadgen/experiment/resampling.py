"""How much of what rounds differ by lies within them: the primary figure's rounds and their seconds, drawn again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loadgen.analysis.per_second import Figure, read
from loadgen.experiment.validity import Pair
from loadgen.experiment.variants import Key, Run, label
from loadgen.record.metrics import Metric
from loadgen.stats.bootstrap import hierarchical
from loadgen.stats.seconds import Seconds

SHORTEST = 10  # seconds of a run: fewer tell too little of how they differ
METRICS = {metric.word: metric for metric in Metric}


def resampled(pair: Pair, key: Key, quantile: str, sd: float, seed: int, level: float) -> dict[str, Any] | None:
    """The bootstrap's interval of the ratio (`low`, `high`), which carries no verdict, and the share of the rounds'
    variance that does not come from within them (`between`): where it is most of it, more rounds help and longer ones
    do not. None for cycles and for runs of less than ten seconds. Raises OSError and ValueError for what cannot be
    read."""
    rounds = []
    for number in pair.rounds:
        both = [list(_seconds(arm.runs[number], key)) for arm in pair.arms]
        if any(len(each) != 1 or len(each[0].values) < SHORTEST for each in both):
            return None
        rounds.append((both[0][0], both[1][0]))
    found = hierarchical(rounds, [quantile], seed, level)[quantile]
    return {"low": round(found.low, 6), "high": round(found.high, 6), "between": round(found.between(sd), 4)}


def _seconds(run: Run, key: Key) -> Iterator[Seconds]:
    """Those of each cycle."""
    for one in run.plan.runs:
        if one.measured and one.name == key.phase:
            for step in _steps(run, key):
                yield read(run.folder / "intervals.jsonl", run.plan, Figure(one.number, step, METRICS[key.metric]))


def _steps(run: Run, key: Key) -> Iterator[int]:
    """The step's number; that of its first step for the iterations of a scenario."""
    named = [{"scenario": scenario, "step": step} for scenario, step in run.plan.steps]
    several = len({each["scenario"] for each in named}) > 1
    for number, each in enumerate(named):
        if key.metric == Metric.ITERATION.word:
            if (each["scenario"] if several else "") == key.step:
                yield number
                return
        elif label(each, named) == key.step:
            yield number
