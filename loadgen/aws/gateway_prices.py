"""What a request costs at a function's front door, besides Lambda: the first tier, without tax, free tier and data
transfer.

Source: https://aws.amazon.com/api-gateway/pricing/ as AWS's white paper on private APIs quotes it, read in November
2026: REST APIs, the first 333 million requests a month; HTTP APIs, the first 300 million, in steps of 512 KB. Of other
regions none was found. A function URL, and a call of Invoke, cost nothing besides Lambda:
https://aws.amazon.com/lambda/pricing/
"""

from __future__ import annotations

import re
from typing import NamedTuple

SOURCE = "aws.amazon.com/api-gateway/pricing"
DATE = "2026-11"
REGION = "us-east-1"
MILLION = {"rest-api": 3.50, "http-api": 1.00, "function-url": 0.0}
_HOST = re.compile(r"\.(?:execute-api|lambda-url)\.([a-z0-9-]{1,32})\.(?:amazonaws\.com|on\.aws)$")


class DoorPrice(NamedTuple):
    """US dollars for a million requests at a door, and of where, when and by whom."""

    kind: str
    million: float
    region: str
    date: str
    source: str


def door_price(kind: str) -> DoorPrice:
    """The price of a door: that of us-east-1."""
    return DoorPrice(kind, MILLION[kind], REGION, DATE, SOURCE)


def region_of(host: str) -> str:
    """The region that the name of an API's or a function URL's host tells; us-east-1 if it tells none."""
    match = _HOST.search(host)
    return match[1] if match else REGION
