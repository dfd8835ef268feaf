"""Retries by botocore's standard mode: what it tries again, how long it waits, when it stops.

botocore/retries/standard.py and quota.py, 1.40; the rules are those of every AWS SDK:
https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

from __future__ import annotations

from collections.abc import Callable

from loadgen.clock import SECOND
from loadgen.exchange import Outcome

LONGEST = 20  # seconds of back-off
QUOTA = 500
COST, TIMEOUT_COST = 5, 10  # of a retry
REFUND = 1  # for a first attempt that was answered well

UNANSWERED = frozenset(
    {
        Outcome.TIMEOUT,
        Outcome.REFUSED,
        Outcome.RESET,
        Outcome.TLS,
        Outcome.DNS,
        Outcome.BAD_RESPONSE,
        Outcome.CLIENT_RESOURCE,
    }
)
"""botocore's ConnectionError and HTTPClientError, of which SSLError is one; and a checksum that does not hold."""
STATUSES = frozenset({500, 502, 503, 504})
CODES = frozenset(
    {
        "RequestTimeout",
        "RequestTimeoutException",
        "PriorRequestNotComplete",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottledException",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "TransactionInProgressException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "RequestThrottled",
        "SlowDown",
        "EC2ThrottledException",
        "ReplicatedWriteConflictException",  # DynamoDB's model calls it retryable
    }
)


class Standard:
    """The retries of one client. Its quota is shared by all of its operations: a failing target stops them all.

    `attempts` is the most that an operation makes, the first included; `random` gives [0, 1).
    """

    def __init__(self, attempts: int, random: Callable[[], float]) -> None:
        self._attempts, self._random = attempts, random
        self.quota = QUOTA

    def delay(self, outcome: Outcome, status: int, code: str, attempt: int) -> int | None:
        """Nanoseconds to wait before the next attempt, after attempt number `attempt` (from 1) ended like this.

        None: no other attempt. `status` and `code` are the answer's, 0 and "" if there was none.
        """
        if attempt >= self._attempts:
            return None
        if not (outcome in UNANSWERED or status in STATUSES or code in CODES):
            return None
        cost = _cost(outcome)
        if cost > self.quota:
            return None
        self.quota -= cost
        return int(self._random() * min(2 ** (attempt - 1), LONGEST) * SECOND)

    def succeeded(self, before: Outcome | None = None) -> None:
        """An operation ended with an answer 2xx. `before`: how the attempt before it ended, None if it was the first.

        What the last retry took from the quota goes back to it.
        """
        self.quota = min(QUOTA, self.quota + (REFUND if before is None else _cost(before)))


def _cost(outcome: Outcome) -> int:
    return TIMEOUT_COST if outcome is Outcome.TIMEOUT else COST
