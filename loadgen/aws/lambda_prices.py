"""What calls of a Lambda function cost on demand: the first tier, without tax, free tier and ephemeral storage; and
what provisioned concurrency costs.

Sources, read in November 2026: the price table of AWS's calculator, as a public repository keeps it (it does not say of
which day): https://calculator.aws/pricing/2.0/meteredUnitMaps/lambda/USD/current/lambda.json; for us-east-1 also
https://aws.amazon.com/lambda/pricing/, and for provisioned concurrency on arm64 there the AWS Price List's usage types
Lambda-Provisioned-Concurrency-ARM and Lambda-Provisioned-GB-Second-ARM. Of other regions none was found for arm64.

Init has been billed since 2025-08-01, and is part of Billed Duration:
https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
"""

from __future__ import annotations

from typing import NamedTuple

SOURCE = "AWS Pricing Calculator"
OWN = "the profile's target.lambda.prices"
DATE = "2026-11"
FALLBACK = "us-east-1"
MB_PER_GB, MS_PER_S, S_PER_HOUR, MILLION = 1024, 1000, 3600, 1_000_000


class LambdaPrice(NamedTuple):
    """US dollars for a GB-s and for a million requests, and of where, on what and when. With provisioned concurrency
    there is a price of each GB-s that it is there, and another one of a call's GB-s; None where it is not known."""

    region: str
    architecture: str
    gb_second: float
    million_requests: float
    date: str
    provisioned: float | None = None
    provisioned_call: float | None = None

    def duration(self, memory: float, billed_ms: float) -> float:
        """US dollars for so many billed ms with so many MB, without the request."""
        return self.gb_ms(memory * billed_ms)

    def gb_ms(self, mb_ms: float) -> float:
        """US dollars for billed ms times MB."""
        return mb_ms / MB_PER_GB / MS_PER_S * self.gb_second

    def million_calls(self, memory: float, billed_ms: float) -> float:
        """US dollars for a million calls of `billed_ms` each."""
        return MILLION * self.duration(memory, billed_ms) + self.million_requests

    def calls(self, memory: float, billed_ms: float, number: int) -> float:
        """US dollars for so many calls, for which `billed_ms` are billed together."""
        return self.duration(memory, billed_ms) + self.requests(number)

    def requests(self, number: float) -> float:
        """US dollars for so many requests, without their duration."""
        return number / MILLION * self.million_requests

    def on_provisioned(self) -> LambdaPrice:
        """That of calls which provisioned environments answer; raises ValueError if it is not known."""
        if self.provisioned_call is None:
            raise ValueError(f"no price of provisioned concurrency is known of {self.region}, {self.architecture}")
        return self._replace(gb_second=self.provisioned_call)

    def hour(self, memory: float, number: int) -> float:
        """US dollars for an hour of so many provisioned environments with so many MB; raises ValueError if it is not
        known."""
        if self.provisioned is None:
            raise ValueError(f"no price of provisioned concurrency is known of {self.region}, {self.architecture}")
        return number * memory / MB_PER_GB * S_PER_HOUR * self.provisioned


_USUAL = (0.0000166667, 0.0000133334, 0.20)  # a GB-s on x86_64 and on arm64, a million requests
_TABLE: dict[str, tuple[tuple[float, float, float], float, float]] = {
    # besides: a GB-s of provisioned concurrency, and of a call on it, on x86_64
    "us-east-1": (_USUAL, 0.0000041667, 0.0000097222),
    "us-east-2": (_USUAL, 0.0000041667, 0.0000097222),
    "us-west-1": (_USUAL, 0.0000049041, 0.0000114430),
    "us-west-2": (_USUAL, 0.0000041667, 0.0000097222),
    "ca-central-1": (_USUAL, 0.0000046460, 0.0000108407),
    "sa-east-1": (_USUAL, 0.0000066372, 0.0000154867),
    "eu-west-1": (_USUAL, 0.0000046460, 0.0000108407),
    "eu-west-2": (_USUAL, 0.0000048304, 0.0000112709),
    "eu-west-3": (_USUAL, 0.0000048673, 0.0000113569),
    "eu-central-1": (_USUAL, 0.0000050147, 0.0000117011),
    "eu-central-2": ((0.0000183334, 0.0000146667, 0.22), 0.0000055162, 0.0000128712),
    "eu-north-1": (_USUAL, 0.0000044248, 0.0000103245),
    "eu-south-1": ((0.0000195172, 0.0000156138, 0.23), 0.0000048783, 0.0000113827),
    "me-south-1": ((0.0000206667, 0.0000165334, 0.25), 0.0000051108, 0.0000119251),
    "af-south-1": ((0.0000221000, 0.0000176800, 0.27), 0.0000055300, 0.0000129000),
    "ap-east-1": ((0.0000229200, 0.0000183000, 0.28), 0.0000057153, 0.0000133358),
    "ap-south-1": (_USUAL, 0.0000044985, 0.0000104966),
    "ap-northeast-1": (_USUAL, 0.0000053835, 0.0000125615),
    "ap-northeast-2": (_USUAL, 0.0000051254, 0.0000119592),
    "ap-northeast-3": (_USUAL, 0.0000053835, 0.0000125615),
    "ap-southeast-1": (_USUAL, 0.0000051991, 0.0000121313),
    "ap-southeast-2": (_USUAL, 0.0000052360, 0.0000122173),
    "ap-southeast-4": (_USUAL, 0.0000052360, 0.0000122173),
    "ap-southeast-5": ((0.0000150000, 0.0000120000, 0.18), 0.0000046791, 0.0000109181),
}
_PROVISIONED_ARM = {"us-east-1": (0.0000033334, 0.0000077778)}


def lambda_price(region: str, architecture: str) -> LambdaPrice:
    """The price in a region; where none is known, that of us-east-1, whose name it then bears."""
    region = region if region in _TABLE else FALLBACK
    (x86, arm, requests), *provisioned = _TABLE[region]
    if architecture == "arm64":
        return LambdaPrice(region, architecture, arm, requests, DATE, *_PROVISIONED_ARM.get(region, ()))
    return LambdaPrice(region, architecture, x86, requests, DATE, *provisioned)
