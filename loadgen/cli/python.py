"""What the commands do, from Python: `loadgen.run`, `arun`, `load`, `seconds` and `to_pandas`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadgen.errors import ProfileError

if TYPE_CHECKING:
    from loadgen.fleet.nodes import Nodes
    from loadgen.profile.load import Loaded
    from loadgen.record.seconds import Second
    from loadgen.result.capacity import CapacityResult
    from loadgen.result.experiment import ExperimentResult
    from loadgen.result.run import RunResult
    from loadgen.result.tune import TuneResult

PathOrName = str | PathLike[str]


def run(
    profile: PathOrName | Mapping[str, Any],
    *,
    target: str | None = None,
    out: PathOrName | None = None,
    progress: bool = False,
    on: str | None = None,
    nodes: int | None = None,
    **overrides: Any,
) -> RunResult | ExperimentResult:
    """Run a profile. Returns a RunResult, or for a profile with an `experiment` an ExperimentResult.

    `profile` is a file, the name of a shipped profile, a URL, or the content of a profile. `target` replaces its
    target. `out` is the folder of the run, by default runs/NAME-TIME. `progress` shows the progress on stderr. `on`
    and `nodes` are as on the command line: the load comes from nodes of a Ray cluster. `overrides` are keys of the
    profile, as with `--set`: `seed=7`, or `**{"load.steady.rate": "500/s"}`.

    Raises LoadgenError, whose text is one line, for a profile or a target that cannot be used. A threshold that failed
    and an INVALID run raise nothing: `result.exit_status` tells. It has an event loop of its own, so that a notebook
    takes `await loadgen.arun(...)`.
    """
    from loadgen.cli.loop import on_loop

    return on_loop(arun(profile, target=target, out=out, progress=progress, on=on, nodes=nodes, **overrides))


async def arun(
    profile: PathOrName | Mapping[str, Any],
    *,
    target: str | None = None,
    out: PathOrName | None = None,
    progress: bool = False,
    on: str | None = None,
    nodes: int | None = None,
    **overrides: Any,
) -> RunResult | ExperimentResult:
    """The same on the event loop that runs, in the main thread."""
    from loadgen.cli.run import carried_out, folder_for
    from loadgen.net.children import withhold
    from loadgen.report.terminal.display import progress as shown

    loaded = _loaded(profile, target, overrides)
    withhold(loaded.variables)
    folder = folder_for(loaded) if out is None else Path(out)
    with (
        loaded.secrets.unrevealing(),
        closing(shown(sys.stderr, quiet=not progress, hide=loaded.secrets.hide)) as display,
        _machines(on, nodes, loaded) as where,
    ):
        return await carried_out(loaded, folder, display, needed=out is not None, nodes=where)


def load(run: PathOrName) -> RunResult | ExperimentResult | CapacityResult | TuneResult:
    """The result of a saved run, experiment or capacity: its folder, or its name below runs/. Raises ProfileError if
    there is none."""
    from loadgen.experiment.saved import find, read

    return read(find(Path(run)))


def seconds(run: PathOrName) -> Iterator[Second]:
    """What a saved run counted, record by record as it came in, one a second or more. Slow answers come later than the
    others of their second: add them up. Raises ProfileError for what loadgen did not write."""
    from loadgen.analysis.documents import as_written
    from loadgen.experiment.saved import find
    from loadgen.record.seconds import read_seconds

    folder = find(Path(run))
    with as_written(folder):
        yield from read_seconds(folder)


def to_pandas(result: RunResult | ExperimentResult) -> Any:
    """The figures of a result as a pandas DataFrame, a row for each as in `--csv`. Raises ImportError without
    pandas."""
    import pandas

    from loadgen.result.rows import columns, rows

    return pandas.DataFrame(list(rows(result)), columns=list(columns(result)))


@contextmanager
def _machines(on: str | None, count: int | None, loaded: Loaded) -> Iterator[Nodes | None]:
    """The nodes of a cluster. Raises LoadgenError."""
    import click

    from loadgen.cli.machines import machines

    try:
        with machines(on, count, loaded) as where:
            yield where
    except click.UsageError as error:
        raise ProfileError(error.message) from None


def _loaded(profile: PathOrName | Mapping[str, Any], target: str | None, overrides: Mapping[str, Any]) -> Loaded:
    from loadgen.profile.load import from_url
    from loadgen.profile.load import load as read

    sets = tuple(f"{key}={json.dumps(value)}" for key, value in overrides.items())
    if isinstance(profile, Mapping):
        return read("profile", text=json.dumps(profile), sets=sets, target=target)
    if "://" in (source := fspath(profile)):
        if target:
            raise ProfileError("target goes with a profile; a URL is its own target", remedy="Leave one of them out")
        return from_url(source, sets=sets)
    return read(source, sets=sets, target=target)
