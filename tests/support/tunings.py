"""A function that is tuned in virtual time: the sandbox's Lambda answers the calls of the load and those that change
its configuration, on one clock."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from engine_harness import START
from lambda_calls import PATH, Calls
from run_folders import write_run

from loadgen.clock import MILLISECOND, SECOND, VirtualClock
from loadgen.exchange import Exchange, Request
from loadgen.experiment.tune import measurement
from loadgen.experiment.tune.measurement import Reached, resume, tune
from loadgen.experiment.tune.plan import plan_of
from loadgen.profile.load import Loaded, load
from loadgen.profile.sandbox import SandboxSettings
from loadgen.report.terminal.live import Silence
from loadgen.result.codec import to_json
from loadgen.result.run import RunResult
from loadgen.result.tune import TunePlan, TuneResult
from loadgen.runner.control import CallFailed
from loadgen.runner.options import Options
from loadgen.sandbox.virtual import VirtualSandbox
from loadgen.transport.scripted import Reply

PROFILE = """
name: orders
target: {lambda: {function: orders, endpoint: sandbox}}
load: [{name: a, users: 1, iterations: 1}]
scenarios: [{name: s, steps: [{name: call, Invoke: {payload: {id: 1}}}]}]
"""
SANDBOX = {"rtt": "2ms", "service": "20ms", "environments": {"max": 9, "init": "40ms"}}


class Nothing:
    """Secrets that need no renewal."""

    async def refresh(self) -> None: ...


@dataclass
class Function(Calls):
    """The function `orders` of a sandbox. `visited` are the memory sizes of the runs; `before` is called before each
    run with its number, from 1, and `after` may make something else of its result."""

    settings: dict[str, Any] = field(default_factory=dict)
    of_lambda: dict[str, Any] = field(default_factory=dict)
    place: str = "function orders"
    visited: list[int] = field(default_factory=list)
    before: Any = None
    after: Any = None
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(START))
    sandbox: VirtualSandbox = field(init=False)
    _begun: int = 0

    def __post_init__(self) -> None:
        of_lambda = {"memory": 512, "overhead": "1ms", **self.of_lambda}
        read = SandboxSettings.model_validate({**SANDBOX, **self.settings, "lambda": of_lambda})
        self.sandbox = VirtualSandbox(read, self.clock)

    def ask(self, method: str, path: str = PATH, **body: Any) -> Any:
        """What an answer has, 5 s later: an update is over by then."""
        content = json.dumps(body).encode() if body else b""
        answer = self.sandbox.answer(Request(method, path, (), content), first=False)
        self.clock.run(until=self.clock.now() + 5 * SECOND)
        said = json.loads(answer.body or b"{}")
        if answer.status >= 400:
            raise CallFailed(str(said), "PreconditionFailedException")
        return said

    @property
    def memory(self) -> int:
        return int(self.ask("GET")["MemorySize"])

    # its calls

    async def run_at(self, loaded: Loaded, options: Options, *_: Any) -> RunResult:
        if self.before:
            self.before(len(self.visited) + 1)
        self.visited.append(self.memory)
        self._begun = self.clock.now() - START + MILLISECOND
        result = write_run(options.out, loaded.profile, self._answer, "2026-01-01T00:00:00+00:00")
        if self.after:
            result = self.after(len(self.visited), result)
            (options.out / "result.json").write_text(json.dumps(to_json(result)))
        return result

    def _answer(self, x: Exchange) -> Reply:
        self.clock.run(until=self._begun + x.started)
        answer = self.sandbox.answer(x.request, first=False)
        lines = [line.partition(": ") for line in answer.head.decode().split("\r\n")[1:]]
        headers = {name.lower(): value for name, _, value in lines}
        return Reply(answer.after, answer.status, headers, answer.body)


def tuned(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    function: Function,
    sizes: tuple[int, ...] = (128, 512, 1769),
    seed: int = 1,
    text: str = PROFILE,
    again: bool = False,
    **asked: Any,
) -> TuneResult:
    """The result of `loadgen tune` on that function; `again`: of the rest of what the folder has."""

    async def reach(loaded: Loaded, options: Options, stack: AsyncExitStack, plan: TunePlan | None = None) -> Reached:
        return Reached(None, Nothing(), function)  # type: ignore[arg-type]

    monkeypatch.setattr(measurement, "reach", reach)
    monkeypatch.setattr(measurement, "run_at", function.run_at)
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    loaded = load("orders.yaml", text=text, sets=[f"seed={seed}"])
    plan = plan_of(loaded, sizes, **{"calls": 20, "rounds": 2, **asked})
    options = Options(folder, needed=True)
    work = resume(loaded, options, Silence()) if again else tune(loaded, plan, options, Silence())
    return asyncio.run(work)
