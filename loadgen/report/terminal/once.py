"""The output of `loadgen once`: every exchange whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import TextIO

from rich.console import RenderableType

from loadgen.exchange import Outcome
from loadgen.report.terminal.page import (
    BAD,
    DIM,
    GOOD,
    STRONG,
    WIDEST,
    add,
    drawn,
    fitting,
    heading,
    indented,
    labelled,
    line,
    table,
)
from loadgen.report.words import brief, clean, count, encodable, known, ms, wants_color
from loadgen.result.once import Answer, Certificate, OnceExchange, OnceResult, Pairs, Peer, SentRequest
from loadgen.runner.advice import redirected, remedy

BODY = 2000  # characters
CAPTURED, HEADER = 200, 300  # characters
TIMELINE, BESIDE = 60, 25  # columns of the timeline, and of what is beside it
LEAD = 13
UNDERSTOOD = 0.9  # of a body's characters, for it to be shown as text


def render_once(result: OnceResult, *, width: int = WIDEST, color: bool = False) -> str:
    """The exchanges, one after the other, as text of at most `width` columns."""
    simulated = "simulated target\n" if result.simulated else ""
    exchanges = (part for exchange in result.exchanges for part in _exchange(exchange, width))
    return simulated + drawn(exchanges, width, color)


def show_once(result: OnceResult, file: TextIO) -> None:
    """Write the exchanges to `file`: coloured and as wide as it if that is a terminal, in characters it can write."""
    file.write(encodable(render_once(result, width=fitting(file), color=wants_color(file)), file))


def _exchange(exchange: OnceExchange, width: int) -> Iterator[RenderableType]:
    reason = f": {exchange.reason}" if exchange.reason else ""
    outcome = (clean(f"{exchange.outcome}{reason}"), GOOD if exchange.ok else BAD)
    yield heading(clean(f"{f'{exchange.scenario} {exchange.step}'.strip()}  "), outcome)
    if advice := _advice(exchange):
        yield line(clean(advice), indent=2)
    yield from _request(exchange.request)
    yield from _answer(exchange.answer)
    rest = "send→answer" if exchange.connection else "connecting"
    yield from _times(exchange.times_ms, rest, min(TIMELINE, width - BESIDE))
    yield from _peer(exchange.peer, exchange.connection)
    yield from _facts(exchange)


def _facts(exchange: OnceExchange) -> Iterator[RenderableType]:
    if units := exchange.capacity:
        consumed = [f"{name} {number:g}" for name, number in (("read", units.read), ("write", units.write)) if number]
        if consumed:
            yield _fact("units", ", ".join(consumed))
    for name, value in exchange.captured.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield _fact("captured", f"{name} = {brief(text, CAPTURED)}")
    for name in exchange.not_found:
        yield _fact("captured", f"{name}: nothing, the answer has no such value")


def _fact(name: str, text: str) -> RenderableType:
    return labelled((f"{name:<{LEAD}}", DIM), clean(text), indent=2)


def _request(request: SentRequest) -> Iterator[RenderableType]:
    yield line((clean(f"{request.method} {request.url}"), STRONG), indent=2)
    yield from _message(request.headers, request.body)


def _answer(answer: Answer | None) -> Iterator[RenderableType]:
    if not answer:
        yield line(("no answer", BAD), indent=2)
        return
    phrase = f" {HTTPStatus(answer.status).phrase}" if answer.status in HTTPStatus._value2member_map_ else ""
    yield line((f"{answer.status}{phrase}", STRONG), indent=2)
    yield from _message(answer.headers, answer.body)
    if answer.log:
        yield line(("the end of the log", DIM), indent=2)
        for text in _excerpt(answer.log[-BODY:]):
            yield line(text, indent=4)


def _advice(exchange: OnceExchange) -> str:
    """What to do about a failure; empty without advice."""
    if exchange.location and exchange.answer:
        return redirected(exchange.answer.status, exchange.location)
    outcome = Outcome.__members__.get(exchange.outcome.upper())
    return remedy(exchange.request.url, outcome, exchange.reason) if outcome is not None else ""


def _message(headers: Pairs, body: bytes) -> Iterator[RenderableType]:
    for name, value in headers:
        yield line((clean(f"{name}: "), DIM), clean(brief(value, HEADER)), indent=4)
    if body:
        yield line("")
        for text in _excerpt(body):
            yield line(text, indent=4)


def _excerpt(body: bytes) -> Iterator[str]:
    """The lines of a text body, up to `BODY` characters; for any other body what it is."""
    size, text = len(body), body[: 8 * BODY].decode("utf-8", "replace")
    if sum(c.isprintable() or c.isspace() for c in text) - text.count("�") < UNDERSTOOD * len(text):
        yield f"{count(size)} bytes that are not text"
        return
    yield from (clean(part) for part in text[:BODY].splitlines())
    if len(text) > BODY or size > 8 * BODY:
        yield f"… cut: {count(size)} bytes in all"


def _times(times: Mapping[str, float], rest: str, width: int) -> Iterator[RenderableType]:
    """Each part of the time in order, and where it lies between due and done; `rest` is the target's remaining time."""
    spent = {name: value for name, value in times.items() if known(value)}
    whole = spent.get("response", spent.get("service"))
    if whole is None:
        return
    yield _fact("time, ms", f"{'response' if 'response' in spent else 'service'} {ms(whole)}")
    made = table(("", "left", LEAD - 1), ("", "right", 8), ("", "fixed", width))
    reached = 0.0
    for name, value in _parts(spent, rest):
        start, end = (round(min(width, width * at / whole)) if whole else 0 for at in (reached, reached + value))
        add(made, name, ms(value), " " * start + ("█" * (end - start) or "▏"))
        reached += value
    yield indented(made)


def _parts(spent: Mapping[str, float], rest: str) -> Iterator[tuple[str, float]]:
    connect, delay, build = spent.get("connect", 0.0), spent.get("client_delay"), spent.get("build", 0.0)
    for name in ("lag", "build", "sign", "wait"):
        if name in spent:
            yield name, max(0.0, spent[name] - (build if name == "sign" else 0.0))
    shakes = [(name, spent[name]) for name in ("dns", "tcp", "tls") if name in spent]
    yield from shakes or ([("connect", connect)] if connect else [])
    if "service" in spent:
        yield rest, max(0.0, spent["service"] - connect - (delay or 0.0))
    if delay is not None:
        yield "client delay", delay


def _peer(peer: Peer | None, connection: str | None) -> Iterator[RenderableType]:
    address = peer.address if peer else None
    if where := ", ".join(filter(None, (address, connection and f"{connection} connection"))):
        yield _fact("connection", where)
    if peer and peer.tls:
        shake = "resumed session" if peer.resumed else "full handshake"
        yield _fact("TLS", f"{peer.tls}, {peer.cipher or 'unknown cipher'}, {shake}")
    if peer and peer.certificate:
        yield _fact("certificate", "; ".join(_certificate(peer.certificate)))


def _certificate(certificate: Certificate) -> Iterator[str]:
    if subject := _name(certificate.subject):
        yield subject
    if certificate.names:
        yield f"for {brief(', '.join(certificate.names), 300)}"
    if issuer := _name(certificate.issuer):
        yield f"issued by {issuer}"
    if certificate.not_after:
        yield f"valid until {certificate.not_after}"


def _name(distinguished: Pairs) -> str:
    """The common name of a distinguished name, else all of it."""
    common = [value for name, value in distinguished if name == "commonName"]
    return common[0] if common else ", ".join(f"{name}={value}" for name, value in distinguished)
