"""`loadgen report`: print a saved run again, without running it again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from loadgen.cli import HELP, output
from loadgen.cli.copying import RunPath, local, named
from loadgen.cli.exports import Exports, export_options
from loadgen.errors import ProfileError

if TYPE_CHECKING:
    from loadgen.bucket.place import Place


@click.command("report", short_help="Print the result of a saved run again.", context_settings=HELP)
@click.argument("runs", metavar="[RUN]...", nargs=-1, type=RunPath())
@click.option("--full", is_flag=True, help="Print everything, and not one screen of it.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@export_options
@click.option("--share", is_flag=True, help="Leave out names of hosts, addresses, accounts and requests' ids.")
def command(runs: tuple[Path | Place, ...], full: bool, as_json: bool, exports: Exports, share: bool) -> int:
    """Print the result of RUN, a run's folder or its name below runs/; by default the newest.

    A run that died is reported from what it wrote, and marked INCOMPLETE. Several runs are laid over each other: a row
    for each in one table, a curve for each in the same chart of --html. There is no verdict on their difference.

    \b
    loadgen report
    loadgen report runs/burst-20260131-120000 --json
    loadgen report --share
    loadgen report --html run.html
    loadgen report --csv figures.csv --junit results.xml
    loadgen report --csv -
    loadgen report RUN RUN RUN --html overlaid.html
    """
    from loadgen.analysis.documents import as_written
    from loadgen.experiment.saved import RUNS, find, read
    from loadgen.report.formats import json_text
    from loadgen.report.sharing import shared
    from loadgen.report.terminal.screen import show

    if len(runs) > 1:
        return _overlaid(runs, full or as_json, exports, share)
    run = runs[0] if runs else None
    with as_written(run or RUNS):
        folder = find(local(run) if run else None)
        result = named(read(folder), run) if run else read(folder)
        if share:
            result = shared(result)
        exports.write(result, folder, profile=not share)
        if exports.files and not (as_json or full):
            return 0
        with output() as out:
            if as_json:
                out.write(f"{json_text(result)}\n")
            else:
                show(result, out, full)
    return 0


def _overlaid(runs: tuple[Path | Place, ...], more: bool, exports: Exports, share: bool) -> int:
    from loadgen.analysis.documents import as_written
    from loadgen.experiment.saved import find, read
    from loadgen.report.html.text import overlay_text
    from loadgen.report.overlaid import LETTERS
    from loadgen.report.sharing import shared
    from loadgen.report.terminal.overlay import show
    from loadgen.result.run import RunResult

    if others := [f"--{name}" for name in exports.files if name != "html"]:
        raise ProfileError(f"{', '.join(others)} takes one run", remedy="Several runs have a screen and --html")
    if more:
        raise ProfileError("--full and --json take one run", remedy="Several runs have a screen and --html")
    if len(runs) > len(LETTERS):
        raise ProfileError(f"{len(runs)} runs are more than the {len(LETTERS)} that can be told apart")
    results = list[tuple[str, RunResult]]()
    for run in runs:
        with as_written(run):
            folder = find(local(run))
            result = shared(read(folder)) if share else named(read(folder), run)
        if not isinstance(result, RunResult):
            raise ProfileError(
                "is made of several runs",
                file=str(folder),
                remedy="Report it by itself, or name runs that it is made of",
            )
        results.append(("" if share else folder.name, result))  # a folder may have the name of a host
    if exports.files:
        exports.write_made("html", overlay_text(results))
        return 0
    with output() as out:
        show(results, out)
    return 0
