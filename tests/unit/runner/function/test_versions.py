"""Versions and provisioned concurrency are taken away again on the sandbox's Lambda in virtual time, also by a process
that comes after one that died at any moment; what is not ours is left alone."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lambda_calls import PROVISIONED, Calls
from lambda_sandbox import FUNCTIONS, Sandbox

from loadgen.clock import SECOND
from loadgen.errors import ProfileError, TargetError
from loadgen.interrupts import Interrupted
from loadgen.result.tune import TuneCell, TunePlan
from loadgen.runner.control import CallFailed
from loadgen.runner.function import changes as changing
from loadgen.runner.function.calls import configuration_of
from loadgen.runner.function.cells import Cells, permissions_of
from loadgen.runner.function.versions import FILE, Gone, Versions, read_log

EACH = 1 if os.environ.get("LOADGEN_FULL_TESTS") else 7  # of the moments


class Died(Exception):
    """The process was killed."""


class Service(Calls):
    """The function of a sandbox. `dies` is the step at which the process dies: each call of the API, and each line that
    is written, has one before and one after it."""

    def __init__(self, **settings: Any) -> None:
        self.place = "function orders"
        given = {"memory": 512, "updating": "2s", "snap_start": {"restore": "9ms"}, **settings}
        self.sandbox = Sandbox({"environments": {"max": 9, "init": "40ms"}}, **given)
        self.steps, self.dies = 0, -1

    def step(self, *_: Any) -> None:
        self.steps += 1
        if self.steps == self.dies:
            raise Died

    def ask(self, method: str, path: str, **body: Any) -> Any:
        self.step()
        reply = self.sandbox.call(method, path, json.dumps(body).encode() if body else b"")
        self.step()
        if reply.status >= 400:
            raise CallFailed(reply.message, reply.error)
        return reply.body if reply.raw else None

    async def sleep(self, seconds: float) -> None:
        self.step()
        self.sandbox.wait(round(seconds * SECOND))

    def left(self) -> tuple[int, bool, list[str], list[str]]:
        """The memory and SnapStart of $LATEST, the versions, and those with provisioned concurrency."""
        self.dies = -1
        self.sandbox.wait(9 * SECOND)
        now = configuration_of(self.ask("GET", f"{FUNCTIONS}/orders/configuration"))
        numbers = [of["Version"] for of in self.ask("GET", f"{FUNCTIONS}/orders/versions")["Versions"][1:]]
        listed = self.ask("GET", f"{PROVISIONED}?List=ALL")["ProvisionedConcurrencyConfigs"]
        return now.memory, now.snap_start, numbers, [of["FunctionArn"].rpartition(":")[2] for of in listed]


CELLS = (
    TuneCell("orders", 512, "512 MB"),
    TuneCell("orders", 1024, "1024 MB snapstart", start="snapstart"),
    TuneCell("orders", 1024, "1024 MB provisioned=2", start="provisioned", provisioned=2),
    TuneCell("orders", 0, "live provisioned=1", "live", "provisioned", 1),
)
PLAN = TunePlan("orders", (512, 1024), 10, 1, None, (), 1, None, CELLS)


def made(service: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    """With a version of somebody else's, which the alias `live` is."""
    monkeypatch.setattr(changing, "wall", service.sandbox.wall)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    service.ask("PUT", f"{FUNCTIONS}/orders/configuration", SnapStart={"ApplyOn": "None"})
    service.sandbox.wait(9 * SECOND)
    service.ask("POST", f"{FUNCTIONS}/orders/versions", Description="mine")
    service.ask("POST", f"{FUNCTIONS}/orders/aliases", Name="live", FunctionVersion="1")
    service.sandbox.wait(9 * SECOND)
    service.steps = 0
    return service


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    return made(Service(), monkeypatch)


def cells(service: Service, folder: Path) -> Cells:
    return Cells(PLAN, {"orders": service}, folder, {"orders": "orders"}, service.sleep)


def done(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


async def visits(of: Cells) -> list[str | None]:
    called = []
    await of.begin()
    for cell in CELLS:
        qualifier = await of.set(cell)
        called.append(qualifier)
        await of.unset(cell, qualifier)
    await of.restore()
    return called


def test_each_cell_is_set_up_and_all_is_taken_away(service: Service, tmp_path: Path) -> None:
    assert done(visits(cells(service, tmp_path))) == [None, "2", "3", "live"]
    assert service.left() == (512, False, ["1"], [])


def test_a_process_that_died_at_any_moment_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moment, left = 0, set[str]()
    while True:
        service = made(Service(), monkeypatch)
        monkeypatch.setattr(os, "write", _dying(service, os.write))
        moment += EACH
        service.dies = moment
        folder = tmp_path / str(moment)
        folder.mkdir()
        try:
            done(visits(cells(service, folder)))
        except Died:
            left.add(str(service.left()[2:]))
        else:
            break
        finally:
            monkeypatch.undo()
            monkeypatch.setattr(changing, "wall", service.sandbox.wall)
            service.dies = -1
        done(cells(service, folder).restore())
        assert service.left() == (512, False, ["1"], []), moment
    assert moment > 100
    states = {"(['1'], [])", "(['1', '2'], [])", "(['1', '2', '3'], ['3'])", "(['1', '2', '3'], ['live'])"}
    assert EACH > 1 or states <= left


def _dying(service: Service, write: Any) -> Any:
    def dying(descriptor: int, content: bytes) -> int:
        service.step()
        written: int = write(descriptor, content)
        service.step()
        return written

    return dying


def test_what_is_not_ours_is_left_alone(service: Service, tmp_path: Path) -> None:
    """A version with another description, and provisioned concurrency that was there, or that somebody has changed."""
    service.ask("PUT", f"{PROVISIONED}?Qualifier=live", ProvisionedConcurrentExecutions=4)
    of = cells(service, tmp_path)
    done(of.begin())
    with pytest.raises(TargetError, match="live has provisioned concurrency already, "):
        done(of.set(CELLS[3]))
    qualifier = done(of.set(CELLS[2]))
    service.ask("PUT", f"{PROVISIONED}?Qualifier={qualifier}", ProvisionedConcurrentExecutions=3)
    with pytest.raises(TargetError, match=f"somebody else has set the provisioned concurrency of {qualifier} to 3"):
        done(of.unset(CELLS[2], qualifier))
    with pytest.raises(TargetError, match="somebody else has set"):
        done(of.restore())
    assert service.left()[3] == ["live"], "its version was deleted, and with it what was asked for"


def test_a_version_that_is_as_the_last_one_is_used_and_stays(service: Service, tmp_path: Path) -> None:
    """Lambda publishes no second one."""
    of = Versions(service, read_log(tmp_path), "orders", service.sleep)
    assert done(of.publish()) == "1"
    assert done(of.undo()) == ()
    assert service.left()[2] == ["1"]


def test_what_aws_does_not_allow_is_seen_before_a_change(service: Service, tmp_path: Path) -> None:
    service.ask("PUT", f"{FUNCTIONS}/orders/configuration", SnapStart={"ApplyOn": "PublishedVersions"})
    service.sandbox.wait(9 * SECOND)
    service.ask("POST", f"{FUNCTIONS}/orders/versions", Description="with it")
    service.ask("PUT", f"{FUNCTIONS}/orders/aliases/live", FunctionVersion="2")
    with pytest.raises(TargetError, match="live has SnapStart, which AWS allows no provisioned concurrency"):
        done(cells(service, tmp_path).look())


def test_a_function_with_snap_start_is_provisioned_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS refuses provisioned concurrency for a version with SnapStart: so the version is published without."""
    service = Service()
    monkeypatch.setattr(changing, "wall", service.sandbox.wall)
    assert service.left()[1], "$LATEST has SnapStart"
    cell = TuneCell("orders", 1024, "1024 MB provisioned=2", start="provisioned", provisioned=2)
    of = Cells(replace(PLAN, cells=(cell,)), {"orders": service}, tmp_path, {"orders": "orders"}, service.sleep)

    async def visit() -> str | None:
        await of.begin()
        qualifier = await of.set(cell)
        await of.unset(cell, qualifier)
        await of.restore()
        return qualifier

    assert done(visit()) == "1"
    assert service.left() == (512, True, [], [])


def test_looking_tells_the_memory_of_a_version(service: Service, tmp_path: Path) -> None:
    looked = done(cells(service, tmp_path).look())
    assert [(cell.memory, cell.architecture) for cell in looked] == [
        (512, "x86_64"), (1024, "x86_64"), (1024, "x86_64"), (512, "x86_64"),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ['{"kind": "bogus"}\n', "[]}\n", '{"kind": "publish", "function": 1}\n'])
def test_what_is_no_log_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ProfileError, match="is not as loadgen wrote it"):
        read_log(tmp_path)


def test_a_signal_ends_the_wait_for_what_takes_minutes(service: Service, tmp_path: Path) -> None:
    """Here it takes two seconds."""
    waits = list[int]()

    def stopped() -> bool:
        waits.append(1)
        return len(waits) > 3

    of = Versions(service, read_log(tmp_path), "orders", service.sleep, stopped)
    with pytest.raises(Interrupted):
        done(of.provision("live", 2))
    assert done(of.undo()) == (Gone("live", 2),)
    assert service.left()[3] == []


def test_permissions_follow_from_the_cells() -> None:
    every = permissions_of(PLAN)
    assert "lambda:PublishVersion" in every and "lambda:PutProvisionedConcurrencyConfig" in every
    sizes = permissions_of(TunePlan("orders", (128, 256), 10, 1, None, (), 1, None))
    assert sizes == ("lambda:GetFunctionConfiguration", "lambda:UpdateFunctionConfiguration", "lambda:InvokeFunction")
    there = TunePlan("orders", (), 10, 1, None, (), 1, None, (TuneCell("orders", 0, "live", "live"),))
    assert permissions_of(there) == ("lambda:GetFunctionConfiguration", "lambda:InvokeFunction")
