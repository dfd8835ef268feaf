"""A sandbox in a process of its own, as its caller sees it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from loadgen.clock import SECOND
from loadgen.errors import LoadgenError, PlanError
from loadgen.files import unnamed
from loadgen.net.children import Lines, is_stopped, spawn
from loadgen.profile.sandbox import SandboxSettings

FOLDER = "loadgen-sandbox-"
"""What the name of its certificate's folder begins with."""
START_LIMIT = 20 * SECOND
ANSWER_LIMIT = 10 * SECOND
STOP_LIMIT = 5.0  # seconds
STILL = 6
"""Looks after which a sandbox that is stopped is lost. A pause of the whole run is shorter for it by one look."""


class SandboxProcess:
    """A running sandbox. `http` and `https` are its URLs, `ca` is the certificate authority to trust, `pid` its
    process.

    It ends at `stop`, at the end of a `with` block, or when this process ends.
    """

    def __init__(self, process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
        """Waits until it serves. Raises PlanError with its own words if it cannot serve, and LoadgenError if it dies or
        hangs."""
        self._process, self._errors = process, errors
        assert process.stdout
        self._lines, self._still = Lines(process.stdout), 0
        self.ca = Path()
        try:
            ready = self._line(START_LIMIT)
            if "error" in ready:
                raise PlanError(ready["error"])
        except LoadgenError:
            self.stop()
            raise
        self.http: str = ready["http"]
        self.https: str = ready["https"]
        self.ca = Path(ready["ca"])
        self.pid: int = ready["pid"]

    def stats(self) -> dict[str, Any]:
        """See `server.Server.stats`. The truth log is complete up to now. Raises LoadgenError if the sandbox has
        died."""
        self._write(b"stats\n")
        return self._line(ANSWER_LIMIT)

    def look(self) -> str:
        """Why it serves no more; empty while it does. To be called each second of a load, which it does not disturb."""
        if self._process.poll() is not None:
            return self._died()
        self._still = self._still + 1 if is_stopped(self._process.pid) else 0
        return f"the sandbox was stopped, and did nothing for {STILL} s" if self._still >= STILL else ""

    def stop(self) -> None:
        """End the sandbox and wait for its end. Its log is then complete, and its certificate is gone."""
        process = self._process
        if is_stopped(process.pid):
            process.kill()
        if process.stdin:
            with suppress(BrokenPipeError):
                process.stdin.close()
        try:
            process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()
        self._errors.close()
        if self.ca.parent.name.startswith(FOLDER):  # it was killed, or it has removed its folder itself
            shutil.rmtree(self.ca.parent, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _write(self, data: bytes) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.write(data)
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            raise LoadgenError(self._died()) from None

    def _line(self, limit: int) -> dict[str, Any]:
        try:
            value: dict[str, Any] = json.loads(self._lines.next(limit))
        except TimeoutError:
            raise LoadgenError(f"the sandbox said nothing for {limit // SECOND} s") from None
        except EOFError:
            raise LoadgenError(self._died()) from None
        return value

    def _died(self) -> str:
        """The message for the user. The last line that the process wrote to stderr says most."""
        try:
            status: object = self._process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            status = "unknown"
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return f"the sandbox ended by itself (exit status {status}){': ' + lines[-1] if lines else ''}"


def start(
    settings: SandboxSettings, *, log: Path | None = None, http_port: int = 0, https_port: int = 0
) -> SandboxProcess:
    """Start a sandbox and wait until it serves. `log` replaces the settings' own. Raises as `SandboxProcess` does."""
    if log:
        settings = settings.model_copy(update={"log": log})
    ports = ["--http-port", str(http_port), "--https-port", str(https_port)]
    return _start("loadgen.sandbox", *ports, config=settings.to_json())


def start_responder() -> SandboxProcess:
    """Start a `responder` and wait until it serves. Raises as `SandboxProcess` does."""
    return _start("loadgen.sandbox.responder")


def _start(module: str, *arguments: str, config: bytes = b"") -> SandboxProcess:
    errors = unnamed()  # it is closed by `stop`
    options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": errors}
    process = spawn(module, "--parent", str(os.getpid()), *arguments, **options)
    assert process.stdin
    with suppress(BrokenPipeError):  # it has died, and the wait for its first line will tell
        process.stdin.write(config)
        process.stdin.flush()
    return SandboxProcess(process, errors)
