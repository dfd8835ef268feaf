"""How sure the percentiles of a run are: an interval for each, from the seconds of its phase as they were kept on disk,
or why there is none. Cycles of a phase have their own each, and are never pooled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from loadgen.analysis.build import Measured
from loadgen.analysis.latency import milliseconds
from loadgen.analysis.per_second import Figure, Tails, tails
from loadgen.exchange import Outcome
from loadgen.record.metrics import CENSORED, Metric
from loadgen.stats import Histogram, fraction
from loadgen.stats.intervals import Interval, NoInterval, interval, limit

AT_ONCE = "all were due at the same instant, and only seconds would tell how much they vary"
LOST = "the run's folder, from which it would follow, could not be written"
MISSING = "the run's folder does not hold all of it"
UNITS = ((3600, "hour"), (60, "minute"))
Answer = dict[str, Any]  # low and high in ms, or none: why


def add(variant: dict[str, Any], measured: Measured, folder: Path | None) -> None:
    """Put `intervals` into the latency figures of the measured phases. `folder` is the run's, None if there is none."""
    pooled = _pooled(measured)
    blocks = {figure: list(_blocks(variant, measured, figure)) for figure in pooled}
    figures = {figure: pooled[figure] for figure, found in blocks.items() if found}
    limits = {
        figure: [limit(fraction(name), seen, late.count) for name in measured.quantiles]
        for figure, (seen, late) in figures.items()
        if seen.count
    }
    found, trouble = _read(measured, limits, folder)
    for figure, (seen, late) in figures.items():
        why = AT_ONCE if measured.plan.runs[figure.run].phase.at_once else trouble
        for block in blocks[figure]:
            block["intervals"] = {
                name: _answer(name, number, block, seen, late, found.get(figure), why)
                for number, name in enumerate(measured.quantiles)
            }


def _pooled(m: Measured) -> dict[Figure, tuple[Histogram, Histogram]]:
    """All the values of each figure that an interval can be given for: the ok ones, and the timeouts."""
    runs, steps = {run.number for run in m.plan.runs if run.measured}, len(m.plan.steps)
    found: dict[Figure, tuple[Histogram, Histogram]] = {}
    for (key, metric), histogram in m.recording.histograms.items():
        run, step = divmod(key.slot, steps)
        if run in runs and metric in CENSORED and key.outcome in (Outcome.OK, Outcome.TIMEOUT):
            both = found.setdefault(Figure(run, step, metric), (Histogram(), Histogram()))
            both[key.outcome == Outcome.TIMEOUT].add(histogram)
    return found


def _blocks(variant: dict[str, Any], m: Measured, figure: Figure) -> Iterator[dict[str, Any]]:
    """Where the figure stands in the result: its step's, and if that is all of an iteration, the iteration's too."""
    phase, word = variant["phases"][figure.run], Metric(figure.metric).word
    step = phase["steps"][figure.step]
    if word in step["latency_ms"]:
        yield step["latency_ms"][word]
    alone = [name for name, _ in m.plan.steps].count(step["scenario"]) == 1
    single = "operation" if "operation" in step["latency_ms"] else "response"
    if word == (single if alone else "iteration"):
        yield from (
            whole["latency"]
            for whole in phase["iteration_ms"]
            if whole["scenario"] == step["scenario"] and not whole["stratum"]
        )


def _read(m: Measured, limits: Mapping[Figure, list[int]], folder: Path | None) -> tuple[dict[Figure, Tails], str]:
    """The seconds, or why there are none."""
    if folder is None:
        return {}, LOST
    try:
        return tails(folder / "intervals.jsonl", m.plan, limits), ""
    except (OSError, ValueError) as error:
        return {}, f"the run's folder cannot be read: {error}"


def _answer(
    name: str, number: int, block: dict[str, Any], seen: Histogram, late: Histogram, tails: Tails | None, why: str
) -> Answer:
    if block.get(name) is None:
        noted = (note for note in block["notes"] if note.startswith(f"{name}: "))
        return {"none": next(noted, "").partition(": ")[2] or "there is no such figure"}
    if why or tails is None or int(tails.count.sum()) != seen.count + late.count:
        return {"none": why or MISSING}
    return said(interval(fraction(name), seen, late, tails.count, tails.beyond[number]))


def said(found: Interval | NoInterval) -> Answer:
    """An interval, or why there is none, as a result has it."""
    if isinstance(found, NoInterval):
        more = f"; {_time(found.seconds)} at this rate would give one" if found.seconds else ""
        return {"none": f"{found.why}{more}"}
    answer: Answer = {"low": milliseconds(found.low), "high": milliseconds(found.high)}
    return answer | ({"warning": found.warning} if found.warning else {})


def _time(seconds: float) -> str:
    size, unit = next(((size, unit) for size, unit in UNITS if seconds >= 2 * size), (1, "second"))
    number = max(1, round(seconds / size))
    return f"about {number:,} more {unit}{'s' if number != 1 else ''}"
