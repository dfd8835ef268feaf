"""What a run says of its nodes, and what they cannot have."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

import pytest

from loadgen.errors import PlanError, TargetError
from loadgen.fleet.orders import Way
from loadgen.net.names import Address
from loadgen.result.node import Node
from loadgen.runner.nodes import _way, fit_for_nodes, warnings_of

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
