"""Calls of Lambda's API that the parent makes before and after a load, and the part of a configuration that it uses.

https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html
https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from urllib.parse import quote

from loadgen.aws.auth import Access
from loadgen.aws.errors import Fault
from loadgen.aws.invocation import API
from loadgen.aws.refusals import denied
from loadgen.exchange import Request
from loadgen.profile.function import TO_INVOKE
from loadgen.profile.model import Profile
from loadgen.runner.control import CallFailed, Control
from loadgen.runner.destination import Destination
from loadgen.workload.scenarios import USER_AGENT

READ, UPDATE = "GetFunctionConfiguration", "UpdateFunctionConfiguration"
PERMISSIONS = (f"lambda:{READ}", f"lambda:{UPDATE}", TO_INVOKE)
"""What `loadgen tune` needs on the function."""
ARCHITECTURES = ("x86_64", "arm64")
DESCRIPTION = 256  # characters of one
_WORD = re.compile(r"[A-Za-z0-9._:+-]{1,64}")

Progress = Literal["Successful", "InProgress", "Failed"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What loadgen changes of a configuration. `memory` is MB; None: it is left as it is, and not looked at."""

    memory: int
    description: str | None = None
    snap_start: bool | None = None

    def of(self, now: Configuration) -> Settings:
        """The same settings of a configuration."""
        return Settings(
            now.memory,
            None if self.description is None else now.description,
            None if self.snap_start is None else now.snap_start,
        )

    def holds(self, now: Configuration) -> bool:
        return self.of(now) == self


@dataclass(frozen=True, slots=True)
class Configuration:
    """What is used of a function's configuration. `memory` is MB, `timeout` is s, `modified` is LastModified as the
    service writes it; `progress` is that of the last update. Variables, which may be secret, are not kept."""

    memory: int
    revision: str
    modified: str
    progress: Progress
    architecture: str
    timeout: int
    description: str = ""
    snap_start: bool = False


class Calls(Protocol):
    """The calls by which a function's configuration is read and changed. `place` says in errors which function it
    is."""

    place: str

    async def read(self) -> Configuration: ...

    async def configure(self, wanted: Settings, now: Configuration) -> Configuration: ...


class Api(Control):
    """Signed calls of a profile's function, on $LATEST: versions cannot be changed."""

    def __init__(self, profile: Profile, to: Destination, access: Access) -> None:
        function = profile.target.function
        assert function
        super().__init__(
            profile, to, access, f"function {function.name} in {function.signing_region} at {to.origin.url}"
        )
        self._path = f"{API}{quote(function.name, safe='')}/configuration"

    async def read(self) -> Configuration:
        """The function's configuration. Raises CallFailed."""
        return self._configuration(await self._answer("GET", b"", READ), READ)

    async def configure(self, wanted: Settings, now: Configuration) -> Configuration:
        """Begin to change what differs from `now`, if that still is the configuration. Returns it as the change has
        begun. Raises CallFailed."""
        body = json.dumps({**differing(wanted, now), "RevisionId": now.revision}).encode()
        return self._configuration(await self._answer("PUT", body, UPDATE), UPDATE)

    def advice(self, operation: str, fault: Fault) -> str:
        return denied(fault.code, f"lambda:{operation}") or super().advice(operation, fault)

    async def _answer(self, method: str, body: bytes, operation: str) -> bytes:
        lines = (("User-Agent", USER_AGENT), *((("Content-Type", "application/json"),) if body else ()))
        return await self.answer(Request(method, self._path, lines, body, operation))

    def _configuration(self, body: bytes, operation: str) -> Configuration:
        try:
            return configuration_of(json.loads(body))
        except (ValueError, RecursionError):
            problem = "is answered without a function's configuration: it is no Lambda"
            raise CallFailed(f"{self.place}: {operation} {problem}") from None


def differing(wanted: Settings, now: Configuration) -> dict[str, Any]:
    """The parameters of an UpdateFunctionConfiguration that makes a configuration as it is wanted."""
    body: dict[str, Any] = {}
    if wanted.memory != now.memory:
        body["MemorySize"] = wanted.memory
    if wanted.description not in (None, now.description):
        body["Description"] = wanted.description
    if wanted.snap_start not in (None, now.snap_start):
        body["SnapStart"] = {"ApplyOn": "PublishedVersions" if wanted.snap_start else "None"}
    return body


def configuration_of(answer: Any) -> Configuration:
    """The configuration in an answer of the service. Raises ValueError for what is none."""
    if not isinstance(answer, dict):
        raise ValueError("not an object")
    memory, timeout = _whole(answer.get("MemorySize")), _whole(answer.get("Timeout", 3))
    revision, modified = (_word(answer.get(name)) for name in ("RevisionId", "LastModified"))
    said = answer.get("LastUpdateStatus", "Successful")
    progress: Progress = "Failed" if said == "Failed" else "InProgress" if said == "InProgress" else "Successful"
    of = answer.get("Architectures")
    architecture = of[0] if isinstance(of, list) and of and of[0] in ARCHITECTURES else ARCHITECTURES[0]
    description, snap_start = answer.get("Description"), answer.get("SnapStart")
    applies = isinstance(snap_start, dict) and snap_start.get("ApplyOn") == "PublishedVersions"
    text = description[:DESCRIPTION] if isinstance(description, str) else ""
    return Configuration(memory, revision, modified, progress, architecture, timeout, text, applies)


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1_000_000:
        raise ValueError("no size")
    return value


def _word(value: Any) -> str:
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise ValueError("no revision")
    return value
