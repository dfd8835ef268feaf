"""One case, its rounds in turn: A B C, C B A; medians and ranges, and ratios of runs that were neighbours."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from bench.capture import Capture, allowed
from bench.capture import figures as wire
from bench.cases import Case
from bench.measure import Failed, started
from bench.processes import Cores
from bench.servers import Nginx
from bench.tools import CannotSay, Load, Tool

HELD = 0.98  # of the rate that was asked for
DISTURBED = 0.15  # of the time, in which the server had to wait for its core: such a run does not count


class Spread(NamedTuple):
    """A figure over the rounds."""

    median: float
    low: float
    high: float


@dataclass(slots=True)
class Rounds:
    """What became of one tool at one point: a dictionary of figures a round, empty where it failed, and what a reader
    must know."""

    figures: list[dict[str, float]] = field(default_factory=list)
    reported: list[dict[str, float]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def undisturbed(self) -> list[dict[str, float]]:
        """What counts: the figures of runs beside which there was no other work; of all, if there was in each."""
        return [figures for figures in self.figures if figures and not disturbed(figures)] or self.figures

    def spread(self, key: str) -> Spread | None:
        values = [figures[key] for figures in self.undisturbed if key in figures]
        return Spread(median(values), min(values), max(values)) if values else None

    def told(self) -> str:
        """Each remark once, with how many rounds it is of."""
        remarks, beside = Counter(self.remarks), sum(map(disturbed, self.figures))
        if beside:
            counts = "counts all the same" if self.undisturbed is self.figures else "does not count"
            remarks[f"ran beside other work and {counts}"] = beside
        return "; ".join(f"{one} ({n} of {len(self.figures)})" for one, n in remarks.most_common())


def disturbed(figures: dict[str, float]) -> bool:
    return figures.get("server_waited", 0.0) > DISTURBED


class Row(NamedTuple):
    """`point` is empty in a case that varies nothing."""

    point: str
    tool: str


@dataclass(slots=True)
class Comparison:
    """A case that was carried out, with the load of each point; `absent` says why a tool has no figures."""

    case: Case
    loads: dict[str, Load]
    rounds: dict[Row, Rounds] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)

    def notes(self) -> list[str]:
        """What the figures alone do not tell."""
        notes = [f"{name}: {why}" for name, why in self.absent.items()]
        alike: dict[tuple[str, str], list[str]] = {}  # the points at which the same is said of a tool
        for row, rounds in self.rounds.items():
            said = [told] if (told := rounds.told()) else []
            asked, rate = self.loads[row.point].rate, rounds.spread("requests_s")
            if asked and rate and rate.median < HELD * asked:
                said.append("did not hold the rate; its times are not those of that load")
            for one in said:
                alike.setdefault((row.tool, one), []).append(row.point)
        return notes + [f"{tool}{_at(points)}: {one}" for (tool, one), points in alike.items()]

    def as_json(self) -> dict[str, Any]:
        rows = []
        for row, rounds in self.rounds.items():
            keys = sorted({key for figures in rounds.figures for key in figures})
            spreads = {key: spread._asdict() for key in keys if (spread := rounds.spread(key))}
            rows.append({**row._asdict(), "spread": spreads, **asdict(rounds)})
        loads = {point: {**asdict(load), "ca": str(load.ca)} for point, load in self.loads.items()}
        asked = {"case": self.case.name, "aim": self.case.aim, "loads": loads}
        return {**asked, "rows": rows, "absent": self.absent, "notes": self.notes()}


def _at(points: list[str]) -> str:
    return f" at {'; '.join(points)}" if any(points) else ""


def of_json(told: dict[str, Any], case: Case) -> Comparison:
    """What `as_json` wrote of `case`."""
    loads = {point: Load(**{**load, "ca": Path(load["ca"])}) for point, load in told["loads"].items()}
    rounds = {
        Row(row["point"], row["tool"]): Rounds(row["figures"], row["reported"], row["remarks"]) for row in told["rows"]
    }
    return Comparison(case, loads, rounds, told["absent"])


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is measured, and whom to tell of what is being done; whether a packet capture may look on."""

    server: Nginx
    cores: Cores
    say: Callable[[str], None]
    capture: bool


def compare(
    case: Case,
    tools: list[Tool],
    place: Place,
    loads: dict[str, Load],
    rounds: int,
) -> Comparison:
    """Carry `case` out with those of `tools` that can, at each point of `loads`. Every second round has all in reverse,
    so that none of them is always the first."""
    result = Comparison(case, loads)
    looked_on = case.captured and place.capture
    if looked_on and not allowed():
        result.absent["packet capture"] = "takes root, or CAP_NET_RAW"
        looked_on = False
    there = [tool for tool in tools if _usable(tool, loads, result)]
    turns = [(Row(point, tool.name), tool, load) for point, load in loads.items() for tool in there]
    for number in range(rounds):
        for row, tool, load in reversed(turns) if number % 2 else turns:
            figures = _one(tool, case, load, place, looked_on, result.rounds.setdefault(row, Rounds()))
            done = ", ".join(f"{c.title} {figures[c.key]:{c.form}}" for c in case.columns if c.key in figures)
            place.say(f"{case.name} {number + 1}/{rounds} {tool.name}{_at([row.point])}: {done or 'failed'}")
        hold_against_baseline(result)
    # the rows stand as the points and tools do, whoever was first
    result.rounds = {row: result.rounds[row] for row, _, _ in turns}
    return result


def _usable(tool: Tool, loads: dict[str, Load], result: Comparison) -> bool:
    try:
        for load in loads.values():
            tool.command(load, Path(load.ca).parent)
        if tool.program:
            return True
        result.absent[tool.name] = "is not installed here"
    except CannotSay as why:
        result.absent[tool.name] = str(why)
    return False


def _one(tool: Tool, case: Case, load: Load, place: Place, captured: bool, rounds: Rounds) -> dict[str, float]:
    figures: dict[str, float] = {}
    reported: dict[str, float] = {}
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            _capture(load) if captured else nullcontext() as capture,
            started(tool, load, place.server, place.cores, Path(folder)) as run,
        ):
            seen = case.observe(run, load)
            report = run.end()
        if capture:
            seen |= wire(capture.exchanges(), load.rate or 1)
            rounds.remarks += ["the capture had no room for all packets"] if capture.lost else []
        # what is seen from outside comes first: it is alike for all
        reported, figures = report.figures, report.figures | seen
        rounds.remarks += report.remarks
        rounds.remarks += ["requests failed"] if reported.get("failed") else []
    except Failed as error:
        rounds.remarks.append(f"failed: {error}")
    rounds.figures.append(figures)
    rounds.reported.append(reported)
    return figures


def _capture(load: Load) -> Capture:
    """With room for two packets a request, and for a tool that sends too many."""
    return Capture(urlsplit(load.url).port or 0, 3 * (load.rate or 0) * (load.seconds + 1))


def hold_against_baseline(result: Comparison) -> None:
    """The last round's ratios: of runs that were neighbours, so that a slow minute is in both."""
    key = result.case.ratio
    for row, rounds in result.rounds.items():
        baseline = result.rounds.get(Row(row.point, result.case.baseline))
        base = baseline.figures[-1].get(key) if baseline else None
        if base and key in rounds.figures[-1]:
            rounds.figures[-1]["ratio"] = rounds.figures[-1][key] / base
