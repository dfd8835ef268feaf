"""The machines that shared a load, in rows of words."""

from __future__ import annotations

from collections.abc import Iterator

from loadgen.report.words import brief, count, ms, several
from loadgen.result.run import MachineFigure, Machines, OfMachine

NAME = 24

Row = tuple[OfMachine, MachineFigure | None]


def title(of: Machines) -> str:
    """`3 of 4 machines, to begin at 2026-01-31T12:00:00Z; at most 0.4 ms apart`."""
    apart = "" if of.starts_apart_ms is None else f"; at most {ms(of.starts_apart_ms)} ms apart"
    return f"{count(len(of.machines))} of {several(of.of, 'machine')}, to begin at {of.start_at}{apart}"


def rows(of: Machines) -> Iterator[Row]:
    """A row for each figure, those of a step together; and one for a machine that has none."""
    figures = [(machine, figure) for machine in of.machines for figure in machine.figures]
    places = list(dict.fromkeys(_place(figure) for _, figure in figures))
    yield from sorted(figures, key=lambda row: (places.index(_place(row[1])), row[0].index))
    yield from ((machine, None) for machine in of.machines if not machine.figures)


def named(row: Row) -> tuple[str, str, str, str, str]:
    """Its step, machine, verdict and requests, and `differs` if it does."""
    machine, figure = row
    verdict = machine.verdict if machine.complete and not machine.interrupted else "CUT SHORT"
    if figure is None:
        return "", str(machine.index), verdict, count(machine.requests.sent), ""
    cycle = f" {figure.cycle}" if figure.cycle > 1 else ""
    place, requests = brief(f"{figure.phase}{cycle} {figure.step}", NAME), count(figure.latency.count)
    return place, str(machine.index), verdict, requests, "differs" if figure.odd else ""


def _place(of: MachineFigure) -> tuple[str, int, str, str]:
    return of.phase, of.cycle, of.scenario, of.step
