"""Whose time it was: a bar for each row, as long as its time, divided up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loadgen.report.html.charts import LEADING, Panel, drawing, figure, key_of
from loadgen.report.html.markup import Content, Markup, element, percent
from loadgen.report.html.scales import Linear
from loadgen.report.html.tables import table
from loadgen.report.words import ms, share
from loadgen.result.run import Attribution

ROW = 38  # pixels
OWNERS = {
    "target": "target and network",
    "connect": "making a connection",
    "wait": "waiting for a connection",
    "build": "SDK client",
    "held": "held back by retries",
    "handshake": "handshakes, on this side",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """`of` is what is divided up: `p99` or `mean`."""

    name: str
    of: str
    whose: Attribution


def chart(key: str, title: str, text: Content, bars: Sequence[Bar], tabled: Sequence[Bar], by: str) -> Markup:
    """The bars one below the other, each below its name; `tabled` are those of the table. `by` is what the report calls
    the machines that sent the load."""
    owners = OWNERS | {"own": by}
    panel = Panel(8, ROW * len(bars))
    scale = Linear.over(bar.whose.value for bar in bars)
    ticks = scale.ticks()
    rows = [_row(bar, owners, scale, panel.top + ROW * at) for at, bar in enumerate(bars)]
    drawn = drawing(
        key, panel.bottom + 2 * LEADING, panel.uprights(ticks), panel.grid(()), panel.below(ticks), rows, wide=True
    )
    return figure(key, title, text, drawn, _table(tabled, owners, title), key_of(_entries(bars, owners)))


def _shown(bars: Sequence[Bar], owners: Mapping[str, str]) -> list[str]:
    return [part for part in owners if any(getattr(bar.whose, part) for bar in bars)]


def _entries(bars: Sequence[Bar], owners: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(f"o-{part}", owners[part]) for part in _shown(bars, owners)]


def _row(bar: Bar, owners: Mapping[str, str], scale: Linear, top: int) -> Markup:
    drawn, reached = [], 0.0
    for part, name in owners.items():
        time = max(0.0, getattr(bar.whose, part))
        start, reached = scale.at(reached), reached + time
        if time:
            title = element("title", f"{name}: {ms(time)} of {ms(bar.whose.value)} ms, {share(time, bar.whose.value)}")
            width = percent(scale.at(reached) - start)
            drawn.append(
                element("rect", title, x=percent(start), y=top + 19, width=width, height=14, class_=f"o-{part}")
            )
    name = f"{bar.name} · {bar.of} {ms(bar.whose.value)} ms"
    return element("g", element("text", name, x=0, y=top + 13, class_="name"), drawn)


def _table(bars: Sequence[Bar], owners: Mapping[str, str], title: str) -> Markup:
    shown = _shown(bars, owners)
    rows = [(bar.name, bar.of, ms(bar.whose.value), *(_cell(bar.whose, part) for part in shown)) for bar in bars]
    return table(("", "of", "ms", *(owners[part] for part in shown)), rows, title, words=(1,))


def _cell(whose: Attribution, part: str) -> str:
    return f"{'≥ ' if part == 'own' and whose.own_at_least else ''}{ms(getattr(whose, part))}"
