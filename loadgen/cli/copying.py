"""`--copy-to`: the run's folder goes to S3 while the run goes on; and runs are read from there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from loadgen.bucket.place import SCHEME, Place
from loadgen.cli import complain, say
from loadgen.errors import Exit, LoadgenError, ProfileError, TargetError, worst

if TYPE_CHECKING:
    from loadgen.result.capacity import CapacityResult
    from loadgen.result.experiment import ExperimentResult
    from loadgen.result.run import RunResult
    from loadgen.result.tune import TuneResult
    from loadgen.result.twin import TwinResult

R = TypeVar("R", bound="RunResult | ExperimentResult | CapacityResult | TuneResult | TwinResult")
F = TypeVar("F", bound=Callable[..., Any])


def copy_option(command: F) -> F:
    option: Callable[[F], F] = click.option(
        "--copy-to",
        metavar="s3://BUCKET/PREFIX",
        help="Copy the run's folder to S3: every 10 s what there is, and the whole at the end.",
    )
    return option(command)


class Copied:
    """What became of a copy."""

    failed = False

    def status(self, status: int | None) -> int:
        """The exit status of a command whose result has `status`."""
        return worst({Exit(status or 0), Exit.UNUSABLE if self.failed else Exit.PASSED})


@contextmanager
def copied(to: str | None, folder: Path) -> Iterator[Copied]:
    """Copy the folder while the block lasts, and the whole of it afterwards, whatever happened. Raises LoadgenError if
    the place cannot be written; what goes wrong later is said, and the folder is still there."""
    outcome = Copied()
    if to is None:
        yield outcome
        return
    from loadgen.bucket.copying import Copying

    place = Place.parse(to, "--copy-to").below(folder.name)
    try:
        copying = Copying(folder, place)
    except TargetError as error:
        raise TargetError(f"--copy-to: {error}") from None
    whole = False
    try:
        yield outcome
        whole = True
    finally:
        try:
            files = copying.finish()
            if whole and not files:
                raise ProfileError("there was nothing to copy: the run's folder could not be written")
        except LoadgenError as error:
            outcome.failed = True
            complain(f"loadgen: --copy-to: {error}. What is saved is in {folder}")
        else:
            if files:
                say(f"copied to {copying.place}: {files} files")


class RunPath(click.Path):
    """A run's folder, or its name below runs/; or the Place of a copy in S3."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not str(value).startswith(SCHEME):
            return super().convert(value, param, ctx)
        return Place.parse(str(value))


class FolderHere(click.Path):
    """A folder that a command goes on with, or adds to, and so none in S3."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if str(value).startswith(SCHEME):
            self.fail(f"{value} is in S3, where report, compare, fit and merge read. Copy it here first", param, ctx)
        return super().convert(value, param, ctx)


def named(result: R, run: Path | Place) -> R:
    """The result, which says where it is."""
    return result if isinstance(run, Path) else replace(result, run=str(run))


def local(run: Path | Place) -> Path:
    """The folder of a run, which is fetched if it is in S3, and is there until the command ends. Raises LoadgenError if
    it cannot be had."""
    if isinstance(run, Path):
        return run
    from tempfile import TemporaryDirectory

    from loadgen.bucket.fetching import fetch

    folder = TemporaryDirectory(prefix="loadgen-")
    click.get_current_context().call_on_close(folder.cleanup)
    return fetch(run, Path(folder.name))
