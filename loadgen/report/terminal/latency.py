"""Latency figures as table cells, and the footnotes that say why one is missing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from loadgen.report.words import UNKNOWN, count, known, ms

PERCENTILES = ("p50", "p90", "p95", "p99", "p99.9", "max")
NOTES = 15  # that are printed
CENSORED = ">2,000: more than 2,000 ms, among the timeouts, of which nobody knows how long they would have taken"
_STATISTIC = re.compile(r"p[0-9.]+|max|min|mean|count")
_BOUND = re.compile(r"> ?([0-9][0-9,.e+]*) ?(ms|s)\b")
_NUMBER = re.compile(r"[0-9][0-9,.]*")

Latency = Mapping[str, Any]


class Footnotes:
    """Collects why figures are missing. Reasons that differ in their numbers alone are one note."""

    def __init__(self) -> None:
        self._marks: dict[tuple[str, str], str] = {}
        self._first: dict[tuple[str, str], str] = {}
        self._times: Counter[tuple[str, str]] = Counter()
        self._plain: set[str] = set()
        self._remarks: dict[str, None] = {}
        self._censored = False

    def cell(self, latency: Latency | None, statistic: str) -> str:
        """The figure in ms; `>2,000` if it is only known to be longer; else the mark of the note that says why not."""
        if known(value := (latency or {}).get(statistic)):
            return ms(value)
        reason = reasons(latency).get(statistic)
        if not reason:
            return UNKNOWN
        if (bound := longer_than(latency, statistic)) is not None:
            self._censored = True
            return f">{ms(bound)}"
        return self._mark(statistic, reason)

    def _mark(self, statistic: str, reason: str) -> str:
        key = statistic, _NUMBER.sub("#", reason)
        self._times[key] += 1
        if key not in self._marks:
            lettered = len(self._marks) - len(self._plain)
            self._marks[key] = f"({_letters(lettered)})" if statistic in self._plain else UNKNOWN
            self._first[key] = reason
            self._plain.add(statistic)
        return self._marks[key]

    def remark(self, where: str, latency: Latency | None) -> None:
        """Keep the notes that are about more than a missing figure."""
        for note in (latency or {}).get("notes") or []:
            if not _statistics(note):
                self._remarks[f"{where}: {note}"] = None

    def say(self, text: str) -> None:
        """Keep a note of one's own, once."""
        self._remarks[text] = None

    def lines(self) -> list[str]:
        """The footnotes, each a line."""
        found = [CENSORED] if self._censored else []
        for key, mark in self._marks.items():
            more = self._times[key] - 1
            found.append(f"{mark} {key[0]}: {self._first[key]}{f' (and {count(more)} more like it)' if more else ''}")
        found += self._remarks
        if len(found) > NOTES:
            found[NOTES:] = [f"{count(len(found) - NOTES)} more notes: see --json"]
        return found


def reasons(latency: Latency | None) -> dict[str, str]:
    """Why each missing statistic is missing: notes read `p99.9: why`, or `mean, max: why`."""
    return {
        statistic: note.partition(": ")[2]
        for note in (latency or {}).get("notes") or []
        for statistic in _statistics(note)
    }


def longer_than(latency: Latency | None, statistic: str) -> float | None:
    """The ms that a statistic among timeouts is known to be longer than."""
    found = _BOUND.match(reasons(latency).get(statistic, ""))
    try:
        return float(found[1].replace(",", "").rstrip(".")) * (1000 if found[2] == "s" else 1) if found else None
    except ValueError:
        return None


def _statistics(note: str) -> list[str]:
    head, colon, _ = note.partition(": ")
    names = head.split(", ")
    return names if colon and all(_STATISTIC.fullmatch(name) for name in names) else []


def _letters(number: int) -> str:
    return (_letters(number // 26 - 1) if number >= 26 else "") + chr(ord("a") + number % 26)
