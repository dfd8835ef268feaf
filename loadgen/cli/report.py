"""`loadgen report`: print a saved run again, without running it again."""

from __future__ import annotations

from pathlib import Path

import click

from loadgen.cli import HELP, output
from loadgen.cli.exports import Exports, export_options


@click.command("report", short_help="Print the result of a saved run again.", context_settings=HELP)
@click.argument("run", required=False, type=click.Path(path_type=Path))
@click.option("--full", is_flag=True, help="Print everything, and not one screen of it.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@export_options
@click.option("--share", is_flag=True, help="Leave out names of hosts, addresses, accounts and requests' ids.")
def command(run: Path | None, full: bool, as_json: bool, exports: Exports, share: bool) -> int:
    """Print the result of RUN, a run's folder or its name below runs/; by default the newest.

    A run that died is reported from what it wrote, and marked INCOMPLETE.

    \b
    loadgen report
    loadgen report runs/burst-20260131-120000 --json
    loadgen report --share
    loadgen report --html run.html
    loadgen report --csv figures.csv --junit results.xml
    loadgen report --csv -
    """
    from loadgen.analysis.documents import as_written
    from loadgen.experiment.saved import RUNS, find, read
    from loadgen.report.formats import json_text
    from loadgen.report.sharing import shared
    from loadgen.report.terminal.screen import show

    with as_written(run or RUNS):
        folder = find(run)
        result = read(folder)
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
