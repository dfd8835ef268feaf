"""What aiohttp makes of an answer, or of its absence, in the words of an exchange."""

from __future__ import annotations

import asyncio
import ssl

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientPayloadError,
    ClientResponse,
    ClientResponseError,
    InvalidURL,
    ServerDisconnectedError,
)
from aiohttp.client_proto import ResponseHandler

from loadgen.exchange import BODY, BODY_LIMIT, Exchange, Outcome
from loadgen.net.http1 import EXCERPT, BadResponse
from loadgen.transport.errors import of_error


async def receive(response: ClientResponse, exchange: Exchange, protocol: ResponseHandler, room: int = 0) -> bytes:
    """Take the answer, and give what was held of its body: no more than is wanted of it, or all of it if there is
    `room` for so many bytes. Raises what aiohttp raises, and BadResponse for more than that."""
    if response.status < 200:
        raise BadResponse("switches protocols, which was not asked for")
    exchange.status = response.status
    if exchange.wants:
        exchange.headers = _headers(response)
    fails = response.status >= 300
    limit = room or (BODY_LIMIT if exchange.wants == BODY else EXCERPT if fails else 0)
    held, size = list[bytes](), 0
    try:
        async for piece in response.content.iter_any():
            if size < limit:
                held.append(piece[: limit - size])
            size += len(piece)
            if size > room > 0:
                raise BadResponse(f"its body is larger than {room >> 20} MiB")
    except ClientPayloadError as error:
        _unless_lost(protocol, error)
        raise
    finally:
        if fails:
            exchange.excerpt = (_head(response) + b"".join(held))[:EXCERPT]
    if not {"Content-Length", "Transfer-Encoding"} & response.headers.keys():
        _unless_lost(protocol, None)  # aiohttp takes a reset for the end of a body that lasts until the end
    body = b"".join(held)
    if exchange.wants == BODY and size <= BODY_LIMIT:
        exchange.body = body
    return body


async def why_lost(protocol: ResponseHandler | None) -> Exception:
    """Why a connection was lost, where aiohttp only says that it could not write to it."""
    closed = None if protocol is None else protocol.closed
    if closed is not None:
        await asyncio.wait([closed])
        lost = None if closed.cancelled() else closed.exception()
        if lost and isinstance(lost.__cause__, Exception):
            return lost.__cause__
    return ServerDisconnectedError()


def fault(error: Exception) -> tuple[Outcome, str]:
    """The outcome class and reason of an exception that aiohttp raised."""
    if isinstance(error, ClientConnectorCertificateError):
        return of_error(error.certificate_error)
    if isinstance(error, ClientConnectorDNSError | InvalidURL):
        return Outcome.DNS, f"name does not resolve: {getattr(error, 'os_error', error)}"
    if isinstance(error, ClientConnectorError):
        return of_error(error.os_error)
    if isinstance(error, ServerDisconnectedError):
        if isinstance(error.message, str):
            return Outcome.RESET, "closed by the target without an answer"
        return Outcome.BAD_RESPONSE, "closed by the target in the middle of an answer"
    if isinstance(error, BadResponse):
        return Outcome.BAD_RESPONSE, str(error)
    if isinstance(error, ClientResponseError):
        return Outcome.BAD_RESPONSE, f"not HTTP/1.1: {error.message.partition(':')[0]}"
    below = _below(error)
    if isinstance(below, OSError | UnicodeError):
        return of_error(below)
    if isinstance(error, ClientPayloadError):
        return Outcome.BAD_RESPONSE, f"not HTTP/1.1: {below}".partition("\n")[0]
    return Outcome.CLIENT_RESOURCE, f"aiohttp: {type(error).__name__}: {error}"


def _below(error: BaseException) -> BaseException:
    """What an error of aiohttp comes from: TLS, else a socket, else a parser."""
    chain = [error]
    while (cause := chain[-1].__cause__) and cause not in chain:  # aiohttp makes one its own cause
        chain.append(cause)
    kinds = (ssl.SSLError, OSError, UnicodeError)
    return next((cause for kind in kinds for cause in chain if isinstance(cause, kind)), chain[-1])


def _unless_lost(protocol: ResponseHandler, cause: Exception | None) -> None:
    lost = protocol.exception()
    if isinstance(lost, OSError):
        raise lost from cause


def _headers(response: ClientResponse) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in response.raw_headers:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def _head(response: ClientResponse) -> bytes:
    head = f"HTTP/1.1 {response.status} {response.reason}\r\n".encode("latin-1", "replace")
    return head + b"".join(b"%s: %s\r\n" % pair for pair in response.raw_headers) + b"\r\n"
