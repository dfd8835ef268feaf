"""`loadgen capacity`: the highest rate at which a target keeps what is asked of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from loadgen.cli import HELP, NewPath, output
from loadgen.cli.exports import Exports, export_options
from loadgen.cli.machines import machine_options, machines
from loadgen.cli.measuring import carry_out, check_resumed, found, new_folder, read_option, tell
from loadgen.cli.request import request_options
from loadgen.cli.run import reading, seeded

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from loadgen.fleet.nodes import Nodes
    from loadgen.profile.curl_options import Asked
    from loadgen.profile.load import Loaded
    from loadgen.result.capacity import CapacityPlan, CapacityResult
    from loadgen.runner.options import Options
    from loadgen.runner.progress import Display

KEEP = "p99 < 100ms, errors < 0.1%"


@click.command("capacity", short_help="Find the highest rate that keeps a condition.", context_settings=HELP)
@click.argument("profile")
@click.option(
    "--keep",
    "keeps",
    multiple=True,
    metavar="CONDITIONS",
    help=f"What to keep: '{KEEP}'.  [default: the profile's]",
)
@click.option("--for", "duration", metavar="TIME", help="How long it may take, about.  [default: the profile's, or 8m]")
@click.option("--max-rate", metavar="RATE", help="The highest rate that may be sent. Needed unless it is this machine.")
@click.option("--from", "first", metavar="RATE", help="The first rate.  [default: the profile's; with a URL 50/s]")
@click.option("--seed", metavar="N|random", help="Draw rates and arrivals from N.")
@click.option("--target", metavar="URL|aws", help="As with run.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="As with run: session=per-request.")
@request_options
@click.option("--workers", metavar="N|auto", help="As with run.")
@machine_options
@click.option("--resume", metavar="RUN", type=click.Path(path_type=Path), help="Go on with an interrupted one.")
@click.option("--out", "folder", type=NewPath(), help="The folder.  [default: runs/NAME-TIME]")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing.")
@click.option("--no-preflight", is_flag=True, help="As with run.")
@click.option("--full", is_flag=True, help="Print every step, and not one screen.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@export_options
@click.option("--no-tui", is_flag=True, help="Show the progress in a few lines, and not on the whole screen.")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
def command(
    profile: str,
    keeps: tuple[str, ...],
    duration: str | None,
    max_rate: str | None,
    first: str | None,
    seed: str | None,
    target: str | None,
    sets: tuple[str, ...],
    asked: Asked | None,
    workers: str | None,
    on: str | None,
    nodes: int | None,
    resume: Path | None,
    folder: Path | None,
    dry_run: bool,
    no_preflight: bool,
    full: bool,
    as_json: bool,
    exports: Exports,
    no_tui: bool,
    quiet: bool,
) -> int:
    """Find the highest rate at which the target of PROFILE, a profile or a URL, keeps conditions.

    The rate doubles until a condition breaks. Steps at rates around that then tell where it breaks, with an interval,
    and whether the target, a throttle, a cap on connections or this machine is the limit. The load of the profile is
    not used, only its requests, its session and its target. A profile's `capacity` has defaults of these options, and
    thresholds.

    \b
    loadgen capacity https://127.0.0.1:8443/ --keep 'p99 < 100ms, errors < 0.1%'
    loadgen capacity burst --keep 'p99 < 150ms' --for 13m
    loadgen capacity burst --keep 'p99 < 150ms' --target https://HOST/STAGE --max-rate 500/s
    loadgen capacity burst --keep 'p99 < 150ms' --dry-run
    loadgen capacity burst --keep 'p99 < 150ms' --html capacity.html --junit results.xml
    loadgen capacity burst --resume runs/capacity-burst-20260131-120000
    """
    from loadgen.experiment.capacity.plan import conditions, plan_of
    from loadgen.experiment.capacity.preview import preview
    from loadgen.profile import units
    from loadgen.profile.capacity import rate_to_send
    from loadgen.report.formats import json_text
    from loadgen.report.terminal.capacity import planned
    from loadgen.report.terminal.page import fitting

    given = {
        "--keep": keeps, "--for": duration, "--max-rate": max_rate, "--from": first, "--out": folder,
        "--dry-run": dry_run,
    }  # fmt: skip
    if resume:
        check_resumed(given)
    with reading(profile, target, (*sets, *seeded(seed)), asked=asked, workers=workers) as loaded:
        if resume:
            with machines(on, nodes, loaded) as where:
                result = _carry_out(loaded, None, found(resume), quiet, not no_tui, not no_preflight, where)
        else:
            if not keeps and not loaded.profile.capacity:
                raise click.UsageError(f"--keep is missing: what is the target to keep? --keep '{KEEP}'")
            plan = plan_of(
                loaded,
                conditions(keeps) if keeps else (),
                read_option("--for", duration, units.duration),
                read_option("--max-rate", max_rate, rate_to_send),
                read_option("--from", first, rate_to_send),
            )
            if dry_run:
                planned_load = preview(loaded, plan)
                with output() as out:
                    out.write(f"{json_text(planned_load)}\n" if as_json else planned(planned_load, fitting(out)))
                return 0
            place = new_folder(loaded, folder, "capacity-")
            with machines(on, nodes, loaded) as where:
                result = _carry_out(loaded, plan, place, quiet, not no_tui, not no_preflight, where)
    return tell(result, exports, as_json, full)


def _carry_out(
    loaded: Loaded,
    plan: CapacityPlan | None,
    folder: Path,
    quiet: bool,
    whole: bool,
    preflight: bool,
    nodes: Nodes | None,
) -> CapacityResult:
    """A new measurement by that plan; without one, the rest of that in the folder. `nodes`: from these machines."""
    from loadgen.experiment.capacity.measurement import measure, resume

    def work(options: Options, display: Display) -> Coroutine[Any, Any, CapacityResult]:
        return measure(loaded, plan, options, display) if plan else resume(loaded, options, display)

    return carry_out(loaded, work, folder, quiet, whole, preflight, nodes)
