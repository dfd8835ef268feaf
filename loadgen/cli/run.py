"""`loadgen run`: run a profile, or a load on a URL."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, Any

import click

from loadgen.cli import HELP, NewPath, complain, output
from loadgen.cli.copying import copied, copy_option
from loadgen.cli.exports import Exports, export_options
from loadgen.cli.loop import on_loop
from loadgen.cli.machines import machine_options, machines
from loadgen.cli.request import load_options, request_options
from loadgen.cli.share import share_options, shared_load
from loadgen.clock import SECOND, wall

if TYPE_CHECKING:
    from loadgen.profile.curl_options import Asked
    from loadgen.profile.function import Function
    from loadgen.profile.load import Loaded
    from loadgen.result.experiment import ExperimentResult
    from loadgen.result.run import RunResult
    from loadgen.runner.join import Wanted
    from loadgen.runner.progress import Display
    from loadgen.runner.until.goal import Decided, Goal


MOST_DRAWN = 1_000_000  # a seed that a person can type again


@click.command("run", short_help="Run a profile, or a load on a URL, and report.", context_settings=HELP)
@click.argument("profile")
@click.option("--target", metavar="URL|aws", help="Send the load to this URL. aws: for a table, to AWS.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Override a key: load.burst.rate=500/s.")
@load_options
@request_options
@click.option(
    "--workers", metavar="N|auto", help="How many processes send requests.  [default: the profile's workers, or 1]"
)
@machine_options
@click.option(
    "--seed", metavar="N|random", help="Draw the arrivals from N; random: from a number that the result tells."
)
@click.option(
    "--until",
    metavar="GOAL",
    help="Prolong a phase until: 'burst response p99 within 5%'; or each until its thresholds are: decided.",
)
@click.option("--at-most", metavar="TIME", help="With --until: the longest that a phase may take.  [default: 10m]")
@click.option(
    "--witness",
    is_flag=True,
    help="Start one more quiet process, which sends the same at 1/53 of the rate, and compare p50 and p99.",
)
@share_options
@click.option("--yes", "-y", is_flag=True, help="Agree that force_cold changes the target's Lambda function.")
@click.option("--join", is_flag=True, help="Find its slowest requests in the target's own logs: loadgen join.")
@click.option("--log-group", "groups", multiple=True, metavar="NAME", help="With --join: a log group of CloudWatch.")
@click.option("--out", "folder", type=NewPath(), help="The run's folder.  [default: runs/NAME-TIME]")
@click.option("--no-preflight", is_flag=True, help="Send the load without trying each step once before.")
@click.option("--accept-invalid", is_flag=True, help="Use the figures of an INVALID run too; the result says so.")
@click.option("--full", is_flag=True, help="Print everything, and not one screen of it.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@export_options
@copy_option
@click.option("--no-tui", is_flag=True, help="Show the progress in a few lines, and not on the whole screen.")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
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
    seed: str | None,
    until: str | None,
    at_most: str | None,
    witness: bool,
    share: str | None,
    start_at: str | None,
    yes: bool,
    join: bool,
    groups: tuple[str, ...],
    folder: Path | None,
    no_preflight: bool,
    accept_invalid: bool,
    full: bool,
    as_json: bool,
    exports: Exports,
    copy_to: str | None,
    no_tui: bool,
    quiet: bool,
) -> int:
    """Run a PROFILE and report what was measured. PROFILE is a file, a URL, or the name of a shipped profile: burst,
    steady, ramp, spike, soak, closed, scaling, capacity, cold-wave, dynamodb-put, dynamodb-mix,
    dynamodb-hot-partition, dynamodb-batch, lambda-invoke, lambda-force-cold, cold-starts, keep-warm, front-doors,
    fetched-once; or of a published experiment: yan-cui-keepalive, yan-cui-ten-puts, yan-cui-lambda, list-tables,
    https-keepalive, client-once.

    The result goes to stdout, the progress to stderr, and all figures to the run's folder.

    \b
    loadgen run burst
    loadgen run profiles/burst.yaml --target https://abc.execute-api.eu-west-1.amazonaws.com/prod
    loadgen run https://127.0.0.1:8443/ --rate 200/s --for 30s
    loadgen run https://127.0.0.1:8443/ --users 20 --set session=per-request
    loadgen run https://127.0.0.1:8443/orders -H "x-api-key: $API_KEY" -d '{"id": "{{uuid}}"}'
    loadgen run dynamodb-put --target aws
    loadgen run steady --until 'steady response p99 within 5%'
    loadgen run steady --witness
    loadgen run steady --seed random
    loadgen run steady --html run.html
    loadgen run steady --on 10.0.0.7:6379 --nodes 4 --workers 2
    loadgen run steady --junit results.xml --markdown summary.md --csv figures.csv
    loadgen run steady --copy-to s3://my-bucket/load-tests
    loadgen run steady --share 2/8 --start-at 2026-01-31T12:00:00Z
    """
    from loadgen.report.formats import json_text
    from loadgen.report.formats.github import add_to_summary
    from loadgen.report.terminal.screen import show
    from loadgen.report.unusable import unusable

    with reading(profile, target, (*sets, *seeded(seed)), rate, duration, users, asked, workers) as loaded:
        if witness:
            witness_option(loaded)
        alone = {"--until": until is not None, "--witness": witness, "--seed random": seed == "random"}
        part, begins = shared_load(loaded, share, start_at, alone)
        loaded, goal = _prolonged(loaded, until, at_most)
        chosen: dict[str, Any] = {"until": goal, "witness": witness, "share": part, "start_at": begins}
        chosen |= {"confirmed": yes or _agreed(loaded), "join": _join_option(loaded, join, groups)}
        wanted = {**chosen, "accept_invalid": accept_invalid, "preflight": not no_preflight}
        place = folder or folder_for(loaded, f"{part.index}-of-{part.of}-" if part.of > 1 else "")
        with copied(copy_to, place) as copy:
            with machines(on, nodes, loaded, part.of > 1) as wanted["nodes"]:
                result = _carry_out(loaded, place, quiet, not no_tui, needed=folder is not None, **wanted)
            exports.write(result, Path(result.run) if result.run else None)
            if trouble := add_to_summary(result):
                complain(f"loadgen: {trouble}")
            with output() as out:
                if as_json:
                    out.write(f"{json_text(result)}\n")
                    if why := unusable(result):
                        complain(f"loadgen: {why}")
                elif not exports.to_stdout:
                    show(result, out, full)
    return copy.status(result.exit_status)


def _agreed(loaded: Loaded) -> bool:
    """Whether the user agrees on the terminal that a function is changed; False if there is nothing to ask, or nobody
    there. Raises UsageError if the user does not."""
    forced = [of.profile.target.function for of in loaded.variants] or [loaded.profile.target.function]
    away = [of for of in forced if of and of.force_cold and not _here(of)]
    if not away or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    name = loaded.secrets.hide(away[0].name)
    question = f"force_cold changes the description of {name}, which ends its environments for everybody. Go on?"
    if not click.confirm(question, err=True):
        raise click.UsageError("nothing was changed, and nothing was sent")
    return True


def _here(function: Function) -> bool:
    """Whether the function is simulated, or one of a stand-in on this machine."""
    from loadgen.net.names import Origin, is_loopback, resolve

    return function.url == "sandbox" or is_loopback(resolve(Origin.of(function.url)))


def _join_option(loaded: Loaded, join: bool, groups: tuple[str, ...]) -> Wanted | None:
    """Where to look for the run's requests afterwards. Raises UsageError."""
    from loadgen.aws.logs import reader
    from loadgen.runner.join import Wanted

    if not join:
        if groups:
            raise click.UsageError("--log-group goes with --join")
        return None
    if loaded.profile.experiment:
        target = loaded.profile.target
        simulated = target.sandbox or (target.function and target.function.url == "sandbox")
        later = "join the experiment's runs afterwards" if not simulated else "its sandbox ends, and its logs with it"
        raise click.UsageError(f"--join is for a run by itself. Leave it out: {later}")
    return Wanted(groups, (), reader(None))


def _prolonged(loaded: Loaded, until: str | None, at_most: str | None) -> tuple[Loaded, Goal | Decided | None]:
    """The profile with the phase of `--until` as long as it may take. Raises UsageError for a limit of nothing."""
    from loadgen.runner.until.goal import Decided, goal_of, prolonged, until_decided

    if until is not None:
        goal = goal_of(until, at_most)
        return until_decided(loaded, goal) if isinstance(goal, Decided) else prolonged(loaded, goal)
    if at_most is not None:
        raise click.UsageError("--at-most goes with --until")
    return loaded, None


def _carry_out(loaded: Loaded, folder: Path, quiet: bool, whole: bool, **wanted: Any) -> RunResult | ExperimentResult:
    from loadgen.report.terminal.display import progress
    from loadgen.selftest.standing import standing

    display = progress(sys.stderr, quiet=quiet, whole=whole, hide=loaded.secrets.hide)
    if not wanted["nodes"]:  # the self-test is about this machine
        for notice in standing(loaded).notices:
            display.message(notice)
    try:
        return on_loop(carried_out(loaded, folder, display, **wanted), display.close)
    finally:
        display.close()


async def carried_out(loaded: Loaded, folder: Path, display: Display, **wanted: Any) -> RunResult | ExperimentResult:
    """The result of a profile, which is an experiment or a run. `wanted` are further `Options`."""
    from loadgen.experiment.rounds import run_experiment
    from loadgen.runner.options import Options
    from loadgen.runner.session import run
    from loadgen.sandbox.process import start
    from loadgen.sandbox.registry import sandbox_at
    from loadgen.selftest.standing import known_resolution

    known = None if wanted.get("nodes") else known_resolution()
    options = Options(folder, start, sandbox_at, resolution=known, **wanted)
    if loaded.profile.experiment:
        return await run_experiment(loaded, options, display)
    return await run(loaded, options, display)


@contextmanager
def reading(
    profile: str,
    target: str | None = None,
    sets: tuple[str, ...] = (),
    rate: str | None = None,
    duration: str | None = None,
    users: int | None = None,
    asked: Asked | None = None,
    workers: str | None = None,
) -> Iterator[Loaded]:
    """The profile that a command line names, whose secrets are in nothing that the block raises. Raises UsageError for
    options that do not go together."""
    from loadgen.net.children import withhold

    of_workers = () if workers is None else (f"workers={_workers(workers)}",)
    loaded = _read(profile, target, (*sets, *of_workers), rate, duration, users, asked)
    if of_workers and any(variant.profile.workers != loaded.profile.workers for variant in loaded.variants):
        raise click.UsageError("--workers: the experiment's variants have workers of their own. Leave the option out")
    withhold(loaded.variables)
    with loaded.secrets.unrevealing():
        yield loaded


def _read(
    profile: str,
    target: str | None,
    sets: tuple[str, ...],
    rate: str | None,
    duration: str | None,
    users: int | None,
    asked: Asked | None,
) -> Loaded:
    from loadgen.profile.load import find, from_url, load

    if "://" in profile:
        if target:
            raise click.UsageError("--target goes with a profile; a URL is its own target")
        return from_url(profile, rate, duration, users, asked=asked, sets=sets)
    find(profile)  # what is no profile may be meant as a URL, with which all options go
    if asked:
        options = "--method, --header, --data and --split-by"
        raise click.UsageError(f"{options} go with a URL; a profile's steps have their own")
    for name, value in (("--rate", rate), ("--for", duration), ("--users", users)):
        if value is not None:
            raise click.UsageError(f"{name} goes with a URL; with a profile, use --set, as in load.NAME.rate=500/s")
    return load(profile, sets=sets, target=target)


def witness_option(loaded: Loaded) -> None:
    """Raises UsageError for an experiment, PlanError if the profile has no load that a witness can share."""
    from loadgen.runner.witness.load import witness_load

    if loaded.profile.experiment:
        raise click.UsageError(
            "--witness is for a run by itself: an experiment holds its variants against each other, and what this "
            "machine does is in all of them. Leave --witness out, or the profile's experiment"
        )
    witness_load(loaded.profile)


def folder_for(loaded: Loaded, kind: str = "") -> Path:
    """The default folder of a run: runs/NAME-TIME, with a number if that exists. `kind` comes before the name."""
    name = loaded.secrets.hide(loaded.profile.name)
    named = f"{kind}{re.sub('[^A-Za-z0-9_-]+', '', name)}-{datetime.fromtimestamp(wall() / SECOND):%Y%m%d-%H%M%S}"
    free = (Path("runs") / f"{named}{f'-{n}' if n > 1 else ''}" for n in count(1))
    return next(path for path in free if not os.path.lexists(path))  # two may begin in the same second


def seeded(text: str | None) -> tuple[str, ...]:
    """The profile's seed as `--set` takes it, drawn if it is to be random. Raises UsageError."""
    if text is None:
        return ()
    if text != "random" and not re.fullmatch("[0-9]+", text):
        from loadgen.profile.units import quoted

        raise click.UsageError(f"--seed: {quoted(text)} is not a whole number, and not random")
    return (f"seed={SystemRandom().randrange(MOST_DRAWN) if text == 'random' else text}",)


def _workers(text: str) -> str:
    if text != "auto" and not (text.isdecimal() and 1 <= int(text) <= 256):
        raise click.UsageError(f"--workers {text}: expected a number from 1 to 256, or auto")
    return text if text == "auto" else str(int(text))
