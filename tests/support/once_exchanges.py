"""What `loadgen once` has of a step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from loadgen.result.once import Answer, Certificate, OnceExchange, OnceResult, Peer, SentRequest

CERTIFICATE = Certificate(
    subject=(("commonName", "localhost"),),
    issuer=(("organizationName", "loadgen"), ("commonName", "sandbox authority")),
    names=("localhost", "127.0.0.1"),
    not_after="Nov 22 12:00:00 2027 GMT",
)


def exchange(**more: Any) -> OnceExchange:
    """One that went well, with these fields in place of its own."""
    made = OnceExchange(
        scenario="order",
        step="put",
        request=SentRequest(
            "POST",
            "https://127.0.0.1:40001/orders?x=1",
            (("Content-Type", "application/json"), ("X-Trace", "t1")),
            b'{"id": "6a1f", "total": 12}',
        ),
        answer=Answer(201, (("content-type", "application/json"),), b'{"ok": true,\n "n": 1}'),
        outcome="ok",
        reason="",
        location="",
        refused=False,
        capacity=None,
        times_ms={"response": 60.0, "lag": 0.0, "wait": 0.0, "service": 60.0, "connect": 40.0, "tcp": 20.0,
                  "tls": 20.0},
        connection="new",
        peer=Peer("127.0.0.1:40001", "TLSv1.3", "TLS_AES_256_GCM_SHA384", False, CERTIFICATE),
        captured={"id": "6a1f"},
        not_found=(),
    )  # fmt: skip
    return replace(made, **more)


def of(*exchanges: OnceExchange) -> OnceResult:
    return OnceResult(name="orders", simulated=False, exchanges=exchanges)
