"""Other machines for a run: `--on`. What their workers authorize with, each gets by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from loadgen.clock import MILLISECOND
from loadgen.errors import PlanError, TargetError
from loadgen.fleet.clocks import KNOWN
from loadgen.fleet.group import Member
from loadgen.fleet.messages import Assignment
from loadgen.fleet.nodes import Nodes, OnNodes, RemoteNode
from loadgen.fleet.orders import Way
from loadgen.net.names import Address, is_loopback
from loadgen.profile.model import Profile
from loadgen.redaction import Secrets
from loadgen.result.node import Node
from loadgen.result.reason import Reason
from loadgen.runner.limits import Limits, check_cap, limits, workers_for
from loadgen.runner.preflight import preflight
from loadgen.runner.secrets import Keeper
from loadgen.trust.host import Room

PATIENCE = 10  # seconds for the target to take a connection
_keeping: set[asyncio.Task[None]] = set()  # the loop keeps no reference of its own


@contextmanager
def connected(on: str, count: int | None) -> Iterator[Nodes]:
    """The nodes of `--on`, for as long as the block lasts. Raises PlanError, or WorkerLost if one dies."""
    from loadgen.fleet.on_ray import connect  # Ray is an extra

    nodes = connect(on, count, lend)
    try:
        yield nodes
    finally:
        nodes.close()


async def lend(
    work: Assignment, nodes: int, simulated: bool, tries: bool, secrets: Secrets, lost: Callable[[str], None]
) -> tuple[Keeper, Way]:
    """On one of so many nodes: see whether it has the ports and descriptors for its workers, get the secrets of the
    work's profile, keep them, and see how this machine reaches the target. `tries`: each step is sent once. Raises
    LoadgenError."""
    workers, loopback = work.share.workers // nodes, is_loopback(work.addresses)
    limits(work.profile, workers, len(work.addresses), loopback, nodes)
    keeper = Keeper(work.profile, simulated, secrets)
    await keeper.fetch()
    way = await _way(work.addresses)
    if tries:
        await preflight(work.profile, work.origin, work.addresses, work.ca, keeper.lent)

    def gone(why: Reason) -> None:
        lost(str(why.values.get("error", why.code)))

    keeper.lost = gone
    task = asyncio.create_task(keeper.keep(lambda why: None))
    _keeping.add(task)
    task.add_done_callback(_keeping.discard)
    return keeper, way


async def _way(addresses: tuple[Address, ...]) -> Way:
    """Raises TargetError if none of the addresses takes a connection from here."""
    failed = ""
    for address in addresses:
        port = int(str(address.sockaddr[1]))
        try:
            async with asyncio.timeout(PATIENCE):
                _, writer = await asyncio.open_connection(address.host, port)
        except OSError as error:  # TimeoutError is one
            failed = error.strerror or type(error).__name__
            continue
        ends = (str(writer.get_extra_info(name)[0]) for name in ("sockname", "peername"))
        writer.close()
        return Way(*ends)
    raise TargetError(f"it does not reach the target at {addresses[0].host}: {failed.lower()}")


def result_of(on: OnNodes, members: Sequence[Member]) -> tuple[Node, ...]:
    """What there is to be told of each node at the end of a load."""
    nodes = on.workers(len(members))
    return tuple(_node(node, [member for member in members if nodes[member.index] == node.number]) for node in on.nodes)


def _node(node: RemoteNode, members: Sequence[Member]) -> Node:
    about, began, way = node.about, node.ahead_of_load(), node.way
    moved = node.clock.drift(began)
    return Node(
        node=node.number,
        host=about.host,
        address=about.address,
        cpus=about.cpus,
        workers=len(members),
        requests=sum(sum(member.ledger.sent) for member in members),
        clock_ahead_ms=_ms(began.ns),
        clock_error_ms=_ms(began.error),
        clock_moved_ms=_ms(moved.ns),
        clock_moved_error_ms=_ms(moved.error),
        lost=node.gone or None,
        unread=node.unread,
        source=way.source if way else "",
        target=way.target if way else "",
        zone=about.zone,
    )


def warnings_of(nodes: Sequence[Node]) -> Iterator[Reason]:
    """What is not to be claimed of nodes that are lost with their counts, or whose clocks are not known well enough, or
    moved for certain."""
    for node in nodes:
        name = f"{node.node} ({node.address})"
        if node.unread:
            yield Reason.of("node_unread", node=name)
        if node.clock_error_ms > KNOWN / MILLISECOND:
            yield Reason.of("node_clock_unknown", node=name, error_ms=node.clock_error_ms)
        if abs(node.clock_moved_ms) - node.clock_moved_error_ms > KNOWN / MILLISECOND:
            yield Reason.of("node_clock_moved", node=name, moved_ms=node.clock_moved_ms)


def _ms(ns: int) -> float:
    return round(ns / MILLISECOND, 3)


def limits_for(profile: Profile, addresses: int, loopback: bool, nodes: Nodes | None) -> Limits:
    """The limits to run with now, on the nodes or on this machine. Raises PlanError if there is not enough room."""
    if nodes:
        return limits_on(nodes, profile, addresses, loopback, resting=True)
    return limits(profile, workers_for(profile), addresses, loopback)


def limits_on(nodes: Nodes, profile: Profile, addresses: int, loopback: bool, resting: bool = False) -> Limits:
    """The limits to run with, over all nodes: each of them has room for its part. `resting`: what they told of ports in
    TIME_WAIT is new; else it does not count here, as each looks again before its load (`lend`). Raises PlanError, which
    names the node."""
    machines, each = len(nodes), workers_for(profile, len(nodes), nodes.cpus)
    check_cap(profile, each * machines)
    found = []
    for room, node in {_room(node, resting): node for node in reversed(nodes.nodes)}.items():
        try:
            found.append(limits(profile, each, addresses, loopback, machines, room))
        except PlanError as error:
            raise PlanError(f"node {node.name}: {error}") from None
    return replace(min(found, key=lambda of: of.connections), workers=each * machines)


def _room(node: RemoteNode, resting: bool) -> Room:
    room = node.about.room
    return room if resting else replace(room, ports=replace(room.ports, time_wait=0))


def fit_for_nodes(binds: bool, witness: bool) -> None:
    """Raises PlanError for what a profile cannot have on other machines."""
    if binds or witness:
        what = "session.bind names addresses" if binds else "--witness starts a process"
        raise PlanError(f"{what} of this machine, and --on sends from others. Leave one of them out")
