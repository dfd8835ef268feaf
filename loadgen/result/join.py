"""The result of `loadgen join`: single requests of a run, found in the target's own logs, and divided into hops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loadgen.result import SCHEMA
from loadgen.result.codec import item

Hop = Literal["network", "gateway", "lambda", "init", "restore", "handler"]
GroupName = Literal["p99", "slowest", "drawn"]


@dataclass(frozen=True, slots=True)
class Hops:
    """How the time of some requests is divided, each figure a mean over all of them. They add up to the whole."""

    requests: int = item("the number of requests, for all of which the same hops are known")
    whole_ms: float = item("their response, or in a closed load their service", "ms")
    machine_ms: float = item("this machine's part", "ms")
    held_ms: float = item("the profile's part: for a free connection, or held back", "ms")
    connect_ms: float = item("for a new connection, without this machine's part of it", "ms")
    gateway_ms: float | None = item("the API's own time: responseLatency - integrationLatency; null: not known", "ms")
    lambda_ms: float | None = item(
        "Lambda's own time: integrationLatency - init - restore - handler; null: not known", "ms"
    )
    integration_ms: float | None = item(
        "Lambda's part as a whole, integrationLatency, where no REPORT divides it; else null", "ms"
    )
    init_ms: float | None = item("the Init that was waited for; null: not known", "ms")
    restore_ms: float | None = item("the restore of a snapshot that was waited for; null: not known", "ms")
    handler_ms: float | None = item("the time that the handler ran: Duration; null: not known", "ms")
    rest_ms: float = item("the remainder", "ms")
    rest_of: tuple[Hop, ...] = item("what the remainder holds, as nothing tells these apart")


@dataclass(frozen=True, slots=True)
class StartShare:
    """How many of some requests came to an environment in that way."""

    start: str = item("cold, restored, warm or provisioned")
    requests: int = item("the number of requests")
    share: float = item("their share of those whose REPORT was found", "1")
    share_low: float = item("the lower end of the share's 95 % interval, if requests are independent", "1")
    share_high: float = item("the upper end", "1")


@dataclass(frozen=True, slots=True)
class JoinGroup:
    """Some of a step's requests."""

    name: GroupName = item("p99: those around it; slowest: the slowest hundredth; drawn: drawn evenly from all")
    requests: int = item("the requests of the group whose ids were kept")
    reports: int = item("those of them whose REPORT was found")
    accesses: int = item("those of them whose line in an API's access log was found")
    hops: Hops | None = item("how their time is divided; null if too few were found")
    starts: tuple[StartShare, ...] = item("how they started, of those whose REPORT was found")


@dataclass(frozen=True, slots=True)
class JoinStep:
    """One step in one phase."""

    phase: str = item("the phase's name")
    cycle: int = item("the number of the phase's cycle")
    scenario: str = item("the scenario's name")
    step: str = item("the step's name")
    requests: int = item("the ok requests of the step in the phase")
    p99_ms: float | None = item("the p99 of the run's result; null if it is not known", "ms")
    from_ms: float = item("all of the requests looked at that lasted longer than this were kept", "ms")
    groups: tuple[JoinGroup, ...] = item("the groups of its requests that have some")


@dataclass(frozen=True, slots=True)
class JoinSource:
    """A log that was looked through."""

    kind: Literal["log group", "file"] = item("what it is")
    name: str = item("its name")
    reports: int = item("the REPORTs that were read from it")
    accesses: int = item("the lines of an API's access log that were read from it")


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinResult:
    """What was found of a run's requests; the content of join.json."""

    schema: Literal["loadgen.result/4"] = item("the version of this document", default=SCHEMA)
    kind: Literal["join"] = item("the kind of this document", default="join")
    run: str = item("the run's folder")
    looked_for: int = item("the requests whose ids were looked for")
    found: int = item("those of them that were found in some log")
    complete: bool = item("whether every log was read to its end; else there was more than is read")
    impossible: int = item("the lines that were left out, as they told impossible times", default=0)
    contradicted: int = item("the ids whose lines were left out, as they told different things of one", default=0)
    earlier: int = item(
        "the requests found by the join before, which is kept as this one found none; 0: this one is kept", default=0
    )
    sources: tuple[JoinSource, ...] = item("the logs that were looked through")
    steps: tuple[JoinStep, ...] = item("what was found of each step")
