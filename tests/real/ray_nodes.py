"""Runs on nodes of Ray: a cluster on this machine, a server that counts, and what runs on the nodes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import counting_server
import ray_cluster
from servers import free_ports

TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "5d" * 32}
PATIENCE = 150.0  # s: on a busy machine Ray takes as long as all the rest
NODES = 2


@dataclass
class Cluster:
    """A cluster with so many nodes. `folder` is where it keeps all that it writes, and the nodes their own folders."""

    process: subprocess.Popen[str]
    address: str
    folder: Path
    nodes: int = NODES

    @classmethod
    @contextmanager
    def made(cls, environment: dict[str, str], *more: str, nodes: int = NODES) -> Iterator[Cluster]:
        """With these variables on the nodes. `more` as `ray_cluster` takes it. The names of Ray's sockets must be
        short."""
        folder = tempfile.mkdtemp(prefix="r", dir="/tmp")
        command = [sys.executable, ray_cluster.__file__, str(nodes), *more]
        environment = {**os.environ, **TOKEN, **environment, "RAY_USAGE_STATS_ENABLED": "0", "TMPDIR": folder}
        errors = Path(folder, "errors")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with errors.open("w") as stderr:
            process = subprocess.Popen(command, env=environment, text=True, stderr=stderr, **pipes)  # type: ignore[call-overload]
        try:
            ready, _, address = process.stdout.readline().strip().partition(" ")
            assert ready == "ready", errors.read_text()
            yield cls(process, address, Path(folder), nodes)
        finally:
            process.stdin.close()
            process.wait(60)
            process.stdout.close()
            shutil.rmtree(folder, ignore_errors=True)

    @property
    def on(self) -> list[str]:
        """The options of a run on it."""
        return ["--on", self.address, "--nodes", str(self.nodes)]

    def actors(self) -> list[int]:
        return [pid for pid, line in descendants(self.process.pid).items() if line.startswith("ray::Actor")]

    def workers(self) -> list[int]:
        """loadgen's, on all nodes."""
        return [pid for pid, line in descendants(self.process.pid).items() if "loadgen.fleet.worker" in line]

    def holding(self, secret: str) -> list[str]:
        """Those of Ray's own processes that have the secret in their memory: the object store is the raylet's, and all
        that a dashboard shows comes from the GCS."""
        own = {pid: line.split()[0] for pid, line in descendants(self.process.pid).items()}
        ray = {pid: name for pid, name in own.items() if name.endswith(("/gcs_server", "/raylet"))}
        assert len(ray) == 1 + self.nodes, own
        return [name for pid, name in ray.items() if any(secret.encode() in piece for piece in memory(pid))]

    def left(self) -> list[Path]:
        """The folders that nodes have left."""
        return sorted(self.folder.glob("loadgen-node-*"))

    def lose_a_node(self) -> None:
        """Kill all of Ray on a node at once."""
        self._ask("kill", "killed")

    def add_a_node(self) -> None:
        self._ask("add", "added")

    def _ask(self, what: str, answer: str) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == f"{answer}\n"


def descendants(pid: int) -> dict[int, str]:
    """{pid: command line} of all that come from the process."""
    parents, found = dict[int, int](), dict[int, str]()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    for child in sorted(parents):
        ancestor = child
        while ancestor and ancestor != pid:
            ancestor = parents.get(ancestor, 0)
        with suppress(OSError):
            if ancestor and child != pid:
                line = Path(f"/proc/{child}/cmdline").read_bytes()
                found[child] = line.replace(b"\0", b" ").decode(errors="replace")
    return found


def memory(pid: int) -> Iterator[bytes]:
    """What the process has in its memory and may write to."""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as file:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            bounds, rights = line.split()[:2]
            start, end = (int(bound, 16) for bound in bounds.split("-"))
            piece = b""
            with suppress(OSError, ValueError):  # it is not there any more, or belongs to a device
                if rights.startswith("rw"):
                    piece = os.pread(file.fileno(), end - start, start)
            yield piece


@contextmanager
def counting(folder: Path, host: str = "127.0.0.1", delay: float = counting_server.DELAY) -> Iterator[tuple[int, Path]]:
    """The port of a server that writes down the id of each request, and where."""
    (port,), log = free_ports(1), folder / "ids"
    log.touch()
    command = [sys.executable, counting_server.__file__, str(port), str(log), host, str(delay)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert server.stdout
    try:
        assert server.stdout.readline() == b"ready\n"
        yield port, log
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


@contextmanager
def sent_to(pid: int, number: signal.Signals) -> Iterator[None]:
    """The process has got the signal; it is killed at the end, if it has not ended by then."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        yield
        return
    try:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(watched, number)
        yield
    finally:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(watched, signal.SIGKILL)
        os.close(watched)
