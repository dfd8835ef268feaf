"""A Ray cluster of several nodes on this machine. Run it as `ray_cluster.py NODES TEMPORARY`.

It prints `ready ADDRESS` when all nodes are there. `kill` on its stdin kills the raylet of the last one, as the end of
a machine would. The end of stdin ends it.
"""

from __future__ import annotations

import sys

STORE = 80 << 20


def main() -> None:
    from ray.cluster_utils import Cluster  # not in the process of the tests

    size = {"num_cpus": 1, "object_store_memory": STORE}
    head = {**size, "include_dashboard": False, "temp_dir": sys.argv[2]}
    cluster = Cluster(initialize_head=True, head_node_args=head, shutdown_at_exit=True)
    nodes = [cluster.add_node(**size) for _ in range(int(sys.argv[1]) - 1)]
    cluster.wait_for_nodes()
    print("ready", cluster.address, flush=True)
    for line in sys.stdin:
        if line == "kill\n":
            cluster.remove_node(nodes.pop(), allow_graceful=False)
            print("killed", flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    main()
