"""A load in virtual time: the engine, the recorder and the scripted client, on a target that is handed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from loadgen.clock import NEVER, SECOND, VirtualClock
from loadgen.engine.engine import Engine, Share
from loadgen.engine.plan import Plan
from loadgen.exchange import NEW, Exchange, Outcome, Request
from loadgen.net.http1 import Headers
from loadgen.net.names import Origin
from loadgen.profile.model import Profile
from loadgen.profile.sandbox import SandboxSettings
from loadgen.record.ledger import Ledger
from loadgen.record.recorder import Batch, Recorder, SeriesKey, fold
from loadgen.record.recording import Recording
from loadgen.record.samples import Samples
from loadgen.transport import Counters, Settings
from loadgen.transport.scripted import Reply, Scripted
from loadgen.workload.scenarios import Workload

START = 1000 * SECOND  # the instant at which the first phase begins


class Answer(Protocol):
    """What a request gets, `after` so many ns; `status` 0: the connection is reset."""

    @property
    def after(self) -> int: ...

    @property
    def status(self) -> int: ...

    @property
    def head(self) -> bytes: ...

    @property
    def body(self) -> bytes: ...


class Target(Protocol):
    """A target in virtual time."""

    def connect(self) -> int:
        """The ns that a connection takes which is opened now."""

    def answer(self, asked: Request, first: bool) -> Answer:
        """What becomes of a request that is sent now; `first` on its connection."""


MakeTarget = Callable[[SandboxSettings, VirtualClock], Target]


class VirtualLoad:
    """The load of a profile by one worker. It is the engine's host."""

    def __init__(self, profile: Profile, plan: Plan, clock: VirtualClock, target: Target, preopen: int = 0) -> None:
        self.recording = Recording()
        self._plan, self._clock, self._target = plan, clock, target
        self._series: dict[int, SeriesKey] = {}
        self.ledger = ledger = Ledger.in_memory(len(plan.all_runs), plan.slots)
        share = Share(
            0, 1, profile.in_flight_limit or NEVER, round(SECOND / profile.max_rate) if profile.max_rate else 0
        )
        self._engine = Engine(clock, plan, Workload(profile), self, ledger, share)
        self._recorder = Recorder(START, self._take, self._name)
        session = profile.session
        settings = Settings(
            Origin("https", "127.0.0.1", 443), (), None, session.reuse, session.renew, session.connections or NEVER,
            preopen, False, False, session.order == "fifo",
        )  # fmt: skip
        counters = Counters(ledger.wired, ledger.connections)
        client = Scripted(clock, settings, counters, self._engine.done, self._script)
        client.preopen()
        self.samples = samples = Samples(START, plan.slots)
        self._engine.attach(client, self._recorder, samples, session.reuse == "per-iteration")

    def carry_out(self) -> Recording:
        """What was counted, pending."""
        self._engine.enter(0, START)
        self._clock.run()
        return self.recording

    # what the engine tells its host

    def reached(self, run: int) -> None:
        self._engine.enter(run, self._clock.now())

    def halted(self) -> None: ...

    def finished(self) -> None:
        self._recorder.flush()

    # what the client asks

    def _script(self, x: Exchange) -> Reply:
        return Reply(connect=self._target.connect() if x.connection == NEW else 0, then=self._answered)

    def _answered(self, x: Exchange) -> Reply:
        got = self._target.answer(x.request, x.connection == NEW)
        if not got.status:
            return Reply(got.after, outcome=Outcome.RESET, reason="reset by the twin")
        headers: Mapping[str, str] = Headers(got.head + b"\r\n\r\n") if x.wants else {}
        return Reply(got.after, got.status, headers, got.body)

    # what the recorder sends

    def _take(self, batch: Batch) -> None:
        self.recording.take(fold(batch, START), self._series)

    def _name(self, number: int, key: SeriesKey) -> None:
        self._series[number] = key


def carried_out(profile: Profile, settings: SandboxSettings, make: MakeTarget, preopen: int = 0) -> Recording:
    """The counts of the profile's load on such a sandbox, with so many connections that are open before it."""
    clock = VirtualClock(START)
    recording = VirtualLoad(profile, Plan.of(profile), clock, make(settings, clock), preopen).carry_out()
    recording.flush()
    return recording
