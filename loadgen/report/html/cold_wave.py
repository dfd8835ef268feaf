"""A wave of cold starts in a picture: the share of cold answers and of throttled requests, second by second."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadgen.report.html.charts import LEADING, Panel, Point, drawing, figure, hit, key_of, line, stretched, strips
from loadgen.report.html.markup import Content, Markup
from loadgen.report.html.scales import Linear, Tick
from loadgen.report.html.tables import table
from loadgen.report.navigate import place
from loadgen.report.words import count, listed, ms, seconds, several, share
from loadgen.result.cold_wave import ColdWave, WaveSecond
from loadgen.result.run import Phase

PANEL = Panel(28, 130)
HEIGHT = PANEL.bottom + 2 * LEADING
LABELS = 7  # below the axis, at most
TEXT = (
    "By the second in which requests were due: cold starts as a share of the answers that tell whether they were one, "
    "and throttled requests as a share of all. In the table, “started” are the cold starts so far, “answered” the "
    "environments that answered so far, and “beyond before” the answers that took longer than the p99 before."
)


def chart(key: str, phase: Phase, wave: ColdWave) -> Markup:
    """The picture of a phase's wave, and a table with a row for each second."""
    title = f"Cold starts and throttles: {place(phase)}"
    legend = key_of([("bar c0", "cold, of the answers"), ("bar c1", "throttled, of the requests")])
    content = drawing(key, HEIGHT, *_drawn(wave.seconds))
    return figure(key, title, f"{TEXT}{_told(wave)}", content, _table(wave, title), legend)


def _told(wave: ColdWave) -> str:
    return f"{_answered(wave)}{_back(wave)}"


def _answered(wave: ColdWave) -> str:
    of = wave.answered
    if of is None:
        return ""
    least = "At least " if of.more else ""
    return f" {least}{several(of.environments, 'environment')} answered, {count(of.new)} of them new."


def _back(wave: ColdWave) -> str:
    of = wave.recovery
    if of is None or not of.beyond_s:
        return ""
    back = f"was back after {of.after_s:g} s" if of.after_s is not None else "was not back when the phase ended"
    return f" The p99 {back} in its interval of {of.before}, {ms(of.low_ms)} to {ms(of.high_ms)} ms."


def _cold(of: WaveSecond) -> float:
    return of.cold / of.told if of.told else 0.0


def _throttled(of: WaveSecond) -> float:
    return sum(of.throttled.values()) / of.sent if of.sent else 0.0


def _drawn(every: Sequence[WaveSecond]) -> Iterator[Content]:
    scale = Linear.over(100 * value(of) for value in (_cold, _throttled) for of in every)
    middles = [(number + 0.5) / len(every) for number in range(len(every))]
    ticks, step = scale.ticks(), -(-len(every) // LABELS)
    yield [PANEL.labels(ticks, "%"), PANEL.grid(ticks)]
    yield PANEL.below([Tick(middles[n], seconds(every[n].at_s)) for n in range(0, len(every), step)])

    def points(values: Sequence[float]) -> list[Point]:
        """Each second from its beginning to its end, so that a wave of one second can be seen."""
        heights = [PANEL.y(scale.at(100 * value)) for value in values]
        return [((number + end) / len(every), y) for number, y in enumerate(heights) for end in (0, 1)]

    yield stretched(HEIGHT, line(points([*map(_cold, every)]), "c0"), line(points([*map(_throttled, every)]), "c1"))
    for of, at, strip in zip(every, middles, strips(middles), strict=True):
        yield hit(strip, PANEL, at, [f"{_when(of)}: {share(_cold(of), 1)} cold, {share(_throttled(of), 1)} throttled"])


def _when(of: WaveSecond) -> str:
    return f"{count(of.at_s)} to {count(of.at_s + 1)} s"


def _table(wave: ColdWave, title: str) -> Markup:
    """`answered` is shown where answers tell their environment."""
    titles = ("due", "requests", "answers", "cold", "share", "started", "answered", "throttled", "beyond before")
    rows = [
        (_when(of), count(of.sent), count(of.told), count(of.cold), share(_cold(of), 1), count(of.environments),
         count(of.answered), listed(of.throttled) or "0", count(of.beyond))
        for of in wave.seconds
    ]  # fmt: skip
    shown = [at for at, name in enumerate(titles) if wave.answered or name != "answered"]
    return table([titles[at] for at in shown], [[row[at] for at in shown] for row in rows], title)
