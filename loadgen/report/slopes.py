"""Whether the ratio of two series changes along an axis, and which points have not settled, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadgen.report.compared import NAME
from loadgen.report.reasons import of_figure
from loadgen.report.words import UNKNOWN, brief, count, several
from loadgen.result.experiment import Scaling, ScalingPoint, Slope

GREW = "*: it grew as long as it ran: the figure is that of its length, and no curve goes through it"


def slopes_of(group: Sequence[Scaling]) -> Iterator[tuple[Scaling, Slope]]:
    """Each series with its slopes, the primary ones first."""
    every = [(series, slope) for series in group for slope in series.slopes]
    yield from sorted(every, key=lambda pair: not pair[1].primary)


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
