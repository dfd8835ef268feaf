"""Latency figures as table cells, and the footnotes that say why one is missing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from loadgen.report.words import UNKNOWN, count, known, ms

PERCENTILES = ("p50", "p90", "p95", "p99", "p99.9", "max")
NOTES = 12  # that are printed; the others are in the JSON
_STATISTIC = re.compile(r"p[0-9.]+|max|min|mean|count")
_CENSORED = re.compile(r"> ?([0-9][0-9,.]*) ?(ms|s)\b")

Latency = Mapping[str, Any]


class Footnotes:
    """Collects why figures are missing, so that each reason is printed once."""

    def __init__(self) -> None:
        self._marks: dict[str, str] = {}
        self._remarks: dict[str, None] = {}
        self._censored = False

    def cell(self, latency: Latency | None, statistic: str) -> str:
        """The figure in ms; `>2,000` if it is only known to be longer; else the mark of the note that says why not."""
        value = (latency or {}).get(statistic)
        if known(value):
            return ms(value)
        reason = reasons(latency).get(statistic)
        if not reason:
            return UNKNOWN
        if found := _CENSORED.match(reason):
            self._censored = True
            number = float(found[1].replace(",", "").rstrip("."))
            return f">{ms(number * (1000 if found[2] == 's' else 1))}"
        if reason not in self._marks:
            self._marks[reason] = f"({_letters(len(self._marks))})"
        return self._marks[reason]

    def remark(self, where: str, latency: Latency | None) -> None:
        """Keep the notes that are about more than a missing figure."""
        for note in (latency or {}).get("notes") or []:
            if not _statistics(note):
                self._remarks[f"{where}: {note}"] = None

    def lines(self) -> list[str]:
        """The footnotes, each a line."""
        found = [f"{mark} {reason}" for reason, mark in self._marks.items()] + list(self._remarks)
        if len(found) > NOTES:
            found[NOTES:] = [f"{count(len(found) - NOTES)} more notes: see --json"]
        if self._censored:
            found.insert(
                0, ">2,000 reads: longer than 2,000 ms; how much longer a timeout would have taken is not known"
            )
        return found


def reasons(latency: Latency | None) -> dict[str, str]:
    """Why each missing statistic is missing: notes read `p99.9: why`, or `p99, p99.9: why`."""
    return {
        statistic: note.partition(": ")[2]
        for note in (latency or {}).get("notes") or []
        for statistic in _statistics(note)
    }


def _statistics(note: str) -> list[str]:
    head, colon, _ = note.partition(": ")
    names = head.split(", ")
    return names if colon and all(_STATISTIC.fullmatch(name) for name in names) else []


def _letters(number: int) -> str:
    return (_letters(number // 26 - 1) if number >= 26 else "") + chr(ord("a") + number % 26)
