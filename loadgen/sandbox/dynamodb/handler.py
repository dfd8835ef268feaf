"""DynamoDB's API over the sandbox's HTTP: checks the caller, finds the operation, and answers."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import cycle
from zlib import crc32

from loadgen.aws.credentials import SANDBOX
from loadgen.aws.dynamodb import CONTENT_TYPE, TARGET_PREFIX
from loadgen.aws.sigv4 import verify
from loadgen.profile.sandbox import Tables
from loadgen.sandbox.dynamodb.call import Call
from loadgen.sandbox.dynamodb.database import Database
from loadgen.sandbox.dynamodb.operations import OPERATIONS
from loadgen.sandbox.dynamodb.refusals import Refused, invalid
from loadgen.sandbox.dynamodb.wire import read, render
from loadgen.sandbox.heads import Heads
from loadgen.sandbox.messages import BODY_LIMIT, Fate, Reply, Request
from loadgen.sandbox.replies import faulty
from loadgen.sandbox.simulation import Simulation

Headers = Sequence[tuple[bytes, bytes]]

KIND = CONTENT_TYPE.encode()
BREAKDOWNS = ((500, "InternalServerError"), (503, "ServiceUnavailableException"))
WORKED = {"ConditionalCheckFailedException", "TransactionCanceledException", *(code for _, code in BREAKDOWNS)}
"""Errors that take as long as an answer does: the items were looked at, or would have been."""


def addressed(headers: Headers) -> bool:
    """Whether a request is meant for DynamoDB."""
    return any(_is_target(name) and value.startswith(b"DynamoDB") for name, value in headers)


class DynamoDB:
    """The handler of such requests. Each takes effect when it comes; its reply leaves when it is due."""

    body_limit = BODY_LIMIT

    def __init__(
        self, simulation: Simulation, heads: Heads, settings: Tables, seed: int, wall: Callable[[], int]
    ) -> None:
        self._simulation, self._heads = simulation, heads
        self._settings, self._wall = settings, wall
        self.database = Database(settings, wall)
        self.operations: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self._breakdowns = cycle(BREAKDOWNS)
        uniform, share = random.Random(f"unprocessed {seed}").random, settings.unprocessed
        self._left_over: Callable[[], bool] = lambda: share > 0 and uniform() < share

    def fate(self, request: Request) -> Fate:
        fate = self._simulation.serve(request.received, _operation(request.headers))
        try:
            fate.status, reply = 200, self._perform(request, broken=fate.fault == "errors")
        except Refused as refused:
            fate.status, reply = refused.status, refused.body
            self.errors[refused.code] += 1
            if refused.throttled:
                fate.fault = "throttle"
            if refused.throttled or refused.code not in WORKED:
                fate.ready, fate.service = fate.ready - fate.service, 0
        request.body, request.headers = render(reply), ()
        return fate

    def answer(self, request: Request) -> Reply:
        body, status = request.body, request.fate.status
        extra = b"x-amz-crc32: %d\r\n" % crc32(body)

        def head(length: int | None, framing: bytes = b"") -> bytes:
            return self._heads.service_head(request, status, length, KIND, framing + extra)

        if request.fate.fault in ("", "throttle", "errors"):
            return Reply(status, head(len(body)) + body)
        return faulty(request.fate.fault, status, head, body)

    def stats(self) -> dict[str, object]:
        """Calls by operation, errors by code, and tables: see `database.Database.stats`."""
        return {
            "operations": dict(self.operations),
            "errors": dict(self.errors),
            "tables": self.database.stats(),
        }

    def _perform(self, request: Request, broken: bool) -> dict[str, object]:
        """The answer's body. Raises Refused, also if the service is `broken`."""
        headers = [(_text(name).lower(), _text(value)) for name, value in request.headers]
        values = dict(headers)
        prefix, _, name = values["x-amz-target"].rpartition(".")
        operation = OPERATIONS.get(name) if f"{prefix}." == TARGET_PREFIX else None
        if operation is None:
            raise Refused("UnknownOperationException", f"The sandbox does: {', '.join(OPERATIONS)}")
        request.operation = name
        self.operations[name] += 1
        if self._settings.signatures == "verify":
            refusal = verify("POST", "/", headers, request.body, _secret, self._wall())
            if refusal:
                raise Refused(refusal.code, refusal.message, refusal.status)
        if broken:
            status, code = next(self._breakdowns)
            raise Refused(code, "The simulated service failed, as the profile asks for", status)
        authorization = values.get("authorization", "")
        call = Call(read(request.body), self.database, request.received, authorization, self._left_over)
        try:
            return operation(call)
        except RecursionError:
            raise invalid("The request is nested too deeply") from None


def _operation(headers: Headers) -> bytes:
    """The operation that a request calls, as it says, such as PutItem."""
    return next((value.rpartition(b".")[2] for name, value in headers if _is_target(name)), b"")


def _is_target(name: bytes) -> bool:
    return len(name) == 12 and name.lower() == b"x-amz-target"


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _secret(access_key: str) -> str | None:
    return SANDBOX.secret_key if access_key == SANDBOX.access_key else None
