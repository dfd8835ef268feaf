"""The share of requests beyond a limit by the offered rate: each step, the line through them, and where that crosses
what is allowed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loadgen.report.highest_rate import bare, three_digits
from loadgen.report.html.charts import LEADING, Panel, area, drawing, figure, hit, legend, line, mark, stretched, strips
from loadgen.report.html.markup import Content, Markup, element, percent
from loadgen.report.html.scales import Linear, Log, Tick
from loadgen.report.words import brief, rate, share
from loadgen.result.capacity import CapacityStep, HighestRate, StepCondition

PLOT = Panel(30, 300)
HEIGHT = PLOT.bottom + 2 * LEADING
AROUND = (0.6, 1.6)  # times the capacity: rates beyond are in the table, and not in the picture
LEAST = 0.1  # of the allowed share: the axis reaches at least down to it
ZERO = 0.5  # of the lowest share that is not 0: where a step without any request beyond the limit stands
DRAWN = 60  # points of a line
NAME = 48  # characters


@dataclass(frozen=True, slots=True)
class Series:
    """The steps of one capacity, of which `number` is the colour; `name` is empty if there is only one."""

    number: int
    name: str
    capacity: HighestRate
    steps: Sequence[CapacityStep]


def chart(key: str, condition: str, series: Sequence[Series], tabled: Content) -> Markup | None:
    """How the steps kept that condition; None if nothing was beyond its limit in any."""
    points = [(of, step, kept) for of in series for step in of.steps if (kept := step.condition(condition))]
    if not any(kept.beyond for _, _, kept in points):
        return None
    picture = _Picture.over(condition, series, points)
    shown = [each for each in points if picture.rates.low <= each[1].rate <= picture.rates.high]
    shares = picture.shares.ticks()
    rates = [Tick(tick.at, f"{tick.label}/s") for tick in picture.rates.ticks()]
    drawn = drawing(
        key, HEIGHT, PLOT.labels(shares, "%"), PLOT.grid(shares), PLOT.below(rates), picture.allowed_line(),
        stretched(HEIGHT, [picture.interval(of) for of in series], [picture.line(of) for of in series]),
        [picture.crossing(of) for of in series],
        [mark(_mark_of(of, step), picture.x(step.rate), picture.y(kept.share)) for of, step, kept in shown],
        [*picture.hits(shown)],
    )  # fmt: skip
    what = "that failed" if condition.startswith("errors") else "beyond the limit or without an answer"
    text = [
        f"Each mark is a step: the share of its requests {what}. The dashed line is what {brief(condition, NAME)} "
        "allows. ",
        "The line is fitted to the steps near the capacity; the band is its 95 % interval. "
        if any(picture.fitted(of) for of in series)
        else "",
        "Steps without any stand at the bottom. Rates far from the capacity are in the table only.",
    ]
    names = [
        (of.number, of.name or "a step") for of in series
    ] + [(of.number + 1, f"{of.name}, above it for another reason".lstrip(", ")) for of in series
         if any(step.above and each is of for each, step, _ in shown)]  # fmt: skip
    return figure(key, f"{brief(condition, NAME)}, by rate", text, drawn, tabled, legend(names))


def _mark_of(of: Series, step: CapacityStep) -> int:
    """A step that did not settle is above the capacity, wherever it stands: it has a mark of its own."""
    return of.number + (step.above is not None)


Shown = tuple[Series, CapacityStep, StepCondition]


@dataclass(frozen=True, slots=True)
class _Picture:
    """Where rates and shares stand. `none` is the share at which those of nothing stand."""

    condition: str
    rates: Linear
    shares: Log
    allowed: float
    none: float

    @classmethod
    def over(cls, condition: str, series: Sequence[Series], points: Sequence[Shown]) -> _Picture:
        allowed = max(kept.allowed for _, _, kept in points)
        known = [of.capacity.rate for of in series if of.capacity.rate]
        low, high = (AROUND[0] * min(known), AROUND[1] * max(known)) if known else (0.0, float("inf"))
        near = [each for each in points if low <= each[1].rate <= high] or points
        some = [kept.share for _, _, kept in near if kept.beyond]
        lowest = min([*some, LEAST * allowed] if allowed else some, default=0.001)
        ends = [100 * end for end in (ZERO * lowest, *some, allowed) if end]
        rates = [step.rate for _, step, _ in near] + [end for of in series for end in _ends(of.capacity)]
        return cls(condition, Linear.between(rates), Log.over(ends), allowed, ZERO * lowest)

    def x(self, of: float) -> float:
        return self.rates.at(of)

    def y(self, of: float) -> float:
        return PLOT.y(self.shares.at(100 * (of or self.none)))

    def fitted(self, of: Series) -> bool:
        return of.capacity.condition == self.condition and of.capacity.slope is not None

    def allowed_line(self) -> Content:
        at = self.y(self.allowed)
        said = element(
            "text", f"allowed: {share(self.allowed, 1)}", x="100%", y=at - 6, text_anchor="end", class_="note"
        )
        return [element("line", x1=0, x2="100%", y1=at, y2=at, class_="limit"), said]

    def line(self, of: Series) -> Markup | None:
        if not self.fitted(of):
            return None
        low, high = self.rates.low, self.rates.high
        places = [low + (high - low) * at / DRAWN for at in range(DRAWN + 1)]
        known = [(place, of.capacity.share_at(place, self.allowed) or 0.0) for place in places]
        inside = [
            (self.x(at), self.y(value)) for at, value in known if value >= self.none and self.shares.at(100 * value) < 1
        ]
        return line(inside, f"c{of.number % 8}")

    def interval(self, of: Series) -> Markup | None:
        """From the lower to the upper end, as high as the plot."""
        low, high = of.capacity.low, of.capacity.high
        if of.capacity.condition != self.condition or low is None or high is None:
            return None
        ends = self.x(low), self.x(high)
        return area([(at, PLOT.top) for at in ends], [(at, PLOT.bottom) for at in ends], f"c{of.number % 8}")

    def crossing(self, of: Series) -> Content:
        at = of.capacity.rate
        if of.capacity.condition != self.condition or at is None:
            return None
        x = percent(self.x(at))
        upright = element("line", x1=x, x2=x, y1=PLOT.top, y2=PLOT.bottom, class_="axis")
        said = f"{three_digits(at)} [{bare(of.capacity.low)}, {bare(of.capacity.high)}]"
        place = PLOT.top - 8 - LEADING * (of.number // 2 % 2)
        return [upright, element("text", said, x=x, y=place, text_anchor="middle", class_="note")]

    def hits(self, shown: Sequence[Shown]) -> Iterator[Markup]:
        ordered = sorted(shown, key=lambda each: each[1].rate)
        places = [self.x(step.rate) for _, step, _ in ordered]
        for (of, step, kept), place, strip in zip(ordered, places, strips(places), strict=True):
            said = f"{share(kept.beyond, kept.requests)} of {kept.requests:,} requests"
            yield hit(strip, PLOT, place, [f"{brief(of.name, NAME)} {rate(step.rate)}".strip(), said])


def _ends(capacity: HighestRate) -> list[float]:
    return [end for end in (capacity.low, capacity.high) if end]
