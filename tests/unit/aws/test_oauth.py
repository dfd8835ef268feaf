"""Tokens of an OAuth server: asked for as the standard says, refused in one line, renewed in time."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
from typing import Any

import pytest
from token_server import CANARY, GOOD, token_url

from loadgen.aws import oauth
from loadgen.aws.auth import Token
from loadgen.aws.oauth import LEAST_LEFT, TokenUrl
from loadgen.aws.secrets import Variable
from loadgen.clock import SECOND, wall
from loadgen.errors import TargetError


def test_a_token_is_asked_for_as_the_standard_says(monkeypatch: pytest.MonkeyPatch) -> None:
    source, played = token_url(monkeypatch, (200, GOOD), scope="orders/write")
    before = wall()
    token = source.current()
    assert token.value == "token-1"
    assert before + 3600 * SECOND <= token.expires <= wall() + 3600 * SECOND
    ((method, path, form, headers),) = played.asked
    assert (method, path) == ("POST", "/oauth2/token?tenant=canary-tenant")
    assert form == {"grant_type": "client_credentials", "scope": "orders/write"}
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    pair = base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode()
    assert pair == f"client%3Aid:{CANARY}"
    assert played.connected == [("https", "login.test", 443, None)]
    assert set(source.hidden(token)) == {"token-1", "client:id", CANARY}


def test_a_server_that_wants_the_secret_in_the_form_gets_it_there(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = (401, {"error": "invalid_client"})
    source, played = token_url(monkeypatch, refused, (200, GOOD), (200, GOOD))
    assert source.current().value == source.current().value == "token-1"
    forms = [(form.get("client_secret"), "Authorization" in headers) for _, _, form, headers in played.asked]
    assert forms == [(None, True), (CANARY, False), (CANARY, False)]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((401, {"error": "invalid_client"}), r"answered 401 \(invalid_client\)\. Check client_id and client_secret"),
        ((400, {"error": "invalid_scope"}), r"answered 400 \(invalid_scope\)"),
        ((403, {"error": f"echo of {CANARY}", "error_description": CANARY}), r"answered 403\. Check"),
        ((302, b""), "answered 302$"),
        ((500, b"<html>"), "answered 500$"),
        ((200, b"[" * 50_000), "no bearer token"),
        ((200, b"no json"), "no bearer token"),
        ((200, []), "no bearer token"),
        ((200, {"access_token": 7}), "no bearer token"),
        ((200, {"access_token": "t", "token_type": "mac"}), "no bearer token"),
        ((200, {"access_token": "t", "token_type": 7}), "no bearer token"),
        ((200, {"access_token": f"{CANARY}\r\nx: 1"}), "holds a line break"),
        ((200, {"access_token": ""}), "is empty"),
        ((200, b" " * (oauth.ANSWER_LIMIT + 1)), "longer than 64 KiB"),
        (ConnectionRefusedError(111, "Connection refused"), "connection refused"),
        (ConnectionResetError(), "connection lost"),
        (TimeoutError(), "no answer within 10 s"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), "TLS: failed"),
        (http.client.RemoteDisconnected(CANARY), "connection lost"),
        (http.client.BadStatusLine(CANARY), r"not HTTP/1\.1"),
        (http.client.InvalidURL(CANARY), "no URL"),
    ],
)
def test_what_is_no_token_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, answer: Any, told: str) -> None:
    source, _ = token_url(monkeypatch, answer, answer)
    with pytest.raises(TargetError, match=told) as failed:
        source.current()
    assert str(failed.value).startswith("auth.bearer: ")
    assert "https://login.test/oauth2/token" in str(failed.value)
    assert len(str(failed.value).splitlines()) == 1
    assert "canary" not in str(failed.value)


@pytest.mark.parametrize(
    ("life", "seconds"),
    [(60, 60), (59.9, 59), ("3600", 3600), (0.5, 1), (None, 0), (0, 0), (-1, 0), (True, 0), ("soon", 0), (1e300, 0),
     ("9" * 5000, 0), ([], 0)],
)  # fmt: skip
def test_a_token_lives_as_long_as_its_answer_says(monkeypatch: pytest.MonkeyPatch, life: Any, seconds: int) -> None:
    monkeypatch.setattr(oauth, "wall", lambda: 5)
    source, _ = token_url(monkeypatch, (200, {"access_token": "t", "expires_in": life}))
    assert source.current().expires == (seconds * SECOND + 5 if seconds else 0)


def test_a_token_is_renewed_shortly_before_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oauth, "wall", lambda: 0)
    source, _ = token_url(monkeypatch)
    assert source.renew_at(Token("t")) is None
    assert source.renew_at(Token("t", 3600 * SECOND)) == 3600 * SECOND - LEAST_LEFT
    assert source.renew_at(Token("t", 10 * SECOND)) == 8 * SECOND


@pytest.mark.parametrize("host", ["::1", "fe80::face", "2001:db8::5"])
def test_an_address_of_ipv6_is_asked_at_the_port_of_its_scheme(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """Its last group is no port."""
    asked: list[tuple[str, int]] = []

    def refuse(to: tuple[str, int], limit: float) -> None:
        asked.append(to)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", refuse)
    for scheme, written, port in (("https", "", 443), ("http", "", 80), ("https", ":8443", 8443)):
        source = source_of(monkeypatch, f"{scheme}://[{host}]{written}/t")
        with pytest.raises(TargetError, match="connection refused"):
            source.current()
        assert asked.pop() == (host, port)


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::23", "fe80::1%eth0"])
def test_a_name_that_leads_to_where_credentials_are_is_sent_nothing(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    ours, theirs = socket.socketpair()
    monkeypatch.setattr(socket, "create_connection", lambda to, limit: Connected(ours, address))
    source = source_of(monkeypatch, "https://login.test/t")
    with pytest.raises(TargetError, match="is an address where cloud machines serve credentials"):
        source.current()
    ours.close()
    assert theirs.recv(1) == b""
    theirs.close()


class Connected:
    """A socket that says it is connected to that address."""

    def __init__(self, sock: socket.socket, address: str) -> None:
        self._sock, self._address = sock, address

    def getpeername(self) -> tuple[str, int]:
        return self._address, 443

    def close(self) -> None:
        self._sock.close()


def source_of(monkeypatch: pytest.MonkeyPatch, url: str) -> TokenUrl:
    monkeypatch.setenv("CLIENT", "client:id")
    monkeypatch.setenv("CLIENT_SECRET", CANARY)
    return TokenUrl("auth.bearer", url, Variable("client_id", "CLIENT"), Variable("client_secret", "CLIENT_SECRET"))
