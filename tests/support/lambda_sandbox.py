"""A sandbox's Lambda in virtual time, asked over its own HTTP on a link that is a list."""

from __future__ import annotations

import csv
import json
from base64 import b64decode
from pathlib import Path
from typing import Any, NamedTuple

from sandbox_link import ListLink, answers, feed, request

from loadgen.aws.credentials import SANDBOX, Credentials
from loadgen.aws.sigv4 import Signer
from loadgen.clock import MILLISECOND, SECOND, VirtualClock
from loadgen.profile.sandbox import SandboxSettings
from loadgen.sandbox.connection import ServerConnection
from loadgen.sandbox.core import Core
from loadgen.sandbox.truth import Truth

WALL = 1_793_476_800 * SECOND
"""The time of day when the sandbox starts: 2026-10-31T20:00:00Z."""
FUNCTIONS = "/2015-03-31/functions"


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    raw: bytes
    took: int

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    @property
    def error(self) -> str:
        """The error that it tells, as Lambda does."""
        return self.headers["x-amzn-errortype"]

    @property
    def message(self) -> str:
        said = self.body
        return str(said.get("message") or said["Message"])

    @property
    def log(self) -> list[str]:
        """The lines of the log's end."""
        return b64decode(self.headers["x-amz-log-result"]).decode().splitlines()


class Sandbox:
    """Settings of `lambda` are given by name, all others as a mapping; signatures are ignored unless said."""

    def __init__(self, sandbox: dict[str, Any] | None = None, log: Path | None = None, **settings: Any) -> None:
        self.clock = VirtualClock(SECOND)
        read = {"lambda": {"signatures": "ignore", **settings}, **(sandbox or {})}
        self.truth = Truth(log) if log else None
        self._log = log
        self.core = Core(SandboxSettings.model_validate(read), self.clock, self.truth, wall=self.wall)
        self.signer = Signer("lambda", "eu-west-1", SANDBOX)

    def wall(self) -> int:
        return WALL + self.clock.now()

    def connect(self) -> ListLink:
        link = ListLink(self.clock)
        link.connection = ServerConnection(self.core, link, 1, 0, lambda connection: None)
        return link

    def wait(self, ns: int) -> None:
        self.clock.run(until=self.clock.now() + ns)

    def sign_with(self, credentials: Credentials) -> None:
        self.signer.credentials = credentials

    def call(
        self, method: str, path: str, body: bytes = b"", *headers: tuple[str, str], signed: bool = True, sent: str = ""
    ) -> Reply:
        """The answer to a request for `path`, once it has come; `sent` is what goes in place of the signed path."""
        link, begin = self.connect(), self.clock.now()
        lines = self.signer.sign(method, path, headers, body, "sandbox", self.wall()) if signed else ()
        feed(link, request(sent or path, method, body, *(f"{name}: {value}" for name, value in (*headers, *lines))))
        while not link.sent:
            self.wait(MILLISECOND)
        sent_at, _ = link.sent[0]
        data = link.data
        if data.startswith(b"HTTP/1.1 204 "):
            assert b"Content-Length" not in data
            data = data.replace(b"\r\n\r\n", b"\r\nContent-Length: 0\r\n\r\n")
        [(status, found, answer)] = answers(data)
        return Reply(status, found, answer, sent_at - begin)

    def invoke(self, name: str = "orders", payload: object = None, **options: str) -> Reply:
        """Call a function; `kind`, `log`, `qualifier` as the API's parameters."""
        headers = [("X-Amz-Invocation-Type", options["kind"])] if "kind" in options else []
        headers += [("X-Amz-Log-Type", options["log"])] if "log" in options else []
        query = f"?Qualifier={options['qualifier']}" if "qualifier" in options else ""
        body = b"" if payload is None else json.dumps(payload).encode()
        return self.call("POST", f"{FUNCTIONS}/{name}/invocations{query}", body, *headers)

    def rows(self) -> list[dict[str, str]]:
        """The truth log, which ends with this."""
        assert self.truth and self._log
        self.truth.close()
        with self._log.open(newline="") as lines:
            return list(csv.DictReader(lines))
