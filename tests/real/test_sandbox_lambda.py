"""The sandbox's Lambda in its own process, asked by boto3."""

from __future__ import annotations

import csv
import json
import re
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lambda_client import boto3_client

from loadgen.clock import now
from loadgen.profile.sandbox import SandboxSettings
from loadgen.sandbox.process import SandboxProcess, start

pytestmark = pytest.mark.real

REPORT = re.compile(
    r"REPORT RequestId: (\S+)\tDuration: ([\d.]+) ms\tBilled Duration: (\d+) ms\tMemory Size: (\d+) MB\t"
    r"Max Memory Used: \d+ MB\t(?:Init Duration: ([\d.]+) ms\t)?"
)
LOG = "truth.csv"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sandbox")


@pytest.fixture(scope="module")
def sandbox(folder: Path) -> Iterator[SandboxProcess]:
    pool = {"max": 2, "reserved": 1, "init": "30.5ms", "overflow": "429"}
    settings = {"service": "2.4ms", "environments": pool, "lambda": {"overhead": "1ms", "memory": 512}}
    with start(SandboxSettings.model_validate(settings), log=folder / LOG) as process:
        yield process


@pytest.fixture(params=["http", "https"])
def client(request: pytest.FixtureRequest, sandbox: SandboxProcess) -> Iterator[Any]:
    with boto3_client(sandbox, request.param) as client:
        yield client


def truth(process: SandboxProcess, log: Path) -> dict[str, dict[str, str]]:
    process.stats()
    with log.open(newline="") as lines:
        return {row["request_id"]: row for row in csv.DictReader(lines) if row["request_id"]}


def test_invoke_and_its_report(client: Any, sandbox: SandboxProcess, folder: Path) -> None:
    began = now()
    answer = client.invoke(FunctionName="orders", Payload=b'{"id": 3}', LogType="Tail")
    took = now() - began
    assert (answer["StatusCode"], answer["ExecutedVersion"], answer.get("FunctionError")) == (200, "$LATEST", None)
    body = json.load(answer["Payload"])
    assert (body["id"], body["initialization_type"]) == (3, "on-demand")
    log = b64decode(answer["LogResult"]).decode()
    told = REPORT.search(log)
    assert told
    row = truth(sandbox, folder / LOG)[answer["ResponseMetadata"]["RequestId"]]
    assert told.groups() == (
        row["request_id"],
        "2.40",
        row["billed_ms"],
        "512",
        "30.50" if body["cold"] else None,
    )
    assert row["billed_ms"] == ("33" if body["cold"] else "3")
    assert took >= sum(int(row[name]) for name in ("init_ns", "service_ns", "overhead_ns"))


def test_all_three_types(client: Any) -> None:
    assert client.invoke(FunctionName="orders", InvocationType="DryRun")["StatusCode"] == 204
    while True:
        try:
            client.invoke(FunctionName="orders")
        except client.exceptions.TooManyRequestsException:  # the event of the test before is still there
            continue
        break
    answer = client.invoke(FunctionName="orders", InvocationType="Event", Payload=b"{}")
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")


@pytest.mark.parametrize(
    "name", ["orders:$LATEST", "arn:aws:lambda:eu-west-1:123456789012:function:orders", "123456789012:function:orders"]
)
def test_by_other_names(client: Any, name: str) -> None:
    assert client.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204


def test_what_is_refused(client: Any, sandbox: SandboxProcess) -> None:
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="Function not found: arn:aws:lambda:eu-w"):
        client.invoke(FunctionName="orders", Qualifier="7")
    with pytest.raises(client.exceptions.InvalidRequestContentException):
        client.invoke(FunctionName="orders", Payload=b"{")
    with pytest.raises(client.exceptions.RequestTooLargeException):
        client.invoke(FunctionName="orders", InvocationType="Event", Payload=b'"' + b"x" * 2**20 + b'"')
    with (
        boto3_client(sandbox, secret="another") as stranger,
        pytest.raises(stranger.exceptions.ClientError, match="InvalidSignatureException"),
    ):
        stranger.invoke(FunctionName="orders")


def test_a_throttled_call_says_why() -> None:
    pool = {"max": 1, "overflow": "429"}
    settings = SandboxSettings.model_validate({"service": "10s", "environments": pool, "lambda": {"timeout": "60s"}})
    with start(settings) as process, boto3_client(process) as client:
        client.invoke(FunctionName="orders", InvocationType="Event")
        with pytest.raises(client.exceptions.TooManyRequestsException) as refused:
            client.invoke(FunctionName="orders")
        said = refused.value.response
        assert said["Reason"] == "ConcurrentInvocationLimitExceeded"
        assert (said["retryAfterSeconds"], said["Error"]["Message"]) == ("1", "Rate Exceeded.")


def test_a_function_that_fails() -> None:
    settings = SandboxSettings.model_validate({"service": "3ms", "lambda": {"errors": "100%"}})
    with start(settings) as process, boto3_client(process) as client:
        answer = client.invoke(FunctionName="orders", LogType="Tail")
        assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
        assert json.load(answer["Payload"])["errorType"] == "SimulatedError"
        assert "Status: error" in b64decode(answer["LogResult"]).decode()


def test_a_function_is_changed_published_and_provisioned() -> None:
    pool = {"max": 9, "init": "300ms"}
    settings = {"service": "1ms", "environments": pool, "lambda": {"updating": "1200ms"}}
    with start(SandboxSettings.model_validate(settings)) as process, boto3_client(process) as client:
        of = {"FunctionName": "orders"}
        before = client.get_function_configuration(**of)
        begun = client.update_function_configuration(**of, MemorySize=512, RevisionId=before["RevisionId"])
        assert (begun["LastUpdateStatus"], begun["MemorySize"]) == ("InProgress", 512)
        with pytest.raises(client.exceptions.ResourceConflictException):
            client.update_function_configuration(**of, MemorySize=1024)
        client.get_waiter("function_updated_v2").wait(**of)
        with pytest.raises(client.exceptions.PreconditionFailedException):
            client.update_function_configuration(**of, MemorySize=1024, RevisionId=before["RevisionId"])
        version = client.publish_version(**of)["Version"]
        client.get_waiter("published_version_active").wait(**of, Qualifier=version)
        client.create_alias(**of, Name="tune", FunctionVersion=version)
        client.put_provisioned_concurrency_config(**of, Qualifier="tune", ProvisionedConcurrentExecutions=1)
        while client.get_provisioned_concurrency_config(**of, Qualifier="tune")["Status"] != "READY":
            pass
        answer = client.invoke(**of, Qualifier="tune", LogType="Tail")
        assert answer["ExecutedVersion"] == version
        told = REPORT.search(b64decode(answer["LogResult"]).decode())
        assert told
        assert told.groups()[1:] == ("1.00", "301", "512", "300.00")
        assert json.load(answer["Payload"])["initialization_type"] == "provisioned-concurrency"
        client.delete_provisioned_concurrency_config(**of, Qualifier="tune")
        with pytest.raises(client.exceptions.ProvisionedConcurrencyConfigNotFoundException):
            client.get_provisioned_concurrency_config(**of, Qualifier="tune")
        client.delete_alias(**of, Name="tune")
        client.delete_function(**of, Qualifier=version)
        numbers = [
            found["Version"]
            for page in client.get_paginator("list_versions_by_function").paginate(**of)
            for found in page["Versions"]
        ]
        assert numbers == ["$LATEST"]
        assert process.stats()["cold_starts"] == 0


def test_the_reports_are_found_in_the_logs() -> None:
    settings = SandboxSettings.model_validate({"service": "2.5ms", "lambda": {"memory": 512}})
    with (
        start(settings) as process,
        boto3_client(process) as client,
        boto3_client(process, service="logs") as logs,
    ):
        with pytest.raises(logs.exceptions.ResourceNotFoundException, match="log group does not exist"):
            logs.filter_log_events(logGroupName="/aws/lambda/orders")
        ids = [client.invoke(FunctionName="orders")["ResponseMetadata"]["RequestId"] for _ in range(5)]
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName="/aws/lambda/orders", filterPattern="REPORT", PaginationConfig={"PageSize": 2}
        )
        told = [REPORT.match(event["message"]) for page in pages for event in page["events"]]
        assert [found.groups() for found in told if found] == [(number, "2.50", "3", "512", None) for number in ids]
