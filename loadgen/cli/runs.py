"""`loadgen runs`: the saved runs of a folder."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from loadgen.cli import HELP, output
from loadgen.cli.copying import FolderHere


@click.command("runs", short_help="List the saved runs.", context_settings=HELP)
@click.argument("folder", required=False, type=FolderHere())
@click.option("--all", "every", is_flag=True, help="List all of them, and not the newest twenty.")
def command(folder: Path | None, every: bool) -> int:
    """List the runs in FOLDER, by default runs/, the newest first: what became of each, and its longest tail.

    \b
    loadgen runs
    loadgen runs results --all
    """
    from loadgen.experiment.saved import RUNS, saved
    from loadgen.report.terminal.page import fitting
    from loadgen.report.terminal.runs import runs
    from loadgen.report.words import encodable, wants_color

    listed, more = saved(folder or RUNS, None if every else 20)
    with output() as out:
        text = runs(listed, more, fitting(out), wants_color(sys.stdout))
        out.write(encodable(text, out))
    return 0
