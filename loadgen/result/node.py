"""The machines that a load came from, where they are not the one that started it."""

from __future__ import annotations

from dataclasses import dataclass

from loadgen.result.codec import item
from loadgen.result.latency import Latency


@dataclass(frozen=True, slots=True)
class Node:
    """One node. Its workers have the numbers after those of the node before it."""

    node: int = item("the node's number, from 1")
    host: str = item("its name")
    address: str = item("its address in the cluster")
    cpus: int = item("the CPUs that it may use")
    workers: int = item("the number of its workers")
    requests: int = item("the requests that they sent")
    clock_ahead_ms: float = item(
        "how far its clock was ahead of that of the machine which started the load, when the load began", "ms"
    )
    clock_error_ms: float = item("by how much that may be wrong: half of the round trip", "ms")
    clock_moved_ms: float = item("how far its clock moved against that one until the end of the load", "ms")
    clock_moved_error_ms: float = item("by how much that may be wrong", "ms")
    lost: str | None = item("why it was lost; null if it was not")
    unread: bool = item(
        "whether it was lost with what its workers had counted since their last report, which is made each second",
        omit=True,
        default=False,
    )
    source: str = item("the address that it sends from", omit=True, default="")
    target: str = item("the address at which it reached the target before the load", omit=True, default="")
    zone: str = item("its availability zone, if it was told when Ray was started", omit=True, default="")


@dataclass(frozen=True, slots=True)
class OfNode:
    """The requests of a step that the workers of one node sent."""

    node: int = item("the node's number, from 1")
    latency: Latency = item("the times of these requests: the response, or in a closed load the service")
