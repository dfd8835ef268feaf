"""A result's phases, steps and figures, in the order in which they are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from loadgen.report.words import listed
from loadgen.result.latency import Latency
from loadgen.result.run import Phase, Requests, RunResult, RunVariant, Step

Cycles = Sequence[Phase]  # the cycles of one phase


def grouped(phases: Iterable[Phase]) -> dict[str, list[Phase]]:
    """The measured phases by name, each with its cycles."""
    groups: dict[str, list[Phase]] = {}
    for phase in phases:
        if phase.measured:
            groups.setdefault(phase.name, []).append(phase)
    return groups


def cycle(phase: Phase) -> str:
    """`1/2`, or nothing if the phase ran once."""
    return f"{phase.cycle}/{phase.cycles}" if phase.cycles > 1 else ""


def place(phase: Phase) -> str:
    """`burst 1/2`, or `burst` if it ran once."""
    return f"{phase.name} {cycle(phase)}".strip()


class Phases:
    """Finds the phase that another part of a result is about, by its name and cycle."""

    def __init__(self, result: RunResult) -> None:
        every = (phase for variant in result.variants for phase in phases_and_beside(variant))
        self._by_place = {(phase.name, phase.cycle): phase for phase in every}

    def place(self, name: str, cycle: int) -> str:
        """`burst 1/2`; just the name if the result has no such phase."""
        phase = self._by_place.get((name, cycle))
        return place(phase) if phase else name

    def headline(self, name: str, cycle: int) -> str:
        """The metric that the phase is judged by."""
        phase = self._by_place.get((name, cycle))
        return phase.headline if phase else "response"


def labels(phase: Phase) -> dict[tuple[str, str], str]:
    """The name of each step, with its scenario's where there are several."""
    steps = [(step.scenario, step.step) for step in phase.steps]
    several = len({scenario for scenario, _ in steps}) > 1
    return {(scenario, step): f"{scenario}/{step}" if several else step for scenario, step in steps}


def steps(cycles: Cycles) -> list[tuple[str, list[tuple[Phase, Step]]]]:
    """Each step's label with its `(phase, step)` of every cycle."""
    rows: dict[str, list[tuple[Phase, Step]]] = {}
    for phase in cycles:
        names = labels(phase)
        for step in phase.steps:
            rows.setdefault(names[step.scenario, step.step], []).append((phase, step))
    return list(rows.items())


def iterations(cycles: Cycles) -> dict[str, list[tuple[Phase, Latency]]]:
    """By scenario of several steps: the iterations as a whole, of each cycle."""
    rows: dict[str, list[tuple[Phase, Latency]]] = {}
    for phase in cycles:
        count = Counter(step.scenario for step in phase.steps)
        for whole in phase.iteration_ms:
            if not whole.stratum and count[whole.scenario] > 1:
                rows.setdefault(whole.scenario, []).append((phase, whole.latency))
    return rows


def every_step(phases: Iterable[Phase]) -> Iterator[tuple[Phase, str, Step]]:
    """`(phase, label, step)` of the measured phases; the cycles of a step one after the other."""
    for cycles in grouped(phases).values():
        for label, rows in steps(cycles):
            for phase, step in rows:
                yield phase, label, step


def phases_and_beside(of: RunVariant) -> tuple[Phase, ...]:
    """The phases, and after them what went on beside them."""
    return (*of.phases, *(stream.phase for stream in of.beside))


def failures_of(requests: Requests) -> str:
    """`31 throttled, 4 timeout`."""
    return listed(requests.outcomes, but=("ok",))


def repeated(phases: Iterable[Phase]) -> int:
    """How many requests were further attempts."""
    attempts = (step.attempts for phase in phases for step in phase.steps)
    return sum(several.attempts - several.operations for several in attempts if several)


def skipped(phase: Phase) -> dict[str, int]:
    """How many requests of a phase were not made, by reason."""
    return {
        "after a failed step": sum(step.skipped.failed_step for step in phase.steps),
        "because the run was stopped": sum(step.skipped.stopped for step in phase.steps),
    }


def answered(phase: Phase) -> float | None:
    """Iterations a second that were answered while the phase ran, if that is fewer than were started."""
    pace, of = started(phase), phase.settling
    return None if pace is None or not of or of.settled != "no" or of.answered is None else pace * of.answered


def started(phase: Phase) -> float | None:
    """Iterations started a second while the phase ran, if it had a duration of its own."""
    return phase.iterations.started / phase.ran if phase.ran else None
