"""What a request through the gateway leaves behind: a REPORT in the function's log, and a line of JSON in the access
log of the API. Gateway and function have an id of their own for it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable

from loadgen.clock import MILLISECOND
from loadgen.profile.sandbox import SandboxSettings
from loadgen.sandbox.invocation import Invocation
from loadgen.sandbox.lambda_api.functions import Functions, Version
from loadgen.sandbox.lambda_api.invoke import initialization, told
from loadgen.sandbox.lambda_api.names import LATEST, REGION, Named
from loadgen.sandbox.lambda_api.records import Records
from loadgen.sandbox.messages import Fate, Request

NONE = "-"  # what an access log has for a variable without a value
_encode = json.JSONEncoder(separators=(",", ":")).encode


class Behind:
    """Hears of each request to a gateway, and gives the lines of the answer's head that have the gateway's ids."""

    def __init__(
        self, functions: Functions, records: Records, settings: SandboxSettings, wall: Callable[[], int]
    ) -> None:
        self._functions, self._records, self._settings, self._wall = functions, records, settings, wall
        self._rest = bool(settings.gateway and settings.gateway.kind == "rest")
        self._ids = random.Random(f"gateway's ids {settings.seed}")
        self._count = 0

    def __call__(self, request: Request, fate: Fate) -> bytes:
        self._count += 1
        extended = f"SBX{self._count:012x}="
        own = self._uuid() if self._rest else extended
        if not fate.reason and fate.fault not in ("throttle", "errors"):
            self._ran(request, fate)
        self._records.access(self._wall() + fate.ready - request.received, self._line(request, fate, own, extended))
        if self._rest:
            return f"x-amzn-RequestId: {own}\r\nx-amz-apigw-id: {extended}\r\n".encode()
        return f"apigw-requestid: {own}\r\n".encode()

    def _ran(self, request: Request, fate: Fate) -> None:
        """The function ran, also where the gateway did not wait for its end."""
        name = self._functions.front
        version: Version = self._functions.get(Named(name, LATEST), REGION, request.received).latest
        configuration, of = version.configuration, self._settings.function
        fate.invocation = Invocation(
            self._uuid(),
            version.number,
            configuration.memory,
            min(of.memory_used, configuration.memory),
            initialization(version, fate.environment),
            "success",
            fate.service,
            *told(of, version, fate),
            overhead=fate.overhead,
        )
        end = self._wall() + fate.queued + fate.init + fate.service
        self._records.add(end, name, fate.environment, fate.invocation, configuration)

    def _line(self, request: Request, fate: Fate, own: str, extended: str) -> str:
        """In the format of examples/aws. A gateway tells whole ms."""
        whole = fate.ready - request.received
        call = fate.invocation
        return _encode(
            {
                "requestId": own,
                "extendedRequestId": extended,
                "integrationRequestId": call.request_id if call else NONE,
                "status": str(fate.status or 200),
                "integrationStatus": "200" if call else NONE,
                "responseLatency": str(_ms(whole)),
                "integrationLatency": str(_ms(whole - fate.gateway)) if call else NONE,
                "requestTimeEpoch": str(self._wall() // MILLISECOND),
                "path": request.path.decode("latin-1"),
            }
        )

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._ids.getrandbits(128), version=4))


def _ms(ns: int) -> int:
    return round(ns / MILLISECOND)
