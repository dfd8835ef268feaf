"""One worker's load: releases everything that is due at each wake-up, never waits for an answer, never skips or
re-times.

The engine is handed its clock (`now`, `alarm`) and a transport, and has no event loop of its own: with a virtual
clock and the scripted transport an hour of load takes as long as its arithmetic.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from loadgen.clock import Clock
from loadgen.engine.iteration import Iteration
from loadgen.engine.plan import PhaseRun, Plan
from loadgen.exchange import REUSED, Exchange, Outcome, Request
from loadgen.pacing import Instants, share
from loadgen.record.ledger import (
    COMPLETED,
    CUT_SHORT,
    FAILED,
    ITERATIONS,
    OUTCOMES,
    PEAK_IN_FLIGHT,
    PLANNED,
    SHARED_READ,
    SKIPPED_FAILED,
    SKIPPED_STOPPED,
    STARTED,
    UNSENT_LIMIT,
    UNSENT_STOPPED,
    Ledger,
)  # fmt: skip
from loadgen.record.metrics import RECORDED, Metric
from loadgen.record.recorder import Recorder
from loadgen.record.samples import Samples
from loadgen.transport import Transport
from loadgen.workload.draws import Unsendable
from loadgen.workload.scenarios import STRATUM_LIMIT, Pause, Workload, pause

NEVER = 1 << 62
_USER_THINK = 5


class Host(Protocol):
    """Who runs the engine: hears that it reached a phase whose start all workers share, and that it is finished."""

    def reached(self, run: int) -> None:
        """This worker is ready for run `run`; answer with `engine.enter(run, start)`."""

    def finished(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Share:
    """This worker's part of the load: worker `index` of `workers`, and its part of the limits."""

    index: int = 0
    workers: int = 1
    in_flight: int = NEVER
    users_gap: int = 0  # ns between two starts of users, at the least (max_rate)


class RunState:
    """How a run of a phase stands in this worker."""

    __slots__ = (
        "active", "blocks", "budget", "dues", "in_flight", "measured", "open", "planned", "position", "row", "run",
        "slot", "think",
    )  # fmt: skip

    def __init__(self, run: PhaseRun, slot: int) -> None:
        self.run, self.slot = run, slot
        self.row = run.number * len(ITERATIONS)
        self.open = run.phase.kind != "closed"
        self.measured = run.measured
        self.active = False
        self.in_flight = 0
        self.planned = False  # whether the count of its iterations was known beforehand
        self.budget: int | None = None
        self.blocks: Iterator[Instants] = iter(())
        self.dues: list[int] = []
        self.position = 0
        self.think: Pause | None = pause(run.phase.think, (run.seed, _USER_THINK, run.number))


class Engine:
    """`enter(0, start)` begins; the host hears the rest. `recorder`, `samples` and `ledger` take what happens."""

    def __init__(self, clock: Clock, plan: Plan, workload: Workload, host: Host, ledger: Ledger, share: Share) -> None:
        self._now, self._plan, self._workload, self._host, self._ledger, self._share = (
            clock.now, plan, workload, host, ledger, share,
        )  # fmt: skip
        self._alarm = clock.alarm(self._wake)
        self._states = [RunState(run, plan.slot(run.number, 0)) for run in plan.all_runs]
        self._agenda: list[tuple[int, int, Callable[[int], None]]] = []
        self._order = 0
        self._armed = NEVER
        self._waking = False
        self._arriving: RunState | None = None  # the open run whose arrivals are released now
        self._next_due = NEVER
        self._index = share.index
        self._user_from = self._user_at = 0  # when the next user may start, and when the last one did
        self._current = -1
        self._measured_in_flight = 0
        self._ending = self._stopping = self._over = False
        self._only = workload.scenarios[0] if len(workload.scenarios) == 1 else None
        self._iterations, self._sent, self._outcomes = ledger.iterations, ledger.sent, ledger.outcomes
        self._peak = 0
        self._strata: set[str] = set()
        self._thinking: dict[int, Iteration] = {}
        self.in_flight = 0
        for state in self._states[:-1]:
            planned = state.run.planned(share.index, share.workers)
            state.planned = planned is not None
            ledger.iterations[state.row + PLANNED] = planned or 0

    def attach(self, transport: Transport, recorder: Recorder, samples: Samples, per_iteration: bool) -> None:
        """Give the engine what it works with."""
        self._transport, self._recorder, self._samples = transport, recorder, samples
        self._transmit, self._record, self._slow_from = transport.send, recorder.exchange, samples.slow_from
        self._per_iteration = per_iteration

    # phases

    def enter(self, number: int, start: int) -> None:
        """Begin run `number` of the plan at the instant `start`."""
        if self._stopping:
            return
        self._close_current()
        self._current = number
        state = self._states[number]
        state.active = True
        if state.run.phase.kind == "open":
            self._arrive_from(state, state.run.schedule().blocks(self._share.index, self._share.workers), start)
        else:
            self._people(state, start)
        if (duration := state.run.duration) is not None or (duration := state.run.phase.duration) is not None:
            self._at(start + duration, lambda now: self._leave(state, start + duration))
        self._rearm()

    def _people(self, state: RunState, start: int) -> None:
        """Users of a closed phase begin, or all of an at-once phase are due."""
        phase, index, workers = state.run.phase, self._share.index, self._share.workers
        if phase.at_once:
            state.budget = 0
            self._arrive_from(state, iter([np.zeros(share(phase.at_once, index, workers), np.int64)]), start)
        else:
            state.budget = state.run.budget(index, workers)
            self._user_from = self._user_at + self._share.users_gap  # whoever still waits for a turn has lost it
            for _ in range(share(phase.users or 0, index, workers)):
                self._at(start, lambda now: self._user(state))
        if state.budget is not None:  # this worker's part may be nothing
            self._at(start + 1, lambda now: self._check_done(state))

    def _arrive_from(self, state: RunState, blocks: Iterator[Instants], start: int) -> None:
        state.blocks = (block + start for block in blocks)
        state.dues, state.position = [], 0
        self._arriving = state
        self._refill(state)

    def _refill(self, state: RunState) -> None:
        for block in state.blocks:
            if len(block):
                state.dues, state.position = block.tolist(), 0
                self._next_due = state.dues[0]
                return
        state.dues, state.position = [], 0
        self._next_due = NEVER

    def _leave(self, state: RunState, at: int) -> None:
        """A run's time is up, or its count reached: the next begins at the very instant `at`."""
        if not state.active or state.run.number != self._current:
            return
        state.active = False
        following = self._current + 1
        if following < len(self._plan.runs):
            if state.run.fixed:
                self.enter(following, at)
            else:
                self._close_current()
                self._host.reached(following)
        else:
            self._drain(at)

    def _close_current(self) -> None:
        if self._current >= 0:
            self._states[self._current].active = False
        self._arriving, self._next_due = None, NEVER

    def _drain(self, at: int) -> None:
        """Wait for what is open; arrivals go on meanwhile, so that the last measured ones do not see a falling load."""
        self._close_current()
        self._ending = True
        if self._plan.keeps_firing and self._measured_in_flight and not self._stopping:
            state = self._states[-1]
            state.active = True
            self._current = state.run.number
            self._arrive_from(state, self._plan.drain_schedule().blocks(self._share.index, self._share.workers), at)
        self._check_drained()
        self._rearm()

    def _check_drained(self) -> None:
        if self._ending and not self._measured_in_flight and self._arriving:
            self._close_current()
            self._break_off_thinking({self._states[-1]})
        if self._ending and not self.in_flight and not self._arriving and not self._over:
            self._over = True
            self._alarm.clear()
            self._host.finished()

    def _check_done(self, state: RunState) -> None:
        """Whether a run of a known count is through."""
        if state.active and state.budget == 0 and not state.in_flight and self._next_due == NEVER:
            self._leave(state, self._now())

    def stop(self) -> None:
        """Start nothing more; let what is open come to its end."""
        if self._stopping:
            return
        self._stopping = self._ending = True
        self._close_current()
        for state in self._states[:-1]:
            row, cells = state.row, self._ledger.iterations
            cells[row + UNSENT_STOPPED] += max(
                0, cells[row + PLANNED] - cells[row + STARTED] - cells[row + UNSENT_LIMIT] - cells[row + UNSENT_STOPPED]
            )
        self._break_off_thinking(set(self._states))
        self._check_drained()

    def kill(self) -> None:
        """Stop, and give up what is open."""
        self.stop()
        self._transport.cancel()

    # time

    def _at(self, when: int, call: Callable[[int], None]) -> None:
        self._order += 1
        heapq.heappush(self._agenda, (when, self._order, call))
        if when < self._armed and not self._waking:
            self._armed = when
            self._alarm.set(when)

    def _wake(self) -> None:
        # what becomes due meanwhile is left to the next wake-up, so that answers are read in between
        self._waking = True
        now = self._now()
        while True:
            due, agenda = self._next_due, self._agenda
            if agenda and agenda[0][0] < due:
                if agenda[0][0] > now:
                    break
                heapq.heappop(agenda)[2](now)
            elif due <= now:
                self._release_next(due)
            else:
                break
        self._waking = False
        self._rearm()

    def _rearm(self) -> None:
        if self._waking or self._over:
            return
        when = self._next_due
        if self._agenda and self._agenda[0][0] < when:
            when = self._agenda[0][0]
        self._armed = when
        if when < NEVER:
            self._alarm.set(when)

    def _release_next(self, due: int) -> None:
        state = self._arriving
        assert state
        state.position = position = state.position + 1
        if position < len(state.dues):
            self._next_due = state.dues[position]
        else:
            self._refill(state)
        self._arrive(state, due)

    # iterations

    def _arrive(self, state: RunState, due: int) -> None:
        """An iteration is due: start it, unless as many as may be are open."""
        if self._stopping:
            return
        if not state.planned:
            self._ledger.iterations[state.row + PLANNED] += 1
        if self.in_flight >= self._share.in_flight:
            self._ledger.iterations[state.row + UNSENT_LIMIT] += 1
        else:
            self._start(state, due, False)

    def _user(self, state: RunState) -> None:
        """A user starts its next iteration, if the phase still runs and leaves one to start."""
        if not state.active or state.budget == 0:
            self._check_done(state)
            return
        now = self._now()
        if self._share.users_gap:
            if now < self._user_from:
                self._at(self._user_from, lambda now: self._user_start(state, now))
                self._user_from += self._share.users_gap
                return
            self._user_from = now + self._share.users_gap
        self._user_start(state, now)

    def _user_start(self, state: RunState, now: int) -> None:
        if not state.active or state.budget == 0:
            self._check_done(state)
            return
        self._user_at = now
        if state.budget is not None:
            state.budget -= 1
        if not state.planned:
            self._iterations[state.row + PLANNED] += 1
        self._start(state, now, True)

    def _start(self, state: RunState, due: int, user: bool) -> None:
        index = self._index
        self._index = index + self._share.workers
        iteration = Iteration(state, self._only or self._workload.scenario(index), index, due, user)
        self._iterations[state.row + STARTED] += 1
        state.in_flight += 1
        self.in_flight = in_flight = self.in_flight + 1
        if state.measured:
            self._measured_in_flight += 1
        if in_flight > self._peak:
            self._peak = self._ledger.worker[PEAK_IN_FLIGHT] = in_flight
        step = iteration.scenario.steps[0]
        if step.think:
            self._think(iteration, due + step.think(index))
        else:
            self._send(iteration, state, due)

    def _send(self, iteration: Iteration, state: RunState, due: int) -> None:
        step = iteration.scenario.steps[iteration.step]
        released = self._now()
        slot = state.slot + step.number
        if not state.open:
            due = released
        if step.constant:
            x = Exchange(step.constant, slot, iteration, due, released, due + step.timeout, step.wants)
        else:
            try:
                request = iteration.request()
            except Unsendable as error:
                self._unsendable(iteration, slot, due, released, str(error))
                return
            x = Exchange(request, slot, iteration, due, released, due + step.timeout, step.wants)
            x.signed = self._now()
        self._sent[slot] += 1
        self._transmit(x)

    def _unsendable(self, iteration: Iteration, slot: int, due: int, released: int, reason: str) -> None:
        x = Exchange(Request(iteration.current.name, "-"), slot, iteration, due, released, due, 0)
        x.outcome, x.reason = Outcome.UNEXPECTED, reason
        x.done = self._now()
        self._ledger.sent[slot] += 1
        self._at(x.done, lambda now: self.done(x))

    def done(self, x: Exchange) -> None:
        """The transport's word that an exchange is over."""
        x.link = None  # it may still stand among the deadlines, and a TLS connection is large
        iteration: Iteration = x.owner  # type: ignore[assignment]
        state: RunState = iteration.run  # type: ignore[assignment]
        slot = x.slot
        if iteration.scenario.plain:
            if x.status and not x.outcome:
                iteration.scenario.steps[0].assess(x)
            iteration.outcome = x.outcome
            self._record(x, x.due if state.open else 0)
        else:
            reported = iteration.answered(x)
            stratum = self._stratum(iteration)
            self._record(x, x.due if state.open else 0, stratum)
            if reported:
                series = self._recorder.series(slot, int(x.outcome), x.connection, stratum)
                for number, time in reported:
                    self._recorder.value(series, RECORDED + number, x.due, time)
        self._outcomes[slot * OUTCOMES + x.outcome] += 1
        if x.shared_read:
            self._ledger.worker[SHARED_READ] += 1
        lasted = x.done - x.due
        if x.outcome:
            self._samples.failed(x)
        elif lasted > self._slow_from[slot]:
            self._samples.slow(x, lasted)
        if iteration.scenario.plain:
            self._end(iteration, state, x.done)
        else:
            self._next_step(iteration, state, x)

    def _next_step(self, iteration: Iteration, state: RunState, x: Exchange) -> None:
        if iteration.step + 1 == len(iteration.scenario.steps):
            self._end(iteration, state, x.done)
            return
        no_longer_needed = state is self._states[-1] and not state.active
        if not iteration.ok or self._stopping or no_longer_needed:
            self._break_off(iteration, state, iteration.step + 1, x.done)
            return
        following = iteration.advance()
        assert following
        if following.think:
            self._think(iteration, x.done + following.think(iteration.index))
        else:
            self._send(iteration, state, x.done)

    def _break_off(self, iteration: Iteration, state: RunState, step: int, at: int) -> None:
        """The steps from `step` on are not sent: an earlier one failed, or the run is stopped."""
        why = SKIPPED_STOPPED if iteration.ok else SKIPPED_FAILED
        for left in iteration.scenario.steps[step:]:
            self._ledger.skipped[(state.slot + left.number) * 2 + why] += 1
        self._end(iteration, state, at, cut=iteration.ok)

    def _break_off_thinking(self, runs: set[RunState]) -> None:
        """The iterations of those runs that wait for their next step do not send it."""
        for order, iteration in [item for item in self._thinking.items() if item[1].run in runs]:
            del self._thinking[order]
            self._break_off(iteration, iteration.run, iteration.step, self._now())  # type: ignore[arg-type]

    def _think(self, iteration: Iteration, until: int) -> None:
        self._order += 1
        self._thinking[self._order] = iteration
        order = self._order
        self._at(until, lambda now: self._resume(order, until))

    def _resume(self, order: int, due: int) -> None:
        iteration = self._thinking.pop(order, None)
        if iteration:
            self._send(iteration, iteration.run, due)  # type: ignore[arg-type]

    def _end(self, iteration: Iteration, state: RunState, done: int, cut: bool = False) -> None:
        cells, row = self._iterations, state.row
        cells[row + (CUT_SHORT if cut else FAILED if iteration.outcome else COMPLETED)] += 1
        if not (cut or iteration.scenario.plain) and iteration.timed:
            slot = state.slot + iteration.scenario.steps[0].number
            series = self._recorder.series(slot, iteration.outcome, REUSED, self._stratum(iteration))
            self._recorder.value(series, Metric.ITERATION, iteration.due, done - iteration.due)
        if self._per_iteration:
            self._transport.end_iteration(iteration)
        state.in_flight -= 1
        self.in_flight -= 1
        if state.measured:
            self._measured_in_flight -= 1
        if iteration.user:
            self._user_done(state, iteration, done)
        elif state.budget is not None:
            self._check_done(state)
        if self._ending:
            self._check_drained()

    def _user_done(self, state: RunState, iteration: Iteration, done: int) -> None:
        if self._stopping:
            return
        if state.think and state.active and state.budget != 0:
            self._at(done + state.think(iteration.index), lambda now: self._user(state))
        else:
            self._user(state)

    def _stratum(self, iteration: Iteration) -> str:
        if not iteration.scenario.split_by:
            return ""
        stratum = iteration.stratum()
        if stratum not in self._strata:
            if len(self._strata) >= STRATUM_LIMIT:
                return "other"
            self._strata.add(stratum)
        return stratum
