"""What a run says of its nodes, and what they cannot have."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from engine_harness import profile
from scripted_nodes import ABOUT

from loadgen.engine.engine import Share
from loadgen.errors import PlanError, TargetError
from loadgen.fleet.messages import Assignment
from loadgen.fleet.nodes import Nodes, RemoteNode
from loadgen.fleet.orders import Way
from loadgen.net.names import Address, Origin
from loadgen.profile.model import Profile
from loadgen.redaction import Secrets
from loadgen.result.node import Node
from loadgen.runner.nodes import _way, fit_for_nodes, lend, limits_on, warnings_of
from loadgen.trust.host import RESERVE, Ports, Room

FINE = Node(1, "host", "10.0.0.7", 2, 1, 100, 3000.0, 0.5, 0.2, 1.0, None)


def test_a_clock_that_is_not_known_or_moved_is_named() -> None:
    assert list(warnings_of([FINE, replace(FINE, clock_moved_ms=5.9, clock_moved_error_ms=1.0)])) == []
    (unknown,) = warnings_of([FINE, replace(FINE, clock_error_ms=5.1)])
    assert (unknown.code, unknown.values["node"]) == ("node_clock_unknown", "1 (10.0.0.7)")
    (unread,) = warnings_of([replace(FINE, lost="it died", unread=True)])
    assert unread.code == "node_unread"
    (moved,) = warnings_of([replace(FINE, clock_moved_ms=-6.1)])
    assert (moved.code, moved.values["moved_ms"]) == ("node_clock_moved", -6.1)


async def test_the_way_to_the_target_is_that_of_the_first_address_that_answers() -> None:
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        dead, alive = (Address(socket.AF_INET, (host, port)) for host in ("127.0.0.9", "127.0.0.1"))
        assert await _way((dead, alive)) == Way("127.0.0.1", "127.0.0.1")
        with pytest.raises(TargetError, match=r"it does not reach the target at 127\.0\.0\.9: connect"):
            await _way((dead,))


@pytest.mark.parametrize(("binds", "witness", "said"), [(True, False, "session.bind"), (False, True, "--witness")])
def test_what_names_this_machine_does_not_go_with_others(binds: bool, witness: bool, said: str) -> None:
    with pytest.raises(PlanError, match=said):
        fit_for_nodes(binds, witness)
    fit_for_nodes(False, False)


def of(load: str, session: str = "shared") -> Profile:
    return profile(f"load: [{load}]\nsession: {session}\n")


def nodes(*rooms: Room) -> Nodes:
    """Nodes with that room."""
    link: Any = None
    return Nodes(
        [RemoteNode(n, link, replace(ABOUT, address=f"10.0.0.{n}", room=room)) for n, room in enumerate(rooms, 1)]
    )


WIDE = Room(10_000, Ports(28_000, 0, True))
NEW = "{name: a, rate: 1000/s, for: 60s}", "per-request"


def test_the_connections_are_what_the_least_of_the_nodes_has_room_for() -> None:
    """Whatever the machine has that starts the load."""
    narrow = Room(RESERVE + 300, Ports(28_000, 0, True))
    bounds = limits_on(nodes(WIDE, narrow, WIDE), of("{name: a, rate: 9/s, for: 9s}"), 1, False)
    assert (bounds.workers, bounds.connections) == (3, 3 * 300)


@pytest.mark.parametrize(
    ("room", "said"),
    [
        (
            Room(10_000, Ports(19_999, 0, True)),
            r"node 2 \(10\.0\.0\.2\): .* 20,000 connections .*19,999 ports are free",
        ),
        (Room(RESERVE, Ports(28_000, 0, True)), r"node 2 \(10\.0\.0\.2\): .* need more descriptors than the 64"),
    ],
)
def test_a_node_that_has_too_few_ports_or_descriptors_is_named(room: Room, said: str) -> None:
    limits_on(nodes(WIDE, WIDE, WIDE), of(*NEW), 1, False)
    with pytest.raises(PlanError, match=said):
        limits_on(nodes(WIDE, room, WIDE), of(*NEW), 1, False)


def test_ports_that_rest_count_only_where_that_is_new() -> None:
    resting = nodes(WIDE, Room(10_000, Ports(28_000, 9000, True)), WIDE)
    limits_on(resting, of(*NEW), 1, False)
    with pytest.raises(PlanError, match=r"node 2 .* only 19,000 ports are free"):
        limits_on(resting, of(*NEW), 1, False, resting=True)


def test_a_cap_that_is_too_low_for_all_workers_is_no_nodes_fault() -> None:
    with pytest.raises(PlanError, match=r"^session.connections: 2 cannot be shared by 3 workers"):
        limits_on(nodes(WIDE, WIDE, WIDE), of("{name: a, rate: 9/s, for: 9s}", "{connections: 2}"), 1, False)


async def test_a_node_looks_at_its_own_ports_before_each_load(monkeypatch: pytest.MonkeyPatch) -> None:
    far = Address(socket.AF_INET, ("192.0.2.1", 80))
    work = Assignment(of(*NEW), Origin.of("http://192.0.2.1/"), (far,), None, Share(0, 3), 1, 0, Path("none"))
    monkeypatch.setattr(Room, "here", lambda: Room(10_000, Ports(28_000, 9000, True)))
    with pytest.raises(PlanError, match="only 19,000 ports are free"):
        await lend(work, 3, False, False, Secrets(), lambda why: None)
