"""What is written down of exchanges, operations and iterations: in the ledger, the recorder and the samples."""

from __future__ import annotations

from loadgen.engine.iteration import Iteration
from loadgen.exchange import OK, REUSED, THROTTLED, Exchange, Invoked, Tally
from loadgen.native import i64
from loadgen.record.environments import LONGEST
from loadgen.record.excerpt import MESSAGE, printable
from loadgen.record.ledger import COUNTED, INVOKED, OUTCOMES, SHARED_READ, TALLY, Ledger
from loadgen.record.metrics import RECORDED, Metric
from loadgen.record.recorder import OTHERS, Recorder
from loadgen.record.samples import OTHER, Samples
from loadgen.workload.scenarios import STRATUM_LIMIT

MOST_TOLD = 1 << 40  # that one answer may count for: what it tells may be anything


class Accounts:
    """One worker's. An exchange is judged here, as its outcome is what it is written down under."""

    def __init__(self, ledger: Ledger, recorder: Recorder, samples: Samples) -> None:
        self._ledger, self._recorder, self._samples = ledger, recorder, samples
        self._outcomes, self._slow_from, self._drawn_at = ledger.outcomes, samples.slow_from, samples.drawn_at
        samples.counted = self._ok
        self._strata: set[str] = set()
        self._limits: set[str] = set()

    def exchange(self, x: Exchange, iteration: Iteration) -> None:
        """A finished exchange: its outcome, and with it the iteration's."""
        slot, scenario = x.slot, iteration.scenario
        due = x.due if iteration.run.open else 0
        if scenario.plain:
            if x.status and x.outcome is OK:
                scenario.steps[0].assess(x)
            iteration.outcome = x.outcome
            self._recorder.exchange(x, due, self._limit(x) if x.outcome is THROTTLED else "")
        else:
            reported = iteration.answered(x)
            stratum = self._limit(x) if x.outcome is THROTTLED else self._stratum(iteration)
            self._recorder.exchange(x, due, stratum)
            if scenario.environment:
                self._met_by(x, iteration)
            if reported:
                series = self._recorder.series(slot, int(x.outcome), x.connection, stratum)
                for number, time in reported:
                    self._recorder.value(series, RECORDED + number, x.due, time)
        outcome: i64 = x.outcome
        place = slot * OUTCOMES + outcome
        count: i64 = self._outcomes[place] + 1
        self._outcomes[place] = count
        if x.tally is not None:
            self._add(slot, x.tally)
        if x.invocation is not None:
            self._invoked(slot, x.invocation.counts)
        if x.shared_read:
            self._ledger.worker[SHARED_READ] += 1
        if outcome:
            self._samples.failed(x)
            return
        lasted = x.done - x.due
        if lasted > self._slow_from[slot]:
            self._samples.slow(x, lasted, count)
        if count >= self._drawn_at[slot]:
            self._samples.draw(x, count)

    def operation(self, x: Exchange, iteration: Iteration) -> None:
        """An operation is over with its last attempt."""
        series = self._recorder.series(x.slot, int(x.outcome), x.connection, self._stratum(iteration))
        self._recorder.value(series, Metric.OPERATION, x.first_due, x.done - x.first_due)
        if x.attempt > 1:
            self._recorder.value(series, Metric.BACKOFF, x.first_due, x.backoff)

    def iteration(self, iteration: Iteration, done: int) -> None:
        """An iteration of several steps came to its end."""
        slot = iteration.run.slot + iteration.scenario.steps[0].number
        series = self._recorder.series(slot, iteration.outcome, REUSED, self._stratum(iteration))
        self._recorder.value(series, Metric.ITERATION, iteration.due, done - iteration.due)

    def _ok(self, slot: int) -> int:
        """How many ok exchanges a slot has had."""
        return int(self._outcomes[slot * OUTCOMES + OK])

    def _met_by(self, x: Exchange, iteration: Iteration) -> None:
        name = iteration.values.get(iteration.scenario.environment)
        if name is not None and not x.outcome:
            due = x.due if iteration.run.open else x.released
            self._recorder.met.saw(iteration.run.run.number, due, str(name)[:LONGEST])

    def _add(self, slot: int, tally: Tally) -> None:
        cells, row = self._ledger.tallies, slot * len(TALLY)
        for place, number in enumerate(tally, row):
            cells[place] += min(max(number, 0), MOST_TOLD)

    def _invoked(self, slot: int, counts: Invoked) -> None:
        cells, row = self._ledger.invoked, slot * len(INVOKED)
        for place, number in enumerate(counts):
            number = min(number, MOST_TOLD)
            if place < COUNTED:
                cells[row + place] += number
            else:
                cells[row + place] = max(cells[row + place], number)

    def _limit(self, x: Exchange) -> str:
        """The stratum of a throttled exchange: why it was throttled, as that alone is told second by second."""
        reason = printable(x.reason)[:MESSAGE]
        if reason not in self._limits:
            if len(self._limits) >= STRATUM_LIMIT:
                return OTHER
            self._limits.add(reason)
        return reason

    def _stratum(self, iteration: Iteration) -> str:
        if not iteration.scenario.split_by:
            return ""
        stratum = iteration.stratum()
        if stratum not in self._strata:
            if len(self._strata) >= STRATUM_LIMIT:
                return OTHERS
            self._strata.add(stratum)
        return stratum
