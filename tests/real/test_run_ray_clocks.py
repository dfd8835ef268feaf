"""Nodes whose clocks differ, over a link that takes its time: they start together all the same.

The second node has a network and a monotonic clock of its own (`truth.namespaces`, time namespaces). The first one, the
server and loadgen share theirs. It takes root.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from counting_server import came
from program import FULL, VALID, prepare, run
from ray_nodes import PATIENCE, TOKEN, Cluster, counting
from truth.namespaces import HERE, THERE, Namespace, ip, linked

from loadgen.clock import MILLISECOND
from loadgen.fleet.clocks import KNOWN

pytestmark = [
    pytest.mark.real, pytest.mark.skipif(not FULL, reason="starts other Rays, far from each other: in the long form"),
]  # fmt: skip

CLOSE = 2.0  # ms between the starts of the nodes
EVERY = 10  # ms between two requests, of which the nodes send one each in turn
PROFILE = """
name: clocks
target: http://{host}:{port}
load: [{{name: a, rate: 100/s, for: 5s, arrivals: constant}}]
scenarios: [{{name: s, steps: [{{name: get, get: "/~{{{{seq}}}}~"}}]}}]
"""


@contextmanager
def far_apart(ahead: int, delay_us: int) -> Iterator[tuple[Cluster, Namespace]]:
    """A cluster whose second node's clock is so many seconds ahead, and which is so far away; and where the rest is."""
    with linked(delay_us) as (here, there):
        for namespace in (here, there):
            with namespace.inside():
                ip("link set lo up")
        with here.inside(), Cluster.made({}, HERE, there.path, THERE, str(ahead)) as cluster:
            yield cluster, here


@pytest.mark.parametrize(("ahead", "delay"), [(3, 0), (-3, 1), (3, 20), (0, 50)])
def test_nodes_whose_clocks_differ_start_together(tmp_path: Path, ahead: int, delay: int) -> None:
    """Beyond the link's delay, which the server's log shows, and within what is told of the clocks."""
    if not Path("/proc/self/timens_offsets").exists():
        pytest.skip("this kernel has no time namespaces")
    with far_apart(ahead, 1000 * delay) as (cluster, here), here.inside(), counting(tmp_path, HERE) as (port, log):
        text = PROFILE.format(host=HERE, port=port)
        ran = run(tmp_path, *prepare(tmp_path, text), "--json", *cluster.on, env=TOKEN, limit=PATIENCE)
        arrived = came(log)
    assert ran.status in VALID, ran.err
    told = ran.result["nodes"]
    by_address = {node["address"]: node for node in told}
    for address, truth in ((HERE, 0.0), (THERE, 1000.0 * ahead)):
        node = by_address[address]
        assert abs(node["clock_ahead_ms"] - truth) <= node["clock_error_ms"]
        assert node["clock_error_ms"] >= (delay if address == THERE else 0)
    known = by_address[THERE]["clock_error_ms"] <= KNOWN / MILLISECOND
    assert known or any("clock" in warning for warning in ran.warnings)
    first = {}
    for node in told:  # the node's least lateness: others are late for reasons of their own
        of_node = [(int(one), at) for one, at in arrived if int(one) % 2 + 1 == node["node"]]
        first[node["address"]] = min(at - number * EVERY * MILLISECOND for number, at in of_node)
    apart = (first[THERE] - first[HERE]) / MILLISECOND
    assert abs(apart - delay) <= CLOSE, f"{apart:.2f} ms apart, over a link of {delay} ms"
