"""Exemplars of a run: single requests with the ids by which the target's own logs know them, for `loadgen join`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loadgen.result import SCHEMA
from loadgen.result.codec import item
from loadgen.result.run import Attribution


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One ok request."""

    at_ms: int = item("the time when it was due, since 1970", "ms")
    attempt: int = item("the number of the attempt, from 1")
    connection: str = item("the kind of connection: new, reused, resumed")
    ids: dict[str, str] = item("its ids: by the header that has each, and as echoed the one that the function told")
    times_ms: dict[str, float] = item("its times, by metric", "ms")
    whose_ms: Attribution = item("whose time its response is, or in a closed load its service")


@dataclass(frozen=True, slots=True)
class StepExemplars:
    """Those of one step in one phase."""

    phase: str = item("the phase's name")
    cycle: int = item("the number of the phase's cycle")
    scenario: str = item("the scenario's name")
    step: str = item("the step's name")
    requests: int = item("the ok requests of the step in the phase")
    one_in: int = item("the slowest are kept of one in so many requests, which were drawn")
    from_ms: float = item("of these, all that lasted longer than this were kept", "ms")
    slowest: tuple[Exemplar, ...] = item("the slowest first: a fiftieth, at least ten, if there was room")
    drawn: tuple[Exemplar, ...] = item("drawn evenly from all: a hundredth of them, at least 100")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemplars:
    """The content of exemplars.json."""

    schema: Literal["loadgen.result/4"] = item("the version of this document", default=SCHEMA)
    kind: Literal["exemplars"] = item("the kind of this document", default="exemplars")
    steps: tuple[StepExemplars, ...] = item("those of each step that has some, in each measured phase")
