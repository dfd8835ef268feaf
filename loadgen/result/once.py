"""The result of `loadgen once`: one exchange of each step, whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loadgen.result import SCHEMA
from loadgen.result.codec import item

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request as it was sent."""

    method: str = item("its method; of a call of DynamoDB, the operation")
    url: str = item("its URL")
    headers: Pairs = item("its headers, each a name and a value")
    body: bytes = item("its body; of a call of DynamoDB, with plain values")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came."""

    status: int = item("its status")
    headers: Pairs = item("its headers, each a name and a value")
    body: bytes = item("its body; of a call of DynamoDB, with plain values")


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate that the target showed."""

    subject: Pairs = item("whose it is: the attributes of the distinguished name")
    issuer: Pairs = item("who issued it: the attributes of the distinguished name")
    names: tuple[str, ...] = item("the hosts and addresses that it is for")
    not_after: str | None = item("until when it is valid; null if it does not say")


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a connection."""

    address: str | None = item("its address and port")
    tls: str | None = item("the version of TLS; null without TLS")
    cipher: str | None = item("the cipher; null without TLS")
    resumed: bool | None = item("whether the TLS session was resumed; null without TLS")
    certificate: Certificate | None = item("its certificate; null where it was not verified, or without TLS")


@dataclass(frozen=True, slots=True)
class ConsumedUnits:
    """What a call of a table consumed, as its answer says."""

    read: float = item("read capacity", "read units")
    write: float = item("write capacity", "write units")


@dataclass(frozen=True, slots=True)
class OnceExchange:
    """One exchange with the target."""

    scenario: str = item("of which scenario")
    step: str = item("of which step")
    request: SentRequest = item("what was sent")
    answer: Answer | None = item("what came back; null without an answer")
    outcome: str = item("its outcome class")
    reason: str = item("why, where it failed")
    remedy: str = item("what to do about it, in a sentence; empty without advice")
    refused: bool = item("whether the target takes nothing from us, whatever is sent: its keys, no such table")
    capacity: ConsumedUnits | None = item("of a call of a table: what it consumed; null where the answer does not say")
    times_ms: dict[str, float] = item("its times, without those that did not happen or are not known", "ms")
    connection: str | None = item("its kind of connection: new, reused, resumed; null where none came about")
    peer: Peer | None = item("the other end of its connection; null where it is not known")
    captured: dict[str, object] = item("what was captured of the answer")
    not_found: tuple[str, ...] = item("the names of what was to be captured and is not in the answer")

    @property
    def ok(self) -> bool:
        """Whether the step was as expected."""
        return self.outcome == "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnceResult:
    """The result of `loadgen once`."""

    schema: Literal["loadgen.result/3"] = item("the version of this document", default=SCHEMA)
    kind: Literal["once"] = item("what this document is", default="once")
    name: str = item("the profile's name")
    simulated: bool = item("whether the target is loadgen's own sandbox")
    exchanges: tuple[OnceExchange, ...] = item("in the order in which they were made")
