"""The settings of the sandbox, the simulated target: the profile's `sandbox:` key."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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

from loadgen.clock import NEVER
from loadgen.errors import ProfileError
from loadgen.profile import units
from loadgen.profile.distribution import EXAMPLES, Distribution
from loadgen.profile.part import Count, Duration, Flag, FromText, Number, Part, complaint, unique, whole
from loadgen.profile.units import format_duration, format_rate, quoted


def _status_as_text(value: object) -> object:
    return "429" if value == 429 else value


def _some(rate: float) -> float:
    if rate <= 0:
        raise ValueError("must be more than 0/s")
    return rate


def _request(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(REQUEST_PATTERN, value):
        raise ValueError(f"{quoted(value)} matches no request: expected GET /orders/*, PutItem or *")
    return value


def _fits(size: int) -> int:
    if size > BODY_LIMIT:
        raise ValueError("is more than 10MiB, the largest answer of an API Gateway")
    return size


class OneOrMore:
    """The annotation of a list that users may write as its only item."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(
            lambda value: value if isinstance(value, list | tuple) else [value], handler(source)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        several = handler(schema)
        return {"anyOf": [several["items"], several]}


@dataclass(frozen=True, slots=True)
class Scaling:
    """How fast environments are added: a bucket of `new` ones, full at first, which `per` ns fill when it is empty."""

    new: int
    per: int

    @classmethod
    def parse(cls, text: str) -> Scaling:
        """A text such as `1000 per 10s`. Raises ValueError."""
        match = re.fullmatch(SCALING_PATTERN, text)
        per = units.duration(match[2]) if match else 0
        if not match or not per:
            raise ValueError(f"{units.quoted(text)} is no rate of scaling: expected for example 1000 per 10s")
        return cls(int(match[1]), per)

    def __str__(self) -> str:
        return f"{self.new} per {format_duration(self.per)}"

    @property
    def rate(self) -> float:
        """New environments a second."""
        return self.new * units.duration("1s") / self.per


BODY_LIMIT = 10 * 2**20
FUNCTION_PATTERN = r"[a-zA-Z0-9_.-]{1,64}"
REQUEST_PATTERN = r"\*|[A-Z][A-Za-z]{1,63}|(\*|[A-Z]{1,16}) /\S{0,2000}"
SCALING_PATTERN = r"([1-9][0-9]{0,8}) per (\S+)"

Time = Annotated[int, FromText(units.duration, units.DURATION_PATTERN, "20ms")]
Share = Annotated[float, FromText(units.share, units.SHARE_PATTERN, "1%")]
Rate = Annotated[float, FromText(units.rate, units.RATE_PATTERN, "1000/s"), AfterValidator(_some)]
Size = Annotated[int, FromText(units.size, units.SIZE_PATTERN, "2KiB"), AfterValidator(_fits)]
Service = Annotated[
    Distribution,
    FromText(Distribution.parse, r"[a-z]+\(.*\)|[0-9].*", EXAMPLES["lognormal"]),
    PlainSerializer(str, return_type=str),
]
Memory = Annotated[int, Field(ge=128, le=10240), BeforeValidator(whole)]
Init = Annotated[
    Service, AfterValidator(lambda value: value if isinstance(value, Distribution) else Distribution.fixed(value))
]
Scales = Annotated[
    Scaling,
    FromText(Scaling.parse, SCALING_PATTERN, "1000 per 10s"),
    PlainSerializer(str, return_type=str),
]
Overflow = Annotated[
    Literal["queue", "429"], BeforeValidator(_status_as_text), WithJsonSchema({"enum": ["queue", "429", 429]})
]


class ServiceTime(Part):
    """How long the function runs for some of the requests. Short: the time, which is then that of every request."""

    match: Annotated[str, Field(pattern=f"^({REQUEST_PATTERN})$"), BeforeValidator(_request)] = "*"
    """Which requests: `GET /orders/*`, with `*` for any text without a `/` and `**` for any text at all; an operation
    of DynamoDB, such as PutItem; or `*`, which is every request. The query is no part of the path."""
    time: Service
    """How long the function runs for them."""

    @classmethod
    def short(cls, value: object) -> object:
        return value if isinstance(value, dict | ServiceTime) else {"time": value}

    def describe(self) -> str:
        return self.time.describe() if self.match == "*" else f"{self.match} {self.time.describe()}"


AT_ONCE = ServiceTime(time=Distribution.fixed(0))


class Environments(Part):
    """A pool of environments, as Lambda has: each serves one request at a time. Short: the number of environments."""

    max: Count
    """The greatest number of environments at once."""
    init: Init = Distribution.fixed(0)
    """The time that a cold start adds to a request."""
    idle: Duration = units.duration("10m")
    """An environment ends after it was idle for so long."""
    overflow: Overflow = "queue"
    """What happens to a request if all environments are busy: queue: it waits; 429: it is refused."""
    scaling: Scales | None = None
    """How fast environments are added: so many at once, and as many again in that time. Default: as fast as they are
    needed."""
    rate: Rate | None = None
    """The requests a second that each unit of concurrency may take; beyond, they are refused. Default: no limit."""
    reserved: Count | None = None
    """The function's reserved concurrency: it has no more environments than that. Default: what `max` allows."""
    provisioned: Annotated[int, Field(ge=0, le=10**9), BeforeValidator(whole)] = 0
    """How many environments are there beforehand, warm, and never end. Requests that find them busy go to others."""

    @classmethod
    def short(cls, value: object) -> object:
        return {"max": value} if isinstance(value, int | str) else value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.reserved is not None and self.reserved > self.max:
            raise complaint(f"is more than max, {self.max}", "Reserve less, or raise max", ("reserved",))
        if self.provisioned > self.most:
            raise complaint(
                f"is more than the {self.most} environments that there may be", "Provision fewer", ("provisioned",)
            )
        return self

    @property
    def most(self) -> int:
        """How many requests the function may serve at once."""
        return self.max if self.reserved is None else self.reserved

    def describe(self) -> str:
        full = "the rest queues" if self.overflow == "queue" else "429 above"
        reserved = "reserved " if self.reserved is not None else ""
        parts = [
            f"up to {self.most} {reserved}environments ({full})",
            f"cold start {self.init.describe().removeprefix('always ')}",
        ]
        parts += [f"{self.scaling.new} new per {format_duration(self.scaling.per)}"] if self.scaling else []
        parts += [f"{format_rate(self.rate)} each"] if self.rate else []
        parts += [f"{self.provisioned} provisioned"] if self.provisioned else []
        return ", ".join(parts)


class Downstream(Part):
    """A service that the function calls, over connections that belong to the environments."""

    time: Service
    """How long one call takes on an open connection, the network included."""
    connect: Service = Distribution.fixed(0)
    """How much longer a call takes if it opens a connection first."""
    calls: Count = 1
    """How many calls a request makes, one after the other."""
    keep_alive: Flag = True
    """true: an environment keeps its connection; false: it opens one for each call. A request may choose by keepAlive
    in its JSON."""
    idle: Duration = units.duration("60s")
    """A kept connection is closed after it was idle for so long; the next call opens another."""

    def describe(self) -> str:
        times = "" if self.calls == 1 else f" {self.calls} times"
        kept = "connections kept" if self.keep_alive else "a connection for each call"
        return f"calls a service{times} ({self.time.describe()}, {kept}, connect {self.connect.describe()})"


class Fetched(Part):
    """A value that the function needs and fetches from another service before its work, such as a parameter or a token.
    An environment keeps it."""

    time: Service
    """How long it takes to fetch it, the network included."""
    lifetime: Time | None = None
    """How long it is good; the next call after that fetches it again. 0s: each call does. Default: as long as its
    environment lives."""

    def good_until(self, fetched: int) -> int:
        """Until when a value is good that was fetched at that instant, both in ns."""
        return NEVER if self.lifetime is None else fetched + self.lifetime

    def describe(self) -> str:
        kept = "once an environment"
        if self.lifetime is not None:
            kept = f"good for {format_duration(self.lifetime)}" if self.lifetime else "at each call"
        return f"fetches a value ({self.time.describe()}, {kept})"


class Throttle(Part):
    """A token bucket. A request that finds it empty is answered 429. Short: the rate; the bucket then holds one second
    of it."""

    rate: Rate
    """The rate at which tokens come into the bucket."""
    burst: Count | None = None
    """How many tokens the bucket holds. Default: those of one second."""

    @classmethod
    def short(cls, value: object) -> object:
        return {"rate": value} if isinstance(value, str) else value

    @property
    def tokens(self) -> int:
        """The number of tokens in a full bucket."""
        return self.burst or math.ceil(self.rate)

    def describe(self) -> str:
        return f"throttled at {format_rate(self.rate)}, burst {self.tokens}"


class Gateway(Part):
    """An API Gateway before the function: its limits, and what it makes of the function's refusals. Short: its kind."""

    kind: Literal["rest", "http"]
    """rest: it answers 500 when the function is throttled, and 504 after its timeout; http: 503 for both."""
    latency: Service = Distribution.fixed(0)
    """The time that it adds to each request."""
    timeout: Duration | None = None
    """How long it waits for the function. Default: 29s of rest, 30s of http."""

    @classmethod
    def short(cls, value: object) -> object:
        return {"kind": value} if isinstance(value, str) else value

    @property
    def waits(self) -> int:
        """How long it waits for the function, in ns."""
        return self.timeout or units.duration("29s" if self.kind == "rest" else "30s")

    def describe(self) -> str:
        name = "a REST API" if self.kind == "rest" else "an HTTP API"
        return f"{name} before it (its own {self.latency.describe()}, timeout {format_duration(self.waits)})"


class Stall(Part):
    """A time in which the target answers nothing: once, with `at`, or again and again, with `every`."""

    at: Time | None = None
    """When the stall begins, counted from the first request."""
    every: Duration | None = None
    """The time from the beginning of one stall to the next; the first begins after the same time. Only one stall can
    have it."""
    length: Duration = Field(validation_alias="for", serialization_alias="for")
    """How long the target answers nothing."""

    @model_validator(mode="after")
    def _when(self) -> Self:
        if (self.at is None) == (self.every is None):
            raise complaint(
                "a stall must have one of at and every", "For example {at: 10s, for: 2s} or {every: 30s, for: 2s}"
            )
        if self.every is not None and self.length >= self.every:
            raise complaint("a stall must end before the next one begins", "Make `for` shorter than `every`")
        return self

    def describe(self) -> str:
        when = f"every {format_duration(self.every)}" if self.every else f"at {format_duration(self.at or 0)}"
        return f"{format_duration(self.length)} {when}"


class Faults(Part):
    """Faults, each with the share of the requests that get it. Short: the share of errors."""

    errors: Share = 0.0
    """The status is 502, 503 or 504, in turn."""
    reset: Share = 0.0
    """The connection is reset."""
    truncate: Share = 0.0
    """The connection closes in the middle of the body."""
    drip: Share = 0.0
    """The body comes in 100 pieces, one every 20 ms."""
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
    """The simulated DynamoDB: which requests it accepts, and how much load its tables can take."""

    signatures: Literal["verify", "ignore"] = "verify"
    """verify: refuse a request that the sandbox's test keys did not sign; ignore: accept every signature."""
    burst: Time = units.duration("300s")
    """How many seconds of unused provisioned throughput a table saves up; at least one second."""
    partition_reads: Rate = 3000.0
    """The read units that one partition key can give."""
    partition_writes: Rate = 1000.0
    """The write units that one partition key can take."""
    on_demand_reads: Rate = 12_000.0
    """The read units that a new on-demand table can give at once. Later it can give `peak_factor` times its peak, if
    that is more."""
    on_demand_writes: Rate = 4000.0
    """The write units that a new on-demand table can take at once. Later it can take `peak_factor` times its peak, if
    that is more."""
    peak_after: Duration = units.duration("30m")
    """The time after which the peak of an on-demand table counts."""
    peak_factor: Annotated[Number, Field(ge=1)] = 2.0
    """How many times its peak an on-demand table can take."""
    unprocessed: Share = 0.0
    """The share of a batch's items that come back unprocessed, drawn from the seed."""
    creating: Time = 0
    """How long a new table is CREATING, and a deleted one DELETING."""
    memory: Annotated[int, FromText(units.size, units.SIZE_PATTERN, "1GiB"), Field(ge=2**20)] = 512 * 2**20
    """How much of the sandbox's memory all items together may take. Writes beyond it are refused."""

    def describe(self) -> str:
        """The settings that differ from the defaults, by key."""
        return _differing(self, _OF_TABLES)


class SnapStart(Part):
    """SnapStart: a cold start restores a snapshot of an environment. Short: how long that takes."""

    restore: Service
    """How long a snapshot takes to restore. A cold start takes that time, not `init`."""
    billed: Share = 0.25
    """The share of this time that is billed."""

    @classmethod
    def short(cls, value: object) -> object:
        return value if isinstance(value, dict | SnapStart) else {"restore": value}

    def describe(self) -> str:
        return f"SnapStart ({self.restore.describe()}, {self.billed * 100:g}% of it billed)"


class NamedFunction(Part):
    """A function, and what it has of its own. Short: its name."""

    name: Annotated[str, Field(pattern=f"^{FUNCTION_PATTERN}$")]
    """Its name."""
    init: Init | None = None
    """The time that a cold start adds to a call. Default: that of `environments`."""
    memory: Memory | None = None
    """Its memory in MB. Default: that of `lambda`."""

    @classmethod
    def short(cls, value: object) -> object:
        return {"name": value} if isinstance(value, str) else value

    def describe(self) -> str:
        own = [f"cold start {self.init.describe().removeprefix('always ')}"] if self.init else []
        own += [f"{self.memory} MB"] if self.memory else []
        return f"{self.name} ({', '.join(own)})" if own else self.name


class Lambda(Part):
    """Lambda's own API: functions that are called by Invoke. Their times and environments are those of `service`,
    `environments` and `downstream`."""

    functions: Annotated[tuple[NamedFunction, ...], OneOrMore(), Field(max_length=100)] = ()
    """The functions that are there: one, or a list of them; the first is also the one behind the front. Default:
    whichever is called, by whichever alias until one is made."""
    signatures: Literal["verify", "ignore"] = "verify"
    """verify: refuse a request that the sandbox's test keys did not sign; ignore: accept every signature."""
    memory: Memory = 1769
    """The memory of a function in MB, from 128 to 10240. 1769 MB come with one vCPU."""
    memory_used: Annotated[Count, Field(le=10240)] = 64
    """The most memory in MB that the report of a call says was used; never more than there is."""
    cpu_bound: Share = 0.0
    """The share of the service time that is work of the CPU: it takes longer with less than one vCPU, also behind the
    front."""
    threads: Count = 1
    """How many vCPUs this work can use at once."""
    timeout: Annotated[Duration, Field(le=units.duration("15m"))] = units.duration("3s")
    """A call that runs for longer is cut off, and its environment ends."""
    overhead: Service = Distribution.fixed(0)
    """The time that Lambda itself adds to a call."""
    errors: Share = 0.0
    """The share of the calls whose function fails, drawn from the seed."""
    log_format: Literal["text", "json"] = "text"
    """How the log of a call is written."""
    log_level: Literal["info", "warn"] = "info"
    """warn: Lambda writes no lines of its own into the log, which needs `log_format: json`."""
    prints: Size = 0
    """How many bytes the function prints into the log at each call. The answer carries the last 4 KiB of the log."""
    updating: Time = 0
    """How long a change takes: of a configuration, of provisioned environments, or until a new version is there."""
    log_delay: Time = 0
    """How long it takes until the log of a call can be found by FilterLogEvents."""
    snap_start: SnapStart | None = None
    """A cold start restores a snapshot. Default: it initialises an environment, which takes `init`."""

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        unique([of.name for of in self.functions], "functions", "functions")
        return self

    @property
    def first(self) -> NamedFunction | None:
        """The function behind the front, if the functions have names."""
        return self.functions[0] if self.functions else None

    @model_validator(mode="after")
    def _level_needs_json(self) -> Self:
        if self.log_level == "warn" and self.log_format == "text":
            raise complaint("needs log_format: json, as on AWS", "Add it", ("log_level",))
        return self

    def describe(self) -> str:
        """The settings that differ from the defaults, by key."""
        return _differing(self, _OF_LAMBDA)


def _differing(part: Part, written: Mapping[str, Callable[[Any], str]]) -> str:
    """The settings that differ from the defaults, by key. `written`: how values other than durations are."""
    return ", ".join(
        f"{name} {written.get(name, format_duration)(value)}"
        for name, value in part
        if value != type(part).model_fields[name].default
    )


def _percent(share: float) -> str:
    return f"{share * 100:g}%"


_OF_TABLES: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(("partition_reads", "partition_writes", "on_demand_reads", "on_demand_writes"), format_rate),
    "signatures": str,
    "peak_factor": "{:g}".format,
    "unprocessed": _percent,
    "memory": lambda size: f"{size // 2**20}MiB",
}
_OF_LAMBDA: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(("cpu_bound", "errors"), _percent),
    **dict.fromkeys(("memory", "memory_used"), "{} MB".format),
    "prints": "{} bytes".format,
    "functions": lambda functions: ", ".join(of.describe() for of in functions),
    "overhead": Distribution.describe,
    "snap_start": SnapStart.describe,
    **dict.fromkeys(("signatures", "log_format", "log_level", "threads"), str),
}


class SandboxSettings(Part):
    """What the simulated target does. Without any of these keys it answers 200 at once."""

    rtt: Time = 0
    """The simulated network round trip. Each request takes one, and a new connection those of its handshake."""
    service: Annotated[tuple[ServiceTime, ...], OneOrMore(), Field(min_length=1)] = (AT_ONCE,)
    """How long the function runs. A list tells requests apart: a request has the time of the first item that matches
    it, and takes no time if none does. Default: 0s."""
    tls: Flag = True
    """Whether the load goes over HTTPS, as to an API Gateway; false: over HTTP."""
    seed: Annotated[int, Field(ge=0), BeforeValidator(whole)] = 1
    """The number that service times and faults are drawn from."""
    environments: Environments | None = None
    """A pool of environments, as a Lambda function has. Default: as many as are needed, without cold starts."""
    downstream: Downstream | None = None
    """A service that the function calls, as a Lambda function calls DynamoDB. It needs environments, because the
    connections belong to them."""
    fetched: Annotated[tuple[Fetched, ...], OneOrMore(), Field(max_length=10)] = ()
    """What the function fetches before its work, and keeps for a while: one value, or a list of them. It needs
    environments, because they keep it."""
    gateway: Gateway | None = None
    """An API Gateway before the function: rest or http. Default: requests come to the function as they are."""
    throttle: Throttle | None = None
    """A limit on the rate of requests. Default: none; with a gateway {rate: 10000/s, burst: 5000}."""
    stalls: Annotated[tuple[Stall, ...], OneOrMore()] = ()
    """Times in which the target answers nothing: one, or a list of them."""
    faults: Faults = Faults()
    """Faults, each with the share of the requests that get it."""
    idle_close: Duration = units.duration("60s")
    """The target closes a connection that was idle for so long."""
    requests_per_connection: Count | None = None
    """The number of requests after which the target closes a connection, with `Connection: close` in the last
    answer."""
    body: Size = 256
    """The size of the JSON answer. It is larger if the answer's id needs more."""
    dynamodb: Tables = Tables()
    """The simulated DynamoDB, which answers on the same ports."""
    function: Lambda = Field(default=Lambda(), validation_alias="lambda", serialization_alias="lambda")
    """Lambda's own API, which answers on the same ports."""
    log: Path | None = None
    """The file of the truth log, which has a line of CSV for each request. Relative to the current folder."""

    @model_validator(mode="after")
    def _one_repeats(self) -> Self:
        if sum(stall.every is not None for stall in self.stalls) > 1:
            raise complaint("only one stall can have `every`", "Give the others `at`", ("stalls",))
        return self

    @model_validator(mode="after")
    def _whose_connections(self) -> Self:
        if self.downstream and not self.environments:
            raise complaint("needs environments, which have its connections", "Add environments: 10", ("downstream",))
        if self.fetched and not self.environments:
            raise complaint("needs environments, which keep what they fetch", "Add environments: 10", ("fetched",))
        return self

    @model_validator(mode="after")
    def _either_snapshots_or_provisioned(self) -> Self:
        if self.function.snap_start and self.environments and self.environments.provisioned:
            raise complaint(
                "a function has snapshots or provisioned environments, not both",
                "Leave out environments.provisioned",
                ("lambda", "snap_start"),
            )
        return self

    @property
    def bucket(self) -> Throttle | None:
        """The limit on the rate of requests. That of a gateway is the one with which an account begins."""
        return self.throttle or (Throttle(rate=10_000.0, burst=5000) if self.gateway else None)

    @classmethod
    def from_json(cls, line: bytes) -> Self:
        """The settings that `to_json` made, or that a user wrote. Raises ProfileError."""
        try:
            return cls.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            remedy = "Expected one JSON line of settings, {} at least" if first["type"] == "json_invalid" else ""
            key = ".".join(map(str, ("sandbox", *first["loc"])))
            raise ProfileError(first["msg"], key=key, remedy=remedy) from None

    def to_json(self) -> bytes:
        """The settings in one line, for the sandbox's process."""
        return self.model_dump_json(by_alias=True).encode() + b"\n"

    def describe(self) -> str:
        """The simulated target in one line, for a report."""
        service = ", ".join(of.describe() for of in self.service)
        parts = [f"rtt {format_duration(self.rtt)}", f"service {service}"]
        parts += [part.describe() for part in (self.environments, self.downstream, self.gateway, self.bucket) if part]
        parts += [of.describe() for of in self.fetched]
        parts += [f"stalls {stall.describe()}" for stall in self.stalls]
        if faults := self.faults.describe():
            parts.append(f"faults {faults}")
        if tables := self.dynamodb.describe():
            parts.append(f"DynamoDB with {tables}")
        if function := self.function.describe():
            parts.append(f"Lambda with {function}")
        return "; ".join(parts)
