"""The sandbox as a process, on real sockets, from clients that are not ours."""

from __future__ import annotations

import csv
import http.client
import json
import os
import resource
import select
import signal
import socket
import ssl
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from loadgen.clock import MILLISECOND
from loadgen.errors import LoadgenError, PlanError
from loadgen.net.children import is_stopped
from loadgen.profile.distribution import Distribution
from loadgen.profile.sandbox import Environments, SandboxSettings
from loadgen.sandbox.process import STILL, SandboxProcess, start

pytestmark = pytest.mark.real

LIMIT = 20
"""Seconds after which a wait has failed."""


def test_one_that_is_stopped_or_has_ended_is_found_out() -> None:
    with start(SandboxSettings()) as process:
        assert process.look() == ""
        for number, stopped in ((signal.SIGSTOP, True), (signal.SIGCONT, False), (signal.SIGSTOP, True)):
            os.kill(process.pid, number)
            while is_stopped(process.pid) != stopped:
                pass
            looks = [bool(process.look()) for _ in range(STILL)]
            assert looks == [*[False] * (STILL - 1), stopped]
        os.kill(process.pid, signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert process.look() == "the sandbox ended by itself (exit status -9)"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with start(SandboxSettings()) as process:
        yield process


def connect(sandbox: SandboxProcess, scheme: str, context: ssl.SSLContext | None = None) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(urlsplit(sandbox.http).netloc, timeout=LIMIT)
    context = context or ssl.create_default_context(cafile=sandbox.ca)
    return http.client.HTTPSConnection(urlsplit(sandbox.https).netloc, timeout=LIMIT, context=context)


def get(
    client: http.client.HTTPConnection, path: str, method: str = "GET", body: bytes | None = None
) -> tuple[int, bytes]:
    client.request(method, path, body)
    with client.getresponse() as response:
        return response.status, response.read()


def rows(log: Path) -> list[dict[str, str]]:
    with log.open(newline="") as lines:
        return list(csv.DictReader(lines))


def wait_for_end(pid: int) -> None:
    """Until the process has ended, whoever its parent is."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([watched], [], [], LIMIT)[0], f"process {pid} is still there"
    finally:
        os.close(watched)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_serves_one_connection_many_times(sandbox: SandboxProcess, scheme: str) -> None:
    client = connect(sandbox, scheme)
    ids = [json.loads(get(client, "/orders", "POST", b'{"id": "%d"}' % i)[1])["id"] for i in range(50)]
    assert ids == [str(i) for i in range(50)]
    assert get(client, "/status/418")[0] == 418
    assert get(client, "/chunked/5")[1] == b"".join(b"chunk %d\n" % i for i in range(5))
    assert get(client, "/bytes/3000000") == (200, b"x" * 3_000_000)
    assert get(client, "/bytes/3000000", "HEAD") == (200, b"")
    assert get(client, "/drip/10") == (200, b"x" * 10)
    assert get(client, "/slow-headers")[0] == 200
    assert get(client, "/delay/5ms")[0] == 200
    assert get(client, "/until-close") == (200, b'{"message": "simulated"}')
    assert get(client, "/close")[0] == 200
    client.close()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_takes_ten_megabytes_and_not_more(sandbox: SandboxProcess, scheme: str) -> None:
    client = connect(sandbox, scheme)
    body = os.urandom(10 * 2**20)
    assert get(client, "/echo", "POST", body) == (200, body)
    assert get(client, "/echo", "POST", body + b"x")[0] == 413
    assert get(client, "/")[0] == 200
    client.close()


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/reset", ConnectionResetError),
        ("/early-close", http.client.RemoteDisconnected),
        ("/garbage", http.client.BadStatusLine),
        ("/truncate", http.client.IncompleteRead),
        ("/endless-headers", http.client.HTTPException),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_fails_as_asked(sandbox: SandboxProcess, scheme: str, path: str, error: type[Exception]) -> None:
    client = connect(sandbox, scheme)
    # a TLS connection that ends without a goodbye is an error of TLS before it is one of HTTP
    with pytest.raises((error, ssl.SSLEOFError) if scheme == "https" else error):
        get(client, path)
    client.close()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_endless_ends_with_the_client(sandbox: SandboxProcess, scheme: str) -> None:
    client = connect(sandbox, scheme)
    client.request("GET", "/endless")
    with client.getresponse() as response:
        assert len(response.read(300_000)) == 300_000
    client.close()


def test_never_answers_and_closes_unannounced(sandbox: SandboxProcess) -> None:
    with connect_raw(sandbox) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /never HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 200")
        assert sandbox.stats()["in_flight"] >= 1, "both came together"
    with connect_raw(sandbox) as client:
        client.sendall(b"GET /idle-close HTTP/1.1\r\nHost: x\r\n\r\n")
        data = b""
        while piece := client.recv(65536):
            data += piece
        assert b"Connection: keep-alive" in data


def connect_raw(sandbox: SandboxProcess) -> socket.socket:
    address = urlsplit(sandbox.http)
    assert address.hostname and address.port
    return socket.create_connection((address.hostname, address.port), timeout=LIMIT)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_resumes_and_checks_names(version: ssl.TLSVersion) -> None:
    with start(SandboxSettings()) as sandbox:
        context = ssl.create_default_context(cafile=sandbox.ca)
        context.minimum_version = context.maximum_version = version
        address = urlsplit(sandbox.https)
        session = None
        for name in ("localhost", "127.0.0.1", "127.0.0.1"):
            raw = socket.create_connection((address.hostname, address.port), timeout=LIMIT)
            with context.wrap_socket(raw, server_hostname=name, session=session) as tls:
                tls.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                assert tls.recv(65536).startswith(b"HTTP/1.1 200")
                session = tls.session if name == "127.0.0.1" else None
                reused = tls.session_reused
        assert reused
        raw = socket.create_connection((address.hostname, address.port), timeout=LIMIT)
        with pytest.raises(ssl.SSLCertVerificationError), context.wrap_socket(raw, server_hostname="example.org"):
            pass
        assert sandbox.stats()["tls"]["resumed"] == 1


def test_keeps_time_and_logs_it(tmp_path: Path) -> None:
    log = tmp_path / "truth.csv"
    settings = SandboxSettings(
        rtt=5 * MILLISECOND,
        service=Distribution.parse("lognormal(p50=1ms, p99=5ms)"),
        environments=Environments(max=3, init=10 * MILLISECOND),
    )
    with start(settings, log=log) as sandbox:
        for scheme in ("http", "https"):
            clients = [connect(sandbox, scheme) for _ in range(4)]
            for _ in range(5):
                for client in clients:
                    client.request("GET", f"/{scheme}")
                for client in clients:
                    with client.getresponse() as response:
                        response.read()
            for client in clients:
                client.close()
        stats = sandbox.stats()
        assert len(rows(log)) == 40, "whole as soon as stats have come"
        os.kill(sandbox.pid, signal.SIGTERM)  # it ends when its parent says so, which may still have something open
        assert sandbox.stats()["answered"] == 40
    found = rows(log)
    assert stats["requests"] == stats["answered"] == len(found) == 40
    assert stats["status"] == {"200": 40}
    assert stats["connections"] == {"http": 4, "https": 4, "open": stats["connections"]["open"], "closed_idle": 0}
    assert stats["tls"] == {"handshakes": 4, "resumed": 0, "failed": 0}
    assert stats["cold_starts"] == sum(row["cold"] == "1" for row in found) == 3
    assert stats["lag_ns"]["max"] >= stats["lag_ns"]["p50"] > 0
    for row in found:
        received, intended, sent, service, queued = (
            int(row[key]) for key in ("received_ns", "intended_ns", "sent_ns", "service_ns", "queued_ns")
        )
        owed = 5 * MILLISECOND if row["path"] == "/http" and row["request"] == "1" else 0
        init = 10 * MILLISECOND if row["cold"] == "1" else 0
        assert intended - received == 5 * MILLISECOND + owed + init + service + queued
        assert sent >= intended
    assert Counter(row["connection"] for row in found) == {str(i): 5 for i in range(1, 9)}


def test_the_folder_of_the_certificate_is_private_and_goes() -> None:
    with start(SandboxSettings()) as sandbox:
        folder = sandbox.ca.parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert sorted(file.name for file in folder.iterdir()) == ["ca.pem", "chain.pem"]
    assert not folder.exists()
    wait_for_end(sandbox.pid)


def test_says_what_it_cannot_do(tmp_path: Path) -> None:
    with start(SandboxSettings()) as sandbox:
        port = urlsplit(sandbox.https).port
        assert port
        with pytest.raises(PlanError, match=f"cannot listen on 127.0.0.1:{port}"):
            start(SandboxSettings(), http_port=port)
    with pytest.raises(PlanError, match="cannot be written"):
        start(SandboxSettings(), log=tmp_path / "missing" / "truth.csv")


def test_a_dead_one_is_told() -> None:
    with start(SandboxSettings()) as sandbox:
        os.kill(sandbox.pid, signal.SIGKILL)
        wait_for_end(sandbox.pid)
        with pytest.raises(LoadgenError, match="ended by itself"):
            sandbox.stats()
    assert not sandbox.ca.parent.exists()


PARENT = """
import os, signal, sys
from pathlib import Path
from loadgen.profile.sandbox import SandboxSettings
from loadgen.sandbox.process import start
sandbox = start(SandboxSettings(), log=Path(sys.argv[1]))
sibling = os.fork()
if sibling == 0:
    os.close(1)
    signal.pause()
print(sandbox.pid, sibling, sandbox.http, sandbox.ca, flush=True)
signal.pause()
"""


def test_dies_with_its_parent_in_good_order(tmp_path: Path) -> None:
    """Killed without a word, and with a forked sibling that holds the pipe."""
    log = tmp_path / "truth.csv"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(log)], stdout=subprocess.PIPE)
    assert parent.stdout
    pid, sibling, url, ca = parent.stdout.readline().decode().split()
    client = http.client.HTTPConnection(urlsplit(url).netloc, timeout=LIMIT)
    assert get(client, "/")[0] == 200
    parent.kill()
    parent.wait()
    parent.stdout.close()
    try:
        wait_for_end(int(pid))
    finally:
        os.kill(int(sibling), signal.SIGKILL)
    client.close()
    assert [row["status"] for row in rows(log)] == ["200"]
    assert not Path(ca).parent.exists()


def test_survives_without_descriptors() -> None:
    with start(SandboxSettings()) as sandbox, ExitStack() as stack:
        sandbox.stats()  # its loop runs, with all the descriptors it needs for itself
        used = len(list(Path(f"/proc/{sandbox.pid}/fd").iterdir()))
        resource.prlimit(sandbox.pid, resource.RLIMIT_NOFILE, (used + 2, used + 2))
        many = [stack.enter_context(connect_raw(sandbox)) for _ in range(6)]
        for client in many[:2]:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(65536).startswith(b"HTTP/1.1 200")
        assert sandbox.stats()["accept_errors"] > 0
        for client in many[:2]:
            client.close()
        for client in many[2:4]:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert client.recv(65536).startswith(b"HTTP/1.1 200")


def test_closes_idle_connections() -> None:
    with start(SandboxSettings(idle_close=50 * MILLISECOND)) as sandbox:
        with connect_raw(sandbox) as silent, connect_raw(sandbox) as slow:
            slow.sendall(b"GET /delay/100ms HTTP/1.1\r\n")
            assert silent.recv(1) == b""
            assert slow.recv(1) == b"", "half a head is not a request"
        assert sandbox.stats()["connections"]["closed_idle"] == 2
        assert sandbox.stats()["partial"] == 1


def test_by_hand() -> None:
    """As a person would: settings as text, counts on request, the end with stdin."""
    command = [sys.executable, "-m", "loadgen.sandbox"]
    lines = b'{"rtt": "1ms", "service": "lognormal(p50=1ms, p99=2ms)"}\nstats\nwhat\n'
    done = subprocess.run(command, input=lines, capture_output=True, timeout=LIMIT, check=True)
    ready, stats, error = (json.loads(line) for line in done.stdout.splitlines())
    assert ready.keys() == {"http", "https", "ca", "pid"}
    assert stats["requests"] == 0
    assert "stats" in error["error"]
    assert not done.stderr


def test_stdin_must_be_something_that_closes(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text("{}\n")
    with (tmp_path / "settings.json").open() as file:
        command = [sys.executable, "-m", "loadgen.sandbox"]
        done = subprocess.run(command, stdin=file, capture_output=True, timeout=LIMIT, check=False)
    assert done.returncode == 2
    assert "must be a pipe" in json.loads(done.stdout)["error"]


@pytest.mark.parametrize("line", [b'{"rt": "1ms"}\n', b'{"rtt": "fast"}\n', b"{\n", b"", b"[]\n"])
def test_refuses_settings_in_one_line(line: bytes) -> None:
    command = [sys.executable, "-m", "loadgen.sandbox"]
    done = subprocess.run(command, input=line, capture_output=True, timeout=LIMIT, check=False)
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"].startswith("sandbox")
    assert not done.stderr
