"""One case, its rounds in turn: A B C, A B C; medians and ranges, and ratios of runs that were neighbours."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from bench.cases import Case
from bench.measure import Failed, started
from bench.processes import Cores
from bench.servers import Nginx
from bench.tools import CannotSay, Load, Tool

HELD = 0.98  # of the rate that was asked for


class Spread(NamedTuple):
    """A figure over the rounds."""

    median: float
    low: float
    high: float


@dataclass(slots=True)
class Rounds:
    """What became of one tool: a dictionary of figures a round, empty where it failed, and what a reader must know."""

    figures: list[dict[str, float]] = field(default_factory=list)
    reported: list[dict[str, float]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def spread(self, key: str) -> Spread | None:
        values = [figures[key] for figures in self.figures if key in figures]
        return Spread(median(values), min(values), max(values)) if values else None


@dataclass(slots=True)
class Comparison:
    """A case that was carried out; `absent` says why a tool has no figures."""

    case: Case
    load: Load
    rounds: dict[str, Rounds] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)

    def notes(self) -> list[str]:
        """What the figures alone do not tell."""
        notes = [f"{name}: {why}" for name, why in self.absent.items()]
        for name, rounds in self.rounds.items():
            seen = sorted(set(rounds.remarks))
            notes += [f"{name}: {remark} ({rounds.remarks.count(remark)} of {len(rounds.figures)})" for remark in seen]
            rate = rounds.spread("requests_s")
            if self.load.rate and rate and rate.median < HELD * self.load.rate:
                notes.append(f"{name}: did not hold {self.load.rate:,}/s; its times are not those of that load")
        return notes

    def as_json(self) -> dict[str, Any]:
        case, load = self.case, self.load
        asked = {"connections": load.connections, "seconds": load.seconds, "rate": load.rate, "reuse": load.reuse}
        tools = {}
        for name, rounds in self.rounds.items():
            keys = sorted({key for figures in rounds.figures for key in figures})
            spreads = {key: spread._asdict() for key in keys if (spread := rounds.spread(key))}
            tools[name] = {"spread": spreads, "rounds": rounds.figures, "reported": rounds.reported}
        return {"case": case.name, "aim": case.aim, "load": asked, "tools": tools, "notes": self.notes()}


def compare(
    case: Case,
    tools: list[Tool],
    server: Nginx,
    cores: Cores,
    load: Load,
    rounds: int,
    say: Callable[[str], None],
    alternate: bool = False,
) -> Comparison:
    """Carry `case` out with those of `tools` that can, and tell `say` what is being done. With `alternate` every second
    round has them in reverse, so that none of them is always the first."""
    result = Comparison(case, load)
    tools = [tool for tool in tools if _usable(tool, load, result)]
    for number in range(rounds):
        for tool in reversed(tools) if alternate and number % 2 else tools:
            figures = _one(tool, case, load, server, cores, result.rounds[tool.name])
            done = ", ".join(f"{c.title} {figures[c.key]:{c.form}}" for c in case.columns if c.key in figures)
            say(f"{case.name} {number + 1}/{rounds} {tool.name}: {done or 'failed'}")
        hold_against_baseline(result)
    return result


def _usable(tool: Tool, load: Load, result: Comparison) -> bool:
    try:
        tool.command(load, Path(load.ca).parent)
        if tool.program:
            result.rounds[tool.name] = Rounds()
            return True
        result.absent[tool.name] = "is not installed here"
    except CannotSay as why:
        result.absent[tool.name] = str(why)
    return False


def _one(tool: Tool, case: Case, load: Load, server: Nginx, cores: Cores, rounds: Rounds) -> dict[str, float]:
    figures: dict[str, float] = {}
    reported: dict[str, float] = {}
    try:
        with tempfile.TemporaryDirectory() as folder, started(tool, load, server, cores, Path(folder)) as run:
            seen = case.observe(run, load)
            report = run.end()
        # what is seen from outside comes first: it is alike for all
        reported, figures = report.figures, report.figures | seen
        rounds.remarks += [report.remark] if report.remark else []
        rounds.remarks += ["requests failed"] if reported.get("failed") else []
    except Failed as error:
        rounds.remarks.append(f"failed: {error}")
    rounds.figures.append(figures)
    rounds.reported.append(reported)
    return figures


def hold_against_baseline(result: Comparison) -> None:
    """The last round's ratios: of runs that were neighbours, so that a slow minute is in both."""
    key, baseline = result.case.ratio, result.rounds.get(result.case.baseline)
    if baseline is None or not (base := baseline.figures[-1].get(key)):
        return
    for rounds in result.rounds.values():
        if key in rounds.figures[-1]:
            rounds.figures[-1]["ratio"] = rounds.figures[-1][key] / base
