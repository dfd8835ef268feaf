"""What the commands have in common that make a measurement of many runs: `capacity` and `tune`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from loadgen.cli import complain, output
from loadgen.cli.exports import Exports
from loadgen.cli.loop import on_loop
from loadgen.cli.run import folder_for

if TYPE_CHECKING:
    from loadgen.fleet.nodes import Nodes
    from loadgen.profile.load import Loaded
    from loadgen.result.capacity import CapacityResult
    from loadgen.result.tune import TuneResult

T = TypeVar("T")


def check_resumed(given: Mapping[str, object]) -> None:
    """Raise UsageError for an option, by its name, that goes with a new measurement only."""
    if wrong := [name for name, value in given.items() if value]:
        raise click.UsageError(f"{wrong[0]} goes with a new measurement; the one to resume has its own")


def read_option(option: str, text: str | None, parse: Callable[[str], T]) -> T | None:
    """The value of an option's text; None if it is not given. Raises UsageError."""
    try:
        return None if text is None else parse(text)
    except ValueError as error:
        raise click.UsageError(f"{option}: {error}") from None


def found(run: Path) -> Path:
    """The folder that a name or a path of a run means."""
    from loadgen.experiment.saved import find

    return find(run)


def carry_out(
    loaded: Loaded,
    work: Callable[[Any, Any], Coroutine[Any, Any, T]],
    folder: Path,
    quiet: bool,
    whole: bool,
    preflight: bool,
    nodes: Nodes | None = None,
) -> T:
    """What comes of `work`, which is handed the options and the display. `whole`: on the whole screen. `nodes`: the
    machines that the load comes from, if not from this one."""
    from loadgen.report.terminal.display import progress
    from loadgen.runner.options import Options
    from loadgen.sandbox.process import start
    from loadgen.sandbox.registry import sandbox_at
    from loadgen.selftest.standing import known_resolution

    known = None if nodes else known_resolution()  # that of this machine
    options = Options(folder, start, sandbox_at, preflight=preflight, needed=True, resolution=known, nodes=nodes)
    with closing(progress(sys.stderr, quiet=quiet, whole=whole, hide=loaded.secrets.hide)) as display:
        return on_loop(work(options, display), display.close)


def new_folder(loaded: Loaded, folder: Path | None, prefix: str) -> Path:
    """The folder that --out names, else a new one whose name begins with `prefix`."""
    return folder or folder_for(loaded, prefix)


def tell(result: CapacityResult | TuneResult, exports: Exports, as_json: bool, full: bool) -> int:
    """Write the result to where it was asked for. Returns its exit status."""
    from loadgen.report.formats import json_text
    from loadgen.report.formats.github import add_to_summary
    from loadgen.report.terminal.screen import show

    exports.write(result, Path(result.run))
    if trouble := add_to_summary(result):
        complain(f"loadgen: {trouble}")
    with output() as out:
        if as_json:
            out.write(f"{json_text(result)}\n")
        elif not exports.to_stdout:
            show(result, out, full)
    return int(result.exit_status or 0)
