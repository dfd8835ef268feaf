"""What `loadgen once` shows: every exchange whole, its secrets redacted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, TextIO

from rich.console import RenderableType

from loadgen.exchange import REDACTED
from loadgen.report import redaction
from loadgen.report.terminal.page import BAD, DIM, GOOD, STRONG, add, drawn, heading, indented, labelled, line, table
from loadgen.report.words import brief, clean, count, encodable, known, ms, wants_color

WIDTH = 100
BODY = 2000  # characters
CAPTURED, HEADER = 200, 300  # characters
TIMELINE = 60  # columns
LEAD = 13
UNDERSTOOD = 0.9  # of a body's characters, for it to be shown as text

Seen = Mapping[str, Any]


def render_once(exchanges: list[dict[str, Any]], *, color: bool = False) -> str:
    """The exchanges, one after the other, as text of at most 100 columns. Of each, what is missing is left out:

    scenario, step      names
    request             {"method", "url" (or the path alone), "headers": [(name, value)] or a mapping, "body": bytes}
    answer              {"status", "headers": [(name, value)] or a mapping, "body": bytes}; None if none came
    outcome, reason     the outcome's word, and what is finer
    remedy              what to do about it
    expected            what the step expects, in words: "status 201"
    times_ms            {"response", "lag", "sign", "build", "wait", "service", "connect", "dns", "tcp", "tls",
                        "client_delay"}; without those that did not happen or are not known
    connection          "new", "reused" or "resumed"
    peer                {"address": "127.0.0.1:443", "tls": "TLSv1.3", "cipher", "resumed": bool,
                        "certificate": as `ssl.SSLSocket.getpeercert` gives it}
    capacity            {"read", "write"}: the units that a call of a table says it consumed
    captured            {name: value}
    not_found           the names of what was to be captured and is not in the answer
    """
    return drawn((part for exchange in exchanges for part in _exchange(exchange)), WIDTH, color)


def show_once(exchanges: list[dict[str, Any]], file: TextIO) -> None:
    """Write the exchanges to `file`: coloured if that is a terminal, in characters it can write."""
    file.write(encodable(render_once(exchanges, color=wants_color(file)), file))


def _exchange(x: Seen) -> Iterator[RenderableType]:
    ok = x.get("outcome", "ok") == "ok"
    reason = f": {x['reason']}" if x.get("reason") else ""
    expected = f"; expected: {x['expected']}" if x.get("expected") else ""
    told = f"{x.get('outcome') or 'ok'}{reason}{expected}"
    name = f"{x.get('scenario') or ''} {x.get('step') or ''}".strip()
    yield heading(clean(f"{name}  "), (clean(told), GOOD if ok else BAD))
    if x.get("remedy"):
        yield line(clean(str(x["remedy"])), indent=2)
    yield from _request(x.get("request") or {})
    yield from _answer(x)
    yield from _times(x.get("times_ms") or {}, "connecting" if x.get("connection", "") is None else "send→answer")
    yield from _peer(x)
    if units := ", ".join(f"{name} {number:g}" for name, number in (x.get("capacity") or {}).items() if number):
        yield _fact("units", units)
    for name, value in (x.get("captured") or {}).items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        shown = REDACTED if redaction.is_secret(name) else brief(text, CAPTURED)
        yield _fact("captured", f"{name} = {shown}")
    for name in x.get("not_found") or ():
        yield _fact("captured", f"{name}: nothing, the answer has no such value")


def _fact(name: str, text: str) -> RenderableType:
    return labelled((f"{name:<{LEAD}}", DIM), clean(text), indent=2)


def _request(request: Seen) -> Iterator[RenderableType]:
    url = redaction.url(str(request.get("url") or request.get("path") or ""))
    yield line((clean(f"{request.get('method') or ''} {url}"), STRONG), indent=2)
    yield from _message(request)


def _answer(x: Seen) -> Iterator[RenderableType]:
    answer = x.get("answer")
    if not answer:
        yield line(("no answer", BAD), indent=2)
        return
    status = answer.get("status") or 0
    phrase = f" {HTTPStatus(status).phrase}" if status in HTTPStatus._value2member_map_ else ""
    yield line((f"{status}{phrase}", STRONG), indent=2)
    yield from _message(answer)


def _message(message: Seen) -> Iterator[RenderableType]:
    headers = message.get("headers") or {}
    pairs = [(str(name), str(value)) for name, value in (headers.items() if isinstance(headers, Mapping) else headers)]
    for name, value in pairs:
        yield line((clean(f"{name}: "), DIM), clean(brief(redaction.header(name, value), HEADER)), indent=4)
    kind = next((value for name, value in pairs if name.lower() == "content-type"), "")
    if body := message.get("body"):
        yield line("")
        for text in _excerpt(body, kind):
            yield line(text, indent=4)


def _excerpt(body: bytes | str, kind: str) -> Iterator[str]:
    """The lines of a body that is text, up to `BODY` characters; what a body is that is none."""
    size = len(body)
    text = body[: 8 * BODY].decode("utf-8", "replace") if isinstance(body, bytes) else body[: 8 * BODY]
    if sum(c.isprintable() or c.isspace() for c in text) - text.count("�") < UNDERSTOOD * len(text):
        yield f"{count(size)} bytes that are not text"
        return
    text = redaction.fields(text) if "form-urlencoded" in kind else redaction.members(text)
    yield from clean(text[:BODY].splitlines())
    if len(text) > BODY or size > 8 * BODY:
        yield f"… cut: {count(size)} {'bytes' if isinstance(body, bytes) else 'characters'} in all"


def _times(times: Mapping[str, float | None], rest: str) -> Iterator[RenderableType]:
    """Each part of the time, one after the other, where on the way from due to done it was; `rest` is what the target
    took besides."""
    spent = {name: value for name, value in times.items() if value is not None and known(value)}
    whole = spent.get("response", spent.get("service"))
    if whole is None:
        return
    yield _fact("time, ms", f"{'response' if 'response' in spent else 'service'} {ms(whole)}")
    made = table(("", "left", LEAD - 1), ("", "right", 8), ("", "left", TIMELINE))
    reached = 0.0
    for name, value in _parts(spent, rest):
        start, end = (round(min(TIMELINE, TIMELINE * at / whole)) if whole else 0 for at in (reached, reached + value))
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


def _peer(x: Seen) -> Iterator[RenderableType]:
    peer = x.get("peer") or {}
    if where := ", ".join(str(part) for part in (peer.get("address"), _connection(x)) if part):
        yield _fact("connection", where)
    if peer.get("tls"):
        shake = "resumed session" if peer.get("resumed") else "full handshake"
        yield _fact("TLS", f"{peer['tls']}, {peer.get('cipher') or 'unknown cipher'}, {shake}")
    certificate = peer.get("certificate") or {}
    if certificate:
        names = ", ".join(str(value) for _, value in certificate.get("subjectAltName") or ())
        subject, issuer = _name(certificate.get("subject")), _name(certificate.get("issuer"))
        told = [subject, f"for {brief(names, 300)}" if names else "", f"issued by {issuer}" if issuer else ""]
        until = f"valid until {certificate['notAfter']}" if certificate.get("notAfter") else ""
        yield _fact("certificate", "; ".join(part for part in (*told, until) if part))


def _connection(x: Seen) -> str:
    return f"{x['connection']} connection" if x.get("connection") else ""


def _name(parts: Any) -> str:
    """A distinguished name as `getpeercert` gives it: its common name, else all of it."""
    pairs = [pair for group in parts or () for pair in group]
    common = [value for name, value in pairs if name == "commonName"]
    return str(common[0]) if common else ", ".join(f"{name}={value}" for name, value in pairs)
