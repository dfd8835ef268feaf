"""Two loadgens, each installed in a venv of its own, under the same loads in turns: what became of its speed."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.cases import CASES, CPU, CPU_KERNEL, CPU_USER, LAG, P50, P99, REQUESTS, Case, Column
from bench.comparison import Comparison, Rounds, Spread, disturbed
from bench.table import cell, lined, remarks
from bench.tools import Loadgen

COMPARED = ("closed-http", "open-20k")
ROUNDS = 15
FIGURES = tuple(replace(column, ranged=True) for column in (CPU, CPU_USER, CPU_KERNEL, REQUESTS, P50, P99, LAG))
WHERE = "import loadgen; print(loadgen.__version__, loadgen.__file__)"


class Installed(NamedTuple):
    """A loadgen as an interpreter finds it."""

    version: str
    file: str


class Tree(Loadgen):
    """The loadgen that is installed for `python`. `name` says which of the two it is."""

    def __init__(self, name: str, python: Path) -> None:
        self.name = name
        self.python = self.needs = str(python)

    def installed(self, cwd: Path) -> Installed:
        """Raises RuntimeError if it is not installed there. `cwd` is any folder: it is not looked into."""
        command = [self.python, "-P", "-c", WHERE]
        done = subprocess.run(command, capture_output=True, text=True, cwd=cwd)
        version, _, file = done.stdout.strip().partition(" ")
        if done.returncode or not file:
            raise RuntimeError(f"{self.python} has no loadgen: {done.stderr.strip()[-300:]}")
        return Installed(version, file)


def trees(new: Path, old: Path) -> list[Tree]:
    """Of two interpreters."""
    return [Tree("new", new), Tree("old", old)]


def cases() -> list[Case]:
    """With the figures that two trees are compared by."""
    return [replace(case, columns=FIGURES, ratio="", aim="") for case in CASES if case.name in COMPARED]


def heading(new: Installed, old: Installed) -> str:
    """Raises RuntimeError if both are one and the same."""
    if new.file == old.file:
        raise RuntimeError(f"both are the loadgen of {new.file}: one of them must be another")
    return f"new: {new.version}, {new.file}\nold: {old.version}, {old.file}\n"


def ratios(new: Rounds, old: Rounds, key: str) -> Spread | None:
    """new / old of each round in which both have the figure: of runs that were neighbours. Rounds beside other work do
    not count, unless all were."""
    pairs = list(zip(new.figures, old.figures, strict=False))
    pairs = [pair for pair in pairs if not any(map(disturbed, pair))] or pairs
    found = [ours[key] / theirs[key] for ours, theirs in pairs if key in ours and theirs.get(key)]
    return Spread(median(found), min(found), max(found)) if found else None


def report(comparison: Comparison) -> str:
    """A row for each figure: the median of each of the two with its range, and that of the ratios."""
    case, (new, old) = comparison.case, comparison.rounds.values()
    ours, theirs = (row.tool for row in comparison.rounds)
    ratio = Column("", "", ".3f")
    rows = [
        [
            column.title,
            cell(old.spread(column.key), column),
            cell(new.spread(column.key), column),
            cell(ratios(new, old, column.key), ratio),
        ]
        for column in case.columns
        if new.spread(column.key) or old.spread(column.key)
    ]
    both = f"{ours} / {theirs}"
    rounds = f"{len(new.figures)} rounds in turns; medians (lowest to highest), the last of each round's {both}."
    return f"## {case.name}\n\n{rounds}\n\n{lined(['', theirs, ours, both], rows)}\n{remarks(comparison)}"


def as_json(comparison: Comparison) -> dict[str, object]:
    new, old = comparison.rounds.values()
    found = {column.key: ratios(new, old, column.key) for column in comparison.case.columns}
    return comparison.as_json() | {"ratios": {key: spread._asdict() for key, spread in found.items() if spread}}
