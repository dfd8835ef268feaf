"""One iteration as a state machine without I/O: what is to be done next, given what has happened.

Step 1 is due when the iteration is; step k when step k-1 is done, plus think time; a further attempt at a step when the
one before is done, plus back-off. A step that fails ends the iteration.
"""

from __future__ import annotations

from typing import Final

from loadgen.engine.state import RunState
from loadgen.exchange import OK, Exchange, Outcome, Request
from loadgen.native import i64
from loadgen.workload.draws import Values
from loadgen.workload.scenarios import ScenarioWork, StepWork

NO_VALUES: Final[Values] = {}


class Iteration:
    """`run` is the engine's state of a phase's run; `step` counts from 0; `outcome` is that of the last step done."""

    __slots__ = ("due", "index", "outcome", "run", "scenario", "step", "user", "values")

    def __init__(self, run: RunState, scenario: ScenarioWork, index: i64, due: i64, user: bool) -> None:
        self.run, self.scenario, self.index, self.due, self.user = run, scenario, index, due, user
        self.step: i64 = 0
        self.outcome: Outcome = OK
        self.values = NO_VALUES if scenario.plain else scenario.values(index)

    @property
    def ok(self) -> bool:
        return not self.outcome

    @property
    def timed(self) -> bool:
        """Whether its own time counts: it is of several steps, and went well or is known to have lasted longer."""
        return len(self.scenario.steps) > 1 and self.outcome in (Outcome.OK, Outcome.TIMEOUT)

    @property
    def current(self) -> StepWork:
        return self.scenario.steps[self.step]

    def answered(self, x: Exchange) -> list[tuple[int, int]]:
        """Take the current step's exchange: sets its outcome, captures. Returns the times the server reported."""
        step = self.scenario.steps[self.step]
        reported: list[tuple[int, int]] = []
        if x.status and not x.outcome:
            step.assess(x)
            if step.capture or step.record:
                reported = step.read(x, self.values)
        self.outcome = x.outcome
        return reported

    def advance(self) -> StepWork | None:
        """Go to the next step: None if the iteration is over."""
        if not self.ok or self.step + 1 >= len(self.scenario.steps):
            return None
        self.step += 1
        return self.scenario.steps[self.step]

    def stratum(self) -> str:
        """What its captured values make it part of: `cold=true`, empty if none is captured."""
        values, text = self.values, ""
        for name in self.scenario.split_by:
            if name in values:
                word = f"{name}={_word(values[name])}"
                text = f"{text}, {word}" if text else word
        return text


def next_attempt(x: Exchange, due: int, timeout: int, request: Request | None = None) -> Exchange:
    """The exchange that follows `x`, which is done, at the same step: the same request unless another is given."""
    following = Exchange(request or x.request, x.slot, x.owner, due, due, due + timeout, x.wants)
    following.attempt, following.first_due, following.backoff = x.attempt + 1, x.first_due, x.backoff + due - x.done
    return following


def _word(value: object) -> str:
    if isinstance(value, list | dict):
        return type(value).__name__
    text = (str(value).lower() if isinstance(value, bool) else str(value))[:32]
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "?" for character in text)
