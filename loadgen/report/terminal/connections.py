"""How many connections there were, and what a new one cost beside a reused one."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from loadgen.report.navigate import Found, every_step, metric, place
from loadgen.report.terminal.latency import Footnotes
from loadgen.report.terminal.page import add, heading, indented, line, table
from loadgen.report.terminal.parts import pair
from loadgen.report.words import UNKNOWN, brief, count

LABEL = 24  # characters
KINDS = ("new", "resumed", "reused")
TOLD = (
    ("preopened", "{} of them before the load"),
    ("resumed", "{} with a resumed TLS session"),
    ("failed", "{} could not be opened"),
    ("closed_idle", "{} closed by the target while idle, and replaced"),
    ("peak", "at most {} at once"),
)


def connections(variant: Found, notes: Footnotes) -> Iterator[RenderableType]:
    """The counts, and for each step that opened connections what they cost."""
    total = variant.get("connections") or {}
    said = [text.format(count(total[name])) for name, text in TOLD if total.get(name)]
    reused = f"{count(total.get('reused') or 0)} requests on a reused one"
    yield heading("connections")
    yield line(", ".join([f"{count(total.get('opened') or 0)} opened", *said, reused]), indent=2)
    rows = [row for row in every_step(variant.get("phases") or []) if metric(row[2], "connect").get("count")]
    if rows:
        yield indented(_costs(rows, notes))


def _costs(rows: list[tuple[Found, str, Found]], notes: Footnotes) -> RenderableType:
    kinds = [kind for kind in KINDS if any(_of(step, kind) for _, _, step in rows)]
    pieces = [part for part in ("dns", "tcp", "tls") if any(metric(step, part).get("count") for _, _, step in rows)]
    titles = [(f"service, {kind}", "right", 17) for kind in kinds] + [(part, "right", 10) for part in pieces]
    made = table(("requests: p50/p99, ms", "left", 21), *titles)
    for phase, label, step in rows:
        services = [_service(_of(step, kind), notes) for kind in kinds]
        handshakes = [pair(metric(step, part), notes) for part in pieces]
        add(made, f"{place(phase)} {brief(label, LABEL)}", *services, *handshakes)
    return made


def _of(step: Found, kind: str) -> Found:
    return (step.get("by_connection") or {}).get(kind) or {}


def _service(found: Found, notes: Footnotes) -> str:
    if not found.get("count"):
        return UNKNOWN
    return f"{count(found['count'])}: {pair(found.get('service') or {}, notes)}"
