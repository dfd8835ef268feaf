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
from loadgen.errors import TargetError
from loadgen.exchange import Request
from loadgen.profile.function import TO_INVOKE
from loadgen.profile.model import Profile
from loadgen.runner.control import CallFailed, Control
from loadgen.runner.destination import Destination
from loadgen.workload.scenarios import USER_AGENT

READ, UPDATE = "GetFunctionConfiguration", "UpdateFunctionConfiguration"
PUBLISH, DELETE, VERSIONS = "PublishVersion", "DeleteFunction", "ListVersionsByFunction"
PROVISION, PROVISIONED, RELEASE = (f"{verb}ProvisionedConcurrencyConfig" for verb in ("Put", "Get", "Delete"))
PERMISSIONS = (f"lambda:{READ}", f"lambda:{UPDATE}", TO_INVOKE)
"""What changes of the function's memory, and calls of it, need on the function."""
TO_PUBLISH = tuple(f"lambda:{name}" for name in (PUBLISH, VERSIONS, DELETE))
TO_PROVISION = tuple(f"lambda:{name}" for name in (PROVISION, PROVISIONED, RELEASE))
"""What versions and provisioned concurrency need besides."""
PROVISIONED_API = "/2019-09-30/functions/"
NONE_PROVISIONED = "ProvisionedConcurrencyConfigNotFoundException"
NOT_FOUND = "ResourceNotFoundException"
MOST_VERSIONS = 20_000  # of a function that are looked at
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
    state: str = "Active"
    version: str = "$LATEST"
    managed: bool = False  # it runs on Lambda Managed Instances


def check_managed(place: str, now: Configuration) -> None:
    """Raises TargetError for a function on Lambda Managed Instances: an environment serves many calls at once there."""
    if now.managed:
        raise TargetError(
            f"{place} runs on Lambda Managed Instances: it has no cold starts, and what is billed are its instances. "
            "Measure it with loadgen run"
        )


@dataclass(frozen=True, slots=True)
class Provisioned:
    """How many provisioned environments were asked for, and IN_PROGRESS, READY or FAILED."""

    number: int
    status: str


class Calls(Protocol):
    """The calls by which a function's configuration is read and changed. `place` says in errors which function it
    is."""

    place: str

    async def read(self, qualifier: str = "") -> Configuration: ...

    async def configure(self, wanted: Settings, now: Configuration) -> Configuration: ...

    async def publish(self, description: str) -> Configuration: ...

    async def versions(self) -> list[Configuration]: ...

    async def delete(self, version: str) -> None: ...

    async def provisioned(self, qualifier: str) -> Provisioned | None: ...

    async def provision(self, qualifier: str, number: int) -> None: ...

    async def release(self, qualifier: str) -> None: ...


class Api(Control):
    """Signed calls of a profile's function, on $LATEST: versions cannot be changed."""

    def __init__(self, profile: Profile, to: Destination, access: Access) -> None:
        function = profile.target.function
        assert function
        super().__init__(
            profile, to, access, f"function {function.name} in {function.signing_region} at {to.origin.url}"
        )
        self._name = quote(function.name, safe="")
        self._path = f"{API}{self._name}/configuration"

    async def read(self, qualifier: str = "") -> Configuration:
        """The function's configuration, or that of a version or an alias. Raises CallFailed."""
        path = f"{self._path}{_qualified(qualifier)}" if qualifier else self._path
        return self._configuration(await self._answer("GET", b"", READ, path), READ)

    async def publish(self, description: str) -> Configuration:
        """Publish $LATEST as a version with that description; if nothing has changed since the last version, that one
        is returned. Raises CallFailed."""
        body = json.dumps({"Description": description}).encode()
        return self._configuration(await self._answer("POST", body, PUBLISH, f"{API}{self._name}/versions"), PUBLISH)

    async def versions(self) -> list[Configuration]:
        """All versions, $LATEST among them. Raises CallFailed."""
        found: list[Configuration] = []
        marker = ""
        while len(found) < MOST_VERSIONS:
            query = f"?Marker={quote(marker, safe='')}" if marker else ""
            page = _object(await self._answer("GET", b"", VERSIONS, f"{API}{self._name}/versions{query}"))
            listed, marker = page.get("Versions"), page.get("NextMarker") or ""
            found += [self._configuration(json.dumps(of).encode(), VERSIONS) for of in listed or ()]
            if not listed or not isinstance(marker, str) or not marker:
                break
        return found

    async def delete(self, version: str) -> None:
        """Delete a version, if it is there. Raises CallFailed."""
        await self._gone(f"{API}{self._name}{_qualified(version)}", DELETE)

    async def provisioned(self, qualifier: str) -> Provisioned | None:
        """The provisioned concurrency of a version or an alias; None if it has none. Raises CallFailed."""
        try:
            body = _object(await self._answer("GET", b"", PROVISIONED, self._provisioned(qualifier)))
        except CallFailed as error:
            if error.code in (NONE_PROVISIONED, NOT_FOUND):
                return None
            raise
        number, status = body.get("RequestedProvisionedConcurrentExecutions"), body.get("Status")
        return Provisioned(number if isinstance(number, int) else 0, status if isinstance(status, str) else "")

    async def provision(self, qualifier: str, number: int) -> None:
        """Begin to have so many provisioned environments. Raises CallFailed."""
        body = json.dumps({"ProvisionedConcurrentExecutions": number}).encode()
        await self._answer("PUT", body, PROVISION, self._provisioned(qualifier))

    async def release(self, qualifier: str) -> None:
        """Have no provisioned environments any more. Raises CallFailed."""
        await self._gone(self._provisioned(qualifier), RELEASE)

    async def _gone(self, path: str, operation: str) -> None:
        try:
            await self._answer("DELETE", b"", operation, path)
        except CallFailed as error:
            if error.code not in (NONE_PROVISIONED, NOT_FOUND):
                raise

    def _provisioned(self, qualifier: str) -> str:
        return f"{PROVISIONED_API}{self._name}/provisioned-concurrency{_qualified(qualifier)}"

    async def configure(self, wanted: Settings, now: Configuration) -> Configuration:
        """Begin to change what differs from `now`, if that still is the configuration. Returns it as the change has
        begun. Raises CallFailed."""
        body = json.dumps({**differing(wanted, now), "RevisionId": now.revision}).encode()
        return self._configuration(await self._answer("PUT", body, UPDATE), UPDATE)

    def advice(self, operation: str, fault: Fault) -> str:
        return denied(fault.code, f"lambda:{operation}") or super().advice(operation, fault)

    async def _answer(self, method: str, body: bytes, operation: str, path: str = "") -> bytes:
        lines = (("User-Agent", USER_AGENT), *((("Content-Type", "application/json"),) if body else ()))
        return await self.answer(Request(method, path or self._path, lines, body, operation))

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
    state, version = answer.get("State"), answer.get("Version")
    return Configuration(
        memory, revision, modified, progress, architecture, timeout, text, applies,
        state if isinstance(state, str) else "Active",
        version if isinstance(version, str) and _WORD.fullmatch(version) else "$LATEST",
        bool(answer.get("CapacityProviderConfig")),
    )  # fmt: skip


def _qualified(qualifier: str) -> str:
    return f"?Qualifier={quote(qualifier, safe='')}"


def _object(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1_000_000:
        raise ValueError("no size")
    return value


def _word(value: Any) -> str:
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise ValueError("no revision")
    return value
