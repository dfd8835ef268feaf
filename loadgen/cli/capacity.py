"""`loadgen capacity`: the highest rate at which a target keeps what is asked of it."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from loadgen.cli import HELP, NewPath, complain, output
from loadgen.cli.exports import Exports, export_options
from loadgen.cli.loop import on_loop
from loadgen.cli.request import request_options
from loadgen.cli.run import folder_for, reading, seeded

if TYPE_CHECKING:
    from collections.abc import Callable

    from loadgen.profile.curl_options import Asked
    from loadgen.profile.load import Loaded
    from loadgen.result.capacity import CapacityPlan, CapacityResult

T = TypeVar("T")
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
    from loadgen.report.formats.github import add_to_summary
    from loadgen.report.terminal.capacity import planned
    from loadgen.report.terminal.page import fitting
    from loadgen.report.terminal.screen import show

    given = {
        "--keep": keeps, "--for": duration, "--max-rate": max_rate, "--from": first, "--out": folder,
        "--dry-run": dry_run,
    }  # fmt: skip
    if resume and (wrong := [name for name, value in given.items() if value]):
        raise click.UsageError(f"{wrong[0]} goes with a new measurement; the one to resume has its own")
    with reading(profile, target, (*sets, *seeded(seed)), asked=asked, workers=workers) as loaded:
        if resume:
            result = _carry_out(loaded, None, _found(resume), quiet, not no_tui, not no_preflight)
        else:
            if not keeps and not loaded.profile.capacity:
                raise click.UsageError(f"--keep is missing: what is the target to keep? --keep '{KEEP}'")
            plan = plan_of(
                loaded,
                conditions(keeps) if keeps else (),
                _read("--for", duration, units.duration),
                _read("--max-rate", max_rate, rate_to_send),
                _read("--from", first, rate_to_send),
            )
            if dry_run:
                planned_load = preview(loaded, plan)
                with output() as out:
                    out.write(f"{json_text(planned_load)}\n" if as_json else planned(planned_load, fitting(out)))
                return 0
            result = _carry_out(loaded, plan, folder, quiet, not no_tui, not no_preflight)
    exports.write(result, Path(result.run))
    if trouble := add_to_summary(result):
        complain(f"loadgen: {trouble}")
    with output() as out:
        if as_json:
            out.write(f"{json_text(result)}\n")
        elif not exports.to_stdout:
            show(result, out, full)
    return int(result.exit_status or 0)


def _carry_out(
    loaded: Loaded, plan: CapacityPlan | None, folder: Path | None, quiet: bool, whole: bool, preflight: bool
) -> CapacityResult:
    """A new measurement by that plan; without one, the rest of that in the folder."""
    from loadgen.experiment.capacity.measurement import measure, resume
    from loadgen.report.terminal.display import progress
    from loadgen.runner.options import Options
    from loadgen.sandbox.process import start
    from loadgen.sandbox.registry import sandbox_at
    from loadgen.selftest.standing import known_resolution

    place = folder or folder_for(loaded, "capacity-")
    options = Options(place, start, sandbox_at, preflight=preflight, needed=True, resolution=known_resolution())
    with closing(progress(sys.stderr, quiet=quiet, whole=whole, hide=loaded.secrets.hide)) as display:
        work = measure(loaded, plan, options, display) if plan else resume(loaded, options, display)
        return on_loop(work, display.close)


def _found(run: Path) -> Path:
    from loadgen.experiment.saved import find

    return find(run)


def _read(option: str, text: str | None, parse: Callable[[str], T]) -> T | None:
    if text is None:
        return None
    try:
        return parse(text)
    except ValueError as error:
        raise click.UsageError(f"{option}: {error}") from None
