"""A target that is killed and started again in the middle of a run: what it counted itself by the ids that were sent,
against the run's ledgers, by each client and session."""

from __future__ import annotations

import select
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import counting_server
import pytest
from program import LIMIT, Program, prepare
from servers import free_ports

from loadgen.errors import Exit
from loadgen.profile.clients import CLIENTS

pytestmark = pytest.mark.real

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "known to nobody"}
MODES = [(client, *session) for client, abilities in CLIENTS.items() for session in abilities.sessions]
LOAD = "stop_if: never\nload: [{name: a, users: 3, think: 10ms, for: 120s}]\n"
TABLE = """name: t
target: {{dynamodb: {{table: orders, region: eu-west-1, endpoint: "http://127.0.0.1:{port}"}}}}
scenarios: [{{name: s, steps: [{{name: put, PutItem: {{Item: {{pk: "~{{{{uuid}}}}~"}}}}}}]}}]
"""
HTTP = """name: t
target: http://127.0.0.1:{port}
scenarios: [{{name: s, steps: [{{name: get, get: "/~{{{{uuid}}}}~"}}]}}]
"""


@contextmanager
def serving(port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The server until the context is left, when it is killed whatever it does."""
    command = [sys.executable, counting_server.__file__, str(port), str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as server:
        try:
            says(server, "ready")
            yield server
        finally:
            server.kill()


def says(server: subprocess.Popen[bytes], word: str) -> None:
    """Wait until the server says it."""
    assert server.stdout
    assert select.select([server.stdout], [], [], LIMIT)[0], f"it did not say {word}"
    assert server.stdout.readline().decode() == f"{word}\n"


@pytest.mark.parametrize(("client", "reuse", "renew"), MODES)
def test_a_target_that_restarts_counts_what_the_run_counts(tmp_path: Path, client: str, reuse: str, renew: str) -> None:
    (port,), log = free_ports(1), tmp_path / "ids"
    text = (HTTP if CLIENTS[client].http else TABLE).format(port=port)
    text += f"client: {client}\nsession: {{reuse: {reuse}, renew: {renew}}}\n{LOAD}"
    with serving(port, log) as server, Program(tmp_path, *prepare(tmp_path, text), "--json", env=KEYS) as program:
        says(server, "enough")
        server.kill()
        server.wait()
        before = [one for one, _ in counting_server.came(log)]
        with serving(port, log) as again:
            says(again, "enough")
            program.process.send_signal(signal.SIGINT)
            ran = program.wait()
            program.leaves_nothing()
    ids = Counter(one for one, _ in counting_server.came(log))
    assert ran.status == Exit.INTERRUPTED, ran.err
    outcomes = ran.requests["outcomes"]
    assert set(ids.values()) == {1}, "nothing is sent a second time unasked"
    assert counting_server.ENOUGH <= len(before) <= len(ids) - counting_server.ENOUGH
    assert 2 * counting_server.ENOUGH <= outcomes["ok"] <= len(ids) <= ran.requests["on_wire"]
    assert set(outcomes) <= {"ok", "refused", "reset"}
    if renew != "session":  # which takes so long to make that the target may be back by then
        assert outcomes.get("refused", 0) + outcomes.get("reset", 0) > 0
    assert len(ids) - outcomes["ok"] <= outcomes.get("reset", 0), "what it heard and did not answer was reset"
