"""What goes on beside the phases: groups of requests that are due by a schedule of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from loadgen.engine.agenda import Agenda
from loadgen.engine.state import RunState
from loadgen.pacing import Groups


class Streams:
    """This worker's. `arrive(due, state)` lets a request of a stream arrive. A group is one call of the agenda, which
    makes its requests and the call for the next group."""

    def __init__(
        self, agenda: Agenda, states: Sequence[RunState], workers: int, arrive: Callable[[int, RunState], None]
    ) -> None:
        self._at, self._states, self._workers, self._arrive = agenda.at, states, workers, arrive

    def begin(self, start: int) -> None:
        """The load begins at the instant `start`."""
        for state in self._states:
            groups = state.run.groups
            if groups and groups.before(state.length):
                state.active = True
                self._next(state, groups, 0, start)

    def end(self) -> None:
        """Nothing arrives any more."""
        for state in self._states:
            state.active = False

    def _next(self, state: RunState, groups: Groups, group: int, start: int) -> None:
        self._at(start + groups.due(group), lambda now: self._due(state, groups, group, start))

    def _due(self, state: RunState, groups: Groups, group: int, start: int) -> None:
        if not state.active:
            return
        due = start + groups.due(group)
        for _ in range(groups.part(group, state.turn, self._workers)):
            self._arrive(due, state)
        if groups.due(group + 1) < state.length:
            self._next(state, groups, group + 1, start)
