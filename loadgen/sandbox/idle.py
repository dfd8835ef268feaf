"""Closes connections that were idle for too long."""

from __future__ import annotations

from typing import Protocol

from loadgen.sandbox.timers import Timers


class Idler(Protocol):
    def close_idle(self) -> None: ...


class Idle:
    """All connections have the same limit, so they end in the order in which they became idle."""

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
        """`connection` is in use again, or has ended."""
        self._until.pop(connection, None)

    def _sweep(self) -> None:
        """Runs when the connection that is idle for longest may be due. Ends all that are due by that instant."""
        self._sweeping = False
        now = self._timers.now()
        for connection, until in list(self._until.items()):
            if until > now:
                self._sweeping = True
                self._timers.at(until, self._sweep)
                return
            del self._until[connection]
            connection.close_idle()
