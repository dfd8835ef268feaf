"""loadgen on a node of Ray, beside loadgen without, under the same loads in turns: what carrying costs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bench.cases import CASES, CPU, LAG, P50, P99, REQUESTS, Case, Column
from bench.tools import Load, Loadgen

COMPARED = ("open-2k", "open-20k")
WORKER = Column("worker_us", "of it the worker", ".1f")
FIGURES = (REQUESTS, LAG, P50, P99, CPU, WORKER)


class Alone(Loadgen):
    name = "alone"


class OnRay(Loadgen):
    """Its processes are those of Ray too, of which one starts the worker. All of them are where the parent is, but for
    the worker."""

    name = "on Ray"

    def command(self, load: Load, folder: Path) -> list[str]:
        return [*super().command(load, folder), "--on", "ray"]


def tools() -> list[Loadgen]:
    return [OnRay(), Alone()]


def cases() -> list[Case]:
    return [replace(case, columns=FIGURES, ratio="", aim="") for case in CASES if case.name in COMPARED]
