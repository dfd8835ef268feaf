"""One exchange of each step, as the result has it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from once_exchanges import CERTIFICATE, of

from loadgen.aws.auth import Access
from loadgen.exchange import Exchange, Outcome, Request
from loadgen.net.names import Origin
from loadgen.report.terminal.once import render_once
from loadgen.result.codec import to_json
from loadgen.result.once import Answer, Peer, SentRequest
from loadgen.runner.once import _readable, without_secrets
from loadgen.runner.probe import ProbedExchange


def test_an_exchange_shows_plain_values() -> None:
    body = b'{"TableName":"t","Item":{"pk":{"S":"a"},"n":{"N":"7"},"tags":{"SS":["x"]},"m":{"M":{"k":{"BOOL":true}}}}}'
    assert json.loads(_readable(body)) == {
        "TableName": "t", "Item": {"pk": "a", "n": 7, "tags": ["x"], "m": {"k": True}},
    }  # fmt: skip


@pytest.mark.parametrize("body", [b"", b"no json", b'{"a":', b"[" * 5000, b'"x"', b"\xff"])
def test_what_is_no_such_body_is_shown_as_it_is(body: bytes) -> None:
    assert _readable(body) == body


def test_what_only_looks_like_an_attribute_value_stays() -> None:
    """An item whose only attribute is called S."""
    assert json.loads(_readable(b'{"Item":{"S":{"S":"x"}},"N":{"N":"no number"}}')) == {
        "Item": {"S": "x"}, "N": {"N": "no number"},
    }  # fmt: skip


# an exchange as the result has it

ORIGIN = Origin("https", "127.0.0.1", 443)
PEER = {
    "address": "127.0.0.1:443", "tls": "TLSv1.3", "cipher": "TLS_AES_256_GCM_SHA384", "resumed": False,
    "certificate": {
        "subject": ((("commonName", "localhost"),),),
        "issuer": ((("organizationName", "loadgen"),), (("commonName", "sandbox authority"),)),
        "notAfter": "Nov 22 12:00:00 2027 GMT",
        "subjectAltName": (("DNS", "localhost"), ("IP Address", "127.0.0.1")),
    },
}  # fmt: skip


def answered(request: Request, headers: dict[str, str], body: bytes) -> Exchange:
    exchange = Exchange(request, 0, None, 0, 0, 0, 0)
    exchange.outcome, exchange.status, exchange.headers, exchange.body = Outcome.OK, 200, headers, body
    exchange.due = 1_000_000
    exchange.released, exchange.signed, exchange.started = 1_500_000, 1_600_000, 1_700_000
    exchange.connected, exchange.done, exchange.received = 2_000_000, 5_000_000, 4_900_000
    return exchange


def shown(exchange: Exchange, captured: dict[str, Any] | None = None, peer: dict[str, object] | None = None) -> Any:
    probed = ProbedExchange("s", "put", exchange, captured or {}, ("gone",), peer or {})
    return without_secrets(probed, ORIGIN, Access())


def test_everything_of_an_exchange_is_told() -> None:
    headers = (("Content-Type", "application/json"), ("X-Trace", "t1"))
    request = Request("POST", "/orders?x=1", headers, b'{"total": 12}')
    told = shown(answered(request, {"etag": "1"}, b"{}"), {"id": [1, None]}, PEER)
    assert told.request == SentRequest("POST", "https://127.0.0.1/orders?x=1", headers, b'{"total": 12}')
    assert told.answer == Answer(200, (("etag", "1"),), b"{}")
    assert (told.outcome, told.reason, told.location, told.refused, told.capacity) == ("ok", "", "", False, None)
    assert told.peer == Peer("127.0.0.1:443", "TLSv1.3", "TLS_AES_256_GCM_SHA384", False, CERTIFICATE)
    assert (told.captured, told.not_found) == ({"id": [1, None]}, ("gone",))
    assert told.times_ms == {
        "response": 4.0, "lag": 0.5, "sign": 0.1, "wait": 0.1, "service": 3.3, "connect": 0.3, "client_delay": 0.1,
    }  # fmt: skip


def test_without_an_answer_there_is_none_and_without_a_connection_no_peer() -> None:
    exchange = Exchange(Request("GET", "/"), 0, None, 0, 0, 0, 0)
    exchange.outcome, exchange.reason = Outcome.REFUSED, "Connection refused"
    told = shown(exchange)
    assert (told.answer, told.connection, told.peer, told.ok) == (None, None, None, False)


def test_secrets_are_not_shown() -> None:
    headers = tuple((name, "s3cret") for name in ("Authorization", "Cookie", "X-Api-Key", "X-Amz-Security-Token"))
    body = b'{"user": "u", "password": "s3cret \\" s3cret", "pin_token": 5553, "nested": {"apiKey": "s3cret'
    request = Request("POST", "/a?X-Amz-Signature=s3cret&x=1", headers, body)
    told = shown(
        answered(request, {"Set-Cookie": "a=s3cret", "location": "/b?access_token=s3cret"}, b'{"token": "s3cret"}'),
        {"session_token": "s3cret", "id": 1},
    )
    for text in (str(told), json.dumps(to_json(told)), render_once(of(told))):
        assert "s3cret" not in text and "5553" not in text
    assert told.request.url == "https://127.0.0.1/a?X-Amz-Signature=[redacted]&x=1"
    assert b'"user": "u"' in told.request.body
    assert told.captured == {"session_token": "[redacted]", "id": 1}
