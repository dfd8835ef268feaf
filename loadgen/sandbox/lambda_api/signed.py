"""Who sent a request: whether the sandbox's keys signed it."""

from __future__ import annotations

from loadgen.aws.credentials import SANDBOX
from loadgen.aws.sigv4 import verify
from loadgen.sandbox.lambda_api.refusals import Refused
from loadgen.sandbox.messages import Request


def text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def header_texts(request: Request) -> list[tuple[str, str]]:
    """The headers of a request, their names in small letters."""
    return [(text(name).lower(), text(value)) for name, value in request.headers]


def check(request: Request, headers: list[tuple[str, str]], service: str, now: int) -> None:
    """Raises Refused if the request was not signed with the sandbox's keys for that service; `now` is wall ns."""
    target = text(request.path + b"?" + request.query if request.query else request.path)
    refusal = verify(request.method.decode(), target, headers, request.body, _secret, now, service)
    if refusal:
        raise Refused(refusal.status, refusal.code, refusal.message)


def _secret(access_key: str) -> str | None:
    return SANDBOX.secret_key if access_key == SANDBOX.access_key else None
