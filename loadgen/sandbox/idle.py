"""Connections that are idle, and the end of those that are for too long."""

from __future__ import annotations

from typing import Protocol

from loadgen.sandbox.timers import Timers


class Idler(Protocol):
    def close_idle(self) -> None: ...


class Idle:
    """All have the same limit, so that the order in which they rest is the order in which they end."""

    def __init__(self, timers: Timers, limit: int) -> None:
        self._timers, self._limit = timers, limit
        self._until: dict[Idler, int] = {}
        self._sweeping = False

    def rest(self, connection: Idler, now: int) -> None:
        """`connection` is idle from `now` on."""
        self._until.pop(connection, None)
        self._until[connection] = now + self._limit
        if not self._sweeping:
            self._sweeping = True
            self._timers.at(now + self._limit, self._sweep)

    def wake(self, connection: Idler) -> None:
        """`connection` has something to do, or is gone."""
        self._until.pop(connection, None)

    def _sweep(self) -> None:
        """Runs when the one that rested first may be due: everything due by that instant ends."""
        self._sweeping = False
        now = self._timers.now()
        for connection, until in list(self._until.items()):
            if until > now:
                self._sweeping = True
                self._timers.at(until, self._sweep)
                return
            del self._until[connection]
            connection.close_idle()
