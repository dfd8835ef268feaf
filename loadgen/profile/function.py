"""A Lambda function as a target, and the calls that a step makes to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from loadgen.profile.dynamodb import RegionName, dns_suffix
from loadgen.profile.part import Count, Flag, FromText, Part, Text
from loadgen.profile.units import quoted
from loadgen.profile.values import Selector

INVOKE, TO_INVOKE = "Invoke", "lambda:InvokeFunction"  # the call, and its permission
EXAMPLE = "Invoke: {payload: {id: '{{uuid}}'}}"

MOST_CHANGES = 10_000  # of a function in a run; each has three lines in the journal
MOST_FORCED = 1_000_000  # iterations of a user between two changes
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ARN = re.compile(r"arn:aws[a-z-]{0,12}:lambda:(?P<region>[a-z0-9-]{1,32}):[0-9]{12}:function:[A-Za-z0-9_-]{1,64}")
_PRICE = re.compile(r"\$[0-9]{1,6}(\.[0-9]{1,12})?")
_QUALIFIER = re.compile(r"\$LATEST|[A-Za-z0-9_-]{1,128}")


def function_name(text: str) -> str:
    """A function's name, or its ARN. Raises ValueError."""
    if not _NAME.fullmatch(text) and not _ARN.fullmatch(text):
        raise ValueError(
            f"{quoted(text)} is not a function: expected its name of up to 64 letters, digits, '_' and '-', "
            "or its ARN without a version"
        )
    return text


def region_in(name: str) -> str | None:
    """The region of an ARN; None for a name."""
    arn = _ARN.fullmatch(name)
    return arn["region"] if arn else None


def _qualifier(value: object) -> str:
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not _QUALIFIER.fullmatch(text):
        raise ValueError(f"{quoted(value)} is not a version or an alias: expected for example 7, live or $LATEST")
    return text


def _dollars(text: str) -> float:
    if not _PRICE.fullmatch(text) or not float(text[1:]):
        raise ValueError(f"{quoted(text)} is not a price: expected US dollars such as $0.0000166667")
    return float(text[1:])


def _force_cold(value: object) -> int:
    if value == "each":
        return 1
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_FORCED:
        return value
    raise ValueError(f"{quoted(value)} is neither each nor a number from 1 to {MOST_FORCED}")


ForceCold = Annotated[
    int,
    PlainValidator(_force_cold),
    WithJsonSchema({"anyOf": [{"const": "each"}, {"type": "integer", "minimum": 1, "maximum": MOST_FORCED}]}),
]
Dollars = Annotated[float, FromText(_dollars, _PRICE.pattern, "$0.0000166667")]


class Prices(Part):
    """What the function's calls cost, where loadgen does not know it, or where you pay another price."""

    gb_second: Dollars
    """US dollars for a GB-s of calls on demand."""

    million_requests: Dollars = 0.20
    """US dollars for a million requests."""

    provisioned_gb_second: Dollars | None = None
    """US dollars for a GB-s of provisioned concurrency, as long as it is there."""

    provisioned_call_gb_second: Dollars | None = None
    """US dollars for a GB-s of calls that provisioned environments answer."""


class Function(Part):
    """A Lambda function, which steps call by Invoke."""

    operations: ClassVar[tuple[str, ...]] = (INVOKE,)
    signs_as: ClassVar[str] = "lambda"

    name: Annotated[Text, AfterValidator(function_name)] = Field(validation_alias="function")
    """The function's name, or its ARN without a version."""

    qualifier: Annotated[str, PlainValidator(_qualifier), WithJsonSchema({"type": ["string", "integer"]})] | None = None
    """The version or the alias to call. Default: the unpublished version, $LATEST."""

    region: RegionName | None = None
    """The function's region, for example eu-west-1. Default: that of the ARN. Endpoints other than AWS's do not need
    it."""

    endpoint: Text | None = None
    """sandbox, or a URL, for example that of a local stand-in. Default: AWS's endpoint in the region."""

    profile: Text | None = None
    """The profile of the AWS configuration to take credentials from. Default: the credentials that botocore finds."""

    log_tail: Flag = True
    """Whether answers bring the end of the function's log, at most 4 KB. Its REPORT line tells of cold starts, of the
    handler's time and of what is billed."""

    force_cold: ForceCold | None = None
    """Whether iterations are forced to begin with a cold start: each, or 5 for the first of each five of a user.
    loadgen changes the function's description before it, which ends the environments, and restores it at the end."""

    provisioned: Count | None = None
    """How many provisioned environments its alias or version has. loadgen makes none: the number is only for the cost
    that an experiment tells."""

    prices: Prices | None = None
    """What its calls cost: {gb_second: $0.0000166667, million_requests: $0.20}. Default: the price of its region, where
    loadgen knows it, else that of us-east-1."""

    @property
    def url(self) -> str:
        """Where the calls go."""
        return self.endpoint or f"https://lambda.{self.signing_region}.{dns_suffix(self.signing_region)}/"

    @property
    def known_region(self) -> str | None:
        """The region, as the profile says it; None if it does not."""
        return self.region or region_in(self.name)

    @property
    def signing_region(self) -> str:
        return self.known_region or "us-east-1"


class Invoke(Part):
    """Calls the Lambda function of the target."""

    nullable: ClassVar[frozenset[str]] = frozenset({"payload"})

    payload: Any = None
    """The event that the function gets: any JSON. Texts in it may hold placeholders. Default: none."""

    type: Literal["request", "event", "dry-run"] = "request"
    """request: the answer comes when the function is done; event: Lambda queues the call and answers at once; dry-run:
    the function does not run, Lambda only checks whether the call is allowed."""

    @property
    def has_payload(self) -> bool:
        """Whether it sends one. null is one."""
        return "payload" in self.model_fields_set


def _of_report(*names: str) -> Mapping[str, Selector]:
    return MappingProxyType({name: Selector("report", path=(name,)) for name in names})


START = "start"  # the stratum: cold, restored, warm, provisioned
CAPTURED = _of_report(START, "version")
RECORDED = _of_report("handler", "init", "restore", "overhead", "billed")
GIVEN = (*CAPTURED, *RECORDED)
REPORTED = (*GIVEN, "memory", "memory_used", "status")
"""What `report.NAME` selects of an answer: what every step has of it, and what one may capture or record besides."""
