"""`loadgen tune`: what each memory size of a Lambda function takes and costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from loadgen.cli import HELP, NewPath, output
from loadgen.cli.exports import Exports, export_options
from loadgen.cli.loop import on_loop
from loadgen.cli.machines import no_machines
from loadgen.cli.measuring import carry_out, check_resumed, found, new_folder, read_option, tell
from loadgen.cli.run import seeded

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from loadgen.profile.load import Loaded
    from loadgen.result.tune import TunePlan, TuneResult
    from loadgen.runner.options import Options
    from loadgen.runner.progress import Display

SIZES = "128,256,512,1024,1769,3008"


@click.command("tune", short_help="Find the memory size of a Lambda function.", context_settings=HELP)
@click.argument("function", required=False)
@click.option("--memory", metavar="SIZES", help=f"The sizes to compare, in MB.  [default: {SIZES}]")
@click.option("--start", metavar="STARTS", help="Compare on-demand, snapstart and provisioned=N: as a list.")
@click.option("--qualifier", metavar="NAMES", help="Compare versions and aliases that are there: live,7.")
@click.option("--also", metavar="FUNCTION", multiple=True, help="Compare another function too, such as one on arm64.")
@click.option("--calls", type=click.IntRange(5, 100_000), help="Calls of each size.  [default: 200]")
@click.option("--rounds", type=click.IntRange(1, 100), help="Each visits every size once.  [default: 4]")
@click.option("--rate", metavar="RATE", help="Calls are due at this rate.  [default: one follows the other]")
@click.option(
    "--keep", "keeps", multiple=True, metavar="CONDITIONS", help="Choose by what is to be kept: 'p99 < 200ms'."
)
@click.option("--max-cost", metavar="$AMOUNT", help="Begin no visit when the calls have come to this: '$0.50'.")
@click.option("--payload", metavar="JSON|@FILE", help="With a name: the event. {{uuid}} and {{int 1 500}} change.")
@click.option("--region", metavar="REGION", help="With a name: eu-west-1.")
@click.option("--endpoint", metavar="URL|sandbox", help="With a name: a stand-in, or the simulated Lambda.")
@click.option("--target", metavar="URL|aws", help="With a profile: as with run.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="With a profile: as with run.")
@click.option("--seed", metavar="N|random", help="Draw orders, arrivals and payloads from N.")
@click.option("--resume", metavar="RUN", type=click.Path(path_type=Path), help="Go on with an interrupted one.")
@click.option("--restore", metavar="RUN", type=click.Path(path_type=Path), help="Restore what a killed one left.")
@no_machines("its calls are few, and come from this machine")
@click.option("--out", "folder", type=NewPath(), help="The folder.  [default: runs/tune-NAME-TIME]")
@click.option(
    "--check", "--dry-run", "dry_run", is_flag=True, help="Say what would be done and what it takes; send nothing."
)
@click.option("--no-preflight", is_flag=True, help="As with run.")
@click.option("--full", is_flag=True, help="Print every visit, and not one screen.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@export_options
@click.option("--no-tui", is_flag=True, help="Show the progress in a few lines, and not on the whole screen.")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
def command(
    function: str | None,
    memory: str | None,
    start: str | None,
    qualifier: str | None,
    also: tuple[str, ...],
    calls: int | None,
    rounds: int | None,
    rate: str | None,
    keeps: tuple[str, ...],
    max_cost: str | None,
    payload: str | None,
    region: str | None,
    endpoint: str | None,
    target: str | None,
    sets: tuple[str, ...],
    seed: str | None,
    resume: Path | None,
    restore: Path | None,
    folder: Path | None,
    dry_run: bool,
    no_preflight: bool,
    full: bool,
    as_json: bool,
    exports: Exports,
    no_tui: bool,
    quiet: bool,
) -> int:
    """Compare memory sizes of FUNCTION: the name or the ARN of a Lambda function, or a profile whose target is one.

    It sets each size in turn, in rounds, and calls the function. It reports the percentiles of warm calls, what
    is billed, and which size to choose: the cheapest, the fastest and the one between as AWS Lambda Power Tuning has
    them, and with --keep the cheapest that keeps a condition. It changes $LATEST. At the end, on an error and on a
    signal it restores the memory; after kill -9, --restore does, if nobody else has changed the function since.

    \b
    loadgen tune orders --region eu-west-1 --payload '{"id": 1}'
    loadgen tune orders --region eu-west-1 --payload @event.json --keep 'p99 < 200ms' --calls 1000
    loadgen tune orders --region eu-west-1 --rate 20/s --dry-run
    loadgen tune lambda-invoke --memory 256,512,1024
    loadgen tune orders --memory 512,1024 --start on-demand,snapstart,provisioned=5 --dry-run
    loadgen tune orders --qualifier live,7 --rate 20/s --dry-run
    loadgen tune orders.yaml --resume runs/tune-orders-20260131-120000
    loadgen tune --restore runs/tune-orders-20260131-120000
    """
    from loadgen.experiment.tune.plan import CALLS, ROUNDS, Matrix, plan_of, qualifiers_of, sizes_of, starts_of
    from loadgen.experiment.tune.preview import preview
    from loadgen.profile.capacity import rate_to_send
    from loadgen.profile.model import dollars_of
    from loadgen.report.formats import json_text
    from loadgen.report.terminal.page import fitting
    from loadgen.report.terminal.tune import planned

    if restore:
        if function:
            raise click.UsageError("--restore takes the function from the folder. Leave FUNCTION out")
        return _restored(restore)
    if not function:
        raise click.UsageError("FUNCTION is missing: a name, an ARN, or a profile")
    given = {
        "--memory": memory, "--start": start, "--qualifier": qualifier, "--also": also,
        "--calls": calls, "--rounds": rounds, "--rate": rate, "--keep": keeps, "--out": folder,
        "--max-cost": max_cost,
        "--check": dry_run,
    }  # fmt: skip
    if resume:
        check_resumed(given)
    loaded = _loaded(function, payload, region, endpoint, target, (*sets, *seeded(seed)))
    with loaded.secrets.unrevealing():
        starts = starts_of(start or "on-demand")
        matrix = Matrix(starts, qualifiers_of(qualifier or "", starts), also)
        sizes = sizes_of(memory or SIZES) if memory or not matrix.qualifiers else ()
        limit, due = read_option("--max-cost", max_cost, dollars_of), read_option("--rate", rate, rate_to_send)
        plan = plan_of(loaded, sizes, calls or CALLS, rounds or ROUNDS, due, keeps, limit, matrix)
        if dry_run:
            would_do = preview(loaded, plan)
            with output() as out:
                out.write(f"{json_text(would_do)}\n" if as_json else planned(would_do, fitting(out)))
            return 0
        place = found(resume) if resume else new_folder(loaded, folder, "tune-")
        result = _carry_out(loaded, None if resume else plan, place, quiet, not no_tui, not no_preflight)
    return tell(result, exports, as_json, full)


def _loaded(
    function: str,
    payload: str | None,
    region: str | None,
    endpoint: str | None,
    target: str | None,
    sets: tuple[str, ...],
) -> Loaded:
    """The profile, or that of a function's name. Raises UsageError for options that go with the other one."""
    from loadgen.experiment.tune.plan import loaded_of
    from loadgen.net.children import withhold
    from loadgen.profile.load import load, shipped

    if Path(function).suffix in (".yaml", ".yml") or Path(function).is_file() or function in shipped():
        given = (("--payload", payload), ("--region", region), ("--endpoint", endpoint))
        if wrong := [name for name, value in given if value is not None]:
            raise click.UsageError(f"{wrong[0]} goes with a function's name; a profile has its own")
        loaded = load(function, sets=sets, target=target)
        withhold(loaded.variables)
        return loaded
    if target:
        raise click.UsageError("--target goes with a profile; with a function's name, use --region or --endpoint")
    return loaded_of(function, region, endpoint, _event(payload), sets)


def _event(payload: str | None) -> str | None:
    """The text of --payload, or of its file. Raises ProfileError."""
    from loadgen.errors import ProfileError
    from loadgen.files import read_regular, why

    if payload is None or not payload.startswith("@"):
        return payload
    try:
        return read_regular(Path(payload[1:]), 6 << 20).decode()
    except OSError as error:
        raise ProfileError(f"cannot be read: {why(error)}", file=payload[1:]) from None
    except UnicodeDecodeError:
        raise ProfileError("is not UTF-8", file=payload[1:]) from None


def _carry_out(
    loaded: Loaded, plan: TunePlan | None, folder: Path, quiet: bool, whole: bool, preflight: bool
) -> TuneResult:
    """A new measurement by that plan; without one, the rest of that in the folder."""
    from loadgen.experiment.tune.measurement import resume, tune

    def work(options: Options, display: Display) -> Coroutine[Any, Any, TuneResult]:
        return tune(loaded, plan, options, display) if plan else resume(loaded, options, display)

    return carry_out(loaded, work, folder, quiet, whole, preflight)


def _restored(run: Path) -> int:
    """Restore what a tuning or a run that was killed had changed, and say what became of it."""
    from loadgen.experiment.tune.measurement import restore
    from loadgen.report.restored import restored_lines
    from loadgen.runner.options import Options
    from loadgen.sandbox.process import start
    from loadgen.sandbox.registry import sandbox_at

    undone = on_loop(restore(found(run), Options(run, start, sandbox_at)))
    with output() as out:
        out.write("".join(f"{line}\n" for line in restored_lines(undone)) or "Nothing had been changed.\n")
    return 0
