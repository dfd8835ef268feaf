"""A run as a picture: latency by percentile, and what happened second by second. matplotlib (`loadgen[png]`) draws
it."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from loadgen.errors import ProfileError
from loadgen.report.headline import what
from loadgen.report.html.curve import banded, exact
from loadgen.report.html.scales import Tail
from loadgen.report.navigate import place
from loadgen.report.terminal.figures import Row, rows
from loadgen.report.verdict import measured
from loadgen.report.words import brief, clean, wrapped
from loadgen.result.codec import map_text
from loadgen.result.run import RunResult
from loadgen.result.timeline import Moment, Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INCHES, DOTS = (11.0, 11.5), 110  # an image of about 1,200 x 1,250 pixels
CURVES = 8  # in the picture
NAME, TITLE = 28, 130  # characters
PARTS = ((5.0, 1.4, 1.0, 2.2), (5.0,))  # heights, with what happened second by second and without
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999933")  # Okabe and Ito
GRID = "#dddddd"


def require() -> None:
    """Raises ProfileError where matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        raise ProfileError("--png needs matplotlib, which is not installed", remedy="pip install 'loadgen[png]'")


def png_bytes(result: RunResult, timeline: Timeline | None) -> bytes:
    """The picture; without a timeline that of the percentiles alone. Raises ProfileError as `require` does."""
    require()
    from matplotlib.figure import Figure

    result = map_text(result, clean)
    parts = PARTS[0] if timeline else PARTS[1]
    figure = Figure(figsize=(INCHES[0], INCHES[1] if timeline else INCHES[1] / 2), dpi=DOTS, layout="constrained")
    axes = [*figure.subplots(len(parts), 1, height_ratios=parts, squeeze=False)[:, 0]]
    words = "".join(part if isinstance(part, str) else part[0] for part in what(result))
    title = wrapped(f"{result.trust.verdict}  {words}", TITLE, below="")
    figure.suptitle("\n".join(title[:3]), fontsize=10, parse_math=False)
    _curves(axes[0], rows(result)[:CURVES] if measured(result) else [])
    if timeline:
        _over_time(axes[1:], result, timeline)
    made = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of characters that the font lacks, which it shows as boxes
        figure.savefig(made, format="png", metadata={"Software": "loadgen"})
    return made.getvalue()


def _curves(axes: Axes, of: Sequence[Row]) -> None:
    """A curve for each step of a phase and each of its cycles, on an axis on which each step is ten times as rare."""
    tail = Tail(max((latency.count for row in of for _, latency, _ in row.cycles), default=0))
    lines = []
    for row, color in zip(of, COLORS, strict=False):
        for _, latency, step in row.cycles:
            points = exact(latency, step.shape if step else None)
            x, y = [tail.at(share) for share, _ in points], [value for _, value in points]
            (line,) = axes.plot(x, y, color=color, linewidth=1.4)
            if len(row.cycles) == 1:
                band = [(tail.at(share), low, high) for share, low, high in banded(latency) if high is not None]
                shares, low, high = ([each[part] for each in band] for part in range(3))
                axes.fill_between(shares, low, high, color=color, alpha=0.15, linewidth=0)
        lines.append((line, _label(row.label)))
    _logarithmic(axes)
    axes.set_xlim(0, 1)
    ticks = tail.ticks()
    axes.set_xticks([tick.at for tick in ticks], [tick.label for tick in ticks])
    _dress(axes, "ms", "Latency by percentile")
    if lines:
        _legend(axes, lines)


def _over_time(axes: Sequence[Axes], result: RunResult, of: Timeline) -> None:
    """Requests a second, iterations in flight, and percentiles, one below the other on the same axis of time."""
    requests, flight, times = axes
    middles = [moment.start + of.width / 2 for moment in of.moments]
    lines = [_plot(requests, middles, [moment.sent / of.width for moment in of.moments], COLORS[5], "due")]
    if any(moment.completed is not None for moment in of.moments):
        completed = [_number(moment.completed) / of.width for moment in of.moments]
        lines.append(_plot(requests, middles, completed, COLORS[2], "completed"))
    if any(moment.failed for moment in of.moments):
        failed = [moment.failed / of.width for moment in of.moments]
        lines.append(_plot(requests, middles, failed, COLORS[1], "failed"))
    in_flight = [_number(moment.in_flight) for moment in of.moments]
    _plot(flight, middles, in_flight, COLORS[6], "in flight")
    _legend(requests, lines)
    lines = [
        _plot(times, middles, [_number(value(moment)) for moment in of.moments], color, name)
        for name, value, color in (("p50", _p50, COLORS[0]), ("p99", _p99, COLORS[1]), ("max", _longest, COLORS[3]))
    ]
    if any(value > 0 for line, _ in lines for value in line.get_ydata()):
        _logarithmic(times)
    _legend(times, lines)
    end = max([stretch.end for stretch in of.stretches] + [of.moments[-1].start + of.width])
    for panel, unit, title in ((requests, "1/s", ""), (flight, "in flight", ""), (times, "ms", "")):
        _dress(panel, unit, title)
        panel.set_xlim(0, end)
        for stretch in of.stretches:
            panel.axvline(stretch.start, color="#888888", linewidth=0.8, linestyle="--")
    for panel in (requests, flight):
        panel.set_ylim(bottom=0)
        panel.tick_params(labelbottom=False)
    times.set_xlabel("seconds from the start")
    _name_phases(requests, result, of, end)


def _name_phases(axes: Axes, result: RunResult, of: Timeline, end: float) -> None:
    for stretch in of.stretches:
        if stretch.phase < len(result.variant.phases) and stretch.end - stretch.start > 0.06 * end:
            name = brief(place(result.variant.phases[stretch.phase]), 20)
            at = (stretch.start + 0.004 * end, 1.02)
            axes.text(*at, name, transform=axes.get_xaxis_transform(), fontsize=8, color="#555555", parse_math=False)


def _plot(axes: Axes, x: Sequence[float], y: Sequence[float], color: str, name: str) -> tuple[Any, str]:
    (line,) = axes.plot(x, y, color=color, linewidth=1.3)
    return line, name


def _p50(moment: Moment) -> float | None:
    return moment.p50


def _p99(moment: Moment) -> float | None:
    return moment.p99


def _longest(moment: Moment) -> float | None:
    return moment.longest


def _number(value: float | None) -> float:
    """What is not known is a gap in the line."""
    return math.nan if value is None else float(value)


def _label(text: str) -> str:
    """A name for the legend, which leaves out those that begin with an underscore."""
    named = brief(text, NAME)
    return f" {named}" if named.startswith("_") else named


def _legend(axes: Axes, lines: Sequence[tuple[Any, str]]) -> None:
    """To the right of the panel, where it hides no line."""
    legend = axes.legend(
        [line for line, _ in lines],
        [name for _, name in lines],
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        fontsize=8,
        frameon=False,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def _logarithmic(axes: Axes) -> None:
    """With a label at 1, 2 and 5 of each decade."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.3g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def _dress(axes: Axes, unit: str, title: str) -> None:
    axes.grid(True, color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.set_ylabel(unit, fontsize=9)
    axes.tick_params(labelsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if title:
        axes.set_title(title, fontsize=10, loc="left")
