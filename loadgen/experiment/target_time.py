"""What the target's own time has to do with a verdict.

It is judged beside the response, and alone where the question names it. Two variants whose responses are alike may
still be two targets: if most of a response is this machine's time, a target that is twice as slow hardly changes it. So
nothing is equivalent unless the target's time is. Where requests did not leave as planned, the target's time is not
judged at all (`analysis.off_schedule`).
"""

from __future__ import annotations

from collections.abc import Sequence

from loadgen.analysis.off_schedule import off_schedule
from loadgen.experiment.pairing import Pair
from loadgen.experiment.variants import Key, steps_of
from loadgen.profile.values import STAMPED
from loadgen.record.metrics import Metric
from loadgen.result.reason import Reason

TARGET = Metric.TARGET.word


def other_load(pair: Pair, key: Key, quantile: str) -> Reason | None:
    """The reason why a figure of the target's own time is not judged: one of the variants had another load than the
    plan's, over all rounds."""
    return sent_otherwise(pair, key, quantile) if key.metric in STAMPED else None


def sent_otherwise(pair: Pair, key: Key, quantile: str) -> Reason | None:
    """Of the first variant whose requests did not leave as planned, over all rounds, the reason."""
    for variant in pair.both:
        steps = (step for number in pair.rounds for step in steps_of(variant.runs[number], key))
        if why := off_schedule(steps, quantile):
            return why.with_values(variant=variant.name)
    return None


def concerns(target: Key, key: Key) -> bool:
    """Whether `target`, the target's time of a step, is part of what `key` is about: of the same step, or of whole
    iterations with that step."""
    if target.metric != TARGET or key.metric in STAMPED or target.phase != key.phase:
        return False
    if key.metric == "iteration":
        return key.step in ("", target.step.partition("/")[0])
    return key.step == target.step


def judged(keys: Sequence[Key], pair: Pair) -> list[Key]:
    """What is judged of a pair: these, each step's with the target's own time beside it. That is left out where a run
    does not know it at all."""
    figures = pair.baseline.runs[pair.rounds[0]].figures
    targets = [key for key in figures if any(concerns(key, other) for other in keys)]
    every = dict.fromkeys(each for key in keys for each in (key, *(of for of in targets if concerns(of, key))))
    return [key for key in every if key.metric not in STAMPED or _known(key, pair)]


def _known(key: Key, pair: Pair) -> bool:
    cycles = [run.figures.get(key, []) for _, run in pair.runs()]
    return all(figures and all(latency.count for latency in figures) for figures in cycles)
