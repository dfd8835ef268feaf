"""The server that all tools are held against: nginx, one worker on a core of its own, in a temporary folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from bench.processes import family, running
from loadgen.clock import SECOND, now
from loadgen.sandbox import certificate

START_LIMIT = 10 * SECOND
BODIES = (100, 1_000, 10_000, 100_000, 1_000_000)  # bytes: the files below /body/

# No session is resumed: every new TLS connection is a full handshake, whether or not a tool offers to resume one. One
# version and one cipher, so that no tool is faster for having chosen another. No connection is closed for being idle,
# even one that was opened before the load and is not used at first.
CONFIG = """
{user}
daemon off;
pid {folder}/nginx.pid;
worker_processes 1;
worker_cpu_affinity {mask};
worker_rlimit_nofile 20000;
events {{ worker_connections 16384; }}
http {{
    access_log off;
    default_type application/json;
    client_header_timeout 24h;
    keepalive_timeout 24h;
    keepalive_time 24h;
    keepalive_requests 1000000000000;
    ssl_certificate {chain};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.3;
    ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
    ssl_session_cache off;
    ssl_session_tickets off;
    client_body_temp_path {folder}/sent;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    open_file_cache max=16 inactive=24h;
    sendfile on;
    tcp_nopush on;
    server {{
        listen 127.0.0.1:{http} backlog=4096;
        listen 127.0.0.1:{https} ssl backlog=4096;
        location / {{ return 200 '{{}}'; }}
        location /body/ {{ root {folder}; }}
    }}
    server {{
        listen 127.0.0.1:{status};
        location / {{ stub_status; }}
    }}
}}
"""


class Absent(Exception):
    """There is no nginx here."""


@dataclass(slots=True)
class Nginx:
    """A running nginx. `worker` is the process that answers."""

    http: str
    https: str
    ca: Path
    worker: int
    _status: HTTPConnection
    _asked: int = 0

    def served(self) -> tuple[int, int]:
        """Requests answered and connections accepted since its start, but for those of this question."""
        self._asked += 1
        self._status.request("GET", "/")
        fields = self._status.getresponse().read().split(b"\n")[2].split()
        return int(fields[2]) - self._asked, int(fields[0]) - 1


def files_in(folder: Path) -> Callable[[str, bytes], Path]:
    """Writes a file of that name and content into the folder."""

    def file(name: str, content: bytes) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    return file


@contextmanager
def nginx(folder: Path, core: int) -> Iterator[Nginx]:
    """nginx from when it listens until the context is left. Raises Absent, or RuntimeError if it does not start."""
    program, ports = _program(), _free_ports(3)
    ca, chain, key = certificate.make(files_in(folder))
    words = {"folder": folder, "chain": chain, "key": key, "mask": "1" + "0" * core}
    words |= dict(zip(("http", "https", "status"), ports, strict=True))
    words["user"] = "user root;" if os.geteuid() == 0 else ""  # else the worker could not enter `folder`
    (folder / "body").mkdir()
    for size in BODIES:
        (folder / "body" / str(size)).write_bytes(b"x" * size)
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format_map(words))
    command = [program, "-p", str(folder), "-e", "stderr", "-c", str(config)]
    with running(command, {core}, folder) as process:
        for port in ports:
            _wait_for(port, process, folder / "err")
        status = HTTPConnection("127.0.0.1", ports[2], timeout=30)
        server = Nginx(f"http://127.0.0.1:{ports[0]}/", f"https://127.0.0.1:{ports[1]}/", ca, 0, status)
        server.served()
        server.worker = family(process.pid)[-1]
        yield server
        status.close()


def version() -> str:
    """Raises Absent."""
    told = subprocess.run([_program(), "-v"], capture_output=True, text=True, check=True).stderr
    return told.strip().rpartition("/")[2]


def _program() -> str:
    path = shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))
    if path is None:
        raise Absent("nginx is not installed here; Debian's package is nginx-light")
    return path


def _free_ports(count: int) -> list[int]:
    """From below the range that the kernel gives to outgoing connections, so that none of those takes one first."""
    ports: list[int] = []
    for port in range(18_000, 32_000):
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            ports.append(port)
        if len(ports) == count:
            return ports
    raise RuntimeError("no free ports between 18000 and 32000")


def _wait_for(port: int, process: subprocess.Popen[bytes], errors: Path) -> None:
    limit = now() + START_LIMIT
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if process.poll() is not None or now() > limit:
            raise RuntimeError(f"nginx does not listen:\n{errors.read_text(errors='replace')[-2000:]}")
        time.sleep(0.01)
