"""The command line. Each command has a file that parses options, calls, and returns an exit status.

Nothing heavy is imported before a command needs it, so that `loadgen --help` answers at once.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

import click

from loadgen import __version__
from loadgen.bucket.place import SCHEME
from loadgen.errors import Exit, LoadgenError, PlanError, ProfileError
from loadgen.form import FORM
from loadgen.interrupts import Interrupted
from loadgen.report.words import clean, for_person

COMMANDS = (
    "run", "once", "check", "new", "report", "runs", "merge", "compare", "keepalive", "capacity", "tune", "join",
    "fit", "selftest", "sandbox", "schema",
)  # fmt: skip

STATUSES = """\b
Exit status:
  0    passed
  1    a bug in loadgen
  2    the command or the profile is wrong
  3    the target cannot be used: nothing was answered or everything failed, or it refuses the
       keys or knows no such table
  4    a threshold failed, or a limit stopped the run
  5    INVALID: this machine made too much of a figure that a threshold is about
  6    a worker was lost
  7    no threshold failed, and one is undecided: too few requests to tell; or no capacity was
       found
  130  interrupted; the partial result is saved
"""


# said by each command for itself: click keeps the options of a command as they were when first asked for
HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class NewPath(click.Path):
    """The name of a file or a folder that a command makes. No name at all would be that of the folder one stands in."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not str(value):
            self.fail("it is empty. Give a name, or leave the option out", param, ctx)
        if str(value).startswith(SCHEME):
            self.fail(f"{value} is in S3, and this is made here. Name a file or a folder", param, ctx)
        return super().convert(value, param, ctx)


class Commands(click.Group):
    """Finds a command in the module of its name, and imports only that module."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"loadgen.cli.{name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS:
            known = ", ".join(COMMANDS)
            ctx.fail(f"there is no command {args[0]!r}, only {known}. A profile or URL is for loadgen run")
        return super().resolve_command(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write("\n" + STATUSES.removeprefix("\b\n"))


@click.group(cls=Commands, context_settings=HELP)
@click.version_option(f"{__version__} ({FORM})", prog_name="loadgen")
def cli() -> None:
    """A load generator whose tail-latency numbers can be trusted.

    \b
    loadgen run burst                          a first run, on a simulated target
    loadgen run burst --target https://…       the same on yours
    loadgen run https://127.0.0.1:8443/ --rate 200/s --for 30s
    loadgen keepalive https://127.0.0.1:8443/  the cost of a new connection per request
    loadgen capacity https://127.0.0.1:8443/ --keep 'p99 < 100ms'
    """


@contextmanager
def output() -> Iterator[TextIO]:
    """stdout, for a command's result. Raises ProfileError if it cannot be written. A reader that closes the pipe early
    (`| head`), or a terminal that is gone, is no error, and does not change the exit status."""
    try:
        yield sys.stdout
        sys.stdout.flush()
    except OSError as error:
        gone = error.errno == errno.EPIPE or (error.errno == errno.EIO and _is_terminal(sys.stdout))
        # Python must not find out once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not gone:
            raise ProfileError(f"stdout cannot be written: {error.strerror}") from None


def complain(text: str) -> None:
    """Say on stderr what is wrong."""
    say(for_person(text, sys.stderr))


def say(text: str) -> None:
    """Say something on stderr, if anybody still reads that."""
    with _heard_or_not():
        click.echo(text, err=True)


@contextmanager
def _heard_or_not() -> Iterator[None]:
    """What cannot be written to stderr is lost, and what follows goes nowhere: Python would find out at its end, and
    change the exit status."""
    try:
        yield
    except OSError:
        with suppress(OSError):  # it may be no descriptor
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def _is_terminal(stream: TextIO) -> bool:
    """Whether it is, or was before it hung up, a terminal."""
    return stat.S_ISCHR(os.fstat(stream.fileno()).st_mode)


def main() -> None:
    """Run a command. An error is one line on stderr and its documented exit status; `__main__` takes signals."""
    _open_standard_streams()
    try:
        if sys.platform == "win32":
            raise PlanError("uvloop does not run on Windows. Use Linux, macOS, or WSL")
        status = cli(sys.argv[1:] or ["--help"], prog_name="loadgen", standalone_mode=False)
        _exit(int(status or 0))
    except click.exceptions.Exit as stop:
        _exit(stop.exit_code)
    except click.ClickException as error:
        _complain(error)
        _exit(Exit.USAGE)
    except LoadgenError as error:
        complain(f"loadgen: {clean(str(error))}")  # which may quote what others say
        if isinstance(error, Interrupted):
            os._exit(error.status)  # Python would wait for what still hangs
        _exit(error.status)


def _open_standard_streams() -> None:
    """Open standard streams that the parent closed: the first sockets would get their numbers. Give stdout a buffer if
    PYTHONUNBUFFERED took it away: without one, Python takes a write of which the system took a part for a whole one,
    and the rest of a result is lost."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            mode = "w" if number else "r"
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))
    if isinstance(raw := getattr(sys.stdout, "buffer", None), io.RawIOBase):
        sys.stdout = _buffered(sys.stdout, raw)


class _Writer(io.BufferedWriter):
    """Leaves open what is not its own."""

    def close(self) -> None:
        self.flush()


def _buffered(stream: TextIO, raw: io.RawIOBase) -> TextIO:
    """The same stream with a buffer, which is written at the end of each line."""
    return io.TextIOWrapper(_Writer(raw), encoding=stream.encoding, errors=stream.errors, line_buffering=True)


def _complain(error: click.ClickException) -> None:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "loadgen"
    complain(f"{command}: {error.format_message().rstrip('.')}. Try {command} --help")


def _exit(status: int) -> None:
    with _heard_or_not():
        sys.stderr.flush()
    sys.exit(int(status))
