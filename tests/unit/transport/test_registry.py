"""What is declared of each client, and what the registry makes of it, agree."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

import loadgen.transport
from loadgen.aws.auth import SIGV4, Access, Scope
from loadgen.aws.credentials import SANDBOX
from loadgen.clock import VirtualClock
from loadgen.errors import ProfileError
from loadgen.net.counters import CONNECTION_COUNTERS
from loadgen.net.names import Address, Origin
from loadgen.profile import model
from loadgen.profile.clients import CLIENTS, DEFAULT, Abilities, Renew, Reuse
from loadgen.profile.load import load
from loadgen.profile.model import Profile
from loadgen.transport import Counters, Transport
from loadgen.transport.registry import make_client

ROOM = Path(loadgen.transport.__file__).parent
REUSES: tuple[Reuse, ...] = ("shared", "per-iteration", "per-request")
RENEWS: tuple[Renew, ...] = ("connection", "client", "session")
RULES = ("standard", "legacy", "adaptive")
URL = "target: http://127.0.0.1:9"
TABLE = 'target: {dynamodb: {table: orders, region: eu-west-1, endpoint: "http://127.0.0.1:9"}}'
CALL = "scenarios: [{name: s, steps: [{name: get, GetItem: {Key: {pk: a}}}]}]"
MODES = [(client, reuse, renew) for client in CLIENTS for reuse in REUSES for renew in RENEWS]


def profile(*lines: str) -> Profile:
    text = "\n".join(("name: t", "load: [{name: a, users: 1, for: 1s}]", *lines))
    return load("p.yaml", text=text).profile


def accepted(*lines: str) -> bool:
    try:
        profile(*lines)
    except ProfileError:
        return False
    return True


def made(profile: Profile, url: str = "http://127.0.0.1:9") -> Transport:
    wired, connections = bytearray(8), bytearray(8 * len(CONNECTION_COUNTERS))
    counters = Counters(memoryview(wired).cast("q"), memoryview(connections).cast("q"))
    access = Access()
    access.scope = Scope("dynamodb", "eu-west-1")
    access.renew(SIGV4, SANDBOX)
    loop, clock = asyncio.get_running_loop(), VirtualClock()
    addresses = (Address(2, ("127.0.0.1", 9)),)
    return make_client(
        loop, clock, profile, Origin.of(url), addresses, None, 4, 0, counters, lambda x: None, access, lambda x: x
    )


def test_each_client_has_a_folder_and_each_folder_is_declared() -> None:
    assert {path.parent.name for path in ROOM.glob("*/client.py")} == set(CLIENTS)
    assert DEFAULT in CLIENTS


@pytest.mark.parametrize(("client", "reuse", "renew"), MODES)
async def test_the_sessions_that_a_client_declares_are_accepted_and_made(
    client: str, reuse: Reuse, renew: Renew
) -> None:
    lines = (TABLE, CALL, f"client: {client}", f"session: {{reuse: {reuse}, renew: {renew}}}")
    assert accepted(*lines) == ((reuse, renew) in CLIENTS[client].sessions)
    if accepted(*lines):
        transport = made(profile(*lines))
        assert transport.built() == 0
        await transport.close()


@pytest.mark.parametrize("client", CLIENTS)
def test_only_a_client_of_http_takes_a_url(client: str) -> None:
    assert accepted(URL, f"client: {client}") == CLIENTS[client].http


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("mode", RULES)
def test_only_rules_that_a_client_declares_are_accepted(client: str, mode: str) -> None:
    lines = (TABLE, CALL, f"client: {client}", f"retries: {{mode: {mode}}}")
    assert accepted(*lines) == (mode in CLIENTS[client].retry_rules)


def test_what_is_built_or_finds_credentials_is_something_that_is_renewed() -> None:
    for abilities in CLIENTS.values():
        assert {*abilities.builds, *abilities.finds_credentials} <= {*abilities.renews} - {"connection"}


def test_a_session_that_a_client_does_not_know_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(model.CLIENTS, "wire", Abilities(reuses=("shared", "per-request")))
    profile(URL, "session: per-request")
    with pytest.raises(ProfileError, match=r"wire has no per-iteration session.*It can use: shared, per-request"):
        profile(URL, "session: per-iteration")


@pytest.mark.parametrize("client", CLIENTS)
async def test_only_a_client_that_resumes_tls_sessions_is_told_to(client: str) -> None:
    transport = made(profile(TABLE, CALL, f"client: {client}"), "https://127.0.0.1:9")
    assert transport.settings.resumption == CLIENTS[client].resumes_tls  # type: ignore[attr-defined]
    await transport.close()


def test_a_client_is_imported_when_it_is_made() -> None:
    code = """
import sys
import loadgen.transport.registry as registry
print(sorted({"aiohttp", "aioboto3", "httptools"} & {*sys.modules}))
registry.maker("wire")
print(sorted({"aiohttp", "aioboto3", "httptools"} & {*sys.modules}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "['httptools']"]
