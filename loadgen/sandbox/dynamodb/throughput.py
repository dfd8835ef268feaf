"""What a table lets through, and what it has: exact, handed the instant.

Units are counted in halves, as an eventually consistent read takes half of one. Rules, in their order:

- Provisioned: a bucket that refills at the provisioned units a second, and holds those of `burst`, one second's at
  least. It is full at first. What needs more than a full bucket holds is let through by a full one, and leaves a debt.
- On demand: in each second since the table was made, as many units as it was made for, or `peak_factor` times the most
  that it served in one earlier second which is `peak_after` old, if that is more. AWS says: instantly up to
  double the previous peak, and more than that within 30 minutes may be throttled.
- On demand with a maximum of its own: a bucket of one second's units.
- Each partition key: a bucket of one second's units, 1,000 to write and 3,000 to read.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/troubleshooting-throttling-diagnostics.html has the
reasons. An on-demand table that cannot scale fast enough is throttled by its partitions: the reason is KeyRange, too.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from typing import Protocol

from loadgen.clock import SECOND
from loadgen.profile.sandbox import Tables
from loadgen.sandbox.dynamodb.refusals import Refused
from loadgen.sandbox.throttle import TokenBucket

PROVISIONED = "ProvisionedThroughputExceeded"
MAXIMUM = "MaxOnDemandThroughputExceeded"
KEY_RANGE = "KeyRangeThroughputExceeded"

OVER_PROVISIONED = (
    "The level of configured provisioned throughput for the table was exceeded. "
    "Consider increasing your provisioning level with the UpdateTable API."
)
OVER_MAXIMUM = "Throughput exceeds the maximum OnDemandThroughput configured on table or index"
OVER_CURRENT = (
    "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or "
    "index so please try again shortly. If exceptions persist, check if you have a hot key: "
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"
)


@dataclass(slots=True)
class Ledger:
    """What was let through to tables of one name, and what was throttled. It counts operations on items; a query or
    scan is one."""

    granted: int = 0
    throttled: Counter[str] = field(default_factory=Counter)
    """By reason."""
    unprocessed: int = 0
    """Items of batches that were left over though nothing throttled them."""
    halves: Counter[str] = field(default_factory=Counter)
    """Half units consumed, by Read and Write."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """The capacity of a table per second: provisioned units, or (`provisioned` False) a maximum, 0 if there is none."""

    provisioned: bool
    reads: int = 0
    writes: int = 0


class Throttled(Refused):
    """`reason` is whole: TableWriteKeyRangeThroughputExceeded. `word` is its name in a transaction."""

    throttled = True

    def __init__(self, capacity: Capacity, reason: str, arn: str) -> None:
        reasons = [{"reason": reason, "resource": arn}]
        self.reason = reason
        if capacity.provisioned:
            self.word = "ProvisionedThroughputExceeded"
            code = "ProvisionedThroughputExceededException"
            super().__init__(code, OVER_PROVISIONED, more={"ThrottlingReasons": reasons})
        else:
            self.word = "ThrottlingError"
            message = OVER_MAXIMUM if MAXIMUM in reason else OVER_CURRENT
            super().__init__("ThrottlingException", message, more={"throttlingReasons": reasons})


class Bucket(Protocol):
    def holds(self, now: int, tokens: int, /) -> bool: ...

    def take(self, tokens: int, /) -> None: ...


class Peak:
    """The use of an on-demand table, in whole seconds from the first request on."""

    def __init__(self, rate: float, after: int, factor: float) -> None:
        self._limit, self._after, self._factor = math.ceil(2 * rate), after, factor
        self._start: int | None = None
        self._second = 0
        self._used = 0
        self._highs: deque[tuple[int, int]] = deque()  # (when its second ended, halves used), rising

    def holds(self, now: int, tokens: int) -> bool:
        if self._start is None:
            self._start = now
        second = (now - self._start) // SECOND
        if second != self._second:
            self._end_second(second)
        highs = self._highs
        while highs and highs[0][0] + self._after <= now:
            self._limit = max(self._limit, int(self._factor * highs.popleft()[1]))
        return self._used + min(tokens, self._limit) <= self._limit

    def take(self, tokens: int) -> None:
        self._used += tokens

    def _end_second(self, second: int) -> None:
        assert self._start is not None
        if self._used > (self._highs[-1][1] if self._highs else 0):
            self._highs.append((self._start + (self._second + 1) * SECOND, self._used))
        self._second, self._used = second, 0


class KeyBuckets:
    """A bucket of one second's tokens for each key. A bucket that is full again is dropped, so that memory holds
    few."""

    def __init__(self, rate: float) -> None:
        exact = Fraction(rate).limit_denominator(10**6)
        self._gain = exact.numerator
        self._token = exact.denominator * SECOND
        self._full = self._gain * SECOND
        self._owed: dict[str, tuple[int, int]] = {}  # the tokens that a key's bucket lacked, and at which instant

    def holds(self, now: int, tokens: int, key: str) -> bool:
        return self._owes(now, key) + min(tokens * self._token, self._full) <= self._full

    def take(self, now: int, tokens: int, key: str) -> None:
        """Take tokens. A negative number gives them back."""
        owed = self._owed
        owes = self._owes(now, key) + tokens * self._token
        owed.pop(key, None)
        owed[key] = owes, now
        for oldest in list(islice(owed, 2)):
            if self._owes(now, oldest) <= 0:
                del owed[oldest]

    def _owes(self, now: int, key: str) -> int:
        owes, since = self._owed.get(key, (0, now))
        return max(0, owes - (now - since) * self._gain)


class Side:
    """The reads of a table, or its writes."""

    def __init__(self, word: str, capacity: Capacity, arn: str, settings: Tables, ledger: Ledger) -> None:
        self._word, self._capacity, self._arn, self._ledger = word, capacity, arn, ledger
        read = word == "Read"
        units = 2 * (capacity.reads if read else capacity.writes)
        self._buckets: list[tuple[Bucket, str]] = []
        if capacity.provisioned:
            saved = max(units, units * settings.burst // SECOND)
            self._buckets.append((TokenBucket(units, saved), PROVISIONED))
        else:
            if units:
                self._buckets.append((TokenBucket(units, units), MAXIMUM))
            rate = settings.on_demand_reads if read else settings.on_demand_writes
            self._buckets.append((Peak(rate, settings.peak_after, settings.peak_factor), KEY_RANGE))
        self._keys = KeyBuckets(2 * (settings.partition_reads if read else settings.partition_writes))

    def take(self, now: int, halves: int, key: str | None) -> None:
        """Let an operation through that takes so many half units; `key` is its partition. Raises Throttled."""
        reason = self._lacking(now, halves, key)
        if reason:
            reason = f"Table{self._word}{reason}"
            self._ledger.throttled[reason] += 1
            raise Throttled(self._capacity, reason, self._arn)
        self._move(now, halves, key, 1)

    def give_back(self, now: int, halves: int, key: str | None) -> None:
        """Give back the units of an operation that was let through and did not take place."""
        self._move(now, -halves, key, -1)

    def leave_over(self) -> None:
        """A batch leaves an item unprocessed without trying it."""
        self._ledger.unprocessed += 1

    def _lacking(self, now: int, halves: int, key: str | None) -> str:
        for bucket, reason in self._buckets:
            if not bucket.holds(now, halves):
                return reason
        return "" if key is None or self._keys.holds(now, halves, key) else KEY_RANGE

    def _move(self, now: int, halves: int, key: str | None, operations: int) -> None:
        for bucket, _ in self._buckets:
            bucket.take(halves)
        if key is not None:
            self._keys.take(now, halves, key)
        self._ledger.granted += operations
        self._ledger.halves[self._word] += halves
