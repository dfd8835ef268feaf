"""What on-demand requests cost: table class Standard, without tax, free tier, indexes and replicas.

Source: the AWS Price List's offer AmazonDynamoDB, usage types WriteRequestUnits and ReadRequestUnits,
https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonDynamoDB/current/REGION/index.json, as published on the
date given with each price.
"""

from __future__ import annotations

import math
from typing import NamedTuple

SOURCE = "AWS Price List, AmazonDynamoDB"
FALLBACK = "us-east-1"


class Price(NamedTuple):
    """US dollars for a million units, and of where and when."""

    region: str
    read: float
    write: float
    date: str

    def cost(self, read_units: float, write_units: float) -> float:
        """US dollars for so many units."""
        return (read_units * self.read + write_units * self.write) / 1e6


_KNOWN = {
    price.region: price
    for price in (
        Price("us-east-1", 0.125, 0.625, "2026-08-15"),
        Price("eu-west-1", 0.1415, 0.705, "2026-08-15"),
        Price("eu-central-1", 0.1525, 0.7625, "2026-08-15"),
        Price("eu-west-2", 0.1487, 0.7423, "2026-06-08"),
        Price("ap-northeast-1", 0.1425, 0.715, "2026-09-11"),
        Price("ap-south-1", 0.1425, 0.71, "2026-09-11"),
        Price("ap-southeast-2", 0.1425, 0.71, "2026-08-13"),
    )
}


def price(region: str) -> Price:
    """The price in a region; where none is known, that of us-east-1, whose name it then bears."""
    return _KNOWN.get(region, _KNOWN[FALLBACK])


def cost(region: str, read_units: float, write_units: float) -> float:
    """US dollars for so many units in a region, by `price`."""
    return price(region).cost(read_units, write_units)


def exact_dollars(amount: float) -> str:
    """As `dollars`, for a limit and what is compared with it: a small amount has two significant digits, `$0.00021`."""
    if not 0 < amount < 0.01:
        return dollars(amount)
    places = max(4, 1 - math.floor(math.log10(amount)))
    return f"${amount:.{places}f}".rstrip("0")


def dollars(amount: float) -> str:
    """`$12.30`, `$0.041`, `under $0.0001`."""
    if amount >= 0.1 or not amount:
        return f"${amount:,.2f}"
    return f"${amount:.4f}".rstrip("0") if amount >= 0.0001 else "under $0.0001"
