"""The summary of an experiment for a terminal: the verdict first, then what it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from rich.console import RenderableType

from loadgen.report.found import Found
from loadgen.report.glance import Scale
from loadgen.report.page import BAD, DIM, GOOD, STRONG, WARN, add, heading, indented, labelled, line, table
from loadgen.report.words import UNKNOWN, brief, count, ms

VERDICTS = {"slower": BAD, "faster": GOOD, "equivalent": GOOD, "inconclusive": WARN, "none": WARN}
MARKS = "●▲■◆○△□◇"
LABEL, PLOT, WIDE = 24, 52, 26
BARS = "● p50 ━ to p99, log scale"
PARTS = {
    "dns": "dns", "connect": "connect", "tcp": "tcp", "tls": "tls", "wait": "wait for a connection",
    "service_new": "service on a new connection", "service_reused": "service on a reused one",
    "build": "client build", "ours": "ours (lag, sign, client delay)", "response": "response",
}  # fmt: skip


def experiment(result: Found) -> Iterator[RenderableType]:
    """All that the runs came to together; nothing for a result that is none."""
    about, comparison = result.get("experiment") or {}, result.get("comparison") or {}
    names = [str(variant.get("name")) for variant in result.get("variants") or []]
    yield from _head(about, names)
    yield from _verdicts(comparison)
    yield from _checks(comparison)
    yield from _figures(comparison)
    yield from _curves(comparison, names)
    yield from _parts(comparison)
    yield from _scaling(result.get("scaling") or [])
    yield from _runs(result)


def _head(about: Found, names: list[str]) -> Iterator[RenderableType]:
    rounds, looks = about.get("rounds") or 0, about.get("looks") or [0]
    planned = f" of {looks[-1]} planned" if looks[-1] != rounds else ""
    at_once = ", at the same time" if about.get("duet") else ", in turns"
    yield heading(
        f"{count(rounds)} round{'s' if rounds != 1 else ''}", (f"{planned} of {', '.join(names)}{at_once}", "")
    )


def _verdicts(comparison: Found) -> Iterator[RenderableType]:
    """A sentence for the primary figure of each variant."""
    for figure in comparison.get("figures") or []:
        if not figure.get("primary"):
            continue
        word = str(figure.get("verdict") or "none")
        if word == "none":
            yield labelled((f"no verdict on {figure['variant']}: ", WARN), _named(figure))
            continue
        more = (
            f"; a planned look after {count(figure['more_rounds'])} rounds more may tell"
            if figure.get("more_rounds")
            else ""
        )
        said = f"{_named(figure)} is {_times(figure)} that of {figure.get('baseline')}: {_difference(figure)}{more}"
        yield labelled((f"{figure['variant']} is {word}: ", VERDICTS.get(word, "")), said)


def _named(figure: Found) -> str:
    return " ".join(str(figure[key]) for key in ("phase", "step", "metric", "quantile") if figure.get(key))


def _times(figure: Found) -> str:
    return (
        f"{_ratio(figure.get('ratio'))} times [{_ratio(figure.get('ratio_low'))}, {_ratio(figure.get('ratio_high'))}]"
    )


def _difference(figure: Found) -> str:
    low, high = figure.get("difference_low"), figure.get("difference_high")
    return f"{_signed(figure.get('difference_ms'))} ms [{_signed(low)}, {_signed(high)}]"


def _ratio(value: Any) -> str:
    return UNKNOWN if value is None else f"{value:.3g}"


def _signed(value: Any) -> str:
    return UNKNOWN if value is None else f"{'+' if value >= 0 else '-'}{ms(abs(value))}"


def _checks(comparison: Found) -> Iterator[RenderableType]:
    """Why there is no verdict; and in one line what was looked at before one was given."""
    for why in comparison.get("why_not") or []:
        yield labelled(("no verdict: ", WARN), str(why))
    sound = [str(check.get("check")) for check in comparison.get("checks") or [] if check.get("ok")]
    if sound:
        yield line((f"looked at first: {', '.join(sound)}", DIM), indent=2)


def _figures(comparison: Found) -> Iterator[RenderableType]:
    def of(figure: Found) -> tuple[str, ...]:
        return tuple(str(figure.get(key) or "") for key in ("variant", "baseline", "phase", "step", "metric"))

    for (variant, baseline, phase, step, metric), group in groupby(comparison.get("figures") or [], of):
        yield heading(f"{variant} against {baseline}", (f"  {' '.join(filter(None, (phase, step, metric)))}, ms", DIM))
        made = table(
            ("", "left", 6), (brief(baseline, 10), "right", 8), (brief(variant, 14), "right", 8), ("ratio", "right", 6),
            ("95 %", "left", 14), ("difference", "right", 10), ("95 %", "left", 18), ("", "left", 12),
        )  # fmt: skip
        for figure in group:
            word = str(figure.get("verdict") or "none")
            add(
                made,
                (str(figure.get("quantile")), STRONG if figure.get("primary") else ""),
                ms(figure.get("baseline_ms")),
                ms(figure.get("variant_ms")),
                _ratio(figure.get("ratio")),
                f"[{_ratio(figure.get('ratio_low'))}, {_ratio(figure.get('ratio_high'))}]",
                _signed(figure.get("difference_ms")),
                f"[{_signed(figure.get('difference_low'))}, {_signed(figure.get('difference_high'))}]",
                ("" if word == "none" else word, VERDICTS.get(word, "")),
            )
        yield indented(made)


def _curves(comparison: Found, names: list[str]) -> Iterator[RenderableType]:
    """Each quantile as a line on which every variant has its mark: how far apart, and from where on."""

    def of(curve: Found) -> tuple[str, ...]:
        return tuple(str(curve.get(key) or "") for key in ("phase", "step", "metric"))

    curves = sorted(comparison.get("curves") or [], key=of)
    marks = {name: MARKS[number % len(MARKS)] for number, name in enumerate(names)}
    for what, group in groupby(curves, of):
        rows: dict[str, dict[str, float]] = {}
        for curve in group:
            for quantile, value, *_ in curve.get("points") or []:
                if value:
                    rows.setdefault(str(quantile), {})[str(curve["variant"])] = value
        every = [value for row in rows.values() for value in row.values()]
        if len(rows) < 2:
            continue
        legend = "  ".join(f"{mark} {name}" for name, mark in marks.items())
        yield heading(" ".join(filter(None, what)), (f"  ms, log scale   {legend}", DIM))
        scale = Scale(min(every), max(every), PLOT)
        made = table(("", "left", 6), (scale.ticks(), "left", PLOT))
        for quantile, row in rows.items():
            cells = [" "] * PLOT
            for name, value in row.items():
                at = scale.column(value)
                cells[at] = "*" if cells[at] != " " else marks.get(name, "·")
            add(made, quantile, "".join(cells))
        yield indented(made)


def _parts(comparison: Found) -> Iterator[RenderableType]:
    def of(part: Found) -> tuple[str, ...]:
        return tuple(str(part.get(key) or "") for key in ("variant", "baseline", "phase", "step"))

    for (variant, baseline, phase, step), group in groupby(comparison.get("parts") or [], of):
        yield heading("where it comes from", (f"  {' '.join(filter(None, (phase, step)))}, mean ms", DIM))
        right = ((title, "right", 10) for title in (brief(baseline, 14), brief(variant, 14), "difference"))
        made = table(("", "left", 32), *right)
        for part in group:
            name, values = str(part.get("part")), (part.get("baseline_ms"), part.get("variant_ms"))
            add(made, PARTS.get(name, name), *map(ms, values), _signed(part.get("difference_ms")))
        yield indented(made)


def _scaling(scaling: list[Found]) -> Iterator[RenderableType]:
    """Under scaling: by the axis, each series' p50 and p99, what rate was reached, and what failed."""

    def of(series: Found) -> tuple[str, ...]:
        return tuple(str(series.get(key) or "") for key in ("phase", "step", "metric"))

    for what, group in groupby(sorted(scaling, key=of), of):
        every = list(group)
        yield heading("under scaling", (f"  {' '.join(filter(None, what))}, ms", DIM))
        figures = (("reached", 9), ("failed", 7), ("p50", 7), ("p99", 7))
        right = ((title, "right", width) for title, width in figures)
        made = table(("", "left", 12), ("", "left", LABEL), *right, ("95 % of p99", "left", 16), (BARS, "left", WIDE))
        values = [v for s in every for p in s.get("points") or [] for v in (p.get("p50"), p.get("p99")) if v]
        scale = Scale(min(values), max(values), WIDE) if values else None
        keys = list(dict.fromkeys(str(point.get("at")) for series in every for point in series.get("points") or []))
        for key in keys:
            first = key
            for series in every:
                point = next((p for p in series.get("points") or [] if str(p.get("at")) == key), None)
                if point:
                    low, high = point.get("p99_low"), point.get("p99_high")
                    add(
                        made, first, brief(str(series.get("series") or ""), LABEL), f"{point.get('rate', 0):,.1f}/s",
                        f"{100 * (point.get('errors') or 0):.2g}%", ms(point.get("p50")), ms(point.get("p99")),
                        f"[{ms(low)}, {ms(high)}]" if low is not None else "", _bar(scale, point),
                    )  # fmt: skip
                    first = ""
        yield indented(made)


def _bar(scale: Scale | None, point: Found) -> str:
    p50, p99 = point.get("p50"), point.get("p99")
    if not scale or not p50 or not p99:
        return ""
    start, end = scale.column(p50), scale.column(p99)
    return " " * start + "●" + "━" * max(0, end - start)


def _runs(result: Found) -> Iterator[RenderableType]:
    yield heading("runs")
    figures = (("requests", 9), ("opened", 8), ("opened/request", 14), ("failed", 7))
    right = ((title, "right", width) for title, width in figures)
    made = table(("round", "right", 5), ("", "left", LABEL), ("", "left", 9), *right)
    rows = [(run, str(v.get("name"))) for v in result.get("variants") or [] for run in v.get("rounds") or []]
    for run, name in sorted(rows, key=lambda row: (row[0].get("round", 0), row[0].get("started", ""))):
        requests, connections = run.get("requests") or {}, run.get("connections") or {}
        sent = requests.get("sent") or 0
        bad = sum(number for word, number in (requests.get("outcomes") or {}).items() if word != "ok")
        opened = (connections.get("opened") or 0) - (connections.get("preopened") or 0)
        add(
            made, str(run.get("round")), brief(name, LABEL), str(run.get("trust")), count(sent), count(opened),
            f"{opened / sent:.2f}" if sent else UNKNOWN, count(bad),
        )  # fmt: skip
    yield indented(made)
