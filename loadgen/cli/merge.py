"""`loadgen merge`: the runs of machines that shared a load, made into one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from loadgen.cli import HELP, NewPath, complain, output
from loadgen.cli.copying import RunPath, local
from loadgen.cli.exports import Exports, export_options

if TYPE_CHECKING:
    from loadgen.bucket.place import Place


@click.command("merge", short_help="Make the runs of machines that shared a load into one.", context_settings=HELP)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=RunPath())
@click.option("--out", "folder", type=NewPath(), required=True, help="The folder of the run that they are together.")
@click.option("--accept-invalid", is_flag=True, help="Use the figures of an INVALID run too; the result says so.")
@click.option("--full", is_flag=True, help="Print everything, and not one screen of it.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@export_options
def command(
    runs: tuple[Path | Place, ...], folder: Path, accept_invalid: bool, full: bool, as_json: bool, exports: Exports
) -> int:
    """Make the RUNs of machines that shared a load (loadgen run --share I/N) into one run, and report it.

    The counts are added up exactly: percentiles are those of all requests of all machines, and no mean of percentiles.
    Runs that do not belong together are refused. A share that is not there is named, and the result is INCOMPLETE.

    Each of three machines was given its number and the same instant, --share 1/3 --start-at 2026-01-31T12:00:00Z, and
    then their folders were brought to one place, or to S3 (--copy-to).

    \b
    loadgen merge part-1 part-2 part-3 --out whole
    loadgen merge part-* --out whole --html whole.html --junit results.xml
    loadgen merge s3://my-bucket/part-1 s3://my-bucket/part-2 s3://my-bucket/part-3 --out whole
    """
    from loadgen.experiment.merge.merged import merge
    from loadgen.report.formats import json_text
    from loadgen.report.terminal.screen import show
    from loadgen.report.unusable import unusable

    result = merge(tuple(map(local, runs)), folder, accept_invalid)
    exports.write(result, folder)
    with output() as out:
        if as_json:
            out.write(f"{json_text(result)}\n")
            if why := unusable(result):
                complain(f"loadgen: {why}")
        elif not exports.to_stdout:
            show(result, out, full)
    return int(result.exit_status or 0)
