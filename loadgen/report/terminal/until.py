"""What `--until` came to: whether the figure is known as well as was asked, and after which of the planned looks."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from loadgen.report.navigate import Found
from loadgen.report.terminal.intervals import range_of
from loadgen.report.terminal.page import DIM, GOOD, WARN, Part, heading, labelled, line
from loadgen.report.words import brief, known, ms, seconds, share

SHOWN = 12  # steps


def until(found: Found) -> Iterator[RenderableType]:
    """Nothing for a run that was to end by its time alone."""
    if not found:
        return
    looks = found.get("looks") or []
    last: Found = looks[-1] if looks else {}
    after = f" after {seconds(last.get('after_s'))}" if last else ", and not looked at"
    word: Part = (f"reached{after}", GOOD) if found.get("reached") else (f"not reached{after}", WARN)
    planned = ", ".join(f"{at:,.0f}" for at in found.get("planned_s") or [])
    yield heading("until", (f"  {brief(str(found.get('text') or ''), 70)}: ", ""), word)
    figures = last.get("figures") or []
    for figure in figures[:SHOWN]:
        yield labelled(f"{brief(str(figure.get('step') or ''), 40)}  ", _figure(figure), indent=2)
    if len(figures) > SHOWN:
        yield line((f"{len(figures) - SHOWN} more: see --json", DIM), indent=2)
    confidence: float | None = last.get("confidence")
    sure = f"; this one's intervals are of {100 * confidence:.1f} %" if confidence else ""
    yield line((f"looks were planned after {planned} s, and share the doubt among them{sure}", DIM), indent=2)


def _figure(figure: Found) -> str:
    if figure.get("none"):
        value = f"{ms(figure['ms'])} ms, " if known(figure.get("ms")) else ""
        return f"{value}no interval: {figure['none']}"
    return f"{ms(figure.get('ms'))} ms {range_of(figure)}, within {share(figure.get('off') or 0.0, 1)}"
