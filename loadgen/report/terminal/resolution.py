"""Which differences the machine of a run cannot tell, and which of its figures are too small for it."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from loadgen.report.navigate import every_step, place
from loadgen.report.resolution import SHOWN, machine, too_fast
from loadgen.report.senders import senders
from loadgen.report.terminal.page import DIM, WARN, labelled, line
from loadgen.report.words import brief, several
from loadgen.result.latency import Latency
from loadgen.result.resolution import Resolution
from loadgen.result.run import RunResult

NOTES = 3  # steps that are named


def resolution(result: RunResult) -> Iterator[RenderableType]:
    """A line for the machine, and a note for each step that is too fast for it. None if it was not measured."""
    measured = result.resolution
    if measured is None or measured.source == "assumed":
        return
    by = senders(result).all
    yield line((f"{by}: {machine(measured)}", DIM), indent=2)
    phases = [phase for phase in result.variant.phases if phase.measured]
    notes = [
        (f"{place(phase)} {label}", note)
        for phase, label, step in every_step(phases)
        if (latency := step.latency(phase.headline)) and (note := _too_fast(latency, measured, by))
    ]
    for where, note in notes[:NOTES]:
        yield labelled(("note: ", WARN), f"{brief(where, 44)}: {note}", indent=2)
    if len(notes) > NOTES:
        more = several(len(notes) - NOTES, "more step")
        yield labelled(("note: ", WARN), f"{more} too fast for {by}: see --json", indent=2)


def _too_fast(latency: Latency, measured: Resolution, by: str) -> str:
    """Empty if no figure is."""
    values = {name: value for name in SHOWN if (value := latency.quantile(name).value) is not None}
    fast = [name for name, value in values.items() if measured.hides(name, value)]
    return too_fast(fast, [name for name in values if name not in fast], measured, by) if fast else ""
