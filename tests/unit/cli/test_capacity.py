"""The command line of `loadgen capacity`, as far as it sends nothing."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from loadgen.cli.capacity import command
from loadgen.errors import ProfileError

URL = "http://127.0.0.1:1/"
KEEP = ("--keep", "p99 < 100ms")


def test_a_dry_run_says_what_would_be_sent() -> None:
    result = CliRunner().invoke(command, [URL, *KEEP, "--max-rate", "200/s", "--dry-run"], standalone_mode=False)
    assert result.return_value == 0, result.output
    assert "the rate that keeps p99 < 100ms and errors < 1%" in result.output
    assert "The search begins at 50/s, at most 200/s" in result.output
    assert "39 runs, about 7 min 41 s" in result.output


def test_a_dry_run_as_json() -> None:
    result = CliRunner().invoke(command, [URL, *KEEP, "--dry-run", "--json", "--from", "5/s"], standalone_mode=False)
    document = json.loads(result.output)
    assert document["kind"] == "capacity-plan"
    assert (document["plan"]["first_rate"], document["requests_at_most"]) == (5, None)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ((), "--keep is missing"),
        ((*KEEP, "--for", "soon"), "--for: 'soon' is not a duration"),
        ((*KEEP, "--max-rate", "0/s"), "--max-rate: '0/s' is no rate"),
        ((*KEEP, "--resume", "x"), "--keep goes with a new measurement"),
        (("--resume", "x", "--dry-run"), "--dry-run goes with a new measurement"),
    ],
)
def test_what_does_not_go_together(options: tuple[str, ...], problem: str) -> None:
    result = CliRunner().invoke(command, [URL, *options])
    assert result.exit_code == 2
    assert problem in result.output.replace('"', "'"), result.output


def test_a_condition_that_is_none() -> None:
    result = CliRunner().invoke(command, [URL, "--keep", "p99 > 1s"], standalone_mode=False)
    assert isinstance(result.exception, ProfileError)
