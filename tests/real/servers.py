"""Servers that nobody here wrote: nginx, Caddy, haproxy, Node's http and uvicorn, on free ports of 127.0.0.1.

Each is a context manager that starts the server with a folder of its own and yields a `Server`; leaving it stops the
server by its process id and waits for its end. The configurations are in `configs/`. All of them answer alike:

    GET, HEAD  /          200, the two bytes `{}`
    POST       /upload    200, the body's length in decimal, once the whole body has been read
    GET, HEAD  /big       200, `BIG` bytes with their length
    GET        /chunked   200, `CHUNKED` bytes in chunks
    GET        /close     200, `{}`, after which the server closes the connection

Besides, nginx answers 429 on `/limited` to what is above 100 requests a second, and uvicorn takes 20 ms on `/queue`,
for four requests at once.

`http` and `https` keep an idle connection for an hour; `brief_http` and `brief_https` close it after `idle_ms`
(Node up to a second later).
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

from certificate import Certificate

from loadgen.clock import MILLISECOND, SECOND, now

BIG = 10 * 1024 * 1024
CHUNKED = 100_000
START_LIMIT = 30 * SECOND
STOP_LIMIT = 20.0
CONFIGS = Path(__file__).parent / "configs"


class Absent(Exception):
    """The server is not installed here."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: base URLs without a slash at the end, the authority that signed its certificate, its log.

    `log` has one line for each request once the server has stopped (while it runs, a line may follow its answer).
    """

    name: str
    http: str
    https: str
    brief_http: str
    brief_https: str
    idle_ms: int
    ca: Path
    log: Path | None = None


class _Config(Template):
    delimiter = "@"


@contextmanager
def nginx(folder: Path, *, workers: int = 1, access_log: bool = True) -> Iterator[Server]:
    """nginx with `workers` processes; its log is unbuffered and complete when the context is left."""
    site, log, sink = _Site(folder), folder / "access.log", free_ports(1)[0]
    words = {
        "user": "user root;" if os.geteuid() == 0 else "",  # else the workers could not read `folder`
        "workers": str(workers),
        "access_log": str(log) if access_log else "off",
        "sink": str(sink),
    }
    site.write("locations.conf", words)
    command = [binary("nginx"), "-p", str(folder), "-e", "stderr", "-c", site.write("nginx.conf", words)]
    with running(command, folder, [*site.ports, sink], stop=signal.SIGQUIT):
        yield site.server("nginx", log if access_log else None)


@contextmanager
def caddy(folder: Path) -> Iterator[Server]:
    site = _Site(folder)
    command = [binary("caddy"), "run", "--adapter", "caddyfile", "--config", site.write("Caddyfile")]
    homes = {name: str(folder) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    with running(command, folder, site.ports, env=homes):
        yield site.server("caddy")


@contextmanager
def haproxy(folder: Path) -> Iterator[Server]:
    """haproxy, which answers `/` and `/close` by itself, in front of an nginx for everything else."""
    site, program = _Site(folder), binary("haproxy")
    (folder / "origin").mkdir()
    with nginx(folder / "origin", access_log=False) as origin:
        config = site.write("haproxy.cfg", {"origin": origin.http.rpartition(":")[2]})
        with running([program, "-db", "-f", config], folder, site.ports):
            yield site.server("haproxy")


@contextmanager
def node(folder: Path) -> Iterator[Server]:
    site = _Site(folder)
    arguments = [*site.ports, site.idle_ms, site.certificate.cert, site.certificate.key, site.www]
    with running([binary("node"), str(CONFIGS / "node.js"), *map(str, arguments)], folder, site.ports):
        yield site.server("node")


@contextmanager
def uvicorn(folder: Path) -> Iterator[Server]:
    """uvicorn, with h11 for its parser: it shares none of its HTTP with loadgen, which has httptools."""
    if importlib.util.find_spec("uvicorn") is None:
        raise Absent("uvicorn is not installed here")
    site = _Site(folder, idle_ms=1000)  # whole seconds are what it can do
    options = "--host 127.0.0.1 --http h11 --lifespan off --log-level warning --timeout-graceful-shutdown 5"
    command = [sys.executable, "-m", "uvicorn", "asgi:app", "--app-dir", str(CONFIGS), *options.split()]
    tls = ["--ssl-certfile", str(site.certificate.cert), "--ssl-keyfile", str(site.certificate.key)]
    with ExitStack() as stack:
        for i, port in enumerate(site.ports):
            idle = 3600 if i < 2 else site.idle_ms // 1000
            arguments = ["--port", str(port), "--timeout-keep-alive", str(idle), *(tls if i % 2 else [])]
            stack.enter_context(running([*command, *arguments], folder, [port], env={"LOADGEN_WWW": str(site.www)}))
        yield site.server("uvicorn")


ALL = (nginx, caddy, haproxy, node, uvicorn)


class _Site:
    """What one server is started with: ports, certificate, and in its folder the files that it serves."""

    def __init__(self, folder: Path, idle_ms: int = 100) -> None:
        self.folder, self.idle_ms, self.www = folder, idle_ms, folder / "www"
        self.ports = free_ports(4)
        self.certificate = Certificate.make(folder)
        self.www.mkdir()
        (self.www / "big").write_bytes(bytes(BIG))
        (self.www / "chunked").write_bytes(b"c" * CHUNKED)

    def write(self, name: str, words: dict[str, str] | None = None) -> str:
        """Fill in the configuration `name`, and return where it was written."""
        known = {"folder": self.folder, "www": self.www, "idle_ms": self.idle_ms}
        known |= dict(zip(("http", "https", "brief_http", "brief_https"), self.ports, strict=True))
        known |= {name: getattr(self.certificate, name) for name in ("cert", "key", "pem")}
        path = self.folder / name
        path.write_text(_Config((CONFIGS / name).read_text()).substitute(known, **(words or {})))
        return str(path)

    def server(self, name: str, log: Path | None = None) -> Server:
        http, https, brief_http, brief_https = (f"127.0.0.1:{port}" for port in self.ports)
        return Server(
            name,
            http=f"http://{http}",
            https=f"https://{https}",
            brief_http=f"http://{brief_http}",
            brief_https=f"https://{brief_https}",
            idle_ms=self.idle_ms,
            ca=self.certificate.ca,
            log=log,
        )


def binary(name: str) -> str:
    """Where the program is: Debian keeps servers in /usr/sbin, which not every user has on the path."""
    path = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))
    if path is None:
        raise Absent(f"{name} is not installed here")
    return path


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on, from below the range that the kernel gives to outgoing connections: none of those
    can take one before the server has it."""
    ports: list[int] = []
    with ExitStack() as probes:
        for port in random.SystemRandom().sample(range(10_000, 32_000), 1000):
            probe = probes.enter_context(socket.socket())
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                ports.append(port)
            if len(ports) == count:
                return ports
    raise OSError("no free ports between 10000 and 32000")


@contextmanager
def running(
    command: list[str],
    folder: Path,
    ports: list[int],
    env: dict[str, str] | None = None,
    stop: signal.Signals = signal.SIGTERM,
) -> Iterator[None]:
    """Run the server in `folder`, from when all its ports accept connections until the context is left."""
    # it ends with us, even when we are killed
    guard = ["setpriv", "--pdeathsig", "TERM", "--"] if shutil.which("setpriv") else []
    errors = folder / "errors.log"
    with errors.open("ab") as output:
        process = subprocess.Popen(
            [*guard, *command],
            cwd=folder,
            env=os.environ | (env or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        for port in ports:
            _wait_for(port, process, errors)
        yield
    finally:
        _stop(process, stop)


def _wait_for(port: int, process: subprocess.Popen[bytes], errors: Path) -> None:
    limit = now() + START_LIMIT
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if process.poll() is not None or now() > limit:
            end = f"ended with {process.returncode}" if process.returncode is not None else "does not listen"
            raise RuntimeError(f"{process.args!r} {end}:\n{errors.read_text(errors='replace')[-4000:]}")
        time.sleep(10 * MILLISECOND / SECOND)


def _stop(process: subprocess.Popen[bytes], stop: signal.Signals) -> None:
    process.send_signal(stop)
    try:
        process.wait(STOP_LIMIT)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # its own session: whatever it has started
        process.wait()
