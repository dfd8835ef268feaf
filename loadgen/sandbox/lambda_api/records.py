"""What is kept of the calls of functions for whoever asks for their logs later: the last ones, without their texts."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import md5
from typing import NamedTuple

from loadgen.clock import SECOND
from loadgen.sandbox.invocation import Invocation
from loadgen.sandbox.lambda_api.configuration import Configuration

KEPT = 10_000
"""So many calls, of all functions together."""


class Record(NamedTuple):
    """A call that ended at `end`, in wall ns. `order` counts the calls."""

    end: int
    order: int
    function: str
    environment: int
    call: Invocation
    configuration: Configuration

    @property
    def stream(self) -> str:
        """The name of the log stream, which belongs to the environment."""
        day = datetime.fromtimestamp(self.end // SECOND, UTC)
        of = f"{self.function}:{self.call.version}:{self.environment}"
        return f"{day:%Y/%m/%d}/[{self.call.version}]{md5(of.encode(), usedforsecurity=False).hexdigest()}"


class Line(NamedTuple):
    """A line of an API's access log, written at `end`, in wall ns. `order` counts the lines."""

    end: int
    order: int
    message: str


class Records:
    def __init__(self) -> None:
        self.accesses: deque[Line] = deque(maxlen=KEPT)
        self._last: deque[Record] = deque(maxlen=KEPT)
        self._functions: set[str] = set()
        self._count = 0

    def add(self, end: int, function: str, environment: int, call: Invocation, configuration: Configuration) -> None:
        self._count += 1
        self._functions.add(function)
        self._last.append(Record(end, self._count, function, environment, call, configuration))

    def access(self, end: int, message: str) -> None:
        """Add a line of the access log of the API before the function."""
        self._count += 1
        self.accesses.append(Line(end, self._count, message))

    def has(self, function: str) -> bool:
        """Whether the function has ever been called."""
        return function in self._functions

    def of(self, function: str) -> Iterator[Record]:
        return (record for record in self._last if record.function == function)
