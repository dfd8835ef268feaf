"""`loadgen selftest`: what this machine can be trusted with."""

from __future__ import annotations

import sys

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

    from loadgen.report.formats import to_json
    from loadgen.report.terminal.live import progress
    from loadgen.report.terminal.selftest import show
    from loadgen.sandbox.process import start_responder
    from loadgen.selftest.course import selftest
    from loadgen.selftest.measure import FULL, QUICK
    from loadgen.selftest.state import place, save

    display = progress(sys.stderr, quiet=quiet)
    try:
        result = uvloop.run(selftest(QUICK if quick else FULL, start_responder, display.message))
    finally:
        display.close()
    why_not = save(place(), result) if result["complete"] else "it is not complete"
    result["saved"] = None if why_not else str(place())
    if why_not:
        result["warnings"].append(f"not saved: {why_not}")
    with output() as out:
        out.write(f"{to_json(result)}\n" if as_json else show(result))
    return int(Exit.INTERRUPTED if result["interrupted"] else Exit.PASSED)
