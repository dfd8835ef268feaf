"""`loadgen selftest`: measure how far you can trust this machine."""

from __future__ import annotations

import sys
from dataclasses import replace

import click

from loadgen.cli import HELP, output
from loadgen.cli.loop import on_loop
from loadgen.errors import Exit
from loadgen.result.reason import Reason


@click.command("selftest", short_help="Measure in two minutes how far to trust this machine.", context_settings=HELP)
@click.option("--quick", is_flag=True, help="Take 20 seconds, and give rougher figures.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
def command(quick: bool, as_json: bool, quiet: bool) -> int:
    """Measure how far you can trust this machine: the highest rate that stays VALID on one worker, which differences
    are noise, how exactly requests leave, and the machine's limits.

    Stop what else runs on the machine first. All load goes to a target of its own on 127.0.0.1. loadgen keeps the
    result in $XDG_STATE_HOME/loadgen (by default ~/.local/state/loadgen). A later `loadgen run` beyond it warns before
    it starts.

    \b
    loadgen selftest
    loadgen selftest --quick --json
    """
    from loadgen.report.formats import json_text
    from loadgen.report.terminal.display import progress
    from loadgen.report.terminal.page import fitting
    from loadgen.report.terminal.selftest import show
    from loadgen.sandbox.process import start_responder
    from loadgen.selftest.course import selftest
    from loadgen.selftest.measure import FULL, QUICK
    from loadgen.selftest.state import save, state_file

    display = progress(sys.stderr, quiet=quiet)
    try:
        measured = on_loop(selftest(QUICK if quick else FULL, start_responder, display.message))
    finally:
        display.close()
    place = state_file()
    result = replace(measured, saved=str(place))
    if why_not := save(place, result) if result.complete else "it is not complete":
        result = replace(measured, warnings=(*measured.warnings, Reason.of("not_saved_selftest", error=why_not)))
    with output() as out:
        out.write(f"{json_text(result)}\n" if as_json else show(result, fitting(out)))
    return int(Exit.INTERRUPTED if result.interrupted else Exit.PASSED)
