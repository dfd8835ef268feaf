"""A node whose fleet falls silent."""

from __future__ import annotations

import asyncio
import os
import pickle
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from scripted_nodes import ABOUT, Stage

from loadgen.aws.auth import Access, Secret
from loadgen.clock import SECOND, now
from loadgen.engine.engine import Share
from loadgen.errors import LoadgenError
from loadgen.fleet import node as nodes
from loadgen.fleet.left import left_in
from loadgen.fleet.messages import Assignment, Beat, Broken, Bye, FromWorker, Go, Ready
from loadgen.fleet.node import Node, about
from loadgen.fleet.nodes import RemoteNode
from loadgen.fleet.on_ray import refused
from loadgen.fleet.orders import About, Barred, Ended, Hidden, Place, Read, Tell, ToNode, Watched, Way
from loadgen.fleet.sealing import Sealer, shown
from loadgen.net.names import Origin
from loadgen.profile.load import load
from loadgen.redaction import Secrets

TEXT = "name: p\ntarget: http://127.0.0.1\nload: [{name: a, rate: 10/s, for: 1s}]\n"
KEY = "key-of-this-node"


class Lent:
    def __init__(self) -> None:
        self.access = self.lent = Access()
        self.renewed: Callable[[str, Secret], None] = lambda kind, secret: None


WAY = Way("10.0.0.7", "192.0.2.1")


async def lend(
    work: Assignment, nodes: int, simulated: bool, tries: bool, secrets: Secrets, lost: Callable[[str], None]
) -> tuple[Lent, Way]:
    return Lent(), WAY


def placing(text: str = TEXT) -> list[ToNode]:
    """The orders that place a worker."""
    loaded = load("/p.yaml", text=text)
    origin = Origin.of("http://127.0.0.1/")
    work = Assignment(loaded.profile, origin, (), None, Share(), 1, 0, Path("there.counters"))
    sealed = Sealer(loaded.secrets.texts).seal(work)
    return [Read(0, loaded.resolved, "/p.yaml", "/"), Place(0, 0, sealed, simulated=True, tries=False)]


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A node changes its folder to that of its fleet, and here that stays where it was."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(nodes, "LISTEN", 0.001)
    monkeypatch.setattr(nodes, "PATIENCE", 3_600_000)


async def soon(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


def looks_of(node: Node) -> list[None]:
    """An entry for each look that the node takes at its fleet and its workers from now on."""
    looks: list[None] = []
    listen = node._listen

    def counted() -> None:
        looks.append(None)
        listen()

    node._listen = counted  # type: ignore[method-assign]
    return looks


async def test_workers_are_killed_when_the_fleet_is_silent_in_a_load() -> None:
    stage, died = Stage(), asyncio.Event()
    node = Node(lend, died.set, stage)
    node.heed(placing())
    await soon(lambda: stage.workers)
    node.heed([Tell(0, Go(1))])
    await asyncio.wait_for(died.wait(), 10)
    assert stage.workers[0].process.killed
    assert not node.folder.exists()


async def test_a_node_that_was_stopped_itself_is_not_deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders have come meanwhile, and are read after the first look."""
    stage, died = Stage(), asyncio.Event()
    node = Node(lend, died.set, stage)
    node.heed(placing())
    await soon(lambda: stage.workers)
    node.heed([Tell(0, Go(1))])
    monkeypatch.setattr(nodes, "now", lambda: now() + 3600 * SECOND)
    node._listen()
    assert not died.is_set()
    node.close()


async def test_a_worker_that_is_stopped_before_its_load_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only its own machine sees that it is stopped and not slow."""
    stopped = False
    monkeypatch.setattr(nodes, "is_stopped", lambda pid: stopped)
    stage = Stage()
    node = Node(lend, lambda: None, stage)
    node.heed(placing())
    await soon(lambda: stage.workers)
    looks = looks_of(node)
    await soon(lambda: len(looks) > nodes.STOPPED)
    assert not stage.workers[0].process.killed
    stopped = True
    await soon(lambda: stage.workers[0].process.killed)
    way, news = await node.hear()
    assert way == WAY
    assert isinstance(news, Barred)
    error = shown(news.error)
    assert error.status == 6
    assert "stopped before its load" in str(error)
    node.close()


async def test_workers_hear_from_the_beginning_of_their_load_on_that_their_node_lives() -> None:
    stage = Stage()
    node = Node(lend, lambda: None, stage)
    node.heed(placing())
    await soon(lambda: stage.workers)
    looks = looks_of(node)
    await soon(lambda: len(looks) > 2)
    assert stage.workers[0].told.messages == []
    node.heed([Tell(0, Go(1))])
    await soon(lambda: Beat() in stage.workers[0].told.messages)
    node.close()


async def test_of_many_nodes_each_is_called_less_often_and_waits_for_longer() -> None:
    """So that the calls to all of them together take the fleet no more than those to a few."""
    node = Node(lend, lambda: None, Stage(), nodes=50)
    assert 0.3 <= node._silence * nodes.LISTEN < 0.302
    for _ in range(2):
        node._tell_of(Ended(0, 0))
        before = asyncio.get_running_loop().time()
        assert await node.hear() == [Ended(0, 0)]
    assert asyncio.get_running_loop().time() - before > 0.04
    node.close()
    assert [RemoteNode(1, cast(Any, None), ABOUT, count)._beat for count in (1, 1000, 2000)] == [1.0, 1.0, 2.0]


@pytest.mark.parametrize("told", [(), (Go(1), Bye())], ids=["before", "after"])
async def test_before_and_after_a_load_the_fleet_may_take_its_time(told: tuple[Go | Bye, ...]) -> None:
    stage, died = Stage(), asyncio.Event()
    node = Node(lend, died.set, stage)
    node.heed(placing())
    await soon(lambda: stage.workers)
    node.heed([Tell(0, message) for message in told])
    looks = looks_of(node)
    await soon(lambda: len(looks) > 2)
    assert not died.is_set()
    node.close()


@pytest.mark.parametrize("message", [Ready(), Broken(LoadgenError(f"sent {KEY}"))])
async def test_what_a_worker_says_in_words_leaves_without_secrets(
    message: FromWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NODE_KEY", KEY)
    text = TEXT + "scenarios: [{name: s, steps: [{name: g, get: /, headers: {x-key: '${NODE_KEY}'}}]}]\n"
    orders, stage = placing(text), Stage()
    assert KEY.encode() not in pickle.dumps(orders)
    node = Node(lend, lambda: None, stage)
    node.heed(orders)
    await soon(lambda: stage.workers)
    assert stage.workers[0].work.profile.scenarios[0].steps[0].headers["x-key"] == KEY
    stage.workers[0].says(message)
    way, news = await node.hear()
    assert way == WAY
    assert isinstance(news, Hidden)
    assert KEY.encode() not in news.message
    node.close()


async def test_a_machine_is_watched_during_a_load_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "LOOK", 0.001)
    stage = Stage()
    node = Node(lend, lambda: None, stage)
    node.heed(placing())
    await soon(lambda: stage.workers)
    assert await node.hear() == [WAY]
    node.heed([Tell(0, Go(1))])
    await soon(lambda: node._news)
    assert all(isinstance(news, Watched) for news in await node.hear())
    node.heed([Tell(0, Bye())])
    await soon(lambda: node._watch is None)
    node.close()


def test_ledgers_are_read_from_what_a_dead_node_left(tmp_path: Path) -> None:
    left = tmp_path / "node"
    left.mkdir()
    (left / "worker-3.counters").write_bytes(b"counts")
    (left / "worker-x.counters").write_bytes(b"no number")
    assert left_in(str(left)) == {3: b"counts"}
    assert not left.exists()
    assert left_in(str(left)) == {}


def test_a_node_that_is_stopped_is_ended_with_its_workers_before_they_are_read(tmp_path: Path) -> None:
    """Else its worker would go on, and count."""
    child = "import signal; signal.pause()"
    node = (
        "import subprocess, sys; from loadgen.fleet.scratch import Scratch; made = Scratch('n-', sys.argv[1]);"
        "(made.path / 'worker-0.counters').write_bytes(b'counts');"
        "print(made.path, subprocess.Popen([sys.executable, '-c', sys.argv[2]]).pid, flush=True); input()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", node, str(tmp_path), child], **pipes) as process:  # type: ignore[call-overload]
        folder, worker = process.stdout.readline().split()
        watched = os.pidfd_open(int(worker))
        try:
            process.send_signal(signal.SIGSTOP)
            assert left_in(folder) == {0: b"counts"}
            assert select.select([watched], [], [], 0)[0], "its worker has ended"
            assert process.wait() == -signal.SIGKILL
            assert not Path(folder).exists()
        finally:
            process.kill()
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(watched, signal.SIGKILL)
            os.close(watched)


async def test_a_node_whose_starter_has_died_gives_way_to_nobody() -> None:
    """Its parent is then another one, of any niceness."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    node = Node(lend, lambda: None, Stage())
    assert about(node, "10.0.0.7", True, ended.pid).niceness == 0
    assert about(node, "10.0.0.7", True, os.getpid()).niceness == 0
    node.close()


def told(version: str = "0.1.0", python: str = "3.11.7", authenticated: bool = True, nice: int = 0) -> About:
    return replace(ABOUT, version=version, python=python, authenticated=authenticated, niceness=nice)


def test_a_node_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.version_info", (3, 11, 9, "final", 0))
    monkeypatch.setattr("loadgen.__version__", "0.1.0")
    assert refused(told(), local=False) == ""
    assert "has loadgen 0.0.9, and this machine 0.1.0" in refused(told("0.0.9"), local=False)
    assert "runs Python 3.12.1, and this machine 3.11" in refused(told(python="3.12.1"), local=False)
    assert "a niceness of 15" in refused(told(nice=15), local=True)
    assert "asks for no token" in refused(told(authenticated=False), local=False)
    assert refused(told(authenticated=False), local=True) == ""
