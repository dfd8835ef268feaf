"""What is told of an axis, in words: each point, which of them have not settled, and whether the ratio of two series
changes along it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadgen.report.compared import NAME
from loadgen.report.reasons import of_figure
from loadgen.report.words import UNKNOWN, brief, count, ms, several, share
from loadgen.result.experiment import Scaling, ScalingPoint, Slope

GREW = "*: it grew as long as it ran, so that its figures are those of its length"


def slopes_of(group: Sequence[Scaling]) -> Iterator[tuple[Scaling, Slope]]:
    """Each series with its slopes, the primary ones first."""
    every = [(series, slope) for series in group for slope in series.slopes]
    yield from sorted(every, key=lambda pair: not pair[1].primary)


def decisive(every: Sequence[Scaling], primary: str) -> list[Scaling]:
    """The series of what the primary figure is of; of the first axis, if there are several."""
    if not every:
        return []
    first = next((of for of in every if of.step and of.step in primary.split()), every[0])
    what = (first.axis, first.phase, first.step, first.metric)
    return [of for of in every if (of.axis, of.phase, of.step, of.metric) == what]


def value_of(point: ScalingPoint, quantile: str) -> str:
    """`41.2 [39.0, 43.5]` in ms, without an interval if there is none."""
    of = point.figure(quantile)
    if of is None:
        return UNKNOWN
    return ms(of.value) if of.low is None or of.high is None else f"{ms(of.value)} [{ms(of.low)}, {ms(of.high)}]"


def share_text(value: float | None) -> str:
    return UNKNOWN if value is None else share(value, 1)


def usd_text(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.3g}"


def grew(point: ScalingPoint) -> str:
    """`grew in 2 rounds`; empty for a point that has settled."""
    return f"grew in {several(point.unsettled, 'round')}" if point.unsettled else ""


def slope_text(of: Slope, axis: str) -> str:
    """`the ratio rises: 1.12 [1.05, 1.19] times with each doubling of the rate`."""
    what = f"with each doubling of {brief(axis, NAME)}"
    said = {
        "rises": f"the ratio rises, {_times(of)} {what}",
        "falls": f"the ratio falls, {_times(of)} {what}",
        "inconclusive": f"no change of the ratio is shown, {_times(of)} {what}",
    }.get(of.verdict, f"no verdict; {_times(of)} {what}" if of.factor is not None else "no slope")
    return f"{said}; {of_figure(of.why)}" if of.why else f"{said}, over {count(of.points)} values"


def _times(of: Slope) -> str:
    interval = f" [{_number(of.low)}, {_number(of.high)}]" if of.low is not None or of.high is not None else ""
    return f"{_number(of.factor)}{interval} times"


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.3g}"
