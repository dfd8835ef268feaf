"""`--on` and `--nodes`: a load from the nodes of a Ray cluster."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from loadgen.fleet.nodes import Nodes
    from loadgen.profile.load import Loaded

PLACE = re.compile(r"ray|auto|(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}")


def machine_options(command: Any) -> Any:
    """The two options."""
    on = click.option(
        "--on",
        metavar="ray|HOST:PORT|auto",
        help="Send the load from the nodes of a Ray cluster: one for this run; at HOST:PORT; in a Ray job, its own.",
    )
    nodes = click.option(
        "--nodes", type=click.IntRange(1), metavar="N", help="With --on: from N nodes.  [default: all]"
    )
    return on(nodes(command))


def no_machines(why: str) -> Callable[[Any], Any]:
    """An option `--on` that is refused, and says why."""

    def refuse(context: click.Context, parameter: click.Parameter, on: str | None) -> None:
        if on is not None:
            raise click.UsageError(f"{context.info_name} takes no --on: {why}")

    return click.option("--on", hidden=True, expose_value=False, callback=refuse)


@contextmanager
def machines(on: str | None, count: int | None, loaded: Loaded, shared: bool = False) -> Iterator[Nodes | None]:
    """The nodes of `--on`, while the block lasts. Raises UsageError, or PlanError if there are none, or if the
    profile has secrets that they cannot read by themselves. `shared`: the load
    is one of several that --share makes."""
    if on is None:
        if count is not None:
            raise click.UsageError("--nodes goes with --on")
        yield None
        return
    if shared:
        raise click.UsageError("--on and --share are two ways to share a load. Give one of them")
    if not PLACE.fullmatch(on):
        from loadgen.profile.units import quoted

        raise click.UsageError(f"--on {quoted(on)}: expected ray, HOST:PORT of a Ray cluster, or auto in a Ray job")
    from loadgen.fleet.nodes import texts_of
    from loadgen.runner.nodes import connected

    texts_of(loaded)  # Ray takes its time to start
    with connected(on, count) as nodes:
        yield nodes
