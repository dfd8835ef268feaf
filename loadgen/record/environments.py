"""Which environments answered: from which second of each run of a phase on.

A worker keeps what is new to it until the second is over. The parent keeps of all workers the first second of each, so
that an environment that two of them met is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, Final

from loadgen.clock import SECOND

MOST: Final = 20_000  # that a worker tells apart, of all runs together
MOST_OF_ALL: Final = 1 << 18
LONGEST: Final = 256  # characters of a name that count


class Met:
    """One worker's. `origin` is the instant at which the load began."""

    def __init__(self, origin: int) -> None:
        self._origin = origin
        self._first: dict[int, dict[str, int]] = {}  # by run and name: the second
        self._news: dict[tuple[int, str], int] = {}
        self._known, self._more = 0, False

    def saw(self, run: int, due: int, name: str) -> None:
        """An answer to a request that was due at that instant told this name."""
        mine = self._first.get(run)
        if mine is None:
            mine = self._first[run] = {}
        second, before = (due - self._origin) // SECOND, mine.get(name)
        if before is None:
            if self._known >= MOST:
                self._more = True
                return
            self._known += 1
        elif before <= second:
            return
        mine[name] = self._news[run, name] = second

    def news(self) -> dict[str, Any] | None:
        """What was not told yet, to be sent and stored: `first` has [run, second, number] of each name, whose number
        follows from it; `more` says that there were more names than are told apart. None if there is nothing."""
        if not self._news and not self._more:
            return None
        first = [[run, second, _number(name)] for (run, name), second in self._news.items()]
        self._news, more = {}, self._more
        self._more = False
        return {"first": first, "more": more}


def _number(name: str) -> int:
    """So that no text of a target is stored. Two of a million names have the same one in one of 30 million cases."""
    return int.from_bytes(blake2b(name.encode(errors="replace"), digest_size=8).digest())


class Environments:
    """Those that all workers met."""

    def __init__(self) -> None:
        self._first: dict[int, dict[int, int]] = {}  # by run and number: the second
        self._known = 0
        self.more = False

    def add(self, news: dict[str, Any]) -> None:
        """Take a worker's news, which may be of a file that another wrote: raises ValueError or TypeError."""
        self.more |= bool(news["more"])
        for run, second, number in news["first"]:
            if not type(run) is type(second) is type(number) is int:
                raise ValueError("not an environment")
            mine = self._first.setdefault(run, {})
            if number not in mine and self._known >= MOST_OF_ALL:
                self.more = True
                continue
            self._known += number not in mine
            mine[number] = min(second, mine.get(number, second))

    def of(self, run: int) -> dict[int, int]:
        """The second in which each first answered in that run, by number."""
        return self._first.get(run, {})

    def new(self, run: int) -> Iterator[int]:
        """Those that had answered in no earlier run."""
        before = {number for other, mine in self._first.items() if other < run for number in mine}
        return (number for number in self.of(run) if number not in before)
