"""`loadgen once`: one exchange of each step, shown whole but without secrets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from loadgen.aws import refusals
from loadgen.aws.attributes import is_typed, plain
from loadgen.aws.auth import Access
from loadgen.aws.dynamodb import OPERATIONS
from loadgen.aws.invocation import LOG_RESULT, log_of
from loadgen.clock import MILLISECOND
from loadgen.exchange import CONNECTION_LABELS, Exchange, Outcome
from loadgen.interrupts import interrupts
from loadgen.net.names import Origin
from loadgen.profile.load import Loaded
from loadgen.profile.model import Profile
from loadgen.record import secret_names
from loadgen.record.excerpt import location_of
from loadgen.record.metrics import times_of
from loadgen.redaction import REDACTED
from loadgen.result.codec import map_text
from loadgen.result.once import Answer, Certificate, ConsumedUnits, OnceExchange, OnceResult, Pairs, Peer, SentRequest
from loadgen.result.reason import Reason
from loadgen.runner.destination import Destination, SandboxAt, StartSandbox, destination
from loadgen.runner.probe import ProbedExchange, probe
from loadgen.runner.secrets import keeper
from loadgen.runner.table.attach import MADE_UP
from loadgen.runner.table.calls import Api
from loadgen.runner.table.items import Say
from loadgen.runner.table.lifecycle import Table

ITEMS = 10_000  # the most items of a `setup` that are written


async def once(loaded: Loaded, start_sandbox: StartSandbox, sandbox_at: SandboxAt | None, show: Say) -> OnceResult:
    """One exchange of each step. If the profile's `setup` creates a table for it, that is deleted again; `show` shows
    it. Raises LoadgenError if nothing can be sent."""
    profile, hide = loaded.profile, loaded.secrets.hide
    with interrupts():
        secrets = await keeper(profile, sandbox_at, loaded.secrets)
        if secrets.made_up:
            show(MADE_UP)
        async with destination(profile, start_sandbox, sandbox_at, secrets.account) as to:
            with loaded.secrets.unrevealing():
                async with _table(profile, to, secrets.access, lambda notice: show(map_text(notice, hide))):
                    probed = await probe(profile, to.origin, to.addresses, to.ca, secrets.lent)
            exchanges = tuple(without_secrets(exchange, to.origin, secrets.lent) for exchange in probed)
            result = OnceResult(name=profile.name, simulated=profile.target.sandbox, exchanges=exchanges)
            return map_text(result, hide)


@asynccontextmanager
async def _table(
    profile: Profile, to: Destination, access: Access, show: Callable[[Reason], None]
) -> AsyncIterator[None]:
    """The target's table, for as long as the block lasts; None if the target is none."""
    if not profile.target.dynamodb:
        yield
        return
    table = Table(profile, lambda: Api(profile, to, access), show, show)
    try:
        await table.look()
        await table.make(ITEMS)
        yield
    finally:
        await table.tear_down(keep=False)


def without_secrets(probed: ProbedExchange, origin: Origin, access: Access) -> OnceExchange:
    """An exchange as a result has it: without values under the names of secrets, and without the values of the headers
    of `access`."""
    exchange = probed.exchange
    tally = exchange.tally if exchange.tally and exchange.tally.sampled else None
    captured = {name: REDACTED if secret_names.is_secret(name) else of for name, of in probed.captured.items()}
    return OnceExchange(
        scenario=probed.scenario,
        step=probed.step,
        request=_request(exchange, origin, access),
        answer=_answer(exchange),
        outcome=exchange.outcome.word,
        reason=exchange.reason,
        location=location_of(exchange) if exchange.outcome is Outcome.UNEXPECTED else "",
        refused=bool(refusals.remedy(exchange.reason)),
        capacity=ConsumedUnits(tally.read / 1000, tally.written / 1000) if tally else None,
        times_ms=_times(exchange),
        connection=CONNECTION_LABELS[exchange.connection] if exchange.connected else None,
        peer=_peer(probed.peer),
        captured=captured,
        not_found=probed.not_found,
    )


def _request(exchange: Exchange, origin: Origin, access: Access) -> SentRequest:
    request = exchange.request
    return SentRequest(
        method=request.operation or request.method,
        url=secret_names.url(origin.url + request.path),
        headers=(*_headers(request.headers), *((name, REDACTED) for name in access.names)),
        body=_body(request.body, request.headers, request.operation in OPERATIONS),
    )


def _answer(exchange: Exchange) -> Answer | None:
    if not exchange.status:
        return None
    headers = tuple(of for of in (exchange.headers or {}).items() if of[0] != LOG_RESULT)
    log = secret_names.body(log_of((exchange.headers or {}).get(LOG_RESULT)), ())
    body = _body(exchange.body or b"", headers, exchange.request.operation in OPERATIONS)
    return Answer(exchange.status, _headers(headers), body, log)


def _headers(headers: Pairs) -> Pairs:
    return tuple((name, secret_names.header(name, value)) for name, value in headers)


def _body(body: bytes, headers: Pairs, of_table: bool) -> bytes:
    return secret_names.body(_readable(body) if of_table else body, headers)


def _peer(described: Mapping[str, Any]) -> Peer | None:
    """The other end of a connection, from the client's description of it."""
    if not described:
        return None
    certificate = described.get("certificate")
    return Peer(
        address=described.get("address"),
        tls=described.get("tls"),
        cipher=described.get("cipher"),
        resumed=described.get("resumed"),
        certificate=_certificate(certificate) if certificate else None,
    )


def _certificate(certificate: Mapping[str, Any]) -> Certificate:
    """The certificate, from the dictionary of `ssl.SSLSocket.getpeercert`."""
    subject, issuer = (
        tuple((str(name), str(value)) for group in certificate.get(key, ()) for name, value in group)
        for key in ("subject", "issuer")
    )
    names = tuple(str(value) for _, value in certificate.get("subjectAltName", ()))
    return Certificate(subject, issuer, names, certificate.get("notAfter"))


def _readable(body: bytes) -> bytes:
    """A body of DynamoDB's JSON with plain values instead of typed ones. Any other body stays as it is."""
    try:
        return json.dumps(_plainly(json.loads(body)), indent=1, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return body


def _plainly(value: Any) -> Any:
    if is_typed(value):
        with suppress(ValueError):
            return plain(value)
    if isinstance(value, dict):
        return {name: _plainly(member) for name, member in value.items()}
    return [_plainly(member) for member in value] if isinstance(value, list) else value


def _times(x: Exchange) -> dict[str, float]:
    return {name: round(ns / MILLISECOND, 6) for name, ns in times_of(x, x.due).items()}
