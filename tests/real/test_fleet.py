"""A fleet of real workers, told what a run rarely tells them."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from loadgen.engine.engine import Share
from loadgen.engine.plan import Plan
from loadgen.exchange import Outcome
from loadgen.fleet import group as groups
from loadgen.fleet.fleet import Fleet
from loadgen.fleet.group import Group
from loadgen.fleet.messages import Assignment, Bye, Enter
from loadgen.net.names import Origin, resolve
from loadgen.profile.load import load

pytestmark = pytest.mark.real

PATIENCE = 30
PROFILE = (
    "name: fleet\ntarget: {url}\nload: [{{name: a, rate: 20/s, for: {seconds}s}}]\nsession: {{reuse: per-request}}\n"
)


@pytest.fixture
def url() -> Iterator[str]:
    """A target that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as silent:
        yield f"http://127.0.0.1:{silent.getsockname()[1]}/"


@asynccontextmanager
async def fleet(folder: Path, url: str, seconds: int = 5) -> AsyncIterator[Fleet]:
    profile = load(folder / "p.yaml", text=PROFILE.format(url=url, seconds=seconds)).profile
    origin = Origin.of(url)
    work = Assignment(profile, origin, resolve(origin), None, Share(), 100, 0, folder / "worker-0.counters")
    workers = Fleet(Group(Plan.of(profile), [work], lambda: None))
    try:
        await asyncio.wait_for(workers.launch(), PATIENCE)
        yield workers
    finally:
        await workers.close()


async def test_a_worker_that_is_stopped_before_the_load_begins_just_leaves(
    tmp_path: Path, url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async with fleet(tmp_path, url) as stopped:
        stopped.stop()
        stopped.kill()
        stopped.leading.members[0].pipe.send(Bye())
        assert await asyncio.to_thread(stopped.leading.members[0].process.wait, PATIENCE) == 0
    assert capfd.readouterr().err == ""


async def test_a_worker_that_was_not_waited_for_is_not_lost(tmp_path: Path, url: str) -> None:
    async with fleet(tmp_path, url) as stopped:
        stopped.stop()
        await stopped.run()
    worker = stopped.leading.members[0]
    assert (worker.process.returncode, worker.lost) == (-9, False)
    assert stopped.totals().mismatches() == []


async def test_a_worker_that_hangs_holds_nobody_up_who_gives_up(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "GOODBYE_LIMIT", 0.1)
    async with fleet(tmp_path, url, seconds=3600) as hung:
        running = asyncio.create_task(hung.run())
        await asyncio.sleep(0)  # it says go
        hung.leading.members[0].process.send_signal(signal.SIGSTOP)
        hung.stop()
        hung.kill()
        await asyncio.wait_for(running, PATIENCE)
    assert hung.leading.members[0].lost
    assert hung.totals().mismatches() == []


async def test_a_mistake_of_ours_in_a_worker_is_told_and_ends_it(tmp_path: Path, url: str) -> None:
    async with fleet(tmp_path, url, seconds=3600) as broken:
        running = asyncio.create_task(broken.run())
        await asyncio.sleep(0)  # it says go
        broken.leading.members[0].pipe.send(Enter(99, 0))
        await asyncio.wait_for(running, PATIENCE)
    worker = broken.leading.members[0]
    assert worker.lost
    assert str(worker.broken).strip().endswith("IndexError: list index out of range")
    assert broken.totals().mismatches() == []


HOG = "import time\nuntil = time.monotonic() + 60\nwhile time.monotonic() < until: pass"


@contextmanager
def no_idle_cpu() -> Iterator[None]:
    """Somebody else wants each CPU, so that who wakes up has to wait."""
    with ExitStack() as stack:
        for cpu in sorted(os.sched_getaffinity(0)):
            process = subprocess.Popen([sys.executable, "-c", HOG])
            stack.callback(process.wait)
            stack.callback(process.kill)
            os.sched_setaffinity(process.pid, {cpu})
        yield


async def test_a_worker_that_is_ready_needs_no_descriptor_of_its_own(tmp_path: Path, url: str) -> None:
    """Whoever lowers its limit then finds requests failed for want of them, and every figure of its health."""
    async with fleet(tmp_path, url, seconds=2) as poor:
        (worker,) = poor.leading.members
        resource.prlimit(worker.process.pid, resource.RLIMIT_NOFILE, (4, 4))
        with no_idle_cpu():
            await asyncio.wait_for(poor.run(), PATIENCE)
        worker.process.wait(PATIENCE)
    assert not worker.broken
    assert not worker.lost
    sent = sum(poor.totals().sent)
    assert poor.totals().outcome(0)[Outcome.CLIENT_RESOURCE] == sent > 0
    assert dict(worker.kept.reasons) == {(0, Outcome.CLIENT_RESOURCE, "no free descriptor: EMFILE"): sent}
    waits = [sample["run_queue_wait"] for sample in poor.leading.health.take()]
    # of each second and at the end; the load may end before the report that is due at the same instant
    assert len(waits) in (2, 3)
    assert min(waits) >= 0
    assert max(waits) > 0, "what it waited for a CPU is known"
