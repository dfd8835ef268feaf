"""Finding one's way in a `loadgen.result/1`, any key of which may be missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Found = Mapping[str, Any]


def grouped(phases: list[Found]) -> dict[str, list[Found]]:
    """The measured phases by name, each with its cycles."""
    groups: dict[str, list[Found]] = {}
    for phase in phases:
        if phase.get("measured", True):
            groups.setdefault(str(phase.get("name", "")), []).append(phase)
    return groups


def place(phase: Found) -> str:
    """`burst 1/2`, or `burst` if it ran once."""
    return f"{phase.get('name', '')} {cycle(phase)}".strip()


def cycle(phase: Found) -> str:
    return f"{phase.get('cycle') or 1}/{phase['cycles']}" if (phase.get("cycles") or 1) > 1 else ""


def headline(phase: Found) -> str:
    """The metric that a phase is judged by: a closed load has no due time, so its response is not defined."""
    return "service" if phase.get("kind") == "closed" else "response"


def steps(cycles: list[Found]) -> list[tuple[str, list[tuple[Found, Found]]]]:
    """Each step's label with its `(phase, step)` of every cycle."""
    found: dict[tuple[str, str], list[tuple[Found, Found]]] = {}
    for phase in cycles:
        for step in phase.get("steps") or []:
            found.setdefault((step.get("scenario") or "", step.get("step") or ""), []).append((phase, step))
    several = len({scenario for scenario, _ in found}) > 1
    return [(f"{scenario}/{name}" if several else name, rows) for (scenario, name), rows in found.items()]


def metric(step: Found, name: str) -> Found:
    return (step.get("latency_ms") or {}).get(name) or {}


def failed(requests: Found) -> int:
    return sum(number or 0 for outcome, number in (requests.get("outcomes") or {}).items() if outcome != "ok")
