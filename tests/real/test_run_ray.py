"""Nodes of Ray: one cluster of two, on this machine, for all tests of this file."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import counting_server
import pytest
import ray_cluster
from program import FULL, VALID, Program, Ran, prepare, run, wait_for_end
from servers import free_ports

from loadgen.clock import SECOND, wall

pytestmark = pytest.mark.real

TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "5d" * 32}
CANARY = "canary-9f3b6c7e21d8"
SILENT = 2.0  # s after the end of its parent, nothing sends any more
PROFILE = """
name: nodes
seed: 7
target: http://127.0.0.1:{port}
load: [{{name: a, rate: 100/s, for: {seconds}s, arrivals: poisson}}]
scenarios: [{{name: s, steps: [{{name: get, get: "/~{{{{seq}}}}~", headers: {{x-key: "${{KEY}}"}}}}]}}]
"""
BEARER = "auth: {{bearer: {{file: {file}}}}}\n"
KEY = {"KEY": CANARY}
PATIENCE = 150.0  # s: on a busy machine Ray takes as long as all the rest


@dataclass
class Cluster:
    process: subprocess.Popen[str]
    address: str
    folder: Path

    @classmethod
    @contextmanager
    def made(cls) -> Iterator[Cluster]:
        """With two nodes, whose environment has the profile's secret. The names of Ray's sockets must be short."""
        folder = tempfile.mkdtemp(prefix="r", dir="/tmp")
        command = [sys.executable, ray_cluster.__file__, "2", folder]
        environment = {**os.environ, **TOKEN, **KEY, "RAY_USAGE_STATS_ENABLED": "0"}
        errors = Path(folder, "errors")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with errors.open("w") as stderr:
            process = subprocess.Popen(command, env=environment, text=True, stderr=stderr, **pipes)  # type: ignore[call-overload]
        try:
            ready, _, address = process.stdout.readline().strip().partition(" ")
            assert ready == "ready", errors.read_text()
            yield cls(process, address, Path(folder))
        finally:
            process.stdin.close()
            process.wait(60)
            process.stdout.close()
            shutil.rmtree(folder, ignore_errors=True)

    def actors(self) -> list[int]:
        return sorted(pid for pid, line in command_lines() if line.startswith("ray::Actor"))

    def lose_a_node(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("kill\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "killed\n"


def command_lines() -> Iterator[tuple[int, str]]:
    for path in Path("/proc").glob("[0-9]*"):
        try:
            yield int(path.name), (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster.made() as made:
        yield made


@contextmanager
def counting(folder: Path) -> Iterator[tuple[int, Path]]:
    """The port of a server that writes down the id of each request, and where."""
    (port,), log = free_ports(1), folder / "ids"
    log.touch()
    server = subprocess.Popen([sys.executable, counting_server.__file__, str(port), str(log)], stdout=subprocess.PIPE)
    assert server.stdout
    try:
        assert server.stdout.readline() == b"ready\n"
        yield port, log
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def arguments(folder: Path, port: int, *, seconds: int = 2, more: str = "") -> list[str]:
    return [*prepare(folder, PROFILE.format(port=port, seconds=seconds) + more), "--json"]


def on(cluster: Cluster) -> list[str]:
    return ["--on", cluster.address, "--nodes", "2"]


def sent(log: Path, ran: Ran) -> list[int]:
    """The ids of the measured phase's requests. What drains follows them, and its end is not planned."""
    ids = sorted(map(int, log.read_text().split()))
    assert len(ids) == len(set(ids)), "one was sent twice"
    return ids[: ran.phases["a"]["requests"]["sent"]]


def kept(cluster: Cluster) -> list[str]:
    """Ray's own files that hold a secret, its logs among them; and as one more `none`, if there are no files."""
    files = [path for path in cluster.folder.rglob("*") if path.is_file()]
    return [str(path) for path in files if CANARY.encode() in path.read_bytes()] or ([] if files else ["none"])


def test_two_nodes_send_what_one_machine_would_each_request_once(tmp_path: Path, cluster: Cluster) -> None:
    """Identical totals for identical seeds, each due instant is sent exactly once, and no secret is in what Ray
    keeps."""
    token = tmp_path / "token"
    token.write_text(f"file-{CANARY}")
    with counting(tmp_path) as (port, log):
        alone = run(tmp_path, *arguments(tmp_path, port, more=BEARER.format(file=token)), env=KEY)
        ids = sent(log, alone)
        log.write_text("")
        (tmp_path / "run").rename(tmp_path / "alone")
        given = arguments(tmp_path, port, more=BEARER.format(file=token))
        both = run(tmp_path, *given, *on(cluster), env=TOKEN | KEY, limit=PATIENCE)
        assert ids == sent(log, both) == list(range(len(ids)))
    assert alone.status in VALID
    assert both.status in VALID
    for key in ("iterations", "requests"):
        assert alone.phases["a"][key] == both.phases["a"][key]
    assert both.phases["a"]["steps"][0]["latency_ms"]["response"]["count"] == len(ids)
    nodes = both.result["nodes"]
    assert {(node["source"], node["target"]) for node in nodes} == {("127.0.0.1", "127.0.0.1")}
    assert sum(node["requests"] for node in nodes) == both.requests["sent"]
    assert all(abs(node["clock_ahead_ms"]) <= node["clock_error_ms"] for node in nodes), "it is the same clock"
    by_node = both.phases["a"]["steps"][0]["by_node"]
    assert sum(of["latency"]["count"] for of in by_node) == len(ids)
    (steal,) = (signal for signal in both.result["trust"]["signals"] if signal["signal"] == "steal")
    assert steal["machine"] in (1, 2)
    assert kept(cluster) == []
    assert CANARY not in both.out + both.err


def test_a_killed_actor_takes_its_part_with_it_and_no_more(tmp_path: Path, cluster: Cluster) -> None:
    """What it had sent is counted, what was open is lost, and the other node goes on."""
    with counting(tmp_path) as (port, log):
        with Program(tmp_path, *arguments(tmp_path, port, seconds=4), *on(cluster), env=TOKEN | KEY) as program:
            program.soon(lambda: log.stat().st_size)
            os.kill(cluster.actors()[0], signal.SIGKILL)
            ran = program.wait(PATIENCE)
        ids = log.read_text().split()
    assert ran.status == 6
    assert len(ids) == len(set(ids))
    assert not any(node.get("unread") for node in ran.result["nodes"])
    assert ran.requests["sent"] - ran.requests["outcomes"].get("lost", 0) <= len(ids) <= ran.requests["sent"]
    assert ran.iterations["unsent"] > 0
    assert ran.iterations["completed"] >= ran.iterations["planned"] // 2, "the other node sends all of its half"
    assert any("is lost" in warning for warning in ran.warnings), ran.warnings


@pytest.mark.skipif(not FULL, reason="takes a node of the cluster away: in the long form")
def test_a_machine_that_ends_takes_its_part_with_it_and_no_more(tmp_path: Path) -> None:
    """All of Ray on it is killed at once, and what its workers left is on a disk that Ray does not reach any more."""
    with Cluster.made() as other, counting(tmp_path) as (port, log):
        with Program(tmp_path, *arguments(tmp_path, port, seconds=6), *on(other), env=TOKEN | KEY) as program:
            program.soon(lambda: log.stat().st_size > 500)
            other.lose_a_node()
            ran = program.wait(PATIENCE)
        ids = log.read_text().split()
    assert ran.status == 6
    assert len(ids) == len(set(ids))
    assert [node.get("unread", False) for node in ran.result["nodes"]].count(True) == 1
    assert any("what it sent in its last second is in no figure" in warning for warning in ran.warnings)
    assert ran.iterations["completed"] >= ran.iterations["planned"] // 2, "the other node sends all of its half"


def test_nothing_goes_on_sending_when_the_parent_is_gone(tmp_path: Path, cluster: Cluster) -> None:
    with counting(tmp_path) as (port, log):
        with Program(tmp_path, *arguments(tmp_path, port, seconds=30), *on(cluster), env=TOKEN | KEY) as program:
            program.soon(lambda: log.stat().st_size)
            actors = cluster.actors()
            program.process.kill()
            killed = wall()
        assert len(actors) == 2
        for pid in actors:
            wait_for_end(pid)
        with pytest.raises(subprocess.TimeoutExpired):
            cluster.process.wait(0.2)
        assert log.stat().st_mtime_ns - killed <= SILENT * SECOND
    shown = run(tmp_path, "report", "run")
    assert "the load came from 2 nodes: what they sent after the last report" in " ".join(shown.out.split())


@pytest.mark.skipif(not FULL, reason="Ray asks for 20 s whether the token is wrong: in the long form")
def test_a_cluster_whose_token_is_another_is_refused_in_one_line(tmp_path: Path, cluster: Cluster) -> None:
    wrong = TOKEN | {"RAY_AUTH_TOKEN": "00" * 32}
    ran = run(tmp_path, *arguments(tmp_path, 1), *on(cluster), env=wrong | KEY, limit=PATIENCE)
    assert ran.status == 2
    assert len(ran.err.splitlines()) == 1
    assert "RAY_AUTH_TOKEN" in ran.err


@pytest.mark.skipif(not FULL, reason="starts another Ray: in the long form")
def test_one_word_starts_a_ray_of_its_own_and_leaves_nothing_of_it(tmp_path: Path) -> None:
    with counting(tmp_path) as (port, log):
        ran = run(tmp_path, *arguments(tmp_path, port, seconds=1), "--on", "ray", env=KEY, limit=PATIENCE)
        assert len(log.read_text().split()) == ran.requests["sent"]
    assert ran.status in VALID
    assert "ray" not in ran.err.lower().replace("--on ray", "")
