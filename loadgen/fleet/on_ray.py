"""Nodes by Ray: an actor on each machine of a cluster. Nothing else of loadgen knows Ray.

Ray only starts the actors and carries calls to them. An actor is never restarted and no call is repeated: a load that
is lost is lost. Nobody who cannot show the cluster's token may start anything there, so that a cluster without tokens
is refused; one that is started here for one run draws a token of its own.
"""

from __future__ import annotations

import logging
import os
import pickle
import secrets
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import loadgen
from loadgen.errors import PlanError, WorkerLost
from loadgen.fleet.left import left_in
from loadgen.fleet.node import Lend, Node, about, packed
from loadgen.fleet.nodes import NodeGone, Nodes, RemoteNode
from loadgen.fleet.orders import About
from loadgen.fleet.scratch import Scratch

LOCAL, AUTO = "ray", "auto"
ANSWER = 3.0  # seconds for a call to be answered during a load
STARTED = 60.0  # seconds for the actors to be there
REMAINS = 20.0  # seconds for what a dead node has left to be read: Ray has to start a process for it
STORE = 80 << 20  # bytes of Ray's object store, which nothing is put into: about the least that it takes
NICE = {"RAY_worker_niceness": "0"}  # else Ray lets what it runs give way to all others: 15
# Of what Ray does over and over, that which a cluster of one node and one actor does not need. A load is beside it
SPARED = {
    "enable_metrics_collection": False,
    "event_stats": False,
    "enable_timeline": False,
    "task_events_report_interval_ms": 0,
    "memory_monitor_refresh_ms": 0,
    "debug_dump_period_milliseconds": 0,
    "prestart_worker_first_driver": False,
    "kill_idle_workers_interval_ms": 0,
    "raylet_report_resources_period_milliseconds": 1_000,
    "raylet_check_gc_period_milliseconds": 10_000,
    "object_manager_timer_freq_ms": 10_000,
    "gcs_pull_resource_loads_period_milliseconds": 10_000,
    "local_fs_monitor_interval_ms": 60_000,
}
SHORT = "/tmp"  # noqa: S108  a socket's path has 107 characters at the most; what is made there has a name of its own
REASON = 200  # characters of what Ray says
ZONE = "ray.io/availability-zone"  # Ray's label for RAY_NODE_ZONE
TOKENS = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")


def connect(on: str, count: int | None, lend: Lend) -> Nodes:
    """The nodes of a cluster: of one for this run alone (`ray`), at `HOST:PORT`, or of the job that this process is
    (`auto`). `count` is how many; None: all that have a CPU to give. Raises PlanError, or WorkerLost if one dies."""
    local = on == LOCAL
    ray = _imported(local)
    scratch = _scratch() if local else None
    opened: list[RemoteNode] = []
    nodes = Nodes(opened, lambda: _shut_down(ray, scratch))
    try:
        with _as_it_was(), _without_stderr():
            _init(ray, on, scratch)
        for node in _nodes(ray, count, lend, local):
            opened.append(node)
            _open(node, local)
    except BaseException:
        nodes.close()
        raise
    return nodes


class Actor:
    """Runs a node. Ray calls its methods on an event loop of its own."""

    async def open(self, lend: Lend, nodes: int) -> About:
        import ray
        from ray._private.authentication.authentication_utils import is_token_auth_enabled

        self._node = Node(lend, lambda: os._exit(1), nodes=nodes)
        address = str(ray.util.get_node_ip_address())  # type: ignore[no-untyped-call]
        starter = int(os.environ.get("RAY_RAYLET_PID", os.getppid()))  # another one is the parent when it has died
        zone = str(ray.get_runtime_context().get_node_labels().get(ZONE, ""))
        return about(self._node, address, is_token_auth_enabled(), starter, zone)

    async def heed(self, orders: bytes) -> int:
        return self._node.heed(pickle.loads(orders))  # noqa: S301 from the fleet, behind the cluster's token

    async def hear(self) -> bytes:
        return packed(await self._node.hear())

    async def close(self) -> None:
        self._node.close()


@dataclass(frozen=True)
class ActorLink:
    """Calls to the actor of one node."""

    ray: Any
    actor: Any
    node: str  # its id
    folder: str

    def tell(self, orders: bytes) -> int:
        return int(self._answer(self.actor.heed.remote(orders), ANSWER))

    def hear(self) -> bytes:
        return bytes(self._answer(self.actor.hear.remote(), ANSWER))

    def left(self) -> dict[int, bytes]:
        with suppress(self.ray.exceptions.RayError):
            self.ray.kill(self.actor)  # one that is only stopped would go on when it is continued
        at = self.ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(self.node, soft=False)
        read = self.ray.remote(num_cpus=0, max_retries=0, runtime_env={"env_vars": NICE})(left_in).options(
            scheduling_strategy=at
        )
        with suppress(self.ray.exceptions.RayError):
            blocks: dict[int, bytes] = self.ray.get(read.remote(self.folder), timeout=REMAINS)
            return blocks
        return {}

    def end(self) -> None:
        self._answer(self.actor.close.remote(), ANSWER)
        self.ray.kill(self.actor)

    def _answer(self, call: Any, seconds: float) -> Any:
        try:
            return self.ray.get(call, timeout=seconds)
        except self.ray.exceptions.GetTimeoutError:
            raise NodeGone(f"it did not answer within {seconds:g} s") from None
        except self.ray.exceptions.RayError as error:
            raise NodeGone(_reason(error)) from None


def _imported(local: bool) -> Any:
    """Ray, which reads its settings when it is imported."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_AUTH_MODE"] = "token"
    os.environ |= NICE
    os.environ["RAY_ENABLE_AUTO_CONNECT"] = "0"  # else a call that comes too late starts another Ray
    if local and not any(os.environ.get(name) for name in TOKENS):
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)  # else Ray writes one into the home folder
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import ray
            import ray._private.worker
            import ray.util.scheduling_strategies
        except ImportError as error:
            raise PlanError(f"--on needs Ray ({error}). Install it: pip install 'loadgen[ray]'") from None
    logging.getLogger("ray").setLevel(logging.CRITICAL + 1)
    # it prints there what happens to its own processes, and stdout is for a result
    ray._private.worker.print_to_stdstream = lambda *_, **__: None
    return ray


def _scratch() -> Scratch:
    try:
        return Scratch("loadgen-ray-", os.environ.get("RAY_TMPDIR", SHORT))
    except OSError as error:
        raise PlanError(
            f"--on {LOCAL}: there is no place for Ray's files: {error}. Set RAY_TMPDIR to a folder that can be written"
        ) from None


def _init(ray: Any, on: str, scratch: Scratch | None) -> None:
    """`scratch` is where Ray's files are, if it is started here."""
    address, here = on, dict[str, Any]()
    if scratch:
        address, here = "local", {"num_cpus": 1, "num_gpus": 0, "object_store_memory": STORE}
        here |= {"include_dashboard": False, "_temp_dir": str(scratch.path), "_system_config": SPARED}
    try:
        ray.init(address=address, namespace="loadgen", configure_logging=False, log_to_driver=False, **here)
    except Exception as error:  # whatever Ray raises, of which there are many kinds
        if scratch:
            raise PlanError(f"--on {on}: Ray did not start: {_reason(error)}") from None
        raise PlanError(
            f"--on {on}: there is no way into that Ray cluster: {_reason(error)}. This machine has to be one of its "
            "nodes (ray start --address HOST:PORT), and to have its token in RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH"
        ) from None
    if scratch:
        _spare(ray)


def _spare(ray: Any) -> None:
    """End what Ray starts for a terminal, an autoscaler and a browser, none of which are there: each of them polls."""
    started = ray._private.worker._global_node
    for end in (started.kill_log_monitor, started.kill_monitor, started.kill_dashboard):
        end(check_alive=False)


def _nodes(ray: Any, count: int | None, lend: Lend, local: bool) -> Iterator[RemoteNode]:
    """Nodes whose actors are there. Raises PlanError, or WorkerLost if one dies."""
    alive = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]
    wanted = _enough(count, len(alive), local)
    group = ray.util.placement_group([{"CPU": 1}] * wanted, strategy="STRICT_SPREAD")
    if not group.wait(STARTED):
        raise PlanError(f"--nodes {wanted}: Ray did not find as many nodes with a free CPU within {STARTED:g} s")
    remote = ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0, runtime_env={"env_vars": NICE})(Actor)
    strategy = ray.util.scheduling_strategies.PlacementGroupSchedulingStrategy
    actors = [remote.options(scheduling_strategy=strategy(group, n)).remote() for n in range(wanted)]
    ids = ray.util.placement_group_table(group)["bundles_to_node_id"]
    for number, actor in enumerate(actors, 1):
        yield _node(ray, number, actor, ids, lend)


def _enough(count: int | None, there: int, local: bool) -> int:
    """How many nodes send. Raises PlanError if not as many are there."""
    if not there:
        raise PlanError(
            "the cluster has no node with a CPU to give. Wait for one, or add one: ray start --address HOST:PORT"
        )
    if count and count > there:
        if local:
            raise PlanError(f"--nodes {count}: the Ray that --on ray starts has one node. Leave --nodes out")
        raise PlanError(
            f"--nodes {count}: the cluster has {there} with a CPU to give. Ask for no more, or wait for them"
        )
    return count or there


def _node(ray: Any, number: int, actor: Any, ids: Mapping[int, str], lend: Lend) -> RemoteNode:
    """The node of that number, from 1. `ids` are those of all machines."""
    try:
        about: About = ray.get(actor.open.remote(lend, len(ids)), timeout=STARTED)
    except ray.exceptions.RayError as error:
        died = isinstance(error, ray.exceptions.RayActorError) and not error.actor_init_failed
        if died or isinstance(error, ray.exceptions.GetTimeoutError):
            raise WorkerLost(f"node {number} was lost before the load: {_reason(error)}") from None
        raise PlanError(
            f"node {number} cannot run workers: {_reason(error)}. Install loadgen[ray] {loadgen.__version__} there"
        ) from None
    return RemoteNode(number, ActorLink(ray, actor, ids[number - 1], about.folder), about, len(ids))


def _open(node: RemoteNode, local: bool) -> None:
    """Begin to talk to it. Raises PlanError if it is not used, WorkerLost if it dies."""
    if why := refused(node.about, local):
        raise PlanError(f"node {node.about.host} ({node.about.address}) {why}")
    try:
        node.open()
    except NodeGone as gone:
        raise WorkerLost(f"node {node.name} was lost before the load: {gone}") from None


def refused(told: About, local: bool) -> str:
    """Why a node is not used; empty if it is."""
    python = ".".join(map(str, sys.version_info[:2]))
    if told.version != loadgen.__version__:
        return f"has loadgen {told.version}, and this machine {loadgen.__version__}. Install the same on all nodes"
    if told.python.rpartition(".")[0] != python:
        return f"runs Python {told.python}, and this machine {python}. Use the same on all nodes"
    if told.niceness > 0:
        return (
            f"runs what it is given with a niceness of {told.niceness}: it would send late. Start Ray there without it"
        )
    if not (told.authenticated or local):
        return (
            "asks for no token: whoever reaches it can run programs there. Start the cluster with RAY_AUTH_MODE=token"
        )
    return ""


def _shut_down(ray: Any, scratch: Scratch | None) -> None:
    with _as_it_was(), suppress(Exception):
        ray.shutdown()
    if scratch:
        scratch.remove()


@contextmanager
def _as_it_was() -> Iterator[None]:
    """Ray takes signals over, which are not its own to take."""
    before: list[tuple[signal.Signals, Callable[..., Any] | int | None]] = [
        (number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            for number, handler in before:
                signal.signal(number, handler)


@contextmanager
def _without_stderr() -> Iterator[None]:
    """Ray's compiled part writes to this process's stderr until it has a log of its own."""
    sys.stderr.flush()
    ours, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(ours, 2)
        os.close(ours)
        os.close(nothing)


def _reason(error: Exception) -> str:
    """The last line of what Ray says, which is the one that tells."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    line = (lines[-1] if lines else type(error).__name__).rstrip(".")
    if len(line) <= REASON:
        return line
    words, _, _ = line[:REASON].rpartition(" ")
    return f"{words or line[: REASON - 1]}…"
