"""What each tool says beside what happened, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.stall.tools import ABSENT, Entry
from bench.stall.truth import Figures, Log, figures
from bench.table import lined
from bench.tools import Reported
from loadgen.clock import SECOND

KEYS = ("p50_ms", "p95_ms", "p99_ms", "max_ms")
TITLES = ("p50", "p95", "p99", "max")
WITHIN, BESIDE = 0.05, 1.0  # of each other and ms: what counts as agreement


@dataclass(frozen=True, slots=True)
class Row:
    """One tool's run: what it said, what the server's log says, and why it says nothing if it failed."""

    entry: Entry
    connections: int
    told: Reported
    log: Log
    why: str = ""

    @property
    def remark(self) -> str:
        return self.why or "; ".join(self.told.remarks)

    def summary(self) -> str:
        said = ", ".join(f"{key} {value:,.1f}" for key, value in self.told.figures.items())
        return f"{said or self.why}; the server had {len(self.log.received):,} requests, held {self.log.held:,}"

    def as_json(self) -> dict[str, Any]:
        seen = figures(self.log.times)._asdict() if self.log.answered else {}
        asked = {"tool": self.entry.name, "asked": self.entry.asked, "connections": self.connections}
        server = {"requests": len(self.log.received), "held": self.log.held, "connections": self.log.connections}
        return {**asked, "reported": self.told.figures, "server": {**server, **seen}, "remark": self.remark}

    def notes(self) -> Iterator[str]:
        name = f"{self.entry.name} ({self.entry.asked})"
        if self.remark:
            yield f"{name}: {self.remark}"
        if failed := self.told.figures.get("failed"):
            yield f"{name}: {failed:,.0f} failed, as it says"


def stalled(rows: Sequence[Row], rate: int, seconds: int) -> str:
    """The truth first: users who came on the schedule."""
    each = [figures(row.log.users(rate, seconds)) for row in rows if row.log.answered]
    truth = Figures(*(median(values) for values in zip(*each, strict=True)))
    held = round(rate * (rows[0].log.stall[1] - rows[0].log.stall[0]) / SECOND)
    lines = [["**users on the schedule**", "", f"{rate * seconds:,}", f"{held:,}", *(_ms(v) for v in truth)]]
    for row in rows:
        said = [_ms(row.told.figures.get(key)) for key in KEYS]
        counted = [f"{len(row.log.received):,}", f"{row.log.held:,}"]
        lines.append([row.entry.name, f"{row.entry.asked}", *counted, *said])
    return _page(["", "asked for", "sent", "held up", *TITLES], lines, rows, [ABSENT])


def agreement(rounds: Sequence[Sequence[Row]], rate: int) -> str:
    """Where nothing stalls: the tools' own times beside the server's, and beside loadgen's service times of the same
    round, which come first. Medians over the rounds."""
    lines = []
    for rows in zip(*rounds, strict=True):
        pairs = [_pairs(rows, [each[0] for each in rounds], key) for key in ("p50_ms", "p99_ms")]
        seen = [figures(row.log.times) for row in rows if row.log.answered]
        server = [[of.p50 for of in seen], [of.p99 for of in seen]]
        sent = f"{median(len(row.log.received) for row in rows):,.0f}"
        cells = [_middle(values) for values in (*server, *([own for own, _ in each] for each in pairs))]
        near = " / ".join(_agree(each) for each in pairs)
        lines.append([rows[0].entry.name, rows[0].entry.asked, sent, *cells, near])
    titles = ["", "asked for", "sent", "server's p50", "server's p99", "p50", "p99", "agrees at p50 / p99"]
    return _page(titles, lines, [row for rows in rounds for row in rows], [])


def _pairs(rows: Sequence[Row], base: Sequence[Row], key: str) -> list[tuple[float, float]]:
    """What a tool says of the target alone (loadgen its service time, others the only time that they have), and what
    loadgen says, of each round in which both say it."""
    service = f"service_{key}"
    said = ((row.told.figures.get(service, row.told.figures.get(key)), of) for row, of in zip(rows, base, strict=True))
    return [(own, of.told.figures[service]) for own, of in said if own is not None and service in of.told.figures]


def _middle(values: Sequence[float]) -> str:
    return _ms(median(values) if values else None)


def _agree(pairs: Sequence[tuple[float, float]]) -> str:
    if not pairs:
        return "-"
    apart, base = median(a - b for a, b in pairs), median(b for _, b in pairs)
    return "yes" if abs(apart) <= WITHIN * base + BESIDE else f"no ({apart:+.1f})"


def _page(titles: Sequence[str], lines: Sequence[Sequence[str]], rows: Sequence[Row], more: Sequence[str]) -> str:
    notes = dict.fromkeys(note for row in rows for note in row.notes())
    return f"Times in ms.\n\n{lined(titles, lines)}\n" + "".join(f"- {note}\n" for note in [*notes, *more])


def _ms(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"
