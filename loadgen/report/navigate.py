"""Finding one's way in a `loadgen.result/1`, any key of which may be missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from loadgen.report.words import listed

Found = Mapping[str, Any]
Rows = list[tuple[Found, Found]]  # (phase, what was found in it), a row a cycle
SKIPPED = {"failed_step": "after a failed step", "stopped": "because the run was stopped"}


def grouped(phases: list[Found]) -> dict[str, list[Found]]:
    """The measured phases by name, each with its cycles."""
    groups: dict[str, list[Found]] = {}
    for phase in phases:
        if phase.get("measured", True):
            groups.setdefault(named(phase), []).append(phase)
    return groups


def named(phase: Found) -> str:
    return str(phase.get("name") or "")


def cycle(phase: Found) -> str:
    """`1/2`, or nothing if the phase ran once."""
    return f"{phase.get('cycle') or 1}/{phase['cycles']}" if (phase.get("cycles") or 1) > 1 else ""


def place(phase: Found) -> str:
    """`burst 1/2`, or `burst` if it ran once."""
    return f"{named(phase)} {cycle(phase)}".strip()


class Phases:
    """Finds the phase that something else in a result is about."""

    def __init__(self, result: Found) -> None:
        every = [phase for variant in result.get("variants") or [] for phase in variant.get("phases") or []]
        self._by_place: dict[tuple[str, int], Found] = {
            (named(phase), phase.get("cycle") or 1): phase for phase in every
        }

    def of(self, item: Found) -> Found:
        """The phase by `phase` and `cycle` of `item`; if there is none of that name, one that has just the name."""
        name = str(item.get("phase") or "")
        return self._by_place.get((name, item.get("cycle") or 1), {"name": name})


def headline(phase: Found) -> str:
    """The metric that a phase is judged by: a closed load has no due time, and so no response."""
    return "service" if phase.get("kind") == "closed" else "response"


def steps(cycles: list[Found]) -> list[tuple[str, Rows]]:
    """Each step's label with its `(phase, step)` of every cycle."""
    found: dict[tuple[str, str], Rows] = {}
    for phase in cycles:
        for step in phase.get("steps") or []:
            found.setdefault((step.get("scenario") or "", step.get("step") or ""), []).append((phase, step))
    several = len({scenario for scenario, _ in found}) > 1
    return [(f"{scenario}/{name}" if several else name, rows) for (scenario, name), rows in found.items()]


def wholes(cycles: list[Found]) -> dict[str, Rows]:
    """By scenario of several steps: the iterations as a whole, each cycle's (phase, latency)."""
    found: dict[str, Rows] = {}
    for phase in cycles:
        scenarios = [step.get("scenario") for step in phase.get("steps") or []]
        for whole in phase.get("iteration_ms") or []:
            if not whole.get("stratum") and scenarios.count(whole.get("scenario")) > 1:
                found.setdefault(str(whole.get("scenario") or ""), []).append((phase, whole.get("latency") or {}))
    return found


def every_step(phases: list[Found]) -> Iterator[tuple[Found, str, Found]]:
    """`(phase, label, step)` of the measured phases; the cycles of a step one after the other."""
    for cycles in grouped(phases).values():
        for label, rows in steps(cycles):
            for phase, step in rows:
                yield phase, label, step


def metric(of: Found, name: str) -> Found:
    """The latency figures of a step, stratum or failure; empty if it has none of that name."""
    return (of.get("latency_ms") or {}).get(name) or {}


def failed(requests: Found) -> int:
    return sum(number or 0 for outcome, number in (requests.get("outcomes") or {}).items() if outcome != "ok")


def failures_of(requests: Found) -> str:
    """`31 throttled, 4 timeout`."""
    return listed(requests.get("outcomes"), but=("ok",))


def repeated(phases: list[Found]) -> int:
    """How many requests were further attempts at what had been tried before."""
    every = [step.get("attempts") or {} for phase in phases for step in phase.get("steps") or []]
    return sum((attempts.get("attempts") or 0) - (attempts.get("operations") or 0) for attempts in every)


def skipped(phase: Found) -> dict[str, int]:
    """How many requests of a phase were not made, by why."""
    total: Counter[str] = Counter()
    for step in phase.get("steps") or []:
        for why, number in (step.get("skipped") or {}).items():
            total[SKIPPED.get(why, why)] += number or 0
    return total


def started(phase: Found) -> float | None:
    """Iterations started a second of the time for which the phase ran, if it had a time of its own."""
    number, lasted = (phase.get("iterations") or {}).get("started"), phase.get("ran", phase.get("seconds"))
    return number / lasted if number is not None and lasted else None
