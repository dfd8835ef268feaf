"""Which transaction was done under which ClientRequestToken."""

from __future__ import annotations

from loadgen.clock import SECOND
from loadgen.sandbox.dynamodb.refusals import Refused

REMEMBERED = 600 * SECOND
LIMIT = 10_000
LENGTH_LIMIT = 36


class Tokens:
    """A transaction with the same token within ten minutes is not done again."""

    def __init__(self) -> None:
        self._done: dict[str, tuple[int, int]] = {}  # the request's hash, and until when it is remembered

    def known(self, token: str, request: int, now: int) -> bool:
        """Whether this transaction was done. Raises Refused if the token belongs to another."""
        done, until = self._done.get(token, (0, 0))
        if until <= now:
            return False
        if done != request:
            message = "The request uses the same client token as a previous, but non-identical request."
            raise Refused("IdempotentParameterMismatchException", message)
        return True

    def remember(self, token: str, request: int, now: int) -> None:
        self._done.pop(token, None)
        self._done[token] = request, now + REMEMBERED
        oldest = next(iter(self._done))
        if len(self._done) > LIMIT or self._done[oldest][1] <= now:
            del self._done[oldest]
