"""A chart: its title, what it shows in a sentence, its legend, the drawing, and the table of its values.

Drawings are as wide as the page is. Heights are pixels, places from left to right are shares of the width, so that
text keeps its size at any width. A path is drawn on 1,000 units that are stretched to the width.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from loadgen.report.html.markup import Content, Markup, element, number, percent
from loadgen.report.html.scales import Tick

COLORS = 8
UNITS = 1000  # of a path from left to right
SHAPES = (
    "M-4 0A4 4 0 1 0 4 0A4 4 0 1 0 -4 0Z",  # circle
    "M-3.5-3.5H3.5V3.5H-3.5Z",  # square
    "M0-5L5 0L0 5L-5 0Z",  # diamond
    "M0-4.5L4.5 3.5H-4.5Z",  # triangle
    "M0 4.5L4.5-3.5H-4.5Z",  # on its head
    "M-4-1.4H-1.4V-4H1.4V-1.4H4V1.4H1.4V4H-1.4V1.4H-4Z",  # cross
    "M-5-1.6H5V1.6H-5Z",  # bar
    "M-1.6-5H1.6V5H-1.6Z",  # upright bar
)
LEADING = 16  # pixels of a line of text

Point = tuple[float, float]  # a share of the width, and pixels from the top


def figure(
    key: str, title: str, text: Content, drawing: Markup, table: Content, legend: Content = None, shows: str = "Table"
) -> Markup:
    """A chart with its table. `key` is the page's own name of it, and `drawing` has been made with it."""
    head = element("figcaption", element("h3", title, id=f"{key}-t"), element("p", text, id=f"{key}-d"))
    below = element("details", element("summary", f"{shows}: {title}"), table)
    return element("figure", head, legend, drawing, below, id=key)


def drawing(key: str, height: int, *content: Content, wide: bool = False) -> Markup:
    """The drawing. The style sheet leaves room at its left, in which the labels of an axis stand, or none if `wide`."""
    return element(
        "svg", *content, class_="chart wide" if wide else "chart", role="img", width="100%", height=height,
        aria_labelledby=f"{key}-t", aria_describedby=f"{key}-d",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of a drawing with an axis of its own, from `top` on so many pixels high."""

    top: int
    height: int

    @property
    def bottom(self) -> int:
        return self.top + self.height

    def y(self, share: float) -> float:
        return self.top + self.height * (1 - share)

    def labels(self, ticks: Iterable[Tick], unit: str) -> Content:
        """The values at the left of the axis, and above it their unit."""
        texts = [
            element("text", tick.label, x=-8, y=self.y(tick.at) + 4, text_anchor="end", class_="label")
            for tick in ticks
        ]
        return [element("text", unit, x=-8, y=self.top - 10, text_anchor="end", class_="unit"), *texts]

    def grid(self, ticks: Iterable[Tick]) -> Content:
        lines = [
            element("line", x1=0, x2="100%", y1=self.y(tick.at), y2=self.y(tick.at), class_="grid") for tick in ticks
        ]
        return [lines, element("line", x1=0, x2="100%", y1=self.bottom, y2=self.bottom, class_="axis")]

    def below(self, ticks: Iterable[Tick]) -> Content:
        """The values below the axis."""
        return [
            element(
                "text", tick.label, x=percent(tick.at), y=self.bottom + LEADING, text_anchor=_anchor(tick.at),
                class_="label",
            )
            for tick in ticks
        ]  # fmt: skip

    def uprights(self, ticks: Iterable[Tick]) -> Content:
        return [
            element("line", x1=percent(tick.at), x2=percent(tick.at), y1=self.top, y2=self.bottom, class_="grid")
            for tick in ticks
        ]


def _anchor(at: float) -> str:
    return "start" if at < 0.02 else "end" if at > 0.95 else "middle"


def stretched(height: int, *paths: Content) -> Markup:
    """Paths, on 1,000 units from left to right."""
    return element("svg", *paths, viewBox=f"0 0 {UNITS} {height}", preserveAspectRatio="none", width="100%",
                   height=height, class_="paths")  # fmt: skip


def line(points: Sequence[Point], class_: str) -> Markup | None:
    """A path through points; None for fewer than two."""
    return element("path", d=_through(points), class_=f"line {class_}") if len(points) > 1 else None


def area(upper: Sequence[Point], lower: Sequence[Point], class_: str) -> Markup | None:
    """What lies between two lines; None for lines of fewer than two points."""
    if len(upper) < 2:
        return None
    return element("path", d=f"{_through([*upper, *reversed(lower)])}Z", class_=f"area {class_}")


def _through(points: Sequence[Point]) -> str:
    return "M" + "L".join(f"{number(UNITS * x)} {number(y)}" for x, y in points)


def mark(series: int, x: float, y: float) -> Markup:
    """The mark of a series, which tells it from others without its colour."""
    shape = element("path", d=SHAPES[series % COLORS])
    return element("svg", shape, x=percent(x), y=number(y), class_=f"mark c{series % COLORS}")


def legend(names: Iterable[tuple[int, str]]) -> Markup:
    """The mark and the name of each series."""
    items = [element("li", _sample(series), name) for series, name in names]
    return element("ul", items, class_="legend")


def _sample(series: int) -> Markup:
    stroke = element("path", d="M0 7H24", class_=f"line c{series % COLORS}")
    shape = element("svg", element("path", d=SHAPES[series % COLORS]), x=12, y=7, class_=f"mark c{series % COLORS}")
    return element("svg", stroke, shape, width=24, height=14, aria_hidden="true")


def key_of(entries: Iterable[tuple[str, str]]) -> Markup:
    """The colours of areas, by class, and what each is."""

    def swatch(class_: str) -> Markup:
        return element("svg", element("rect", width=14, height=14, rx=2, class_=class_), width=14, height=14,
                       aria_hidden="true")  # fmt: skip

    return element("ul", [element("li", swatch(class_), name) for class_, name in entries], class_="legend")


def strips(edges: Sequence[float]) -> list[tuple[float, float]]:
    """For places in order, what of the width is nearest to each: where it begins, and how wide it is."""
    if not edges:
        return []
    between = [0.0, *((low + high) / 2 for low, high in pairwise(edges)), 1.0]
    return [(low, max(0.0, high - low)) for low, high in pairwise(between)]


def hit(strip: tuple[float, float], panel: Panel, at: float, lines: Sequence[str], *marks: Content) -> Markup:
    """What appears while the pointer is on a strip of the plot: a guide, marks, and lines of text where the plot has
    room, at its upper left."""
    low, width = strip
    pane = element("rect", x=percent(low), y=panel.top, width=percent(width), height=panel.height, class_="pane")
    guide = element("line", x1=percent(at), x2=percent(at), y1=panel.top, y2=panel.bottom, class_="guide")
    text = [
        element("text", said, x=8, y=panel.top + LEADING * (number_ + 1), class_="readout")
        for number_, said in enumerate(lines)
    ]
    return element("g", pane, element("g", guide, *marks, text, class_="shown"), class_="hit")
