"""Forced cold starts as a user runs them, on the sandbox's Lambda over sockets and on a real function: as many as were
forced are cold, no change is in a measured time, and the description is restored whatever ends it."""

from __future__ import annotations

import csv
import json
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import gateway
import pytest
from engines import Engine
from lambda_client import boto3_client
from program import FULL, VALID, Program, run

from loadgen.aws.credentials import SANDBOX
from loadgen.profile.sandbox import SandboxSettings
from loadgen.sandbox.process import SandboxProcess, start

pytestmark = pytest.mark.real

KEYS = {"AWS_ACCESS_KEY_ID": SANDBOX.access_key, "AWS_SECRET_ACCESS_KEY": SANDBOX.secret_key, "AWS_SESSION_TOKEN": ""}
UPDATING = 250  # ms
LINES = range(1, 9) if FULL else (4,)
"""Lines of the journal behind which the process is killed."""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "truth.csv"


@pytest.fixture
def sandbox(log: Path) -> Iterator[SandboxProcess]:
    of_lambda = {"memory": 512, "overhead": "1ms", "updating": f"{UPDATING}ms", "functions": "orders"}
    settings = {"rtt": "1ms", "service": "8ms", "environments": {"max": 9, "init": "20ms"}, "lambda": of_lambda}
    process = start(SandboxSettings.model_validate({**settings, "log": str(log)}))
    yield process
    process.stop()


def written(
    folder: Path, url: str, function: str = "orders", force_cold: str = "each", more: str = "", iterations: int = 12
) -> list[str]:
    """A profile in the folder, and the arguments that run it."""
    (folder / "profile.yaml").write_text(
        f"""
name: t
target: {{lambda: {{function: {function}, region: us-east-1, endpoint: '{url}', force_cold: {force_cold}}}}}
load: [{{name: a, users: 2, iterations: {iterations}}}]
scenarios: [{{name: s, steps: [{{name: call, Invoke: {{payload: {{id: '{{{{uuid}}}}', sleep_ms: 1}}}}}}]}}]
{more}
"""
    )
    return ["run", "profile.yaml", "--out", "run", "--no-preflight"]


def description(sandbox: SandboxProcess) -> str:
    with boto3_client(sandbox) as client:
        return str(client.get_function_configuration(FunctionName="orders")["Description"])


def describe(sandbox: SandboxProcess, text: str) -> None:
    with boto3_client(sandbox) as client:
        client.update_function_configuration(FunctionName="orders", Description=text)
        client.get_waiter("function_updated_v2").wait(FunctionName="orders", WaiterConfig={"Delay": 1})


def other_change(client: Any) -> None:
    """Changes the memory, between two changes of loadgen's."""
    done = False
    while not done:
        with suppress(client.exceptions.ResourceConflictException):
            client.update_function_configuration(FunctionName="orders", MemorySize=640)
            done = True


@pytest.mark.parametrize(("client", "force_cold", "due"), [("wire", "each", 12), ("sdk", "3", 4)])
def test_as_many_are_cold_as_were_forced(
    sandbox: SandboxProcess, log: Path, tmp_path: Path, client: str, force_cold: str, due: int
) -> None:
    describe(sandbox, "mine")
    arguments = written(tmp_path, sandbox.http, force_cold=force_cold, more=f"client: {client}")
    ran = run(tmp_path, *arguments, "--json", env=KEYS)
    assert ran.status in VALID, ran.err
    forced = ran.result["forced_cold"]
    changes = due // 2  # there are two users
    assert forced == {
        "every": 1 if force_cold == "each" else 3, "changes": changes, "iterations": 12, "due": due, "cold": due,
        "restored": True,
    }  # fmt: skip
    assert description(sandbox) == "mine"
    sandbox.stop()  # which writes the rest of its log
    with log.open(newline="") as lines:
        truth = [row for row in csv.DictReader(lines) if row["operation"] == "Invoke"]
    assert len(truth) == 12 and sum(row["cold"] == "1" for row in truth) == due
    [step] = ran.phases["a"]["steps"]
    assert step["latency_ms"]["service"]["max"] < UPDATING, "no change is in a measured time"


@pytest.mark.parametrize("lines", LINES)
def test_what_was_killed_is_restored(sandbox: SandboxProcess, tmp_path: Path, lines: int) -> None:
    describe(sandbox, "mine")
    journal = tmp_path / "run" / "journal.jsonl"
    with Program(tmp_path, *written(tmp_path, sandbox.http), env=KEYS) as program:
        program.soon(lambda: journal.exists() and journal.read_text().count("\n") >= lines)
    program.leaves_nothing()
    report = run(tmp_path, "report", "run")
    told = "the function's description was not restored: the run died"
    assert (told in " ".join(report.out.split())) == (lines > 1)
    ran = run(tmp_path, "tune", "--restore", "run", env=KEYS)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("The description is ")
    assert description(sandbox) == "mine"


@pytest.mark.skipif(not FULL, reason="a long form: what is killed is restored by the same")
def test_a_signal_restores(sandbox: SandboxProcess, tmp_path: Path) -> None:
    describe(sandbox, "mine")
    journal = tmp_path / "run" / "journal.jsonl"
    with Program(tmp_path, *written(tmp_path, sandbox.http), "--json", env=KEYS) as program:
        program.soon(lambda: journal.exists() and journal.read_text().count("\n") >= 6)
        program.process.send_signal(signal.SIGINT)
        ran = program.wait()
        program.leaves_nothing()
    assert ran.status == 130, ran.err
    assert ran.result["forced_cold"]["restored"]
    assert description(sandbox) == "mine"


def test_what_somebody_else_has_set_is_left_alone(sandbox: SandboxProcess, tmp_path: Path) -> None:
    """The load would go on for a minute and more: the change meets it."""
    journal = tmp_path / "run" / "journal.jsonl"
    arguments = written(tmp_path, sandbox.http, iterations=1000)
    with boto3_client(sandbox) as client, Program(tmp_path, *arguments, "--json", env=KEYS) as program:
        program.soon(lambda: journal.exists() and journal.read_text().count("changed") >= 1)
        other_change(client)
        ran = program.wait()
    assert ran.status == 3
    assert not ran.result["forced_cold"]["restored"]
    assert any("somebody else has changed it" in text for text in ran.warnings)


def test_a_real_function(ministack: Engine, tmp_path: Path) -> None:
    """It tells by itself which of its calls were cold. ministack keeps its environments when a description is changed:
    the result says so."""
    with gateway.timer(ministack) as name:
        arguments = written(tmp_path, ministack.url, function=name)
        ran = run(tmp_path, *arguments, "--json", env=ministack.keys.environment)
        with ministack.client("logs") as logs:
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{name}")
            told = [told for page in pages for event in page["events"] for told in _told(event["message"])]
    assert ran.status in VALID, ran.err
    forced = ran.result["forced_cold"]
    assert (forced["due"], forced["changes"], forced["restored"]) == (12, 6, True)
    assert forced["cold"] == sum(of["cold"] for of in told) < 12


def _told(message: str) -> Iterator[dict[str, Any]]:
    _, begin, found = message.partition("TOLD ")
    if begin:
        yield json.loads(found)
