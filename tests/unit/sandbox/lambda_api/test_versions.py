"""Configurations and versions of a function, over the sandbox's own HTTP in virtual time."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lambda_sandbox import FUNCTIONS, Reply, Sandbox

from loadgen.clock import MILLISECOND, SECOND

POOL = {"service": "10ms", "environments": {"max": 9, "init": "300ms"}}
ARN = "arn:aws:lambda:eu-west-1:000000000000:function:orders"


def get(target: Sandbox, qualifier: str = "") -> dict[str, Any]:
    query = f"?Qualifier={qualifier}" if qualifier else ""
    reply = target.call("GET", f"{FUNCTIONS}/orders/configuration{query}")
    assert reply.status == 200
    return dict(reply.body)


def update(target: Sandbox, **asked: Any) -> Reply:
    return target.call("PUT", f"{FUNCTIONS}/orders/configuration", json.dumps(asked).encode())


def publish(target: Sandbox, **asked: Any) -> Reply:
    return target.call("POST", f"{FUNCTIONS}/orders/versions", json.dumps(asked).encode())


def delete(target: Sandbox, query: str = "") -> Reply:
    return target.call("DELETE", f"{FUNCTIONS}/orders{query}")


# what is there


def test_a_configuration() -> None:
    told = get(Sandbox(memory=512, timeout="2500ms", log_format="json", log_level="warn"))
    assert len(told.pop("RevisionId")) == 36
    assert told == {
        "FunctionName": "orders",
        "FunctionArn": ARN,
        "Runtime": "python3.13",
        "Role": "arn:aws:iam::000000000000:role/sandbox",
        "Handler": "index.handler",
        "CodeSize": 1024,
        "CodeSha256": "c2ltdWxhdGVkc2ltdWxhdGVkc2ltdWxhdGVkc2ltdWw=",
        "LastModified": "2026-10-31T20:00:01.000+0000",
        "Version": "$LATEST",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "TracingConfig": {"Mode": "PassThrough"},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "Description": "",
        "Timeout": 3,
        "MemorySize": 512,
        "LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "WARN"},
        "State": "Active",
        "LastUpdateStatus": "Successful",
    }


def test_a_function() -> None:
    target = Sandbox()
    told = target.call("GET", f"{FUNCTIONS}/orders").body
    assert told["Configuration"] == get(target)
    assert told["Code"]["RepositoryType"] == "S3"


def test_one_that_is_not_there() -> None:
    for path in ("others", "orders?Qualifier=3", "orders:live"):
        reply = Sandbox(functions="orders").call("GET", f"{FUNCTIONS}/{path}")
        assert (reply.status, reply.error) == (404, "ResourceNotFoundException")


# changes


def test_a_change_holds_when_it_is_done() -> None:
    target = Sandbox(POOL, cpu_bound="100%", updating="2s")
    assert target.invoke().took == 310 * MILLISECOND
    told = update(target, MemorySize=128, Environment={"Variables": {"A": "1"}}).body
    assert (told["LastUpdateStatus"], told["State"], told["MemorySize"]) == ("InProgress", "Active", 128)
    warm = target.invoke(log="Tail")
    assert (warm.took, "Memory Size: 1769 MB" in warm.log[-1]) == (10 * MILLISECOND, True)
    target.wait(2 * SECOND)
    told = get(target)
    assert (told["LastUpdateStatus"], told["Environment"]) == ("Successful", {"Variables": {"A": "1"}})
    cold = target.invoke(log="Tail")
    assert (cold.took, "Memory Size: 128 MB" in cold.log[-1]) == (300 * MILLISECOND + 138_203_125, True)
    assert target.invoke().body["cold"] is False


def test_any_change_starts_cold_and_none_does_not() -> None:
    target = Sandbox(POOL)
    told = []
    for asked in ({}, {"Environment": {"Variables": {"N": "1"}}}, {"Environment": {"Variables": {"N": "1"}}}):
        target.invoke()
        update(target, **asked)
        told.append(target.invoke().body["cold"])
    assert told == [False, True, False]


def test_each_cold_start_draws_its_own_time() -> None:
    pool = {"environments": {"max": 9, "init": "lognormal(p50=300ms, p99=900ms)"}}
    target = Sandbox(pool)
    took = set()
    for n in range(5):
        update(target, Description=str(n))
        took.add(target.invoke().took)
    assert len(took) == 5


def test_the_revision_changes_as_an_update_begins_and_as_it_ends() -> None:
    target = Sandbox(updating="1s")
    first = get(target)["RevisionId"]
    begun = update(target, MemorySize=256).body["RevisionId"]
    assert get(target)["RevisionId"] == begun
    target.wait(SECOND)
    ended = get(target)["RevisionId"]
    assert len({first, begun, ended}) == 3
    for wrong in (first, begun):
        reply = update(target, MemorySize=512, RevisionId=wrong)
        assert (reply.status, reply.error) == (412, "PreconditionFailedException")
    assert update(target, MemorySize=512, RevisionId=ended).status == 200


def test_one_change_at_a_time() -> None:
    target = Sandbox(updating="1s")
    update(target, MemorySize=256)
    for reply in (update(target, MemorySize=512), publish(target)):
        assert (reply.status, reply.error) == (409, "ResourceConflictException")
        assert reply.message.endswith(f"An update is in progress for resource: {ARN}")
    target.wait(SECOND)
    assert update(target, MemorySize=512).status == 200


def test_a_timeout_and_a_log_format() -> None:
    target = Sandbox({"service": "2s"})
    update(target, Timeout=1, LoggingConfig={"LogFormat": "JSON"})
    reply = target.invoke(log="Tail")
    assert (reply.took, json.loads(reply.log[-1])["type"]) == (SECOND, "platform.report")
    update(target, LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "WARN"})
    assert len(target.invoke(log="Tail").log) == 1
    update(target, LoggingConfig={"LogFormat": "Text"})
    assert target.invoke(log="Tail").log[-1].startswith("REPORT")


def test_a_change_of_the_first_function_is_one_of_the_front() -> None:
    target = Sandbox(POOL, cpu_bound="100%")
    update(target, MemorySize=128)
    get(target)
    assert target.call("GET", "/", signed=False).took == 300 * MILLISECOND + 138_203_125
    assert target.invoke().body["cold"] is False


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({"MemorySize": 127}, "ValidationException", "greater than or equal to 128"),
        ({"MemorySize": 10241}, "ValidationException", "less than or equal to 10240"),
        ({"MemorySize": "512"}, "SerializationException", "not a whole number"),
        ({"MemorySize": True}, "SerializationException", "not a whole number"),
        ({"Timeout": 901}, "ValidationException", "less than or equal to 900"),
        ({"Description": "x" * 257}, "ValidationException", "length less than or equal to 256"),
        ({"Description": 3}, "SerializationException", "not a text"),
        ({"Environment": []}, "SerializationException", "not an object"),
        ({"Environment": {"Variables": {"A": 1}}}, "SerializationException", "mapping of texts"),
        ({"Environment": {"Variables": {"A": "x" * 4096}}}, "InvalidParameterValueException", "exceeded the 4KB limit"),
        ({"SnapStart": {"ApplyOn": "All"}}, "ValidationException", "enum value set"),
        ({"SnapStart": {"ApplyOn": "PublishedVersions"}}, "InvalidParameterValueException", "lambda.snap_start"),
        ({"LoggingConfig": {"SystemLogLevel": "WARN"}}, "InvalidParameterValueException", "only if the log format"),
        ({"Role": "other"}, "InvalidParameterValueException", "does not do Role"),
    ],
)
def test_what_cannot_be(asked: dict[str, Any], error: str, message: str) -> None:
    target = Sandbox()
    reply = update(target, **asked)
    assert (reply.status, reply.error) == (400, error)
    assert message in reply.message
    assert get(target)["LastUpdateStatus"] == "Successful"


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object(body: bytes) -> None:
    reply = Sandbox().call("PUT", f"{FUNCTIONS}/orders/configuration", body)
    assert (reply.status, reply.error) == (400, "SerializationException")


def test_a_version_cannot_be_changed() -> None:
    target = Sandbox()
    publish(target)
    reply = target.call("PUT", f"{FUNCTIONS}/orders%3A1/configuration", b"{}")
    assert reply.error == "InvalidParameterValueException"


# versions


def test_a_version_keeps_its_configuration_and_has_environments_of_its_own() -> None:
    target = Sandbox(POOL, cpu_bound="100%")
    update(target, MemorySize=512)
    told = publish(target, Description="small")
    assert told.status == 201
    assert (told.body["Version"], told.body["Description"], told.body["FunctionArn"]) == ("1", "small", f"{ARN}:1")
    update(target, MemorySize=128)
    assert (get(target, "1")["MemorySize"], get(target)["MemorySize"]) == (512, 128)
    assert target.invoke().body["cold"] is True
    first, second = (target.invoke(qualifier="1", log="Tail") for _ in range(2))
    assert (first.body["cold"], second.body["cold"]) == (True, False)
    assert second.headers["x-amz-executed-version"] == "1"
    assert second.log[0].endswith("Version: 1")
    assert second.took == int(10 * MILLISECOND * 1769 / 512)


def test_a_new_version_is_pending() -> None:
    target = Sandbox(updating="1s")
    told = publish(target).body
    assert (told["State"], told["StateReasonCode"]) == ("Pending", "Creating")
    reply = target.invoke(qualifier="1")
    assert (reply.status, reply.error) == (409, "ResourceConflictException")
    assert reply.message.endswith("Pending")
    target.wait(SECOND)
    assert get(target, "1")["State"] == "Active"
    assert target.invoke(qualifier="1").status == 200


def test_nothing_new_is_no_new_version() -> None:
    target = Sandbox()
    assert [publish(target).body["Version"] for _ in range(2)] == ["1", "1"]
    update(target, Description="other")
    assert publish(target).body["Version"] == "1"
    update(target, MemorySize=256)
    assert publish(target).body["Version"] == "2"
    delete(target, "?Qualifier=2")
    assert publish(target).body["Version"] == "3"


def test_a_precondition_of_publishing() -> None:
    target = Sandbox()
    assert publish(target, RevisionId="other").status == 412
    assert publish(target, CodeSha256="other").error == "InvalidParameterValueException"
    assert publish(target, RevisionId=get(target)["RevisionId"]).status == 201


def test_a_snapshot_of_published_versions() -> None:
    target = Sandbox({"environments": {"max": 9, "init": "3s"}}, snap_start="200ms")
    update(target, SnapStart={"ApplyOn": "None"})
    assert target.invoke().took == 3 * SECOND
    publish(target)
    update(target, SnapStart={"ApplyOn": "PublishedVersions"})
    assert get(target)["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"}
    told = publish(target).body
    assert told["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "On"}
    plain, snapshot = (target.invoke(qualifier=number) for number in "12")
    assert (plain.took, plain.body["initialization_type"]) == (3 * SECOND, "on-demand")
    assert (snapshot.took, snapshot.body["initialization_type"]) == (200 * MILLISECOND, "snap-start")


def test_versions_are_listed_in_pages() -> None:
    target = Sandbox()
    for memory in (256, 512, 1024):
        update(target, MemorySize=memory)
        publish(target)
    listed = target.call("GET", f"{FUNCTIONS}/orders/versions").body
    assert [version["Version"] for version in listed["Versions"]] == ["$LATEST", "1", "2", "3"]
    assert [version["FunctionArn"] for version in listed["Versions"]][:2] == [f"{ARN}:$LATEST", f"{ARN}:1"]
    page = target.call("GET", f"{FUNCTIONS}/orders/versions?MaxItems=3").body
    rest = target.call("GET", f"{FUNCTIONS}/orders/versions?MaxItems=3&Marker={page['NextMarker']}").body
    assert [version["Version"] for version in rest["Versions"]] == ["3"]
    assert "NextMarker" not in rest
    assert target.call("GET", f"{FUNCTIONS}/orders/versions?Marker=x").status == 400


def test_a_version_is_deleted() -> None:
    target = Sandbox(POOL)
    publish(target)
    target.invoke(qualifier="1")
    assert target.core.simulation.cold_starts == 1
    assert delete(target, "?Qualifier=1").status == 204
    assert target.core.simulation.cold_starts == 1
    assert target.invoke(qualifier="1").status == 404
    for query in ("", "?Qualifier=%24LATEST"):
        assert delete(target, query).error == "InvalidParameterValueException"
    assert delete(target, "?Qualifier=1").status == 404


def test_there_is_a_most_of_everything() -> None:
    target = Sandbox()
    for number in range(100):
        update(target, Description=str(number), MemorySize=128 + number)
        assert publish(target).status == 201
    update(target, MemorySize=1024)
    assert publish(target).message == "The sandbox has at most 100 versions of a function"
    for number in range(99):
        assert target.invoke(f"f{number}", kind="DryRun").status == 204
    assert target.invoke("another", kind="DryRun").message == "The sandbox has at most 100 functions"
