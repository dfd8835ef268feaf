"""The truth log: a line of CSV for each request, written in blocks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TextIO

from loadgen.errors import PlanError
from loadgen.files import at_once
from loadgen.sandbox.invocation import Invocation
from loadgen.sandbox.messages import Request

COLUMNS = (
    "connection,request,method,path,received_ns,intended_ns,sent_ns,"
    "status,cold,env,fault,service_ns,queued_ns,operation,accepted_ns,downstream_ns,downstream_opened,reason,init_ns,gateway_ns,"
    "request_id,version,memory_mb,initialization,billed_ms,overhead_ns,fetched,fetch_ns"
)  # fmt: skip
BLOCK = 512


class Truth:
    """Times are CLOCK_MONOTONIC in nanoseconds; 0 if the event did not happen.

    accepted: its connection was accepted; received: its last byte was parsed; intended: when the answer should leave;
    sent: its first bytes were given to the kernel. A request whose connection ended before that has sent 0. A request
    that came only in part has received 0 and the fault `partial`.
    """

    def __init__(self, path: Path) -> None:
        """Raises PlanError if `path` cannot be written, or holds anything but a truth log."""
        self._lines: list[str] = []
        self.problem = ""
        try:
            if path.is_file():
                with path.open(encoding="utf-8", errors="replace") as old:
                    if old.read(len(COLUMNS)) not in ("", COLUMNS):
                        raise PlanError(
                            f"{path} is not a truth log of a sandbox and is left alone: choose another name"
                        )
            descriptor = at_once(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            self._file: TextIO = os.fdopen(descriptor, "w", encoding="utf-8", newline="\n")
        except OSError as error:
            raise PlanError(f"the sandbox's log {path} cannot be written: {error.strerror}") from None
        self._file.write(f"{COLUMNS}\n")

    def add(self, request: Request) -> None:
        fate = request.fate
        fetched, fetching = (fate.fetch.number, fate.fetch.time) if fate.fetch else (0, 0)
        behind, opened = (fate.visit.time, fate.visit.opened) if fate.visit else (0, 0)
        self._lines.append(
            f"{request.connection},{request.number},{request.method.decode()},{_quoted(request.path.decode('latin-1'))},"
            f"{request.received},{request.intended},{request.sent},{request.status},{int(fate.cold)},{fate.environment},"
            f"{fate.fault},{fate.service},{fate.queued},{request.operation},{request.accepted},{behind},{opened},"
            f"{fate.reason},{fate.init},{fate.gateway},{_invoked(fate.invocation)},"
            f"{fetched},{fetching}\n"
        )
        if len(self._lines) >= BLOCK:
            self._write()

    def flush(self) -> None:
        self._write()
        if not self.problem:
            try:
                self._file.flush()
            except OSError as error:
                self._give_up(error)

    def close(self) -> None:
        self.flush()
        try:
            self._file.close()
        except OSError as error:
            self._give_up(error)

    def _write(self) -> None:
        block, self._lines = "".join(self._lines), []
        if self.problem:
            return
        try:
            self._file.write(block)
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self.problem = self.problem or f"the truth log ends early: {error.strerror}"


def _invoked(call: Invocation | None) -> str:
    if call is None:
        return ",,0,,0,0"
    return f"{call.request_id},{call.version},{call.memory},{call.initialization},{call.billed},{call.overhead}"


def _quoted(path: str) -> str:
    return '"' + path.replace('"', '""') + '"' if "," in path or '"' in path else path
