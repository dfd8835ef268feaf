"""A function's settings are set and restored on the sandbox's Lambda in virtual time, also by a process that comes
after one that died at any moment; and what somebody else has set is left alone."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lambda_sandbox import FUNCTIONS, Sandbox

from loadgen.aws.errors import Fault
from loadgen.clock import SECOND
from loadgen.errors import ProfileError, TargetError
from loadgen.runner.control import CallFailed
from loadgen.runner.function import changes as changing
from loadgen.runner.function import journal as journals
from loadgen.runner.function.calls import READ, UPDATE, Api, Configuration, Settings, configuration_of, differing
from loadgen.runner.function.changes import Changes, SomebodyElse
from loadgen.runner.function.journal import FILE, Journal, entries_of, is_ours, read_journal

PATH = f"{FUNCTIONS}/orders/configuration"


class Died(Exception):
    """The process was killed."""


class Service:
    """The function of a sandbox. `dies` is the step at which the process dies: a change and a line of the journal have
    one before and one after them. `fails` are errors that calls give, in their order."""

    def __init__(self, **settings: Any) -> None:
        self.place = "function orders"
        self.sandbox = Sandbox(**{"memory": 512, "updating": "2s", **settings})
        self.steps, self.dies, self.fails = 0, -1, list[CallFailed]()

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.dies:
            raise Died

    async def read(self, qualifier: str = "") -> Configuration:
        return configuration_of(self.sandbox.call("GET", PATH).body)

    async def configure(self, wanted: Settings, now: Configuration) -> Configuration:
        self.step()
        if self.fails:
            raise self.fails.pop(0)
        body = json.dumps({**differing(wanted, now), "RevisionId": now.revision}).encode()
        reply = self.sandbox.call("PUT", PATH, body)
        self.step()
        if reply.status != 200:
            raise CallFailed(reply.message, reply.error)
        return configuration_of(reply.body)

    async def sleep(self, seconds: float) -> None:
        self.step()
        self.sandbox.wait(round(seconds * SECOND))

    def change(self, **what: Any) -> None:
        """What somebody else does."""
        assert self.sandbox.call("PUT", PATH, json.dumps(what).encode()).status == 200
        self.sandbox.wait(3 * SECOND)

    @property
    def memory(self) -> int:
        return int(self.sandbox.call("GET", PATH).body["MemorySize"])


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    made = Service()
    monkeypatch.setattr(changing, "wall", made.sandbox.wall)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    return made


class Steps(Journal):
    """A journal at each of whose lines the process may die: before the line, and behind it."""

    def __init__(self, folder: Path, service: Service) -> None:
        super().__init__(folder)
        self._service = service

    def add(self, entry: journals.Entry) -> None:
        self._service.step()
        super().add(entry)
        self._service.step()


def at(service: Service, journal: Journal) -> Changes:
    return Changes(service, journal, "orders", service.sleep)


def done(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


async def visits(changes: Changes) -> None:
    settings = await changes.begin()
    for size in (128, 256, 256, 1024):
        await changes.set(replace(settings, memory=size))
    await changes.restore()


def test_sizes_are_set_one_after_the_other_and_the_first_is_restored(service: Service, tmp_path: Path) -> None:
    done(visits(at(service, Journal(tmp_path))))
    assert service.memory == 512
    kinds = [entry.kind for entry in read_journal(tmp_path).entries]
    change = ["intent", "begun", "changed"]
    assert kinds == ["original", *change, *change, *change, "intent", "begun", "restored"]


def test_a_process_that_died_at_any_moment_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    moments, left = 0, set[int]()
    while True:
        service = Service()
        monkeypatch.setattr(changing, "wall", service.sandbox.wall)
        moments += 1
        service.dies = moments
        folder = tmp_path / str(moments)
        folder.mkdir()
        try:
            done(visits(at(service, Steps(folder, service))))
        except Died:
            left.add(service.memory)
        else:
            break
        service.dies = -1
        done(at(service, read_journal(folder)).restore())
        assert service.memory == 512, moments
        assert done(at(service, read_journal(folder)).restore()) is False, "and once is enough"
    assert moments > 40 and left == {128, 256, 512, 1024}


def test_a_restoring_process_that_died_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    for moment in range(1, 12):
        service = Service()
        monkeypatch.setattr(changing, "wall", service.sandbox.wall)
        folder = tmp_path / str(moment)
        folder.mkdir()
        first = Steps(folder, service)
        done(_begun(at(service, first)))
        service.steps, service.dies = 0, moment
        try:
            done(at(service, first).restore())
        except Died:
            service.dies = -1
            done(at(service, read_journal(folder)).restore())
        assert service.memory == 512, moment


async def _begun(changes: Changes) -> None:
    await changes.begin()
    await changes.set(Settings(128))


@pytest.mark.parametrize("what", [{"MemorySize": 640}, {"Description": "mine"}, {"MemorySize": 128, "Timeout": 9}])
def test_what_somebody_else_changed_is_left_alone(service: Service, tmp_path: Path, what: dict[str, Any]) -> None:
    changes = at(service, Journal(tmp_path))
    done(_begun(changes))
    service.change(**what)
    before = service.sandbox.call("GET", PATH).body
    for again in (changes.set(Settings(256)), changes.restore(), at(service, read_journal(tmp_path)).restore()):
        with pytest.raises(SomebodyElse, match="somebody else has changed it") as caught:
            done(again)
    told = str(caught.value)
    assert before["RevisionId"] in told and before["LastModified"] in told and "It had 512 MB before" in told
    assert service.sandbox.call("GET", PATH).body == before


@pytest.mark.parametrize("lines", [1, 2, 3, 4])
def test_a_revision_that_changed_alone_is_ours(service: Service, tmp_path: Path, lines: int) -> None:
    """As when an update ends later than it says, or a permission is given: LastModified stays."""
    done(_begun(at(service, Journal(tmp_path))))
    entries = read_journal(tmp_path).entries
    told = entries[:lines]
    before = told[-1] if told[-1].kind != "intent" else entries[0]
    now = Configuration(before.memory, "another", before.modified, "Successful", "x86_64", 3)
    assert is_ours(told, now)
    assert not is_ours(told, replace(now, modified="2026-12-24T00:00:00.000+0000"))
    assert not is_ours(told, replace(now, memory=999))


@pytest.mark.parametrize("cut", ["intent", "begun"])
def test_an_unfinished_change_is_told_from_somebody_elses(service: Service, tmp_path: Path, cut: str) -> None:
    """The process died in a change; before the restore somebody set another memory, or long after it the same one."""
    done(_begun(at(service, Journal(tmp_path))))
    lines = (tmp_path / FILE).read_text().splitlines(keepends=True)
    keep = 2 if cut == "intent" else 3
    (tmp_path / FILE).write_text("".join(lines[:keep]))
    service.sandbox.wait(3600 * SECOND)
    service.change(Description="mine")
    with pytest.raises(SomebodyElse):
        done(at(service, read_journal(tmp_path)).restore())


async def described(changes: Changes) -> None:
    settings = await changes.begin(described=True, snap_start=True)
    for number in (1, 2):
        await changes.set(replace(settings, description=f"loadgen {number}", snap_start=number == 1))
    await changes.restore()


def test_a_description_and_snap_start_are_undone_at_any_moment_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    for moment in range(1, 60):
        service = Service(snap_start={"restore": "9ms"})
        monkeypatch.setattr(changing, "wall", service.sandbox.wall)
        service.change(Description="mine", SnapStart={"ApplyOn": "None"})
        folder = tmp_path / str(moment)
        folder.mkdir()
        service.dies = moment
        try:
            done(described(at(service, Steps(folder, service))))
        except Died:
            service.dies = -1
            done(at(service, read_journal(folder)).restore())
        now = configuration_of(service.sandbox.call("GET", PATH).body)
        assert (now.description, now.snap_start, now.memory) == ("mine", False, 512), moment


def test_a_failure_that_passes_is_tried_again(service: Service, tmp_path: Path) -> None:
    service.fails = [CallFailed("reset", transient=True), CallFailed("busy", "ResourceConflictException")]
    done(visits(at(service, Journal(tmp_path))))
    assert service.memory == 512 and not service.fails


def test_a_refusal_is_not_tried_again(service: Service, tmp_path: Path) -> None:
    service.fails = [CallFailed("no permission", "AccessDeniedException")]
    with pytest.raises(CallFailed, match="no permission"):
        done(visits(at(service, Journal(tmp_path))))
    assert service.memory == 512


def test_somebody_else_was_faster(service: Service, tmp_path: Path) -> None:
    service.fails = [CallFailed("another", "PreconditionFailedException")]
    with pytest.raises(SomebodyElse):
        done(visits(at(service, Journal(tmp_path))))


# the journal


def test_a_journal_is_read_at_every_prefix(service: Service, tmp_path: Path) -> None:
    done(_begun(at(service, Journal(tmp_path))))
    whole = (tmp_path / FILE).read_bytes()
    entries = read_journal(tmp_path).entries
    assert len(entries) == 4
    for size in range(len(whole) + 1):
        found = entries_of(whole[:size], FILE)
        assert found == entries[: whole[:size].count(b"}")]


def test_a_line_after_a_torn_one_is_read(service: Service, tmp_path: Path) -> None:
    done(_begun(at(service, Journal(tmp_path))))
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'{"kind": "int')
    done(at(service, read_journal(tmp_path)).restore())
    assert service.memory == 512
    assert [entry.kind for entry in read_journal(tmp_path).entries][-3:] == ["intent", "begun", "restored"]


def test_a_function_on_managed_instances_is_not_changed(
    tmp_path: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no cold starts that could be forced."""
    read = service.read

    async def managed(qualifier: str = "") -> Configuration:
        return replace(await read(qualifier), managed=True)

    monkeypatch.setattr(service, "read", managed)
    with pytest.raises(TargetError, match="function orders runs on Lambda Managed Instances: it has no cold starts"):
        done(at(service, Journal(tmp_path)).begin())
    assert not (tmp_path / FILE).exists()
    provider = {"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": "arn:aws:lambda:x"}}
    answer = service.sandbox.call("GET", PATH).body
    assert not configuration_of(answer).managed
    assert configuration_of({**answer, "CapacityProviderConfig": provider}).managed


@pytest.mark.parametrize("text", ['{"kind": "original"}\n', '{"kind": "bogus", "memory": 1}\n', "[]}\n"])
def test_what_is_no_journal_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ProfileError, match="is not as loadgen wrote it"):
        read_journal(tmp_path)


def test_a_journal_begins_with_the_original(tmp_path: Path, service: Service) -> None:
    done(_begun(at(service, Journal(tmp_path))))
    lines = (tmp_path / FILE).read_text().splitlines(keepends=True)
    (tmp_path / FILE).write_text("".join(lines[1:]))
    with pytest.raises(ProfileError, match="does not begin with the original"):
        read_journal(tmp_path)


def test_a_link_is_not_followed(tmp_path: Path, service: Service) -> None:
    (tmp_path / FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Exception, match="cannot be written"):
        done(at(service, Journal(tmp_path)).begin())
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("answer", [None, [], {}, {"MemorySize": True}, {"MemorySize": 128, "RevisionId": "a\nb"}])
def test_what_is_no_configuration_is_refused(answer: Any) -> None:
    with pytest.raises(ValueError, match=r"no |not "):
        configuration_of(answer)


@pytest.mark.parametrize("operation", [READ, UPDATE])
def test_the_permission_that_is_missing_is_named(operation: str) -> None:
    api = object.__new__(Api)
    assert f"Grant them lambda:{operation} on the function" in api.advice(operation, Fault("AccessDeniedException"))
    assert "no such table or function" in api.advice(operation, Fault("ResourceNotFoundException"))
