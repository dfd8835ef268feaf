"""The result of `loadgen once`: one exchange of each step, with everything in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loadgen.result import SCHEMA
from loadgen.result.codec import item

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request as it was sent."""

    method: str = item("the request's method; of a DynamoDB call, the operation")
    url: str = item("the request's URL")
    headers: Pairs = item("the request's headers, each a name and a value")
    body: bytes = item("the request's body; of a DynamoDB call, with plain values instead of typed ones")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came."""

    status: int = item("the answer's status")
    headers: Pairs = item("the answer's headers, each a name and a value")
    body: bytes = item("the answer's body; of a DynamoDB call, with plain values instead of typed ones")
    log: bytes = item("of an Invoke, the end of the function's log", omit=True, default=b"")


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate that the target showed."""

    subject: Pairs = item("the owner: the attributes of the distinguished name")
    issuer: Pairs = item("the issuer: the attributes of the distinguished name")
    names: tuple[str, ...] = item("the host names and addresses that the certificate is for")
    not_after: str | None = item("the end of its validity; null if it has none")


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a connection."""

    address: str | None = item("the address and port; null if they are not known")
    tls: str | None = item("the version of TLS; null without TLS")
    cipher: str | None = item("the cipher; null without TLS")
    resumed: bool | None = item("whether the TLS session was resumed; null without TLS")
    certificate: Certificate | None = item("the certificate; null if it was not verified, or without TLS")


@dataclass(frozen=True, slots=True)
class ConsumedUnits:
    """The capacity that a DynamoDB call consumed, as its answer reports it."""

    read: float = item("the read capacity", "read units")
    write: float = item("the write capacity", "write units")


@dataclass(frozen=True, slots=True)
class OnceExchange:
    """One exchange with the target."""

    scenario: str = item("the scenario's name")
    step: str = item("the step's name")
    request: SentRequest = item("the request that was sent")
    answer: Answer | None = item("the answer that came back; null if none did")
    outcome: str = item("the exchange's outcome class")
    reason: str = item("why the exchange failed; empty if it did not")
    location: str = item("where a redirect that failed leads; empty for any other exchange")
    refused: bool = item(
        "whether the target would refuse every request of ours, for example because of the keys or the table's name"
    )
    capacity: ConsumedUnits | None = item(
        "the capacity that a DynamoDB call consumed; null if the answer does not report it"
    )
    times_ms: dict[str, float] = item(
        "the exchange's times, by metric, without those that did not happen or are not known", "ms"
    )
    connection: str | None = item("the kind of connection: new, reused, resumed; null if there was no connection")
    peer: Peer | None = item("the other end of the connection; null if it is not known")
    captured: dict[str, object] = item("the values that were captured from the answer, by name")
    not_found: tuple[str, ...] = item(
        "the names of the values that should have been captured and are not in the answer"
    )

    @property
    def ok(self) -> bool:
        """Whether the step was as expected."""
        return self.outcome == "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnceResult:
    """The result of `loadgen once`."""

    schema: Literal["loadgen.result/4"] = item("the version of this document", default=SCHEMA)
    kind: Literal["once"] = item("the kind of this document", default="once")
    name: str = item("the profile's name")
    simulated: bool = item("whether the target is loadgen's own sandbox")
    exchanges: tuple[OnceExchange, ...] = item("the exchanges in the order in which they were made")
