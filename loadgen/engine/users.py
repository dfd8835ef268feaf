"""The users of closed phases: each starts an iteration, and when that is over the next one."""

from __future__ import annotations

from collections.abc import Callable

from loadgen.engine.agenda import Agenda
from loadgen.engine.state import RunState, Share
from loadgen.pacing import share


class Users:
    """This worker's. `start(state, now)` begins an iteration; `idle(state)` hears that there is none left to begin, and
    `halt()` that all wait for the next lap (`Share.lap`)."""

    def __init__(
        self,
        now: Callable[[], int],
        agenda: Agenda,
        part: Share,
        start: Callable[[RunState, int], None],
        idle: Callable[[RunState], None],
        halt: Callable[[], None],
    ) -> None:
        self._now, self._at, self._part, self._start_iteration, self._idle = now, agenda.at, part, start, idle
        self._halt = halt
        self._lap = part.lap
        self._quota = self._waiting = 0  # what may still start in this lap; the users who wait for the next one
        self._halted = False
        self._gap = part.users_gap
        self._next = self._last = 0  # when the next user may start, and when the last one did

    def begin(self, state: RunState, start: int) -> None:
        """The phase begins: so do all of its users, as far as `max_rate` lets them."""
        state.budget = state.run.budget(self._part.index, self._part.workers)
        self._next = self._last + self._gap  # whoever still waits for a turn has lost it
        users = self._users_of(state)
        self._quota, self._waiting, self._halted = users * self._lap, 0, False
        for _ in range(users):
            self._turn_at(start, state)

    def resume(self, state: RunState, at: int) -> None:
        """The next lap begins at that instant, for those who wait; who still thinks comes later."""
        waiting, self._waiting, self._halted = self._waiting, 0, False
        self._quota = self._users_of(state) * self._lap
        for _ in range(waiting):
            self._turn_at(at, state)

    def done(self, state: RunState, done: int, index: int) -> None:
        """A user's iteration, of that index, is over."""
        if state.think and state.active and state.budget != 0:
            self._turn_at(done + state.think(index), state)
        elif self._gap:
            self._turn(state)
        else:
            self._start(state, self._now())

    def _users_of(self, state: RunState) -> int:
        return share(state.run.phase.users or 0, self._part.index, self._part.workers)

    def _turn_at(self, when: int, state: RunState) -> None:
        self._at(when, lambda now: self._turn(state))

    def _turn(self, state: RunState) -> None:
        """A user starts its next iteration as soon as `max_rate` lets it."""
        now = self._now()
        if self._gap and state.active and state.budget != 0:
            if now < self._next:
                self._at(self._next, lambda now: self._start(state, self._now()))
                self._next += self._gap
                return
            self._next = now + self._gap
        self._start(state, now)

    def _start(self, state: RunState, now: int) -> None:
        """A user starts its next iteration now, if the phase still runs and leaves one to start."""
        if not state.active or state.budget == 0:
            self._idle(state)
            return
        if self._lap and not self._admits(state):
            return
        self._last = now
        if state.budget is not None:
            state.budget -= 1
        self._start_iteration(state, now)

    def _admits(self, state: RunState) -> bool:
        """Whether this lap has room for one more iteration. If not, its user waits; the last one's wait ends the
        lap."""
        if self._quota:
            self._quota -= 1
            return True
        self._waiting += 1
        if not state.in_flight and not self._halted:
            self._halted = True
            self._halt()
        return False
