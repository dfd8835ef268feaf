"""`runner.session`: the order in which a run is checked, prepared, carried out and concluded; its workers are idle."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fleet_members import Told, spawn_idle

from loadgen.clock import SECOND, wall
from loadgen.engine.machine import MachineShare
from loadgen.errors import Exit, LoadgenError, PlanError, ProfileError
from loadgen.fleet.group import Group
from loadgen.fleet.messages import Bye, Go, Kill, Stop
from loadgen.interrupts import Interrupted, Interrupts
from loadgen.net.names import Origin, resolve
from loadgen.profile.load import load
from loadgen.result.codec import from_json
from loadgen.result.reason import Reason
from loadgen.result.resolution import Resolution
from loadgen.result.run import RunResult
from loadgen.runner import session
from loadgen.runner.destination import Destination
from loadgen.runner.options import Options
from loadgen.runner.progress import Progress
from loadgen.runner.secrets import Keeper
from loadgen.runner.session import run_at
from loadgen.store import RunFolder

TEXT = """name: t
target: http://127.0.0.1:9
load: [{name: a, rate: 10/s, for: 2s}]
"""
ORIGIN = Origin.of("http://127.0.0.1:9")


class Screen:
    """Keeps what is shown."""

    detailed = True

    def __init__(self) -> None:
        self.last: Progress | None = None
        self.states: list[str] = []
        self.messages: list[Reason] = []

    def update(self, progress: Progress) -> None:
        self.last = progress
        self.states.append(progress.state)

    def message(self, notice: Reason) -> None:
        self.messages.append(notice)


class Sandbox:
    """One that ends, or has ended before the load."""

    http = https = ""
    ca = Path()

    def __init__(self, counts: bool) -> None:
        self.counts, self.asked = counts, 0

    def stats(self) -> dict[str, Any]:
        self.asked += 1
        if not self.counts:
            raise LoadgenError("the sandbox said nothing for 10 s")
        return {}

    def look(self) -> str:
        return "the sandbox ended by itself"

    def stop(self) -> None: ...


class Runs:
    """Carries TEXT out with workers who have nothing to do."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.signals, self.screen = folder / "run", Interrupts(), Screen()
        self.groups: list[Group] = []
        self.simulates: str | None = None
        self.sandbox: Sandbox | None = None
        self.before: Callable[[Group], None] = spawn_idle
        monkeypatch.setattr(Group, "spawn", self._spawn)
        monkeypatch.setattr(session, "WATCHED", 0)

    def _spawn_group(self, group: Group) -> None:
        self.groups.append(group)
        self.before(group)

    @property
    def _spawn(self) -> Callable[[Group], None]:
        return lambda group: self._spawn_group(group)

    async def go(self, text: str = TEXT, **options: Any) -> Any:
        loaded = load("t.yaml", text=text)
        self.keeper = Keeper(loaded.profile, False, loaded.secrets)
        to = Destination(ORIGIN, resolve(ORIGIN), True, sandbox=self.sandbox, simulates=self.simulates)
        chosen = Options(self.folder, **{"preflight": False, **options})
        return await run_at(loaded, chosen, self.screen, to, self.signals, self.keeper)

    def told(self, group: int = 0, worker: int = 0) -> list[type]:
        pipe = self.groups[group].members[worker].pipe
        assert isinstance(pipe, Told)
        return [type(message) for message in pipe.messages]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    return Runs(tmp_path, monkeypatch)


async def test_a_run_from_its_profile_to_its_result(runs: Runs) -> None:
    def spawn(group: Group) -> None:
        assert (runs.folder / "run.json").exists(), "what is known is written before the load"
        assert not (runs.folder / "result.json").exists()
        spawn_idle(group)

    runs.before = spawn
    result = await runs.go(TEXT + "workers: 2\n")
    assert from_json(RunResult, json.loads((runs.folder / "result.json").read_text())) == result
    assert (result.run, result.workers) == (str(runs.folder), 2)
    assert result.complete
    assert runs.told(worker=0) == runs.told(worker=1) == [Go, Bye]
    assert runs.screen.states
    assert runs.keeper.renewed.__name__ == "renew"


async def test_what_is_shown_is_what_is_known(runs: Runs) -> None:
    def spawn(group: Group) -> None:
        spawn_idle(group)
        group._each_second()

    runs.before = spawn
    await runs.go()
    shown = runs.screen.last
    assert shown
    assert (shown.name, shown.target, shown.workers) == ("t", "http://127.0.0.1:9", 1)
    assert [(phase.name, phase.seconds) for phase in shown.phases] == [("a", 2.0)]
    assert {*shown.phases[0].rates} == {10.0}
    assert len(shown.seconds) == len(shown.by_worker) == 1
    assert shown.trust, "of a display with details each second"


async def test_of_a_load_that_machines_share_the_part_is_shown(runs: Runs) -> None:
    """What this machine sends is compared with its part of the rate, and not with the profile's."""
    runs.before = spawn_idle
    await runs.go(share=MachineShare(2, 4), start_at=wall() + SECOND // 2)
    assert runs.screen.last
    assert {*runs.screen.last.phases[0].rates} == {2.5}


async def test_the_resolution_is_that_of_the_ticks_before_the_load(runs: Runs) -> None:
    def spawn(group: Group) -> None:
        spawn_idle(group)
        group.health.idle.extend([50_000] * 200)

    runs.before = spawn
    result = await runs.go()
    assert (result.resolution.source, result.resolution.of("p50")) == ("ticks", 100_000)


async def test_a_run_that_knows_its_machine_does_not_wait_for_ticks(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "WATCHED", 1000 * SECOND)
    known = Resolution.measured("selftest", {"p50": 0.07})
    assert (await runs.go(resolution=known)).resolution == known


@pytest.mark.parametrize(
    ("simulates", "options", "tried"),
    [(None, {}, True), (None, {"preflight": False}, False), ("a sandbox", {"preflight": True}, False)],
)
async def test_every_target_but_a_sandbox_is_tried_before_the_load(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, simulates: str | None, options: dict[str, Any], tried: bool
) -> None:
    seen: list[list[Group]] = []

    async def preflight(*arguments: Any) -> None:
        seen.append([*runs.groups])

    monkeypatch.setattr(session, "preflight", preflight)
    runs.simulates = simulates
    await runs.go(**{"preflight": True, **options})
    assert seen == ([[]] if tried else []), "before there is a worker"


async def test_a_witness_goes_along_and_has_a_folder_of_its_own(runs: Runs) -> None:
    result = await runs.go(witness=True)
    assert [len(group.members) for group in runs.groups] == [1, 1]
    assert runs.told(1)[0] is Go
    assert result.witness
    assert result.witness.lost is False
    own = json.loads((runs.folder / "witness" / "result.json").read_text())
    assert (own["workers"], own["run"]) == (1, str(runs.folder / "witness"))
    about = json.loads((runs.folder / "witness" / "run.json").read_text())
    assert about["thinned"]
    assert about["seed"] == own["seed"] != result.seed


@pytest.mark.parametrize("options", [{}, {"witness": True}])
async def test_where_nothing_was_sent_no_folder_stays(runs: Runs, options: dict[str, Any]) -> None:
    def spawn(group: Group) -> None:
        raise PlanError("node 1 (10.0.0.7): ${KEY} is not set")

    runs.before = spawn
    with pytest.raises(PlanError):
        await runs.go(**options)
    assert not runs.folder.exists()


async def test_what_cannot_be_carried_out_starts_no_worker(runs: Runs) -> None:
    with pytest.raises(PlanError):
        await runs.go(TEXT + "session: {connections: 1}\nworkers: 2\n")
    assert runs.groups == []
    assert not runs.folder.exists()


async def test_a_folder_that_is_there_starts_no_worker(runs: Runs) -> None:
    runs.folder.mkdir()
    with pytest.raises(ProfileError, match="exists already"):
        await runs.go()
    assert runs.groups == []


async def test_a_signal_that_came_early_is_heeded(runs: Runs) -> None:
    runs.signals.take()
    with pytest.raises(Interrupted):
        await runs.go()
    assert not runs.folder.exists()


async def test_a_signal_while_the_run_is_prepared_ends_it(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also that of an experiment, or of the self-test, whose own handler passes the signal on."""

    async def refresh(keeper: Keeper) -> None:
        asyncio.get_running_loop().call_soon(runs.signals.take)
        await asyncio.Event().wait()

    monkeypatch.setattr(Keeper, "refresh", refresh)
    with pytest.raises(Interrupted):
        await asyncio.wait_for(runs.go(), 10)
    assert runs.groups == []


async def test_a_signal_when_all_is_over_is_left_to_whoever_shows_the_result(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = RunFolder.finish

    def late(folder: RunFolder, result: Any) -> bool:
        runs.signals.take()
        return finish(folder, result)

    monkeypatch.setattr(RunFolder, "finish", late)
    result = await runs.go()
    assert (result.interrupted, result.exit_status == Exit.INTERRUPTED) == (False, False)
    assert runs.signals.kept


async def test_the_first_signal_stops_and_the_second_gives_up(runs: Runs) -> None:
    def spawn(group: Group) -> None:
        spawn_idle(group)
        runs.signals.take()
        runs.signals.take()

    runs.before = spawn
    result = await runs.go()
    assert runs.told() == [Stop, Kill]
    assert result.exit_status == Exit.INTERRUPTED
    assert runs.screen.messages == [Reason.of("stopping"), Reason.of("stopping_at_once")]


@pytest.mark.parametrize("counts", [True, False])
async def test_a_sandbox_that_serves_no_more_ends_the_load(runs: Runs, counts: bool) -> None:
    def spawn(group: Group) -> None:
        spawn_idle(group)
        if counts:
            group._each_second()

    runs.before, runs.sandbox = spawn, Sandbox(counts)
    result = await runs.go()
    assert runs.told() == ([Kill] if counts else [])
    assert result.exit_status == Exit.UNUSABLE
    error = "the sandbox ended by itself" if counts else "the sandbox said nothing for 10 s"
    assert result.unusable == Reason.of("sandbox_silent", error=error)
    assert runs.screen.messages == [result.unusable]
    assert runs.sandbox.asked == 1, "it is not waited for once more"


async def test_secrets_that_cannot_be_renewed_end_the_run_with_their_reason(runs: Runs) -> None:
    expired = Reason.of("secret_expired", error="the token is old")

    def spawn(group: Group) -> None:
        spawn_idle(group)
        runs.keeper.lost(expired)
        runs.keeper.lost(Reason.of("secret_expired", error="once is enough"))

    runs.before = spawn
    result = await runs.go()
    assert result.exit_status == Exit.UNUSABLE
    assert [warning for warning in result.warnings if warning.code == "secret_expired"] == [expired]
    assert runs.told() == [Kill]


async def test_a_worker_that_dies_before_the_load_leaves_no_process(runs: Runs) -> None:
    def spawn(group: Group) -> None:
        spawn_idle(group)
        group._ended(group.members[1])

    runs.before = spawn
    with pytest.raises(LoadgenError, match="worker 1 died before the load began"):
        await runs.go(TEXT + "workers: 2\n")
    assert [member.process.killed for member in runs.groups[0].members] == [True, True]  # type: ignore[attr-defined]
    assert not (runs.folder / "result.json").exists()
