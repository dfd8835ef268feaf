"""Several saved runs laid over each other: which of their figures belong together. Nothing is decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loadgen.report.terminal.figures import Row, rows
from loadgen.report.verdict import ended, measured, word
from loadgen.report.words import brief, several
from loadgen.result.run import RunResult

NAME = 40  # characters
LETTERS = "ABCDEFGH"  # of the runs: as many as a chart has colours
NOT_COMPARED = (
    "They are only shown: they ran at different times, and a difference between them may be drift. "
    "`loadgen compare RUN RUN` tells what else differed between two, and an `experiment:` in the profile decides."
)


@dataclass(frozen=True, slots=True)
class Named:
    """One of the runs, its letter and the name of its folder."""

    letter: str
    name: str
    result: RunResult

    @property
    def title(self) -> str:
        """`A steady-20260131-120000`."""
        return f"{self.letter} {self.name}".strip()

    @property
    def verdict(self) -> tuple[str, str]:
        """The word that the run's own report begins with, and its style."""
        early, of = ended(self.result), word(self.result)
        return (early[0], of[1]) if early else of

    @property
    def told(self) -> str:
        """When it ran, and what it was."""
        requests = several(self.result.variant.requests.sent, "request")
        return f"{self.result.started.replace('T', ' ')[:16]} · {brief(self.result.name, NAME)} · {requests}"


def lettered(results: Sequence[tuple[str, RunResult]]) -> list[Named]:
    """The runs with their letters, in the order in which they were named."""
    return [Named(letter, brief(name, NAME), of) for letter, (name, of) in zip(LETTERS, results, strict=False)]


def together(runs: Sequence[Named]) -> dict[tuple[str, str], list[tuple[Named, Row]]]:
    """By phase and step: the row of each run that has it. Steps that several runs have come first."""
    groups: dict[tuple[str, str], list[tuple[Named, Row]]] = {}
    for run in runs:
        for row in rows(run.result) if measured(run.result) else ():
            groups.setdefault((row.phase, row.label.removeprefix(f"{row.phase} ")), []).append((run, row))
    return dict(sorted(groups.items(), key=lambda group: len(group[1]) == 1))


def title_of(place: tuple[str, str], group: Sequence[tuple[Named, Row]]) -> str:
    """`steady get response`."""
    phase, step = place
    return f"{brief(phase, NAME)} {brief(step, NAME)} {group[0][1].cycles[0][0].headline}"
