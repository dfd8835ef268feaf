"""What calls of a Lambda function cost on demand: the first tier, without tax, free tier, provisioned concurrency and
ephemeral storage.

Source: https://aws.amazon.com/lambda/pricing/, read on the date given with each price. Init has been billed since
2025-08-01, and is part of Billed Duration:
https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
"""

from __future__ import annotations

from typing import NamedTuple

SOURCE = "aws.amazon.com/lambda/pricing"
MB_PER_GB, MS_PER_S, MILLION = 1024, 1000, 1_000_000


class LambdaPrice(NamedTuple):
    """US dollars for a GB-s and for a million requests, and of where, on what and when."""

    region: str
    architecture: str
    gb_second: float
    million_requests: float
    date: str

    def duration(self, memory: float, billed_ms: float) -> float:
        """US dollars for so many billed ms with so many MB, without the request."""
        return memory / MB_PER_GB * billed_ms / MS_PER_S * self.gb_second

    def million_calls(self, memory: float, billed_ms: float) -> float:
        """US dollars for a million calls of `billed_ms` each."""
        return MILLION * self.duration(memory, billed_ms) + self.million_requests

    def calls(self, memory: float, billed_ms: float, number: int) -> float:
        """US dollars for so many calls, for which `billed_ms` are billed together."""
        return self.duration(memory, billed_ms) + number / MILLION * self.million_requests


_KNOWN = {
    (of.region, of.architecture): of
    for of in (
        LambdaPrice("us-east-1", "x86_64", 0.0000166667, 0.20, "2026-11"),
        LambdaPrice("us-east-1", "arm64", 0.0000133334, 0.20, "2026-11"),
    )
}


def lambda_price(region: str, architecture: str) -> LambdaPrice:
    """The price in a region; where none is known, that of us-east-1, whose name it then bears."""
    return _KNOWN.get((region, architecture), _KNOWN["us-east-1", architecture])
