"""`loadgen keepalive`: measure what a new connection per request costs on a URL."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from loadgen.cli import HELP, NewPath, output
from loadgen.cli.loop import on_loop
from loadgen.cli.request import request_options
from loadgen.cli.run import folder_for

if TYPE_CHECKING:
    from loadgen.profile.curl_options import Asked
    from loadgen.profile.load import Loaded
    from loadgen.report.terminal.display import TerminalDisplay
    from loadgen.result.experiment import ExperimentResult, IdleRuns
    from loadgen.result.run import RunResult


@click.command("keepalive", short_help="Measure in a minute what new connections cost.", context_settings=HELP)
@click.argument("url")
@click.option("--rate", default="40/s", show_default=True, metavar="RATE", help="Requests a second, 100/s at the most.")
@click.option(
    "--rounds", type=click.IntRange(2, 100), default=6, show_default=True, help="Each has 110 requests of each kind."
)
@click.option("--idle", metavar="TIMES", help="Measure instead whether connections outlive pauses: 1s,10s,60s.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="As with run: tls.ca=FILE.")
@request_options
@click.option("--out", "folder", type=NewPath(), help="The folder.  [default: runs/keepalive-HOST-TIME]")
@click.option("--accept-invalid", is_flag=True, help="Use the figures of INVALID runs too; the result says so.")
@click.option("--full", is_flag=True, help="Print everything, and not one screen of it.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.option("--no-tui", is_flag=True, help="Show the progress in a few lines, and not on the whole screen.")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
def command(
    url: str,
    rate: str,
    rounds: int,
    idle: str | None,
    sets: tuple[str, ...],
    asked: Asked | None,
    folder: Path | None,
    accept_invalid: bool,
    full: bool,
    as_json: bool,
    no_tui: bool,
    quiet: bool,
) -> int:
    """Measure what a new connection for each request costs on URL, or on `sandbox`, the simulated target.

    Three kinds of connection take turns under a gentle load: shared ones, new ones that resume their TLS session, and
    wholly new ones. One sentence says how much slower new ones are at p50 and at p99, with intervals, and why.

    \b
    loadgen keepalive https://abc.execute-api.eu-west-1.amazonaws.com/prod/ping
    loadgen keepalive https://127.0.0.1:8443/ --set tls.ca=ca.pem
    loadgen keepalive https://127.0.0.1:8443/orders -H "x-api-key: $API_KEY"
    loadgen keepalive https://127.0.0.1:8443/ --idle 1s,10s,60s
    """
    from loadgen.experiment.keepalive import profile_of
    from loadgen.report.formats import json_text
    from loadgen.report.terminal.keepalive import idle_table, sentence
    from loadgen.report.terminal.page import fitting
    from loadgen.report.terminal.screen import show
    from loadgen.report.words import wrapped

    if idle is not None:
        pauses = _come_back(url, idle, sets, asked, folder, Shown(quiet, not no_tui))
        with output() as out:
            out.write(f"{json_text(pauses)}\n" if as_json else idle_table(pauses.idle, fitting(out)))
        return next((status for run in pauses.idle if (status := run.exit_status)), 0)
    result = _take_turns(profile_of(url, rate, rounds, sets, asked), folder, accept_invalid, Shown(quiet, not no_tui))
    with output() as out:
        if as_json:
            out.write(f"{json_text(result)}\n")
        else:
            out.write("\n".join([*wrapped(sentence(result.comparison), fitting(out), ""), "", ""]))
            show(result, out, full)
    return int(result.exit_status or 0)


class Shown(NamedTuple):
    """How the progress is shown."""

    quiet: bool
    whole: bool


@contextmanager
def _shown(loaded: Loaded, shown: Shown) -> Iterator[TerminalDisplay]:
    """The display of a profile's runs. Neither it nor what is raised says a secret."""
    from loadgen.net.children import withhold
    from loadgen.report.terminal.display import progress

    withhold(loaded.variables)
    hide = loaded.secrets.hide
    with (
        loaded.secrets.unrevealing(),
        closing(progress(sys.stderr, quiet=shown.quiet, whole=shown.whole, hide=hide)) as display,
    ):
        yield display


def _take_turns(loaded: Loaded, folder: Path | None, accept_invalid: bool, shown: Shown) -> ExperimentResult:
    from loadgen.experiment.rounds import run_experiment
    from loadgen.runner.options import Options
    from loadgen.sandbox.process import start
    from loadgen.sandbox.registry import sandbox_at
    from loadgen.selftest.standing import known_resolution

    place, needed = folder or folder_for(loaded), folder is not None
    options = Options(
        place, start, sandbox_at, accept_invalid=accept_invalid, needed=needed, resolution=known_resolution()
    )
    with _shown(loaded, shown) as display:
        return on_loop(run_experiment(loaded, options, display), display.close)


def _come_back(
    url: str, pauses: str, sets: tuple[str, ...], asked: Asked | None, folder: Path | None, shown: Shown
) -> IdleRuns:
    """A run for each pause, until one is interrupted."""
    from loadgen.experiment.keepalive import idle_profile
    from loadgen.profile.units import duration
    from loadgen.result.experiment import IdleRuns

    profiles = [idle_profile(url, pause, sets, asked) for pause in map(duration, pauses.split(","))]
    with _shown(profiles[0], shown) as display:
        return IdleRuns(idle=tuple(on_loop(_one_by_one(profiles, folder, display), display.close)))


async def _one_by_one(profiles: list[Loaded], folder: Path | None, display: TerminalDisplay) -> list[RunResult]:
    from loadgen.experiment.rounds import Within
    from loadgen.runner.options import Options
    from loadgen.runner.progress import Position
    from loadgen.runner.session import run
    from loadgen.sandbox.process import start
    from loadgen.sandbox.registry import sandbox_at
    from loadgen.selftest.standing import known_resolution

    names = [loaded.profile.load[0].name for loaded in profiles]
    runs: list[RunResult] = []
    for number, (loaded, name) in enumerate(zip(profiles, names, strict=True), 1):
        following = tuple(names[number : number + 1])
        position = Position(number, len(names), name, (name,), following, number + 1 if following else None)
        options = Options(
            folder / name if folder else folder_for(loaded), start, sandbox_at,
            needed=folder is not None, resolution=known_resolution(),
        )  # fmt: skip
        runs.append(await run(loaded, options, Within(display, position, []) if len(names) > 1 else display))
        if runs[-1].interrupted:
            break
    return runs
