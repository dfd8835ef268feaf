"""Calls of DynamoDB that the parent makes before and after a load."""

from __future__ import annotations

import json
from typing import Any, Protocol

from loadgen.aws.auth import Access
from loadgen.aws.dynamodb import CONTENT_TYPE, TARGET_PREFIX
from loadgen.exchange import Request
from loadgen.profile.model import Profile
from loadgen.runner.control import CallFailed, Control
from loadgen.runner.destination import Destination
from loadgen.workload.scenarios import USER_AGENT


class Calls(Protocol):
    """The calls by which the table is read and changed. `peer` describes the connection of the latest answer."""

    peer: dict[str, Any]

    async def call(self, operation: str, parameters: str) -> dict[str, Any]: ...


class Api(Control):
    """Signed calls of a profile's table."""

    def __init__(self, profile: Profile, to: Destination, access: Access) -> None:
        table = profile.target.dynamodb
        assert table
        super().__init__(profile, to, access, f"table {table.table} in {table.signing_region} at {to.origin.url}")

    async def call(self, operation: str, parameters: str) -> dict[str, Any]:
        """The answer to an operation whose parameters are JSON. Raises CallFailed, with one line for the user."""
        lines = (
            ("User-Agent", USER_AGENT), ("Content-Type", CONTENT_TYPE), ("X-Amz-Target", TARGET_PREFIX + operation),
        )  # fmt: skip
        body = await self.answer(Request("POST", "/", lines, parameters.encode(), operation))
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise CallFailed(f"{self.place}: {operation} is answered without JSON: it is no DynamoDB")
        return answer
