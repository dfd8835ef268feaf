"""`loadgen report`: a saved run again, without running it again."""

from __future__ import annotations

from pathlib import Path

import click

from loadgen.cli import HELP, output
from loadgen.errors import ProfileError


@click.command("report", short_help="Print the result of a saved run again.", context_settings=HELP)
@click.argument("run", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def command(run: Path | None, as_json: bool) -> int:
    """Print the result of RUN, a run's folder or its name below runs/; by default the newest.

    A run that died is reported from what it had written, and marked INCOMPLETE.

    \b
    loadgen report
    loadgen report runs/burst-20260131-120000 --json
    """
    from loadgen.experiment.saved import find, read
    from loadgen.report.formats import to_json
    from loadgen.report.terminal import show

    folder = find(run)
    result = read(folder)
    with output() as out:
        if as_json:
            out.write(f"{to_json(result)}\n")
            return 0
        try:
            show(result, out)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise ProfileError(f"is not as loadgen wrote it: {error}", file=str(folder / "result.json")) from error
    return 0
