"""FilterLogEvents, asked over the sandbox's own HTTP in virtual time."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lambda_sandbox import Reply, Sandbox

from loadgen.aws.credentials import SANDBOX
from loadgen.aws.sigv4 import Signer
from loadgen.clock import MILLISECOND, SECOND
from loadgen.sandbox.lambda_api.records import KEPT

GROUP = "/aws/lambda/orders"
START = 1_793_476_801_000
"""Wall ms when the first request comes."""


def ask(target: Sandbox, operation: str = "FilterLogEvents", group: str = GROUP, **asked: Any) -> Reply:
    body = json.dumps({"logGroupName": group, **asked}).encode()
    headers = (("Content-Type", "application/x-amz-json-1.1"), ("X-Amz-Target", f"Logs_20140328.{operation}"))
    signer, target.signer = target.signer, Signer("logs", "eu-west-1", SANDBOX)
    try:
        return target.call("POST", "/", body, *headers)
    finally:
        target.signer = signer


def messages(reply: Reply) -> list[str]:
    assert reply.status == 200
    return [event["message"] for event in reply.body["events"]]


def test_the_reports_of_a_function() -> None:
    target = Sandbox({"service": "20ms", "environments": {"max": 9, "init": "300ms"}}, signatures="verify")
    calls = [target.invoke(log="Tail") for _ in range(3)]
    target.invoke("others")
    reply = ask(target)
    assert reply.headers["content-type"] == "application/x-amz-json-1.1"
    assert messages(reply) == [f"{call.log[-1]}\n" for call in calls]
    first = reply.body["events"][0]
    assert (first["timestamp"], first["ingestionTime"]) == (START + 320, START + 320)
    assert first["logStreamName"].startswith("2026/10/31/[$LATEST]")
    assert len({event["eventId"] for event in reply.body["events"]}) == 3
    assert len({event["logStreamName"] for event in reply.body["events"]}) == 1
    assert "nextToken" not in reply.body


def test_by_time_id_and_stream() -> None:
    target = Sandbox({"service": "20ms"})
    ids = []
    for _ in range(5):
        ids.append(target.invoke().headers["x-amzn-requestid"])
    found = messages(ask(target, startTime=START + 40, endTime=START + 80))
    assert [line.split()[2] for line in found] == ids[1:4]
    assert len(messages(ask(target, filterPattern=f'"{ids[2]}"'))) == 1
    either = messages(ask(target, filterPattern=f'?"{ids[0]}" ?"{ids[4]}"'))
    assert [line.split()[2] for line in either] == [ids[0], ids[4]]
    stream = ask(target).body["events"][0]["logStreamName"]
    assert len(messages(ask(target, logStreamNames=[stream]))) == 5
    assert messages(ask(target, logStreamNames=["another"])) == []
    assert messages(ask(target, logStreamNamePrefix="2025/")) == []


def test_in_json() -> None:
    target = Sandbox(log_format="json")
    wanted = [target.invoke().headers["x-amzn-requestid"] for _ in range(3)][1]
    found = messages(ask(target, filterPattern=f'{{ $.record.requestId = "{wanted}" }}'))
    assert [json.loads(line)["record"]["requestId"] for line in found] == [wanted]


def test_a_level_of_warn_has_none() -> None:
    target = Sandbox(log_format="json", log_level="warn")
    target.invoke()
    assert messages(ask(target)) == []


def test_they_are_there_when_the_call_has_ended_and_the_log_has_come() -> None:
    target = Sandbox({"service": "1s"}, log_delay="2s")
    target.invoke(kind="Event")
    target.wait(2999 * MILLISECOND)
    assert messages(ask(target)) == []
    target.wait(MILLISECOND)
    reply = ask(target)
    assert len(messages(reply)) == 1
    event = reply.body["events"][0]
    assert event["ingestionTime"] - event["timestamp"] == 2000


def test_in_pages_in_the_order_of_their_ends() -> None:
    target = Sandbox({"service": [{"match": "POST /*/functions/orders/*", "time": "table(p0=1ms, p100=90ms)"}]})
    for _ in range(20):
        target.invoke(kind="Event")
    target.wait(SECOND)
    whole = ask(target).body["events"]
    assert [event["timestamp"] for event in whole] == sorted(event["timestamp"] for event in whole)
    pages, token = [], {}
    while True:
        body = ask(target, limit=7, **token).body
        pages.append(body["events"])
        if "nextToken" not in body:
            break
        target.invoke(kind="Event")
        token = {"nextToken": body["nextToken"]}
    assert [len(page) for page in pages] == [7, 7, 6]
    assert [event for page in pages for event in page] == whole


def test_an_answer_has_at_most_a_mib() -> None:
    target = Sandbox(log_format="json")
    records = target.core.lambda_api.records
    target.invoke()
    (one,) = records.of("orders")
    for _ in range(5999):
        records.add(one.end, "orders", 1, one.call, one.configuration)
    body = ask(target).body
    assert 1000 < len(body["events"]) < 6000
    assert 2**20 - 1000 < sum(len(event["message"]) for event in body["events"]) - len(body["events"]) <= 2**20
    rest = ask(target, nextToken=body["nextToken"]).body
    assert len(body["events"]) + len(rest["events"]) == 6000


def test_the_last_calls_are_kept() -> None:
    target = Sandbox()
    records = target.core.lambda_api.records
    target.invoke()
    (one,) = records.of("orders")
    for _ in range(KEPT):
        records.add(one.end, "others", 1, one.call, one.configuration)
    assert messages(ask(target)) == []
    assert len(list(records.of("others"))) == KEPT


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"group": "/aws/lambda/never"}, "ResourceNotFoundException"),
        ({"group": "/other"}, "ResourceNotFoundException"),
        ({"group": ""}, "InvalidParameterException"),
        ({"filterPattern": '"open'}, "InvalidParameterException"),
        ({"filterPattern": "{ $.a > 3 }"}, "InvalidParameterException"),
        ({"limit": 10_001}, "InvalidParameterException"),
        ({"startTime": "x"}, "SerializationException"),
        ({"logStreamNames": "x"}, "SerializationException"),
        ({"logStreamNames": ["x"] * 101}, "InvalidParameterException"),
        ({"nextToken": "x"}, "InvalidParameterException"),
        ({"unmask": True}, "InvalidParameterException"),
        ({"operation": "GetLogEvents"}, "UnknownOperationException"),
    ],
)
def test_what_is_refused(asked: dict[str, Any], code: str) -> None:
    target = Sandbox()
    target.invoke()
    reply = ask(target, **asked)
    assert (reply.status, reply.body["__type"]) == (400, code)


def test_by_the_arn_of_the_group() -> None:
    target = Sandbox()
    target.invoke()
    body = json.dumps({"logGroupIdentifier": f"arn:aws:logs:eu-west-1:000000000000:log-group:{GROUP}:*"}).encode()
    reply = target.call("POST", "/", body, ("X-Amz-Target", "Logs_20140328.FilterLogEvents"))
    assert len(messages(reply)) == 1


def test_who_does_not_sign_for_it_is_refused() -> None:
    target = Sandbox(signatures="verify")
    reply = target.call("POST", "/", b"{}", ("X-Amz-Target", "Logs_20140328.FilterLogEvents"))
    assert (reply.status, reply.body["__type"]) == (400, "InvalidSignatureException")
