"""Targets that cannot be used: everything is accounted for, in bounded memory, and one line says why."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from api_server import Answer, serve
from program import FULL, Ran, load, run
from servers import Server

from loadgen.record.seconds import read_seconds

pytestmark = pytest.mark.real

RATE, SECONDS = 20_000, 10 if FULL else 2
PATIENCE = 200.0  # s for what a machine that is busy otherwise has piled up meanwhile
IN_FLIGHT = 10_000
MEBIBYTE = 2**20


@pytest.fixture
def dead() -> Iterator[str]:
    """An address that refuses: a port that is held, and nobody listens on."""
    with closing(socket.socket()) as holder:
        holder.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{holder.getsockname()[1]}"


def memory(ran: Ran) -> int:
    """The most that a worker had, in bytes."""
    return max(sample["rss"] for second in read_seconds(ran.folder) for sample in second.health) * 1024


def refused(ran: Ran, url: str, why: str) -> None:
    """Exit status 3, and one line on stderr that says why, as the result does in codes and its report at the top."""
    assert ran.status == 3, ran.err
    (line,) = [line for line in ran.err.splitlines() if "nothing answered" in line]
    assert line.startswith(f"loadgen: {url}: nothing answered: ")
    assert why in line
    assert ran.result["unusable"]["code"] == "nothing_answered"
    assert ran.result["unusable"]["sent"] == ran.requests["sent"]


def test_a_flood_at_a_dead_port(tmp_path: Path, dead: str) -> None:
    text = f"""
name: dead
target: http://{dead}/
load: [{{name: a, rate: {RATE}/s, for: {SECONDS}s}}]
in_flight_limit: {IN_FLIGHT}
timeout: 5s
"""
    ran = load(tmp_path, text, limit=PATIENCE)
    refused(ran, f"http://{dead}", "connection refused")
    assert ran.requests["on_wire"] == 0
    assert set(ran.requests["outcomes"]) <= {"refused", "timeout"}
    phase = ran.phases["a"]["iterations"]
    assert abs(phase["planned"] - RATE * SECONDS) < 5 * (RATE * SECONDS) ** 0.5
    assert ran.result["variants"][0]["connections"]["opened"] == 0
    assert memory(ran) < 250 * MEBIBYTE
    (failure,) = [f for f in ran.phases["a"]["steps"][0]["failures"] if f["outcome"] == "refused"]
    assert failure["count"] == ran.phases["a"]["requests"]["outcomes"]["refused"]


@pytest.mark.parametrize("session", ["shared", "per-request"])
def test_the_dead_port_of_a_secure_target(tmp_path: Path, dead: str, session: str) -> None:
    text = f"name: d\ntarget: https://{dead}/\nsession: {session}\nload: [{{name: a, users: 3, iterations: 30}}]\n"
    ran = load(tmp_path, text)
    refused(ran, f"https://{dead}", "connection refused, 30 of 30")
    assert ran.requests["outcomes"] == {"refused": 30}


@pytest.mark.parametrize("client", ["wire", "aiohttp"])
def test_a_dead_port_gets_no_load(tmp_path: Path, dead: str, client: str) -> None:
    """On loopback too: a port forward and a container in CI are there."""
    ran = run(tmp_path, "run", f"http://{dead}/", "--set", f"client={client}", "--for", "10m")
    assert (ran.status, ran.out) == (3, "")
    assert ran.err == (
        f"loadgen: http://{dead}: the step get failed before the load (refused: connection refused). Nothing more was "
        "sent. `loadgen once` shows the whole exchange; --no-preflight sends the load all the same\n"
    )
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("client", ["wire", "aiohttp"])
def test_a_target_that_turns_everybody_away(tmp_path: Path, client: str) -> None:
    """Each of its answers is one, and says nothing of how fast it would be."""
    page = b"<html><title>401 Authorization Required</title></html>"
    with serve(lambda asked: Answer(401, page)) as api:
        text = f"name: t\ntarget: {api.url}\nclient: {client}\nload: [{{name: a, users: 1, iterations: 77}}]\n"
        ran = load(tmp_path, text)
        tried = run(tmp_path, "run", "profile.yaml", "--out", "other")
    assert ran.status == 3
    assert f"loadgen: {api.url}: everything failed: status 401, 77 of 77" in ran.err.splitlines()
    assert {sample["message"] for sample in ran.result["samples"]["failed"]} == {"401 Authorization Required"}
    said = run(tmp_path, "report", "run", "--full").out
    assert said.startswith(f"FAILED {api.url}: everything failed: status 401, 77 of 77\n")
    assert "the answer: 401 Authorization Required" in said
    assert (tried.status, len(api.asked)) == (3, 78)
    assert "the step get failed before the load (http_4xx: status 401: 401 Authorization Required)" in tried.err


@pytest.mark.parametrize("client", ["wire", "aiohttp"])
def test_a_redirect_gets_no_load(tmp_path: Path, client: str) -> None:
    with serve(lambda asked: Answer(301, headers={"Location": "https://a.test/prod?key=canary"})) as api:
        ran = run(tmp_path, "run", f"{api.url}/x", "--set", f"client={client}", "--for", "10m")
        assert [asked.path for asked in api.asked] == ["/x"]
    assert ran.status == 3
    assert "It redirects to https://a.test/prod: send the requests there" in ran.err
    assert "canary" not in ran.err


def test_a_name_that_does_not_resolve(tmp_path: Path) -> None:
    for command in ("run", "check"):
        ran = run(tmp_path, command, "http://nowhere.invalid/")
        assert ran.status == 3
        assert ran.out == "" if command == "run" else "nothing was sent" in ran.out
        assert ran.err.startswith("loadgen: the name nowhere.invalid does not resolve"), ran.err
        assert ran.err.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def certificate_case(folder: Path, url: str, tls: str = "") -> Ran:
    text = f"name: c\ntarget: {url}\n{tls}\nload: [{{name: a, rate: 50/s, iterations: 20}}]\n"
    return load(folder, text)


def test_a_certificate_of_nobody_known(tmp_path: Path, nginx: Server) -> None:
    ran = certificate_case(tmp_path, nginx.https)
    refused(ran, nginx.https, "certificate refused")
    assert ran.requests["outcomes"] == {"tls": 20}
    assert run(tmp_path, "once", nginx.https).status == 3


def test_a_certificate_for_another_name(tmp_path: Path, nginx: Server) -> None:
    """The authority is trusted and the address is the same, but 127.1 is not a name in the certificate."""
    trusted = f"tls: {{ca: {nginx.ca}}}"
    url = nginx.https.replace("127.0.0.1", "127.1")
    refused(certificate_case(tmp_path, url, trusted), url, "Hostname mismatch")


def test_plain_http_where_tls_is_expected(tmp_path: Path, nginx: Server) -> None:
    url = nginx.http.replace("http:", "https:")
    ran = certificate_case(tmp_path, url)
    refused(ran, url, "TLS: ")
    assert ran.requests["outcomes"] == {"tls": 20}


def test_a_certificate_file_that_is_none(tmp_path: Path, nginx: Server) -> None:
    (tmp_path / "no.pem").write_text("not a certificate\n")
    ran = certificate_case(tmp_path, nginx.https, "tls: {ca: no.pem}")
    assert (ran.status, ran.out) == (2, "")
    assert "loadgen: tls.ca: cannot be used" in ran.err


def test_a_target_that_accepts_and_says_nothing(tmp_path: Path) -> None:
    """Requests are on the wire, so that it was reached; all of them time out, on time."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        text = f"name: s\ntarget: {url}\ntimeout: 300ms\nload: [{{name: a, rate: 50/s, iterations: 20}}]\n"
        ran = load(tmp_path, text)
    refused(ran, url.removesuffix("/"), "timeout, 20 of 20")
    assert ran.requests["outcomes"] == {"timeout": 20}
    assert ran.requests["on_wire"] == 20


def test_a_port_that_takes_no_more(tmp_path: Path) -> None:
    """A full backlog: connections are never made, and the timeout says so."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(3)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(address)
        text = f"name: f\ntarget: http://127.0.0.1:{address[1]}/\ntimeout: 300ms\nsession: per-request\n"
        ran = load(tmp_path, f"{text}load: [{{name: a, rate: 50/s, iterations: 20}}]\n")
        for sock in waiting:
            sock.close()
    refused(ran, f"http://127.0.0.1:{address[1]}", "timeout, 20 of 20")
    assert ran.requests["outcomes"] == {"timeout": 20}
