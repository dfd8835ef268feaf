"""`loadgen selftest`: what this machine can be trusted with."""

from __future__ import annotations

import sys
from dataclasses import replace

import click

from loadgen.cli import HELP, output
from loadgen.errors import Exit


@click.command("selftest", short_help="What this machine can be trusted with, in two minutes.", context_settings=HELP)
@click.option("--quick", is_flag=True, help="20 seconds, and rougher figures.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
def command(quick: bool, as_json: bool, quiet: bool) -> int:
    """Find out what this machine can be trusted with: the highest rate that stays VALID on one worker, what differences
    are noise, how exactly requests leave, and its limits.

    All load goes to a target of its own on 127.0.0.1. The result is kept in $XDG_STATE_HOME/loadgen (by default
    ~/.local/state/loadgen), and a later `loadgen run` beyond it is warned before it starts. Stop what else runs on the
    machine first.

    \b
    loadgen selftest
    loadgen selftest --quick --json
    """
    import uvloop

    from loadgen.report.formats import json_text
    from loadgen.report.sentences import sentence
    from loadgen.report.terminal.live import progress
    from loadgen.report.terminal.selftest import show
    from loadgen.sandbox.process import start_responder
    from loadgen.selftest.course import selftest
    from loadgen.selftest.measure import FULL, QUICK
    from loadgen.selftest.state import save, state_file

    display = progress(sys.stderr, quiet=quiet)
    try:
        measured = uvloop.run(selftest(QUICK if quick else FULL, start_responder, display.message, sentence))
    finally:
        display.close()
    place = state_file()
    result = replace(measured, saved=str(place))
    if why_not := save(place, result) if result.complete else "it is not complete":
        result = replace(measured, warnings=(*measured.warnings, f"not saved: {why_not}"))
    with output() as out:
        out.write(f"{json_text(result)}\n" if as_json else show(result))
    return int(Exit.INTERRUPTED if result.interrupted else Exit.PASSED)
