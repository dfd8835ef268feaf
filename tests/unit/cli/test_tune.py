"""The command line of `loadgen tune`, as far as it sends nothing."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from tunings import PROFILE

from loadgen.aws.lambda_prices import DATE
from loadgen.cli.tune import command
from loadgen.errors import LoadgenError, PlanError, ProfileError
from loadgen.experiment.tune.plan import loaded_of

ELSEWHERE = "arn:aws:lambda:us-east-1:123456789012:function:orders"
HERE = ("orders", "--region", "eu-west-1")


def said(*words: str) -> str:
    result = CliRunner().invoke(command, [*words], standalone_mode=False)
    assert result.return_value == 0, result.exception
    return " ".join(result.output.split())


@pytest.mark.parametrize("option", ["--check", "--dry-run"])
def test_a_check_says_what_would_be_done(option: str) -> None:
    text = said(*HERE, "--keep", "p99 < 200ms", option)
    assert "the memory sizes of orders, and the cheapest size that keeps p99 < 200ms and errors < 1%" in text
    assert "128, 256, 512, 1024, 1769, 3008 MB" in text
    assert f"prices of eu-west-1, x86_64, {DATE}" in text
    assert "4 rounds" in text and "50 calls follow, one after the other" in text and "About 1,200 calls" in text
    assert "lambda:GetFunctionConfiguration, lambda:UpdateFunctionConfiguration, lambda:InvokeFunction" in text


def test_a_check_as_json() -> None:
    """600 calls, of 30 s each at the most: 300 with 512 MB and 300 with 1024 MB are 13,500 GB-s."""
    document = json.loads(
        CliRunner().invoke(command, [*HERE, "--memory", "1024,512", "--calls", "300", "--check", "--json"]).output
    )
    assert document["kind"] == "tune-plan"
    assert (document["requests"], document["each_ms"]) == (600, 30_000)
    assert document["usd_at_most"] == pytest.approx(13_500 * 0.0000166667 + 600 * 0.2e-6, abs=1e-4)
    assert document["plan"]["sizes"] == [512, 1024]
    assert (document["prices"]["region"], document["prices"]["date"]) == ("eu-west-1", DATE)


def test_a_profile_has_its_own_work(tmp_path: Path) -> None:
    (tmp_path / "orders.yaml").write_text(PROFILE)
    text = said(str(tmp_path / "orders.yaml"), "--rate", "20/s", "--memory", "128,256", "--check")
    assert "due at 20/s" in text and "128, 256 MB" in text


def test_an_event_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text('{"id": "{{uuid}}"}')
    assert "orders" in said(*HERE, "--payload", f"@{tmp_path / 'event.json'}", "--check")
    step = loaded_of("orders", "eu-west-1", None, '{"a": [null, "{{int 1 5}}"]}').profile.scenarios[0].steps[0]
    assert step.invoke and step.invoke.payload == {"a": [None, "{{int 1 5}}"]}
    assert loaded_of("orders", "eu-west-1", None, None).profile.scenarios[0].steps[0].invoke.has_payload is False  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ((), "FUNCTION is missing"),
        (("orders",), "region"),
        ((*HERE, "--payload", "{"), "--payload: is not JSON"),
        ((*HERE, "--payload", "@nowhere.json"), "nowhere.json: cannot be read"),
        ((*HERE, "--also", "a b"), "--also: 'a b' is not a function"),
        ((*HERE, "--also", ELSEWHERE), "--also: it is in us-east-1, and orders in eu-west-1"),
        ((*HERE, "--qualifier", "live"), "--memory: takes 2 to 64 cells, and this is 1. Add to --memory, --start"),
        ((*HERE, "--memory", "128"), "--memory: takes 2 to 64 sizes, and this is 1. Use for example 512,1024"),
        ((*HERE, "--memory", "64,128"), "--memory: expected sizes from 128 to 10240 MB"),
        ((*HERE, "--rate", "0/s"), "--rate: '0/s' is no rate"),
        ((*HERE, "--max-cost", "0.5"), "--max-cost: '0.5' is not an amount: expected US dollars such as $1.50"),
        ((*HERE, "--keep", "p99"), "--keep: 'p99' says no limit"),
        ((*HERE, "--target", "aws"), "--target goes with a profile"),
        (("lambda-invoke", "--region", "eu-west-1"), "--region goes with a function's name"),
        (("burst", "--check"), "its target is no Lambda function"),
        (("a b", "--region", "eu-west-1"), "is not a function"),
        (("orders", "--restore", "x"), "--restore takes the function from the folder"),
        ((*HERE, "--resume", "x", "--calls", "9"), "--calls goes with a new measurement"),
        ((*HERE, "--resume", "nowhere"), "is not a run's folder"),
        (("--restore", "nowhere"), "is not a run's folder"),
    ],
)
def test_a_mistake_is_told(words: tuple[str, ...], problem: str) -> None:
    result = CliRunner().invoke(command, [*words], standalone_mode=False)
    assert isinstance(result.exception, LoadgenError | click.UsageError), result.output
    told = result.exception.message if isinstance(result.exception, click.UsageError) else str(result.exception)
    assert problem in told


def folder(path: Path, *lines: str) -> str:
    """The folder of a tuning that never was."""
    from tunings import Function, tuned

    with pytest.MonkeyPatch.context() as patch:
        tuned(path / "run", patch, Function(), calls=5, rounds=1)
    journal = path / "run" / "journal.jsonl"
    journal.write_text("\n".join(lines) if lines else journal.read_text())
    return str(path / "run")


def test_restoring_where_nothing_was_changed(tmp_path: Path) -> None:
    run = folder(tmp_path)
    (tmp_path / "run" / "journal.jsonl").unlink()
    assert said("--restore", run) == "Nothing had been changed."


def test_a_function_of_a_sandbox_that_is_gone(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["--restore", folder(tmp_path)], standalone_mode=False)
    assert isinstance(result.exception, PlanError) and "is gone" in str(result.exception)


def test_another_functions_journal_is_refused(tmp_path: Path) -> None:
    run = folder(tmp_path)
    journal = tmp_path / "run" / "journal.jsonl"
    journal.write_text(journal.read_text().replace('"orders"', '"others"'))
    result = CliRunner().invoke(command, ["--restore", run], standalone_mode=False)
    assert isinstance(result.exception, ProfileError) and "name several functions" in str(result.exception)
