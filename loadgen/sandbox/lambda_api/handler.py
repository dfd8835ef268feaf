"""Lambda's API over the sandbox's HTTP: checks the caller, finds the operation, and answers."""

from __future__ import annotations

import json
import random
import uuid
from collections import Counter
from collections.abc import Callable
from urllib.parse import unquote

from loadgen.profile.sandbox import SandboxSettings
from loadgen.sandbox.heads import JSON, Heads
from loadgen.sandbox.lambda_api.call import Call
from loadgen.sandbox.lambda_api.functions import Functions
from loadgen.sandbox.lambda_api.invoke import SYNCHRONOUS_LIMIT, Answered, Invoke
from loadgen.sandbox.lambda_api.names import named, query_of, region_of
from loadgen.sandbox.lambda_api.operations import OPERATIONS, route
from loadgen.sandbox.lambda_api.records import Records
from loadgen.sandbox.lambda_api.refusals import Refused
from loadgen.sandbox.lambda_api.signed import check, header_texts, text
from loadgen.sandbox.messages import Fate, Reply, Request
from loadgen.sandbox.replies import faulty
from loadgen.sandbox.simulation import Simulation

BROKEN = ("reset", "truncate", "drip", "endless")
"""Faults of an answer's bytes."""


class LambdaApi:
    """The handler of such requests. Each takes effect when it comes; its reply leaves when it is due."""

    body_limit = SYNCHRONOUS_LIMIT

    def __init__(
        self, simulation: Simulation, heads: Heads, settings: SandboxSettings, wall: Callable[[], int]
    ) -> None:
        self._simulation, self._heads = simulation, heads
        self._signed, self._wall = settings.function.signatures == "verify", wall
        self._ids = random.Random(f"request ids {settings.seed}")
        self.functions = Functions(simulation, settings, wall)
        self.records = Records()
        self._invoke = Invoke(simulation, self.functions, self.records, settings, wall)
        self.operations: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()

    def fate(self, request: Request) -> Fate:
        request_id = str(uuid.UUID(int=self._ids.getrandbits(128), version=4))
        try:
            answered = self._perform(request, request_id)
        except Refused as refused:
            self.errors[refused.code] += 1
            answered = Answered.refused(refused, self._simulation.bypass(request.received))
        request.body, request.headers = answered.body, ()
        request.extra = b"x-amzn-RequestId: %s\r\n%s" % (request_id.encode(), answered.head)
        return answered.fate

    def answer(self, request: Request) -> Reply:
        body, status, fault = request.body, request.fate.status, request.fate.fault

        def head(length: int | None, framing: bytes = b"") -> bytes:
            return self._heads.bare_head(request, status, length, JSON, framing + request.extra)

        if fault in BROKEN and body:
            return faulty(fault, status, head, body)
        return Reply(status, head(None if status == 204 else len(body)) + body)

    def stats(self) -> dict[str, object]:
        """Calls by operation, and errors by code."""
        return {"operations": dict(self.operations), "errors": dict(self.errors)}

    def _perform(self, request: Request, request_id: str) -> Answered:
        """Raises Refused."""
        headers = header_texts(request)
        values = dict(headers)
        if self._signed:
            check(request, headers, "lambda", self._wall())
        query = query_of(request.query)
        asked = route(request.method.decode(), text(request.path), query)
        if not asked:
            known = ", ".join(sorted({"Invoke", *OPERATIONS}))
            raise Refused(404, "UnknownOperationException", f"The sandbox does: {known}")
        request.operation = asked.name
        self.operations[asked.name] += 1
        name, region = named(asked.segment, query), region_of(values.get("authorization", ""))
        if asked.name == "Invoke":
            return self._invoke(request, request_id, name, region, values)
        call = Call(self.functions, name, unquote(asked.argument), region, request.received, query, request.body)
        status, body = OPERATIONS[asked.name](call)
        fate = self._simulation.bypass(request.received)
        fate.status = status
        return Answered(fate, b"" if body is None else json.dumps(body).encode())
