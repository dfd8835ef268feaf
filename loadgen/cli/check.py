"""`loadgen check`: show what a profile would send."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from loadgen.cli import HELP, output
from loadgen.cli.machines import machine_options, machines
from loadgen.cli.request import load_options, request_options
from loadgen.cli.run import reading, witness_option
from loadgen.errors import PlanError, TargetError

if TYPE_CHECKING:
    from loadgen.profile.curl_options import Asked


@click.command("check", short_help="Show what a profile would send. Sends nothing.", context_settings=HELP)
@click.argument("profile")
@click.option("--target", metavar="URL|aws", help="As with run.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Override a key: load.burst.rate=500/s.")
@load_options
@request_options
@click.option("--workers", metavar="N|auto", help="As with run.")
@machine_options
@click.option("--witness", is_flag=True, help="As with run; shows whether the witness will have enough requests.")
@click.option("--full", is_flag=True, help="Print everything, and not one screen of it.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as one JSON object.")
def command(
    profile: str,
    target: str | None,
    sets: tuple[str, ...],
    rate: str | None,
    duration: str | None,
    users: int | None,
    asked: Asked | None,
    workers: str | None,
    on: str | None,
    nodes: int | None,
    witness: bool,
    full: bool,
    as_json: bool,
) -> int:
    """Show what PROFILE would send, when, over how many connections, and which percentiles it could give. Sends
    nothing.

    \b
    loadgen check burst
    loadgen check burst --set load.burst.rate=5000/s --workers auto
    loadgen check https://127.0.0.1:8443/ --rate 200/s --for 30s
    loadgen check dynamodb-put --target aws
    loadgen check steady --on 10.0.0.7:6379 --nodes 4
    """
    from loadgen.experiment.capacity.plan import plan_of
    from loadgen.experiment.capacity.preview import preview
    from loadgen.experiment.check import check
    from loadgen.report.formats import json_text
    from loadgen.report.terminal.check import render_check
    from loadgen.report.terminal.check_summary import check_screen
    from loadgen.report.terminal.page import fitting
    from loadgen.report.words import encodable, wants_color
    from loadgen.result.codec import map_text
    from loadgen.runner.table.cost import refusal
    from loadgen.selftest.standing import standing

    with reading(profile, target, sets, rate, duration, users, asked, workers) as loaded:
        if witness:
            witness_option(loaded)
        variants = [variant.profile for variant in loaded.variants]
        with machines(on, nodes, loaded) as where:
            checked = check(loaded.profile, variants, witness, where)
        capacity = preview(loaded, plan_of(loaded)) if loaded.profile.capacity else None
        plan = map_text(
            replace(checked, capacity=capacity, selftest=None if on else standing(loaded)), loaded.secrets.hide
        )
    with output() as out:
        if as_json:
            out.write(f"{json_text(plan)}\n")
        else:
            width = fitting(out)
            text = render_check(plan, width) if full else check_screen(plan, width, wants_color(out))
            out.write(encodable(text, out))
    if plan.unusable:
        raise TargetError(plan.unusable)
    if plan.cost and plan.cost.refused:
        raise PlanError(refusal(plan.cost))
    return 0
