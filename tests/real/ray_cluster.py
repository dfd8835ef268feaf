"""A Ray cluster of several nodes on this machine: `ray_cluster.py NODES [HEAD NAMESPACE NODE AHEAD]`.

It prints `ready ADDRESS` when all nodes are there. `kill` on its stdin kills the raylet of the last one, as the end of
a machine would, and `add` brings another one. The end of stdin ends it.

With the rest, the head has the address HEAD, and the other nodes are in the network namespace at the path NAMESPACE,
with the address NODE; their monotonic clock is AHEAD seconds ahead.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

STORE = 80 << 20
CLONE_NEWTIME, CLONE_NEWNET = 0x80, 0x40000000


def main(nodes: str, head: str = "", namespace: str = "", node: str = "", ahead: str = "") -> None:
    from ray.cluster_utils import Cluster  # not in the process of the tests

    size = {"num_cpus": 1, "object_store_memory": STORE}
    first = {**size, "include_dashboard": False}
    cluster = Cluster(
        initialize_head=True, head_node_args=first | ({"node_ip_address": head} if head else {}), shutdown_at_exit=True
    )
    if head:
        size |= {"node_ip_address": node}
        go_elsewhere(namespace, int(ahead))
    added = [cluster.add_node(**size) for _ in range(int(nodes) - 1)]
    cluster.wait_for_nodes()
    print("ready", cluster.address, flush=True)
    for line in sys.stdin:
        if line == "kill\n":
            cluster.remove_node(added.pop(), allow_graceful=False)
            print("killed", flush=True)
        if line == "add\n":
            added.append(cluster.add_node(**size))
            print("added", flush=True)
    cluster.shutdown()


def go_elsewhere(namespace: str, ahead: int) -> None:
    """What this thread starts from now on has that network, and a clock that is so many seconds ahead."""
    libc = ctypes.CDLL(None, use_errno=True)
    network = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
    if libc.setns(network, CLONE_NEWNET) or libc.unshare(CLONE_NEWTIME):
        raise OSError(ctypes.get_errno(), "another network and another time")
    os.close(network)
    Path("/proc/self/timens_offsets").write_text(f"monotonic {ahead} 0\nboottime {ahead} 0\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
