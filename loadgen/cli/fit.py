"""`loadgen fit`: a sandbox that behaves like the target of a saved run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from loadgen.cli import HELP, NewPath, output, say
from loadgen.cli.copying import RunPath, local, named
from loadgen.errors import ProfileError

if TYPE_CHECKING:
    from loadgen.bucket.place import Place
    from loadgen.experiment.twin.fit import Sandboxes
    from loadgen.result.twin import TwinResult

NEWEST = Path("latest")


@click.command("fit", short_help="Write a sandbox that behaves like the target of a run.", context_settings=HELP)
@click.argument("given", required=False, metavar="[RUN]", type=RunPath())
@click.option("--out", "-o", type=NewPath(), help="The profile to write.  [default: stdout]")
@click.option("--no-check", is_flag=True, help="Do not carry the load out on it to see how well it fits.")
@click.option("--accept-invalid", is_flag=True, help="Fit a run that is INVALID too.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as one JSON object.")
def command(given: Path | Place | None, out: Path | None, no_check: bool, accept_invalid: bool, as_json: bool) -> int:
    """Write the profile of RUN with a sandbox as its target that answers as the target of the run did: round trip,
    service time by step, cold starts, throttle, errors. RUN is a run's folder or its name below runs/; `latest`, or
    none, is the newest.

    The same load is then carried out on it in virtual time, and both are shown side by side. What another load would
    do is then tried on it: loadgen run twin.yaml --set load.burst.rate=5000/s

    \b
    loadgen fit -o twin.yaml
    loadgen fit runs/burst-20260131-120000 --no-check
    loadgen fit latest --json
    """
    from loadgen.analysis.documents import as_written
    from loadgen.experiment.saved import RUNS, find, read
    from loadgen.experiment.twin.fit import fit
    from loadgen.experiment.twin.observed import observed
    from loadgen.report.formats import json_text
    from loadgen.report.formats.twin_profile import profile_text
    from loadgen.report.terminal.twin import show

    run = local(given) if given else None
    with as_written(run or RUNS):
        folder = find(None if run == NEWEST else run)
        seen = observed(folder, read(folder), accept_invalid)
    _refuse_taken(out)
    result = fit(seen, _sandboxes(), not no_check, say if sys.stderr.isatty() else lambda text: None)
    if given:
        result = named(result, given)
    text = profile_text(result)
    if out:
        result = _written(result, out, text)
    with output() as stdout:
        if as_json:
            stdout.write(f"{json_text(result)}\n")
        elif out:
            show(result, stdout)
        else:
            stdout.write(text)
            show(result, sys.stderr)
    return 0


def _sandboxes() -> Sandboxes:
    from loadgen.clock import VirtualClock
    from loadgen.experiment.twin.fit import Sandboxes
    from loadgen.sandbox.virtual import VirtualSandbox

    return Sandboxes(VirtualSandbox, lambda settings: VirtualSandbox(settings, VirtualClock()).serve)


def _refuse_taken(out: Path | None) -> None:
    """Before the work is done for nothing."""
    if out and out.exists():
        raise ProfileError("exists already", file=str(out), remedy="Choose another name with --out")


def _written(result: TwinResult, out: Path, text: str) -> TwinResult:
    from dataclasses import replace

    from loadgen.files import taken

    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise ProfileError(taken(error), file=str(out), remedy="Choose another name with --out") from None
    except OSError as error:
        raise ProfileError(f"cannot be written: {error.strerror}", file=str(out)) from None
    return replace(result, written=str(out))
