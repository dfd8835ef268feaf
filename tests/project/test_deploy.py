"""`deploy/`: what each pod of the Job is told, by the shell that tells it."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
from ruamel.yaml import YAML

from loadgen.cli import cli
from loadgen.cli.share import parsed_share

JOB = Path(__file__).parents[2] / "deploy" / "job.yaml"
SET = {"START": "2026-01-31T12:00:00Z", "BUCKET": "my-bucket", "IMAGE": "loadgen"}


@pytest.fixture
def job() -> dict[str, Any]:
    text = JOB.read_text()
    for name, value in SET.items():
        text = text.replace(f"${{{name}}}", value)
    assert "${" not in text, "envsubst is told of all"
    found: dict[str, Any] = YAML(typ="safe").load(text)
    return found


def told(job: dict[str, Any], index: int) -> list[str]:
    """The words that loadgen gets in the pod of that index."""
    (container,) = job["spec"]["template"]["spec"]["containers"]
    (script,) = container["args"]
    line = script.replace("exec loadgen ", "printf '%s\\n' ", 1)
    done = subprocess.run(
        [*container["command"], line],
        env={"JOB_COMPLETION_INDEX": str(index)},
        capture_output=True,
        text=True,
        check=True,
    )
    return shlex.split(done.stdout)


def test_each_pod_has_a_share_of_its_own(job: dict[str, Any]) -> None:
    pods = job["spec"]["completions"]
    assert (job["spec"]["parallelism"], job["spec"]["completionMode"]) == (pods, "Indexed")
    command = cli.get_command(click.Context(cli), "run")
    assert command
    contexts = [command.make_context("run", told(job, index)[1:]) for index in range(pods)]
    shares = [parsed_share(context.params["share"]) for context in contexts]
    assert [(share.index, share.of) for share in shares] == [(number, pods) for number in range(1, pods + 1)]
    assert {context.params["start_at"] for context in contexts} == {SET["START"]}
    assert {context.params["copy_to"] for context in contexts} == {f"s3://my-bucket/{SET['START']}"}
    assert len({context.params["folder"] for context in contexts}) == pods


def test_no_share_is_carried_out_twice(job: dict[str, Any]) -> None:
    assert job["spec"]["backoffLimitPerIndex"] == 0
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
