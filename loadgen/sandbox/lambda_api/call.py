"""One call of an operation that looks at functions or changes them, and what its answers have in common."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from loadgen.clock import MILLISECOND
from loadgen.sandbox.lambda_api.configuration import PUBLISHED
from loadgen.sandbox.lambda_api.functions import Function, Functions, Version
from loadgen.sandbox.lambda_api.names import ACCOUNT, LATEST, Named
from loadgen.sandbox.lambda_api.refusals import another_revision, updating

Answer = tuple[int, dict[str, Any] | None]
"""The status, and the body."""


class Call(NamedTuple):
    """`argument` is the part of the path behind the operation's own, such as an alias; `now` is the instant at which
    the request came."""

    functions: Functions
    named: Named
    argument: str
    region: str
    now: int
    query: dict[str, str]
    body: bytes

    def function(self) -> Function:
        """Raises Refused."""
        return self.functions.get(self.named, self.region, self.now)

    def arn(self, qualifier: str = "") -> str:
        """That of the function, or of a version or alias of it."""
        return Named(self.named.name, qualifier or LATEST).arn(self.region)


Operation = Callable[[Call], Answer]


def settled(call: Call, function: Function, revision: str) -> None:
    """Raise Refused if an update is under way, or if the revision is not the one that the caller knows."""
    if revision and revision != function.latest.revision:
        raise another_revision()
    if function.change:
        raise updating(call.arn())


def described(call: Call, function: Function, version: Version, qualifier: str) -> dict[str, Any]:
    """A FunctionConfiguration: of that version, asked for as `qualifier`."""
    latest = version is function.latest
    change = function.change if latest else None
    configuration = change.configuration if change else version.configuration
    arn = call.arn(qualifier if qualifier != LATEST else "")
    applied = configuration.snap_start
    return {
        "FunctionName": call.named.name,
        "FunctionArn": arn,
        "Runtime": "python3.13",
        "Role": f"arn:aws:iam::{ACCOUNT}:role/sandbox",
        "Handler": "index.handler",
        "CodeSize": 1024,
        "CodeSha256": CODE,
        "LastModified": stamp(version.modified),
        "Version": version.number,
        "RevisionId": version.revision,
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "TracingConfig": {"Mode": "PassThrough"},
        "SnapStart": {
            "ApplyOn": PUBLISHED if applied else "None",
            "OptimizationStatus": "On" if applied and not latest else "Off",
        },
        **configuration.described(),
        **_state(call, version, bool(change)),
    }


CODE = "c2ltdWxhdGVkc2ltdWxhdGVkc2ltdWxhdGVkc2ltdWw="
"""The hash of the code, which never changes."""


def _state(call: Call, version: Version, changing: bool) -> dict[str, str]:
    if call.now < version.ready:
        why = {"StateReason": "The function is being created.", "StateReasonCode": "Creating"}
        return {"State": "Pending", **why, "LastUpdateStatus": "InProgress"}
    if changing:
        why = {"LastUpdateStatusReason": "The function is being created.", "LastUpdateStatusReasonCode": "Creating"}
        return {"State": "Active", "LastUpdateStatus": "InProgress", **why}
    return {"State": "Active", "LastUpdateStatus": "Successful"}


def stamp(wall: int) -> str:
    """Wall ns, as Lambda writes them."""
    ms = wall // MILLISECOND
    return f"{datetime.fromtimestamp(ms // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}+0000"
