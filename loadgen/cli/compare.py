"""`loadgen compare`: two saved runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from loadgen.cli import HELP, output
from loadgen.cli.copying import RunPath, local, named

if TYPE_CHECKING:
    from loadgen.bucket.place import Place


@click.command("compare", short_help="Show two saved runs side by side, without a verdict.", context_settings=HELP)
@click.argument("first", metavar="RUN", type=RunPath())
@click.argument("second", metavar="RUN", type=RunPath())
@click.option("--accept-invalid", is_flag=True, help="Compare runs that are INVALID too; the result says so.")
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as one JSON object.")
def command(first: Path | Place, second: Path | Place, accept_invalid: bool, as_json: bool) -> int:
    """Show two saved runs side by side: the latencies of the phases and steps that both have, and their ratio.

    There is no verdict, because a difference between two times may be drift. To get one, write an `experiment:` in the
    profile, whose variants take turns, or use `loadgen keepalive`.

    \b
    loadgen compare runs/burst-20261122-101500 runs/burst-20261122-103000
    """
    from loadgen.analysis.documents import as_written
    from loadgen.experiment.saved import find, read
    from loadgen.experiment.two_runs import compare
    from loadgen.report.formats import json_text
    from loadgen.report.terminal.two_runs import show

    with as_written(f"{first} or {second}"):
        result = compare(
            *(named(read(find(local(run))), run) for run in (first, second)), accept_invalid=accept_invalid
        )
        with output() as out:
            if as_json:
                out.write(f"{json_text(result)}\n")
            else:
                show(result, out)
    return 0
