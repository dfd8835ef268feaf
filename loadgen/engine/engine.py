"""One worker's load. At each wake-up the engine releases everything that is due. It never waits for an answer, and
never skips or re-times a request.

The engine gets its clock (`now`, `alarm`) and a transport, and has no event loop of its own. With a virtual clock and
the scripted transport an hour of load takes only as long as its arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from loadgen.clock import NEVER, Clock
from loadgen.engine.accounts import Accounts
from loadgen.engine.agenda import Agenda
from loadgen.engine.beside import Streams
from loadgen.engine.iteration import Iteration, next_attempt
from loadgen.engine.plan import Plan
from loadgen.engine.state import Host, RunState, Share, states_of
from loadgen.engine.users import Users
from loadgen.exchange import Exchange, Outcome, Request
from loadgen.native import i64
from loadgen.pacing import Instants, share
from loadgen.record.ledger import (
    COMPLETED,
    CUT_SHORT,
    FAILED,
    PEAK_IN_FLIGHT,
    PLANNED,
    SKIPPED_FAILED,
    SKIPPED_STOPPED,
    STARTED,
    UNSENT_LIMIT,
    UNSENT_STOPPED,
    Ledger,
)  # fmt: skip
from loadgen.record.recorder import Recorder
from loadgen.record.samples import Samples
from loadgen.transport import Transport
from loadgen.workload.draws import Unsendable
from loadgen.workload.scenarios import StepWork, Workload

__all__ = ["Engine", "Host", "Share"]


class Engine:
    """`enter(0, start)` begins the load, and the host is called back from then on. `recorder`, `samples` and `ledger`
    take the outcomes."""

    def __init__(self, clock: Clock, plan: Plan, workload: Workload, host: Host, ledger: Ledger, share: Share) -> None:
        self._now, self._plan, self._workload, self._host, self._ledger, self._share = (
            clock.now, plan, workload, host, ledger, share,
        )  # fmt: skip
        self._states = states_of(plan, share, workload)
        self._draining = self._states[plan.drain.number]
        self._agenda = Agenda(clock, self._arrive)
        self._at = self._agenda.at
        self._streams = Streams(self._agenda, self._states[plan.drain.number + 1 :], share.workers, self._arrive)
        self._users = Users(clock.now, self._agenda, share, self._start, self._check_done, host.halted)
        self._arriving: RunState | None = None  # the open run whose arrivals are released now
        self._stride = share.stride or share.workers
        self._current = -1
        self._measured_in_flight: i64 = 0
        self._ending = self._stopping = self._over = False
        self._iterations, self._sent = ledger.iterations, ledger.sent
        self._peak: i64 = 0
        self._waiting: dict[Iteration, int] = {}  # for their next request, and the first step that is then not yet sent
        self.in_flight: i64 = 0
        for state in self._states:
            ledger.iterations[state.row + PLANNED] = state.planned or 0

    def attach(self, transport: Transport, recorder: Recorder, samples: Samples, per_iteration: bool) -> None:
        """Give the engine what it works with."""
        self._transport, self._transmit, self._per_iteration = transport, transport.send, per_iteration
        self._accounts = Accounts(self._ledger, recorder, samples)

    # phases

    def enter(self, number: int, start: int) -> None:
        """Begin run `number` of the plan at the instant `start`."""
        if self._stopping:
            return
        self._close_current()
        self._current = number
        state = self._states[number]
        state.active = True
        if not number:
            self._streams.begin(start)
        if state.run.phase.kind == "open":
            self._arrive_from(state, state.run.schedule().blocks(state.turn, self._share.workers), start)
        else:
            self._people(state, start)
        if (duration := state.run.duration) is not None or (duration := state.run.phase.duration) is not None:
            self._at(start + duration, lambda now: self._leave(state, start + duration))
        self._agenda.rearm()

    def _people(self, state: RunState, start: int) -> None:
        """Start the users of a closed phase, or all iterations of an at-once phase."""
        phase, workers = state.run.phase, self._share.workers
        if phase.at_once:
            state.budget = 0
            self._arrive_from(state, iter([np.zeros(share(phase.at_once, state.turn, workers), np.int64)]), start)
        else:
            self._users.begin(state, start)
        if state.budget is not None:  # this worker's part may be nothing
            self._at(start + 1, lambda now: self._check_done(state))

    def _arrive_from(self, state: RunState, blocks: Iterable[Instants], start: int) -> None:
        self._arriving = state
        self._agenda.arrivals(blocks, start)

    def _leave(self, state: RunState, at: int, early: bool = False) -> None:
        """End a run whose time is up or whose count is reached: the next one begins at exactly the same instant
        `at`."""
        if not state.active or state.run.number != self._current:
            return
        self._iterations[state.row + PLANNED] -= state.left(self._iterations) if early else 0
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

    def leave(self, number: int, at: int) -> None:
        """End run `number` at the instant `at`, before its time: iterations due later are then not planned."""
        self._at(at, lambda now: self._leave(self._states[number], at, early=True))

    def resume(self, at: int) -> None:
        """Let the users who wait go on at the instant `at`."""
        if not self._stopping:
            self._users.resume(self._states[self._current], at)
            self._agenda.rearm()

    def _close_current(self) -> None:
        if self._current >= 0:
            self._states[self._current].active = False
        self._arriving = None
        self._agenda.arrivals((), 0)

    def _drain(self, at: int) -> None:
        """Wait for open exchanges. Arrivals go on meanwhile, so that the last measured ones do not see a falling
        load."""
        self._close_current()
        self._ending = True
        self._end_streams()
        if self._plan.keeps_firing and self._measured_in_flight and not self._stopping:
            state = self._draining
            state.active = True
            self._current = state.run.number
            self._arrive_from(state, self._plan.drain_schedule().blocks(state.turn, self._share.workers), at)
        self._check_drained()
        self._agenda.rearm()

    def _end_streams(self) -> None:
        """The last phase is over, and with it what goes on beside: what it would have sent later is not planned."""
        self._streams.end()
        for state in self._states[self._draining.run.number + 1 :]:
            self._iterations[state.row + PLANNED] -= state.left(self._iterations)

    def _check_drained(self) -> None:
        if self._ending and not self._measured_in_flight and self._arriving:
            self._close_current()
            self._break_off_waiting({self._draining})
        if self._ending and not self.in_flight and not self._arriving and not self._over:
            self._over = True
            self._agenda.close()
            self._host.finished()

    def _check_done(self, state: RunState) -> None:
        """Whether a run with a known count is complete."""
        if state.active and state.budget == 0 and not state.in_flight and self._agenda.next_arrival == NEVER:
            self._leave(state, self._now())

    def stop(self) -> None:
        """Start nothing more, and let open exchanges end."""
        if self._stopping:
            return
        self._stopping = self._ending = True
        self._close_current()
        self._streams.end()
        for state in self._states:
            if state is not self._draining:
                self._iterations[state.row + UNSENT_STOPPED] += state.left(self._iterations)
        self._break_off_waiting(set(self._states))
        self._check_drained()

    def kill(self) -> None:
        """Stop, and give up open exchanges."""
        self.stop()
        self._transport.cancel()

    # iterations

    def _arrive(self, due: int, state: RunState | None = None) -> None:
        """An iteration is due, of the phase or of the stream that is given: start it, unless the limit of open
        iterations is reached."""
        state = state or self._arriving
        if self._stopping or not state:
            return
        if state.planned is None:
            self._ledger.iterations[state.row + PLANNED] += 1
        if self.in_flight >= self._share.in_flight:
            self._ledger.iterations[state.row + UNSENT_LIMIT] += 1
        else:
            self._start(state, due, user=False)

    def _start(self, state: RunState, due: i64, user: bool = True) -> None:
        """Start an iteration: one that has arrived, or a user's, which is due now."""
        numbering = state.numbering
        index = numbering.index
        numbering.index = index + self._stride
        iteration = Iteration(state, numbering.only or self._workload.scenario(index), index, due, user)
        state.started = started = state.started + 1
        if user and state.planned is None:
            self._iterations[state.row + PLANNED] = started
        self._iterations[state.row + STARTED] = started
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
            self._send(iteration, state, due, due if user else self._now())

    def _send(self, iteration: Iteration, state: RunState, due: i64, released: i64) -> None:
        """Send the current step, now that it is `released`."""
        step = iteration.scenario.steps[iteration.step]
        slot: i64 = state.slot + step.number
        if not state.open:
            due = released
        if step.constant:
            x = Exchange(step.constant, slot, iteration, due, released, due + step.timeout, step.wants)
        else:
            render = step.render
            assert render
            try:
                request = render(iteration.values, iteration.index)
            except Unsendable as error:
                self._unsendable(iteration, slot, due, released, str(error))
                return
            x = Exchange(request, slot, iteration, due, released, due + step.timeout, step.wants)
            x.signed = self._now()
        self._sent[slot] += 1
        self._transmit(x)

    def _unsendable(self, iteration: Iteration, slot: int, due: int, released: int, reason: str) -> None:
        x = Exchange(Request("", ""), slot, iteration, due, released, due, 0)
        x.outcome, x.reason = Outcome.UNEXPECTED, reason
        x.done = self._now()
        self._ledger.sent[slot] += 1
        self._at(x.done, lambda now: self._unsent(iteration, x))

    def _unsent(self, iteration: Iteration, x: Exchange) -> None:
        self._accounts.exchange(x, iteration)
        self._step_over(iteration, iteration.current, x)

    def done(self, x: Exchange) -> None:
        """The transport calls this when an exchange is over."""
        x.link = None  # it may still stand among the deadlines, and a TLS connection is large
        iteration: Iteration = x.owner  # type: ignore[assignment]
        self._accounts.exchange(x, iteration)
        if iteration.scenario.plain:
            self._end(iteration, x.done)
        else:
            self._go_on(iteration, x)

    def retried(self, x: Exchange) -> Exchange:
        """The client calls this when it repeats an attempt: as `done`, except that the step goes on.

        Returns the next attempt, already counted as sent. It is due now: the time since `x.done` was back-off.
        """
        x.link = None
        iteration: Iteration = x.owner  # type: ignore[assignment]
        self._accounts.exchange(x, iteration)
        following = next_attempt(x, self._now(), iteration.current.timeout)
        self._count_repeated(following)
        return following

    def _go_on(self, iteration: Iteration, x: Exchange) -> None:
        step = iteration.scenario.steps[iteration.step]
        if step.again and (more := step.again(x, x.attempt)):
            self._back_off(iteration, x, *more)
        else:
            self._step_over(iteration, step, x)

    def _step_over(self, iteration: Iteration, step: StepWork, x: Exchange) -> None:
        """`x` was the last attempt at the current step: send the next step, or wait for its think time, if there is
        one."""
        if step.repeats:
            self._accounts.operation(x, iteration)
        if iteration.step + 1 == len(iteration.scenario.steps):
            self._end(iteration, x.done)
        elif iteration.outcome or self._no_more(iteration.run):
            self._break_off(iteration, iteration.step + 1, x.done, cut=iteration.ok)
        else:
            following = iteration.advance()
            assert following
            if following.think:
                self._think(iteration, x.done + following.think(iteration.index))
            else:
                self._send(iteration, iteration.run, x.done, self._now())

    def _no_more(self, state: RunState) -> bool:
        """Whether nothing more is to be sent: the load is stopped, or the drain is no longer needed."""
        return self._stopping or (state is self._draining and not state.active)

    def _think(self, iteration: Iteration, until: int) -> None:
        self._wait(iteration, until, iteration.step, lambda: self._send(iteration, iteration.run, until, self._now()))

    def _back_off(self, iteration: Iteration, x: Exchange, pause: int, request: Request | None) -> None:
        """Make another attempt at the current step, when `pause` ns have passed."""
        if self._no_more(iteration.run):
            self._break_off(iteration, iteration.step + 1, x.done, cut=True)
            return
        following = next_attempt(x, x.done + pause, iteration.current.timeout, request)
        self._wait(iteration, following.due, iteration.step + 1, lambda: self._send_again(iteration, following))

    def _send_again(self, iteration: Iteration, x: Exchange) -> None:
        x.released = x.signed = self._now()
        if not iteration.run.open:  # due when it is released, as everything in a load without a schedule
            late = x.released - x.due
            x.due, x.deadline, x.backoff = x.due + late, x.deadline + late, x.backoff + late
        self._count_repeated(x)
        self._transmit(x)

    def _count_repeated(self, x: Exchange) -> None:
        self._sent[x.slot] += 1
        self._ledger.repeated[x.slot] += 1

    def _wait(self, iteration: Iteration, until: int, unsent: int, go: Callable[[], None]) -> None:
        """Let an iteration go on at `until`, unless it is broken off before: the steps from `unsent` on are then not
        sent."""
        self._waiting[iteration] = unsent
        self._at(until, lambda now: go() if self._waiting.pop(iteration, None) is not None else None)

    def _break_off(self, iteration: Iteration, unsent: int, at: int, cut: bool) -> None:
        """The steps from `unsent` on are not sent: an earlier one failed, or it is cut short by the end of the run."""
        why = SKIPPED_STOPPED if cut else SKIPPED_FAILED
        for left in iteration.scenario.steps[unsent:]:
            self._ledger.skipped[(iteration.run.slot + left.number) * 2 + why] += 1
        self._end(iteration, at, cut)

    def _break_off_waiting(self, runs: set[RunState]) -> None:
        """The iterations of those runs that wait for their next step or attempt do not send it."""
        for iteration, unsent in [item for item in self._waiting.items() if item[0].run in runs]:
            del self._waiting[iteration]
            self._break_off(iteration, unsent, self._now(), cut=True)

    def _end(self, iteration: Iteration, done: int, cut: bool = False) -> None:
        state = iteration.run
        if cut or iteration.outcome:
            self._iterations[state.row + (CUT_SHORT if cut else FAILED)] += 1
        else:
            state.completed = completed = state.completed + 1
            self._iterations[state.row + COMPLETED] = completed
        if not (cut or iteration.scenario.plain) and iteration.timed:
            self._accounts.iteration(iteration, done)
        if self._per_iteration:
            self._transport.end_iteration(iteration)
        state.in_flight -= 1
        self.in_flight -= 1
        if state.measured:
            self._measured_in_flight -= 1
        if iteration.user:
            if not self._stopping:
                self._users.done(state, done, iteration.index)
        elif state.budget is not None:
            self._check_done(state)
        if self._ending:
            self._check_drained()
