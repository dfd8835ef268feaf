"""Engines in virtual time: a profile and a script go in, and all that became of each exchange comes out.

Several engines share one clock and start phases together, as a fleet's workers do. Every run is checked for what must
hold whatever happens: the ledgers add up, each exchange is finished once, each engine says once that it is finished.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from loadgen.clock import MILLISECOND, NEVER, SECOND, VirtualClock
from loadgen.engine.engine import Engine, Share
from loadgen.engine.machine import WHOLE, MachineShare
from loadgen.engine.plan import Plan
from loadgen.exchange import Exchange, Outcome
from loadgen.net.names import Origin
from loadgen.pacing import share
from loadgen.profile.load import load
from loadgen.profile.model import Profile
from loadgen.profile.part import Written
from loadgen.record.environments import Environments
from loadgen.record.ledger import OUTCOMES, Ledger
from loadgen.record.metrics import Metric
from loadgen.record.recorder import Batch, Place, Recorder, SeriesKey, fold
from loadgen.record.recording import Recording
from loadgen.record.samples import Samples
from loadgen.stats import Histogram
from loadgen.transport import Counters, Settings
from loadgen.transport.scripted import Reply, Scripted
from loadgen.workload.retrying import Again
from loadgen.workload.scenarios import Workload

START = 1000 * SECOND  # the instant at which the first phase begins
BEGINNING = {"name": "test", "target": "http://127.0.0.1/"}

Script = Callable[[Exchange], Reply]
ClientRetries = Callable[[Exchange], int | None]  # the pause before the client itself repeats an attempt
Event = Callable[["Run"], None]


def profile(written: str | dict[str, Any], folder: Path | None = None) -> Profile:
    """A profile from YAML, or from plain data as YAML would give it; `name` and `target` may be left out."""
    if isinstance(written, dict):
        context = Written(folder or Path())
        return Profile.model_validate({**BEGINNING, **written}, context=context, by_alias=True, by_name=False)
    beginning = "".join(f"{key}: {value}\n" for key, value in BEGINNING.items() if f"\n{key}:" not in f"\n{written}")
    return load((folder or Path()) / "test.yaml", text=beginning + written).profile


def operations(exchanges: list[Exchange]) -> list[list[Exchange]]:
    """The attempts of each operation: an iteration comes to a step once."""
    found: dict[tuple[object, int], list[Exchange]] = {}
    for x in exchanges:
        found.setdefault((x.owner, x.slot), []).append(x)
    return list(found.values())


def always(**reply: Any) -> Script:
    """A script that answers every exchange alike."""
    given = Reply(**reply)
    return lambda x: given


@dataclass(slots=True)
class Member:
    """One engine of a run, and its host."""

    run: Run
    index: int
    ledger: Ledger
    engine: Engine = field(init=False)
    transport: Scripted = field(init=False)
    recorder: Recorder = field(init=False)
    samples: Samples = field(init=False)
    reached_run: int = 0
    finished_at: list[int] = field(default_factory=list)
    series: dict[int, SeriesKey] = field(default_factory=dict)
    exchanges: list[Exchange] = field(default_factory=list)
    repeating: set[Exchange] = field(default_factory=set)

    def reached(self, run: int) -> None:
        self.reached_run = run
        self.run.enter_if_all(run)
        self.run.resume_if_all()

    def halted(self) -> None:
        self.run.halted.add(self.index)
        self.run.resume_if_all()

    def finished(self) -> None:
        self.finished_at.append(self.run.clock.now())
        self.recorder.flush()
        self.run.enter_if_all(self.run.entered + 1)
        self.run.resume_if_all()

    def done(self, x: Exchange) -> None:
        self.exchanges.append(x)
        pause = self.run.client_retries(x) if self.run.client_retries else None
        if pause is None:
            self.engine.done(x)
        else:
            self.repeating.add(x)
            self.run.clock.call_at(x.done + pause, lambda: self.repeat(x))

    def repeat(self, x: Exchange) -> None:
        if x in self.repeating:
            self.repeating.remove(x)
            self.transport.send(self.engine.retried(x))

    def cancel(self) -> None:
        """Between two attempts, too, a client that is cancelled finishes what it has."""
        Scripted.cancel(self.transport)
        while self.repeating:
            self.engine.done(self.repeating.pop())

    def emit(self, batch: Batch) -> None:
        timings = [self.run.plan.timing(key.slot, 0) for key in self.series.values()]
        self.run.recording.take(fold(batch, START, timings, self.index), self.series)

    def name_series(self, number: int, key: SeriesKey) -> None:
        self.series[number] = key


class Run:
    """A run of `workers` engines; `machine` is the one that they are on, of those that share a load. `go` carries it
    out; `at(instant, event)` makes something happen in the middle.

    `lap` is that of `Share`, and `pause` how long all wait between two. `again` is every step's: what the engine asks
    after an attempt. `client_retries` is asked before the engine hears of one.
    """

    def __init__(
        self,
        written: str | dict[str, Any] | Profile,
        script: Script,
        *,
        workers: int = 1,
        machine: MachineShare = WHOLE,
        folder: Path | None = None,
        again: Again | None = None,
        client_retries: ClientRetries | None = None,
        lap: int = 0,
        pause: int = 0,
    ) -> None:
        self.profile = written if isinstance(written, Profile) else profile(written, folder)
        self.again, self.client_retries = again, client_retries
        self.clock = VirtualClock(START)
        self.plan = Plan.of(self.profile)
        self.recording = Recording()
        self.by_second: dict[Place, Histogram] = {}
        self.environments = Environments()
        self.entered = 0
        self.lap, self.pause, self.halted = lap, pause, set[int]()
        self.halts: list[int] = []  # when all waited
        self.entries: list[tuple[int, int]] = []
        self.members = [
            self._member(machine.worker(number, workers), machine.all(workers), script) for number in range(workers)
        ]

    def _member(self, index: int, workers: int, script: Script) -> Member:
        session, max_rate = self.profile.session, self.profile.max_rate
        member = Member(self, index, Ledger.in_memory(len(self.plan.all_runs), self.plan.slots))
        limit = self.profile.in_flight_limit
        part = Share(
            index,
            workers,
            max(1, share(limit, index, workers)) if limit else NEVER,
            round(SECOND * workers / max_rate) if max_rate else 0,
            lap=self.lap,
        )
        member.engine = Engine(self.clock, self.plan, self._workload(), member, member.ledger, part)
        cap = share(session.connections, index, workers) if session.connections else NEVER
        origin = Origin("http", "127.0.0.1", 80)
        settings = Settings(origin, (), None, session.reuse, session.renew, cap, 0, False, False)
        counters = Counters(member.ledger.wired, member.ledger.connections)
        member.transport = Scripted(self.clock, settings, counters, member.done, script)
        if self.client_retries:
            member.transport.cancel = member.cancel  # type: ignore[method-assign]
        member.recorder = Recorder(START, member.emit, member.name_series)
        member.samples = Samples(START, self.plan.slots)
        member.engine.attach(member.transport, member.recorder, member.samples, session.reuse == "per-iteration")
        return member

    def _workload(self) -> Workload:
        workload = Workload(self.profile)
        if self.again or self.client_retries:
            for scenario in workload.scenarios:
                scenario.plain = False
                for step in scenario.steps:
                    step.again, step.repeats = self.again, True
        return workload

    def at(self, instant: int, event: Event) -> Run:
        """Let `event(run)` happen `instant` ns after the start."""
        self.clock.call_at(START + instant, lambda: event(self))
        return self

    def stall(self, instant: int, duration: int) -> Run:
        """Keep the loop from running for `duration` from `instant` on."""
        return self.at(instant, lambda run: run.clock.advance(duration))

    def stop(self, instant: int) -> Run:
        for member in self.members:
            self.at(instant, lambda run, member=member: member.engine.stop())  # type: ignore[misc]
        return self

    def kill(self, instant: int) -> Run:
        for member in self.members:
            self.at(instant, lambda run, member=member: member.engine.kill())  # type: ignore[misc]
        return self

    def enter_if_all(self, number: int) -> None:
        """A phase whose start depends on the end of the last one begins when every engine has come to it."""
        waiting = [member for member in self.members if not member.finished_at]
        if waiting and number > self.entered and all(member.reached_run >= number for member in waiting):
            self.entered = number
            self.entries.append((number, self.clock.now()))
            for member in waiting:
                member.engine.enter(number, self.clock.now())

    def resume_if_all(self) -> None:
        """A lap is over when every engine that has more of it to do waits."""
        live = [member for member in self.members if not member.finished_at]
        if self.halted and all(of.index in self.halted or of.reached_run > self.entered for of in live):
            self.halted.clear()
            self.halts.append(self.clock.now() - START)
            at = self.clock.now() + self.pause
            self.clock.call_at(at, lambda: [member.engine.resume(at) for member in self.members])

    def go(self) -> Run:
        for member in self.members:
            member.engine.enter(0, START)
        self.clock.run()
        self.check()
        self.by_second = self.recording.flush()
        for member in self.members:
            if news := member.recorder.met.news():
                self.environments.add(news)
        return self

    def check(self) -> None:
        for member in self.members:
            assert len(member.finished_at) == 1
            assert member.engine.in_flight == 0
            assert member.ledger.mismatches() == []
            self._check_exchanges(member)
            self._check_attempts(member)
            cells = member.ledger.iterations.tolist()
            assert all(cell >= 0 for cell in cells)
        assert all(h.total >= 0 and h.count == h.counts.sum() for h in self.recording.pending.values())

    @staticmethod
    def _check_exchanges(member: Member) -> None:
        assert len({id(x) for x in member.exchanges}) == len(member.exchanges), "finished twice"
        slots = member.ledger.slots
        seen = Counter((x.slot, int(x.outcome)) for x in member.exchanges)
        counted = member.ledger.outcomes.tolist()
        unsendable = sum(counted) - len(member.exchanges)  # never came to the client
        assert unsendable >= 0
        for slot in range(slots):
            for outcome in range(OUTCOMES):
                more = counted[slot * OUTCOMES + outcome] - seen[slot, outcome]
                assert more == 0 or (outcome == Outcome.UNEXPECTED and more > 0)
        assert sum(x.sent > 0 for x in member.exchanges) == sum(member.ledger.wired.tolist())

    @staticmethod
    def _check_attempts(member: Member) -> None:
        """Of an operation: they follow each other, and with the back-off they are all of it."""
        repeated = {(x.owner, x.slot) for x in member.exchanges if x.attempt > 1}
        first = [x for x in member.exchanges if x.attempt == 1]
        assert len({(x.owner, x.slot) for x in first}) == len(first)
        assert all(x.first_due == x.due and x.backoff == 0 for x in first)
        for attempts in operations([x for x in member.exchanges if (x.owner, x.slot) in repeated]) if repeated else ():
            assert [x.attempt for x in attempts] == list(range(1, len(attempts) + 1))
            assert {x.first_due for x in attempts} == {attempts[0].due}
            for x, following in pairwise(attempts):
                assert following.due >= x.done
                assert following.backoff - x.backoff == following.due - x.done
            last = attempts[-1]
            assert sum(x.done - x.due for x in attempts) + last.backoff == last.done - last.first_due
        again = Counter(x.slot for x in member.exchanges if x.attempt > 1)
        assert member.ledger.repeated.tolist() == [again[slot] for slot in range(member.ledger.slots)]

    # what came of it

    @property
    def ledger(self) -> Ledger:
        """The ledgers of all engines added up."""
        total = self.members[0].ledger.snapshot()
        for member in self.members[1:]:
            total.add(member.ledger.snapshot())
        return total

    @property
    def exchanges(self) -> list[Exchange]:
        """Those that a client had, of all engines, by due and then by when they were done."""
        return sorted((x for member in self.members for x in member.exchanges), key=lambda x: (x.due, x.done))

    @property
    def finished_at(self) -> int:
        """ns after the start when the last engine was finished."""
        return max(member.finished_at[0] for member in self.members) - START

    def of(self, run: int, step: int = 0) -> list[Exchange]:
        """The exchanges of a run of a phase and a step."""
        return [x for x in self.exchanges if x.slot == self.plan.slot(run, step)]

    def dues(self, run: int, step: int = 0) -> list[int]:
        """ns after the start when each of them was due."""
        return [x.due - START for x in self.of(run, step)]

    def iterations(self, run: int) -> dict[str, int]:
        return {name: count for name, count in self.ledger.iteration(run).items() if count}

    def outcomes(self, run: int, step: int = 0) -> dict[str, int]:
        counts = self.ledger.outcome(self.plan.slot(run, step)).tolist()
        return {Outcome(number).word: count for number, count in enumerate(counts) if count}

    def values(self, metric: Metric, run: int, step: int = 0) -> list[int]:
        """The figures of ok exchanges, straight from their instants."""
        ok = [x for x in self.of(run, step) if not x.outcome]
        return sorted(x.done - x.due if metric is Metric.RESPONSE else x.done - x.started for x in ok)


def go(written: str | dict[str, Any] | Profile, script: Script | None = None, **options: Any) -> Run:
    """Carry a profile out; unless said, everything is answered at once."""
    return Run(written, script or always(after=MILLISECOND), **options).go()
