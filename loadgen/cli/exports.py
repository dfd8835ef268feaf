"""The options that write a result to files, in the formats of pipelines and spreadsheets."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from loadgen.cli import complain, output
from loadgen.errors import LoadgenError, ProfileError
from loadgen.files import why, write
from loadgen.report.words import clean

if TYPE_CHECKING:
    from loadgen.report.verdict import Result
    from loadgen.result.experiment import ExperimentResult, ExperimentVariant
    from loadgen.result.timeline import Timeline

T = TypeVar("T")

STDOUT = "-"
HELPS = {
    "html": "Write a page for a browser to FILE: charts and tables, without a script.",
    "png": "Write a picture of a run to FILE: percentiles, and over time. It takes matplotlib.",
    "csv": "Write a row for each figure to FILE.",
    "csv-by-second": "Write a row for each second to FILE.",
    "hlog": "Write the times of each second to FILE, for HdrHistogram tools.",
    "junit": "Write a test for each threshold to FILE, as JUnit XML.",
    "markdown": "Write a page to FILE, as Markdown.",
}
UNDECIDED = ("error", "skipped")


@dataclass(frozen=True, slots=True)
class Exports:
    """The files that a result goes to, by format; `-` is stdout. `undecided` is what JUnit makes of a threshold that
    could not be decided."""

    files: dict[str, str]
    undecided: Literal["error", "skipped"]

    def check(self) -> None:
        """Raises ProfileError for a file that cannot be written, or a picture that cannot be drawn, so that a load does
        not come before it."""
        if "png" in self.files:
            from loadgen.report.formats.png import require

            require()
        for name, file in self.files.items():
            if file == STDOUT:
                continue
            path = Path(file)
            folder = path.parent
            if not file or path.is_dir():
                what = f"{file} is a folder" if file else "the name is empty"
                raise ProfileError(f"--{name}: {what}", remedy="Name a file, or - for stdout")
            if not folder.is_dir():
                raise ProfileError(f"--{name}: there is no folder {folder}", remedy="Make it, or name another")
            if not os.access(path if path.exists() else folder, os.W_OK):
                raise ProfileError(f"--{name}: {file} cannot be written", remedy="Name another file")
        places = list(self.files.values())
        if twice := next((file for file in places if places.count(file) > 1), None):
            where = "stdout" if twice == STDOUT else twice
            raise ProfileError(f"only one format can go to {where}", remedy="Name a file for each of the others")

    @property
    def to_stdout(self) -> bool:
        """Whether one of them is what the command prints."""
        return STDOUT in self.files.values()

    def write(self, result: Result, folder: Path | None, profile: bool = True) -> None:
        """Write all of them. What cannot be written is said: the result is in the run's `folder`. `profile`: whether a
        page shows it."""
        for name in self.files:
            made = _picture(result, folder) if name == "png" else self._text(name, result, folder, profile)
            if made is not None:
                self.write_made(name, made)

    def write_made(self, name: str, made: str | bytes) -> None:
        """Write a text or a picture to the file of a format, if one is named."""
        file = self.files.get(name)
        if file == STDOUT:
            with output() as out:
                if isinstance(made, bytes):
                    out.flush()
                    out.buffer.write(made)
                    out.buffer.flush()
                else:
                    out.write(made)
        elif file is not None:
            try:
                write(file, made)
            except OSError as error:
                complain(f"loadgen: --{name} {file} cannot be written: {why(error)}")

    def _text(self, name: str, result: Result, folder: Path | None, profile: bool) -> str | None:
        """None, with a word on stderr, if it cannot be made."""
        if name == "html":
            return _page(result, folder, profile)
        if name in ("hlog", "csv-by-second"):
            return _by_second(name, result, folder)
        from loadgen.report.formats.csv import csv_text
        from loadgen.report.formats.junit import junit_text
        from loadgen.report.formats.markdown import markdown_text

        if name == "junit":
            return junit_text(result, self.undecided)
        return {"csv": csv_text, "markdown": markdown_text}[name](result)


def _picture(result: Result, folder: Path | None) -> bytes | None:
    """The picture of a run. It lacks what the folder does not tell: what happened second by second."""
    from loadgen.analysis.timeline import timeline
    from loadgen.report.formats.png import png_bytes
    from loadgen.result.run import RunResult

    if not isinstance(result, RunResult):
        complain("loadgen: --png: nothing is written: it draws one run, and each run here has a folder of its own")
        return None
    return png_bytes(result, _told(folder, "--png: nothing second by second", timeline))


def _page(result: Result, folder: Path | None, profile: bool) -> str:
    """The page of a result. It lacks what the folder does not tell: what happened second by second, the profile."""
    from loadgen.analysis.documents import document
    from loadgen.analysis.timeline import timeline
    from loadgen.report.html.text import html_text
    from loadgen.result.experiment import ExperimentResult
    from loadgen.result.run import RunResult

    variants = _of_variants(result, folder) if isinstance(result, ExperimentResult) and folder else {}
    moments = _told(folder, "--html: nothing second by second", timeline) if isinstance(result, RunResult) else None
    written = _told(folder, "--html: no profile", lambda path: document(path / "profile.json")) if profile else None
    return html_text(result, moments, json.dumps(written, indent=2, ensure_ascii=False) if written else "", variants)


def _of_variants(result: ExperimentResult, folder: Path) -> dict[str, Timeline]:
    """What happened in all rounds of each variant, as far as their folders tell."""
    known = {variant.name: _of_variant(variant, folder) for variant in result.variants if variant.rounds}
    return {name: moments for name, moments in known.items() if moments}


def _of_variant(variant: ExperimentVariant, folder: Path) -> Timeline | None:
    from loadgen.analysis.timeline import timeline
    from loadgen.experiment.folder import run_folder

    runs = [run_folder(folder, run.round, variant.name) for run in variant.rounds]
    return _told(folder, f"--html: nothing second by second of {variant.name}", lambda _: timeline(*runs))


def _by_second(name: str, result: Result, folder: Path | None) -> str | None:
    """What is made of the seconds in a run's folder."""
    from loadgen.analysis.histogram_log import histogram_log
    from loadgen.analysis.timeline import timeline
    from loadgen.report.formats.csv import seconds_text
    from loadgen.result.run import RunResult

    if not isinstance(result, RunResult) or folder is None:
        what = "the run is not in a folder" if folder is None else "each of its runs has its own"
        complain(f"loadgen: --{name}: nothing is written: {what}")
        return None
    lacks = f"--{name}: nothing is written"
    if name == "hlog":
        return _told(folder, lacks, histogram_log)
    moments = _told(folder, lacks, lambda path: timeline(path, most=None))
    return seconds_text(moments, result.variant.phases) if moments else None


def _told(folder: Path | None, lacks: str, read: Callable[[Path], T]) -> T | None:
    """What is read from the folder, which others may have written; None with a word on stderr if it cannot be."""
    from loadgen.analysis.documents import FOREIGN

    try:
        return read(folder) if folder is not None else None
    except (OSError, LoadgenError, *FOREIGN) as error:
        complain(clean(f"loadgen: {lacks}: {folder}: {error}"))
        return None


def export_options(command: Callable[..., int]) -> Callable[..., int]:
    """Gives a command the options, and `exports`, what they say."""

    @wraps(command)
    def exporting(junit_undecided: Literal["error", "skipped"], **others: Any) -> int:
        given = {name: others.pop(name.replace("-", "_")) for name in HELPS}
        files = {name: file for name, file in given.items() if file is not None}
        exports = Exports(files, junit_undecided)
        exports.check()
        return command(exports=exports, **others)

    made: Callable[..., int] = click.option(
        "--junit-undecided",
        type=click.Choice(UNDECIDED),
        default="error",
        show_default=True,
        help="What JUnit makes of a threshold that is undecided.",
    )(exporting)
    for name, text in reversed(HELPS.items()):
        made = click.option(f"--{name}", metavar="FILE", help=f"{text}  [-: stdout]")(made)
    return made
