"""The settings of the sandbox, the simulated target: the profile's `sandbox:` key."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from loadgen.errors import ProfileError
from loadgen.profile import units
from loadgen.profile.distribution import EXAMPLES, Distribution
from loadgen.profile.part import Count, Duration, Flag, FromText, Part, complaint, whole
from loadgen.profile.units import format_duration, format_rate


def _status_as_text(value: object) -> object:
    return "429" if value == 429 else value


def _some(rate: float) -> float:
    if rate <= 0:
        raise ValueError("must be more than 0/s")
    return rate


def _fits(size: int) -> int:
    if size > BODY_LIMIT:
        raise ValueError("is more than 10MiB, which no API Gateway answers")
    return size


class OneOrMore:
    """Annotation of a list of which a single item may stand by itself."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(
            lambda value: [value] if isinstance(value, dict) else value, handler(source)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        several = handler(schema)
        return {"anyOf": [several["items"], several]}


BODY_LIMIT = 10 * 2**20

Time = Annotated[int, FromText(units.duration, units.DURATION_PATTERN, "20ms")]
Share = Annotated[float, FromText(units.share, units.SHARE_PATTERN, "1%")]
Rate = Annotated[float, FromText(units.rate, units.RATE_PATTERN, "1000/s"), AfterValidator(_some)]
Size = Annotated[int, FromText(units.size, units.SIZE_PATTERN, "2KiB"), AfterValidator(_fits)]
Service = Annotated[
    Distribution,
    FromText(Distribution.parse, r"[a-z]+\(.*\)|[0-9].*", EXAMPLES["lognormal"]),
    PlainSerializer(str, return_type=str),
]
Overflow = Annotated[
    Literal["queue", "429"], BeforeValidator(_status_as_text), WithJsonSchema({"enum": ["queue", "429", 429]})
]


class Environments(Part):
    """A Lambda-like pool: each environment serves one request at a time. Short: the number of them."""

    max: Count
    """How many there may be at once."""
    init: Time = 0
    """What a cold start adds."""
    idle: Duration = units.duration("10m")
    """One that was idle for longer is gone."""
    overflow: Overflow = "queue"
    """What happens to a request when all are busy: it waits, or it is answered 429."""

    @classmethod
    def short(cls, value: object) -> object:
        return {"max": value} if isinstance(value, int | str) else value

    def describe(self) -> str:
        full = "the rest queues" if self.overflow == "queue" else "429 above"
        return f"up to {self.max} environments ({full}), cold start {format_duration(self.init)}"


class Downstream(Part):
    """A service that the function calls, over connections that belong to its environments."""

    time: Service
    """How long one call takes on an open connection, the way there and back included."""
    connect: Service = Distribution.fixed(0)
    """What a call takes besides that opens a connection first."""
    calls: Count = 1
    """How many calls a request makes, one after the other."""
    keep_alive: Flag = True
    """Whether an environment keeps its connection, or opens one for each call. A request may choose for itself, with
    keepAlive in its JSON."""
    idle: Duration = units.duration("60s")
    """A kept connection that was idle for longer is gone: the next call opens another."""

    def describe(self) -> str:
        times = "" if self.calls == 1 else f" {self.calls} times"
        kept = "connections kept" if self.keep_alive else "a connection for each call"
        return f"calls a service{times} ({self.time.describe()}, {kept}, connect {self.connect.describe()})"


class Throttle(Part):
    """A token bucket; a request that finds it empty is answered 429. Short: the rate, with one second's burst."""

    rate: Rate
    """How many tokens drip in."""
    burst: Count | None = None
    """How many tokens the bucket holds. Unless said: one second's."""

    @classmethod
    def short(cls, value: object) -> object:
        return {"rate": value} if isinstance(value, str) else value

    @property
    def tokens(self) -> int:
        """What the bucket holds when full."""
        return self.burst or math.ceil(self.rate)

    def describe(self) -> str:
        return f"throttled at {format_rate(self.rate)}, burst {self.tokens}"


class Stall(Part):
    """A time in which nothing is answered: once, `at` so long after the first request, or `every` so often."""

    at: Time | None = None
    """When it begins, counted from the first request."""
    every: Duration | None = None
    """How often it begins, for the first time after so long. Only one stall can have it."""
    length: Duration = Field(validation_alias="for", serialization_alias="for")
    """How long nothing is answered."""

    @model_validator(mode="after")
    def _when(self) -> Self:
        if (self.at is None) == (self.every is None):
            raise complaint(
                "a stall has one of at and every", "For example {at: 10s, for: 2s} or {every: 30s, for: 2s}"
            )
        if self.every is not None and self.length >= self.every:
            raise complaint("a stall must end before the next one begins", "Make `for` shorter than `every`")
        return self

    def describe(self) -> str:
        when = f"every {format_duration(self.every)}" if self.every else f"at {format_duration(self.at or 0)}"
        return f"{format_duration(self.length)} {when}"


class Faults(Part):
    """The shares of requests that are answered badly. Short: the share of errors."""

    errors: Share = 0.0
    """502, 503 and 504 in turn."""
    reset: Share = 0.0
    """The connection is reset."""
    truncate: Share = 0.0
    """The connection closes in the middle of the body."""
    drip: Share = 0.0
    """The body comes in 100 pieces, one each 20 ms."""
    endless: Share = 0.0
    """The body never ends."""

    @classmethod
    def short(cls, value: object) -> object:
        return {"errors": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _sum(self) -> Self:
        if math.fsum(self.shares().values()) > 1 + 1e-9:
            raise complaint("the shares of the faults are more than 100% together")
        return self

    def shares(self) -> dict[str, float]:
        """The shares that are not 0, by fault."""
        return {name: share for name, share in self if share}

    def describe(self) -> str:
        return ", ".join(f"{share * 100:g}% {name}" for name, share in self.shares().items())


class Tables(Part):
    """The simulated DynamoDB: whom it lets in, and what its tables bear."""

    signatures: Literal["verify", "ignore"] = "verify"
    """verify: a request that the sandbox's test keys did not sign is refused; ignore: nobody is."""
    burst: Time = units.duration("300s")
    """How long a table saves up provisioned throughput that it does not use; one second's worth at least."""
    partition_reads: Rate = 3000.0
    """How many read units one partition key gives."""
    partition_writes: Rate = 1000.0
    """How many write units one partition key takes."""
    on_demand_reads: Rate = 12_000.0
    """How many read units a new on-demand table gives at once; later it gives twice its peak, if that is more."""
    on_demand_writes: Rate = 4000.0
    """How many write units a new on-demand table takes at once; later it takes twice its peak, if that is more."""
    peak_after: Duration = units.duration("30m")
    """How old the peak of an on-demand table must be before it counts."""
    unprocessed: Share = 0.0
    """The share of the items of batches that are left over, drawn from the seed."""
    creating: Time = 0
    """How long a new table is CREATING, and an old one DELETING."""
    memory: Annotated[int, FromText(units.size, units.SIZE_PATTERN, "1GiB"), Field(ge=2**20)] = 512 * 2**20
    """How much all items together may take in the sandbox's memory; what would be beyond is refused."""

    def describe(self) -> str:
        """What is not as usual, under the names of the keys."""
        return ", ".join(
            f"{name} {_WRITTEN.get(name, format_duration)(value)}"
            for name, value in self
            if value != type(self).model_fields[name].default
        )


_WRITTEN: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(("partition_reads", "partition_writes", "on_demand_reads", "on_demand_writes"), format_rate),
    "signatures": str,
    "unprocessed": lambda share: f"{share * 100:g}%",
    "memory": lambda size: f"{size // 2**20}MiB",
}
"""How values that are no durations are written."""


class SandboxSettings(Part):
    """What the simulated target does. All of it may be left out: then it answers 200 at once."""

    rtt: Time = 0
    """The network round trip that is simulated: each request takes one more, a connection those of its handshake."""
    service: Service = Distribution.fixed(0)
    """How long the function runs."""
    seed: Annotated[int, Field(ge=0), BeforeValidator(whole)] = 1
    """What service times and faults are drawn from."""
    environments: Environments | None = None
    """A pool of environments, as a Lambda function has. Unless said: as many as are needed, and never a cold start."""
    downstream: Downstream | None = None
    """A service that the function calls, as a Lambda function calls DynamoDB. It needs environments, whose connections
    they are."""
    throttle: Throttle | None = None
    """A limit on the rate of requests. Unless said: none."""
    stalls: Annotated[tuple[Stall, ...], OneOrMore()] = ()
    """Times in which nothing is answered: one, or a list of them."""
    faults: Faults = Faults()
    """The shares of requests that are answered badly."""
    idle_close: Duration = units.duration("60s")
    """A connection that was idle so long is closed."""
    requests_per_connection: Count | None = None
    """The answer to the last of so many says `Connection: close`."""
    body: Size = 256
    """The size of the JSON answer; never less than what its id needs."""
    dynamodb: Tables = Tables()
    """The simulated DynamoDB, which answers at the same ports."""
    log: Path | None = None
    """Where the truth log goes, a line of CSV for each request; relative to the folder that loadgen is started in."""

    @model_validator(mode="after")
    def _one_repeats(self) -> Self:
        if sum(stall.every is not None for stall in self.stalls) > 1:
            raise complaint("only one stall can have `every`", "Give the others `at`", ("stalls",))
        return self

    @model_validator(mode="after")
    def _whose_connections(self) -> Self:
        if self.downstream and not self.environments:
            raise complaint("needs environments, which have its connections", "Add environments: 10", ("downstream",))
        return self

    @classmethod
    def from_json(cls, line: bytes) -> Self:
        """The settings that `to_json` made, or that a person wrote. Raises ProfileError."""
        try:
            return cls.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            remedy = "Expected one JSON line of settings, {} at least" if first["type"] == "json_invalid" else ""
            key = ".".join(map(str, ("sandbox", *first["loc"])))
            raise ProfileError(first["msg"], key=key, remedy=remedy) from None

    def to_json(self) -> bytes:
        """One line, for the sandbox's own process."""
        return self.model_dump_json(by_alias=True).encode() + b"\n"

    def describe(self) -> str:
        """What was simulated, in one line for a report."""
        parts = [f"rtt {format_duration(self.rtt)}", f"service {self.service.describe()}"]
        parts += [part.describe() for part in (self.environments, self.downstream, self.throttle) if part]
        parts += [f"stalls {stall.describe()}" for stall in self.stalls]
        if faults := self.faults.describe():
            parts.append(f"faults {faults}")
        if tables := self.dynamodb.describe():
            parts.append(f"DynamoDB with {tables}")
        return "; ".join(parts)
