"""How many connections there were, and the cost of a new one compared with a reused one."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from loadgen.report.navigate import every_step, place
from loadgen.report.terminal.latency import Footnotes
from loadgen.report.terminal.page import add, heading, indented, line, table
from loadgen.report.terminal.parts import pair
from loadgen.report.words import UNKNOWN, brief, count, several
from loadgen.result.latency import Latency
from loadgen.result.run import ByConnection, Phase, RunVariant, Step

LABEL = 24  # characters
KINDS = ("new", "resumed", "reused")


def connections(variant: RunVariant, notes: Footnotes) -> Iterator[RenderableType]:
    """The counts, and for each step that opened connections what they cost."""
    total = variant.connections
    counts = (
        (total.preopened, "of them before the load"),
        (total.resumed, "with a resumed TLS session"),
        (total.failed, "could not be opened"),
        (total.closed_idle, "closed by the target while idle, and replaced"),
    )
    said = [f"{count(number)} {text}" for number, text in counts if number]
    said += [f"at most {count(total.peak)} at once"] if total.peak else []
    yield heading("connections")
    reused = f"{several(total.reused, 'request')} on a reused one"
    yield line(", ".join([f"{count(total.opened)} opened", *said, reused]), indent=2)
    rows = [row for row in every_step(variant.phases) if _any(row[2].latency("connect"))]
    if rows:
        yield indented(_costs(rows, notes))


def _any(latency: Latency | None) -> bool:
    return latency is not None and latency.count > 0


def _costs(rows: list[tuple[Phase, str, Step]], notes: Footnotes) -> RenderableType:
    kinds = [kind for kind in KINDS if any(kind in step.by_connection for _, _, step in rows)]
    pieces = [part for part in ("dns", "tcp", "tls") if any(_any(step.latency(part)) for _, _, step in rows)]
    titles = [(f"service, {kind}", "right", 17) for kind in kinds] + [(part, "right", 10) for part in pieces]
    made = table(("requests: p50/p99, ms", "left", 21), *titles)
    for phase, label, step in rows:
        services = [_service(step.by_connection.get(kind), notes) for kind in kinds]
        handshakes = [pair(step.latency(part), notes) for part in pieces]
        add(made, f"{place(phase)} {brief(label, LABEL)}", *services, *handshakes)
    return made


def _service(on: ByConnection | None, notes: Footnotes) -> str:
    return f"{count(on.count)}: {pair(on.service, notes)}" if on else UNKNOWN
