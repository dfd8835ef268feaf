"""Latency figures as table cells, and the footnotes that say why one is missing."""

from __future__ import annotations

from collections import Counter

from loadgen.report.senders import HERE, Senders
from loadgen.report.sentences import sentence
from loadgen.report.trust import MARKS
from loadgen.report.words import UNKNOWN, count, ms, several
from loadgen.result.latency import Latency, Resent
from loadgen.result.reason import Reason
from loadgen.result.shape import Ends

PERCENTILES = ("p50", "p90", "p95", "p99", "p99.9", "max")
NOTES = 15  # that are printed
CENSORED = ">2,000: more than 2,000 ms, among the timeouts, of which nobody knows how long they would have taken"
ON_STEP = "35-315: the percentile lies on the step between two kinds of answers, and may be either of these values"

DOUBTED = {
    "INVALID": "289!: {by} made more than 10% of the figure, so that it is not the target's",
    "DEGRADED": "289~: {by} made 2 to 10% of the figure",
}


class Footnotes:
    """Collects why figures are missing. Reasons that differ only in their numbers share one note. `by` is what the
    report calls the machines that sent the load."""

    def __init__(self, by: Senders = HERE) -> None:
        self.by = by
        self._marks: dict[tuple[str, str], str] = {}
        self._first: dict[tuple[str, str], Reason] = {}
        self._times: Counter[tuple[str, str]] = Counter()
        self._plain: set[str] = set()
        self._remarks: dict[str, None] = {}
        self._censored = False
        self._doubted: set[str] = set()

    def cell(self, latency: Latency | None, statistic: str, on_step: Ends | None = None) -> str:
        """The figure in ms; `>2,000` if only a lower bound is known; `35-315` if it is `on_step`; else the mark of the
        note that gives the reason."""
        if latency is None:
            return UNKNOWN
        figure = latency.quantile(statistic)
        if figure.value is not None:
            if figure.doubt:
                self._doubted.add(figure.doubt)
            if on_step:
                self.say(ON_STEP)
            value = f"{ms(on_step.low)}-{ms(on_step.high)}" if on_step else ms(figure.value)
            return f"{value}{MARKS[figure.doubt] if figure.doubt else ''}"
        if figure.bound is not None:
            self._censored = True
            return f">{ms(figure.bound)}"
        return self._mark(statistic, figure.why) if figure.why and statistic in latency.why else UNKNOWN

    def _mark(self, statistic: str, reason: Reason) -> str:
        key = statistic, reason.code
        self._times[key] += 1
        if key not in self._marks:
            lettered = len(self._marks) - len(self._plain)
            self._marks[key] = f"({_letters(lettered)})" if statistic in self._plain else UNKNOWN
            self._first[key] = reason
            self._plain.add(statistic)
        return self._marks[key]

    def resent(self, where: str, resent: Resent | None) -> None:
        """Note that first packets of connects were sent again."""
        if resent:
            self.say(
                f"{where}: the first packet was sent again in {several(resent.connects, 'connect')}, mostly after "
                f"{resent.after_s} s, by how long they took: the target's queue for new connections was full, or the "
                "packet lost. That is not how long the target takes"
            )

    def unassigned(self, where: str, timeouts: int) -> None:
        """Note that timeouts belong to no stratum."""
        if timeouts:
            self.say(f"{where}: timeouts of no known stratum, because no answer gave it: {count(timeouts)}")

    def say(self, text: str) -> None:
        """Add a note, once."""
        self._remarks[text] = None

    def lines(self) -> list[str]:
        """The footnotes, each a line."""
        lines = [CENSORED] if self._censored else []
        lines += [text.format(by=self.by.judged) for verdict, text in DOUBTED.items() if verdict in self._doubted]
        for key, mark in self._marks.items():
            others = self._times[key] - 1
            alike = f" (and {count(others)} more like it)" if others else ""
            lines.append(f"{mark} {key[0]}: {sentence(self._first[key])}{alike}")
        lines += self._remarks
        if len(lines) > NOTES:
            lines[NOTES:] = [f"{count(len(lines) - NOTES)} more notes: see --json"]
        return lines


def _letters(number: int) -> str:
    return (_letters(number // 26 - 1) if number >= 26 else "") + chr(ord("a") + number % 26)
