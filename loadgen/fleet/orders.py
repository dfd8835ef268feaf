"""The messages between a fleet and the nodes that its workers run on. They go around the workers' own messages, and are
in the same style as `messages`. `worker` is a number that no other worker of the node ever has."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

from loadgen.fleet.messages import FromWorker, ToWorker
from loadgen.record.ledger import Ledger
from loadgen.trust.host import Room
from loadgen.trust.watch import HostFigures

CALLS = 1000  # a second that give orders to all nodes together, and as many that ask for news: one takes 0.3 to 0.6 ms


def pause(nodes: int) -> float:
    """Seconds between two such calls to one of so many nodes, at the least."""
    return nodes / CALLS


# to a node


@dataclass(frozen=True, slots=True)
class Read:
    """Read this profile, with the node's own variables: workers of it are to be placed. `resolved` is the profile as
    plain data, with `${NAME}` as it is. `current` is the folder that the names of its files are relative to."""

    number: int
    resolved: dict[str, Any]
    source: str
    current: str


@dataclass(frozen=True, slots=True)
class Place:
    """Start a worker of the profile `number`. `work` is its sealed assignment, without what requests are authorized
    with. `simulated`: the target takes the sandbox's keys. `tries`: the node sends each step once before."""

    worker: int
    number: int
    work: bytes
    simulated: bool
    tries: bool


@dataclass(frozen=True, slots=True)
class Tell:
    """Pass this on to the worker."""

    worker: int
    message: ToWorker


@dataclass(frozen=True, slots=True)
class End:
    """Kill the worker."""

    worker: int


ToNode = Read | Place | Tell | End


# from a node


@dataclass(frozen=True, slots=True)
class Said:
    """The worker has said this."""

    worker: int
    message: FromWorker


@dataclass(frozen=True, slots=True)
class Hidden:
    """The worker has said something in words: `sealing.hidden` of the message."""

    worker: int
    message: bytes


@dataclass(frozen=True, slots=True)
class Counts:
    """The worker's ledger, as it is now: nearly all of it is zeros, and it comes each second."""

    worker: int
    packed: bytes

    @classmethod
    def of(cls, worker: int, ledger: Ledger) -> Counts:
        return cls(worker, zlib.compress(ledger.block(), 1))

    def block(self) -> bytes:
        return zlib.decompress(self.packed)


@dataclass(frozen=True, slots=True)
class Ended:
    """The worker's process has ended, with this status."""

    worker: int
    status: int


@dataclass(frozen=True, slots=True)
class Barred:
    """The worker cannot be started: `sealing.hidden` of the error."""

    worker: int
    error: bytes


@dataclass(frozen=True, slots=True)
class Watched:
    """What the node saw of its machine since the load began."""

    figures: HostFigures


@dataclass(frozen=True, slots=True)
class Way:
    """How the node reached the target before the load: the addresses of the two ends of a connection."""

    source: str
    target: str


FromNode = Said | Hidden | Counts | Ended | Barred | Watched | Way


@dataclass(frozen=True, slots=True)
class About:
    """What a node tells of itself. `folder` is where it keeps its workers' ledgers. `niceness` is by how much its
    actor, and so its workers, give way to what started the actor. `room` is what it had when it told, `zone` its
    availability zone if whoever started it said so."""

    host: str
    address: str
    version: str
    python: str
    cpus: int
    authenticated: bool
    folder: str
    niceness: int
    room: Room
    zone: str = ""
