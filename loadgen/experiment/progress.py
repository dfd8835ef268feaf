"""How a run stands, for whoever shows it: plain values, made twice a second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Progress:
    """`phases` are (name, seconds or None) in the order in which they run; `phase_number` counts from 0.

    Rates are iterations a second; they and `p50_ms` and `p99_ms` are the last whole second's, which may have been in
    the phase before. `failed` counts by outcome class. `state` is preparing, running, draining or stopping. `position`
    says which run of an experiment it is, empty for one by itself.
    """

    phase: str
    cycle: int
    cycles: int
    phases: tuple[tuple[str, float | None], ...]
    phase_number: int
    elapsed_s: float
    total_s: float | None
    planned: int | None
    started: int
    sent: int
    in_flight: int
    ok: int
    failed: dict[str, int]
    rate_planned: float | None
    rate_now: float | None
    p50_ms: float | None
    p99_ms: float | None
    workers: int
    state: str
    position: str = ""


class Display(Protocol):
    """Shows progress, and says things, while a run goes on."""

    def update(self, progress: Progress) -> None: ...

    def message(self, text: str) -> None: ...
