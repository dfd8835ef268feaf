"""`s3://` where a command takes it, and where it does not."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from loadgen.bucket.place import Place
from loadgen.cli import cli
from loadgen.cli.copying import RunPath


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (("join", "s3://runs/a"), "is in S3, where report, compare, fit and merge read. Copy it here first"),
        (("runs", "s3://runs"), "is in S3, where report, compare, fit and merge read. Copy it here first"),
        (("run", "steady", "--out", "s3://runs/a"), "is in S3, and this is made here. Name a file or a folder"),
        (("merge", "a", "--out", "s3://runs/a"), "is in S3, and this is made here. Name a file or a folder"),
    ],
)
def test_what_is_done_here_takes_no_place_in_s3(line: tuple[str, ...], says: str) -> None:
    result = CliRunner().invoke(cli, list(line), standalone_mode=False)
    assert isinstance(result.exception, click.UsageError)
    assert says in result.exception.format_message()


def test_a_run_is_here_or_in_s3() -> None:
    assert RunPath().convert("s3://runs/load/burst", None, None) == Place("runs", "load/burst")
    assert RunPath().convert("runs/burst", None, None) == Path("runs/burst")
