"""One exchange of each step, not measured and kept whole: for `loadgen once`, and before a run."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from loadgen.aws.auth import Access
from loadgen.engine.engine import Engine, Share
from loadgen.engine.iteration import Iteration
from loadgen.engine.plan import Plan
from loadgen.exchange import BODY, Exchange
from loadgen.net.names import Address, Origin
from loadgen.net.timerfd import LoopClock
from loadgen.profile.model import Phase, Profile, Scenario
from loadgen.record.ledger import Ledger
from loadgen.record.recorder import Recorder
from loadgen.record.samples import Samples
from loadgen.transport import Counters
from loadgen.transport.registry import make_client
from loadgen.workload.draws import Values
from loadgen.workload.scenarios import StepWork, Workload


@dataclass(frozen=True, slots=True)
class ProbedExchange:
    """An exchange that was kept whole, with its step, the values captured from its answer, and the names of those that
    should have been captured and are not in it. `peer` describes the connection, if there was one."""

    scenario: str
    step: str
    exchange: Exchange
    captured: Values
    not_found: tuple[str, ...]
    peer: dict[str, object]


class _Host:
    """The engine's host, which is told that the one iteration is over."""

    def __init__(self, over: asyncio.Future[None]) -> None:
        self._over = over

    def reached(self, run: int) -> None: ...

    def halted(self) -> None: ...

    def finished(self) -> None:
        if not self._over.done():  # it was given up
            self._over.set_result(None)


async def probe(
    profile: Profile, origin: Origin, addresses: tuple[Address, ...], ca: Path | None, access: Access
) -> list[ProbedExchange]:
    """Send one iteration of each scenario, one after the other. If a step is sent again, each attempt is kept."""
    exchanges: list[ProbedExchange] = []
    for scenario in (*profile.scenarios, *(stream.scenario for stream in profile.beside)):
        exchanges += await _iteration(profile, scenario, origin, addresses, ca, access)
    return exchanges


async def _iteration(
    profile: Profile,
    scenario: Scenario,
    origin: Origin,
    addresses: tuple[Address, ...],
    ca: Path | None,
    access: Access,
) -> list[ProbedExchange]:
    loop = asyncio.get_running_loop()
    phase = Phase.model_validate({"name": "once", "at-once": 1})
    alone = {"load": (phase,), "beside": (), "scenarios": (scenario,), "cycles": 1, "thresholds": {}}
    single = profile.model_copy(update=alone)
    clock, plan, workload = LoopClock(loop), Plan.of(single), Workload(single, origin.base)
    for step in workload.scenarios[0].steps:
        step.wants = BODY
    workload.scenarios[0].plain = False
    ledger = Ledger.in_memory(len(plan.all_runs), plan.slots)
    over, exchanges = loop.create_future(), list[ProbedExchange]()
    engine = Engine(clock, plan, workload, _Host(over), ledger, Share())

    def done(exchange: Exchange) -> None:
        iteration: Iteration = exchange.owner  # type: ignore[assignment]
        step, peer = iteration.current, client.peer(exchange)
        engine.done(exchange)
        exchanges.append(_probed(exchange, iteration, step, peer))

    counters = Counters(ledger.wired, ledger.connections)
    client = make_client(loop, clock, single, origin, addresses, ca, 4, 0, counters, done, access, engine.retried)
    try:
        await client.prepare()
        start = clock.now()
        recorder = Recorder(start, lambda batch: None, lambda number, key: None)
        engine.attach(client, recorder, Samples(start, plan.slots), single.session.reuse == "per-iteration")
        engine.enter(0, start)
        await over
    finally:
        await client.close()
        clock.close()
    return exchanges


def _probed(exchange: Exchange, iteration: Iteration, step: StepWork, peer: dict[str, object]) -> ProbedExchange:
    names = [name for name, _ in step.capture] if exchange.status else []
    captured = {name: iteration.values[name] for name in names if name in iteration.values}
    not_found = tuple(name for name in names if name not in captured)
    return ProbedExchange(iteration.scenario.name, step.name, exchange, captured, not_found, peer)
