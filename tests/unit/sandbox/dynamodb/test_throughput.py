"""The sandbox's DynamoDB: what it throttles, exactly; and what else its settings do to an answer. In virtual time."""

from __future__ import annotations

import csv
import random
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from dynamodb_sandbox import PK, TABLE, Sandbox, provisioned, s
from sandbox_link import answers, feed, request

from loadgen.clock import MILLISECOND, SECOND
from loadgen.profile.distribution import Distribution
from loadgen.profile.sandbox import Faults, Stall, Throttle
from loadgen.sandbox.dynamodb.throughput import KeyBuckets, Peak
from loadgen.sandbox.throttle import TokenBucket
from loadgen.sandbox.truth import Truth

ARN = f"arn:aws:dynamodb:eu-west-1:123456789012:table/{TABLE}"
MINUTE = 60 * SECOND


def item(number: int, size: int = 0) -> dict[str, Any]:
    return {"pk": s(f"{number:08}"), **({"v": s("x" * (size - 11))} if size else {})}


def put(sandbox: Sandbox, number: int, size: int = 0) -> str:
    """The throttling reason, or nothing."""
    reply = sandbox.call("PutItem", TableName=TABLE, Item=item(number, size))
    if reply.status == 200:
        return ""
    [reason] = reply.body.get("ThrottlingReasons") or reply.body["throttlingReasons"]
    assert reason["resource"] == ARN
    return str(reason["reason"])


# the parts


def test_a_bucket_lets_through_what_is_more_than_it_holds_when_it_is_full() -> None:
    bucket = TokenBucket(rate=2, burst=4)
    assert bucket.holds(0, 10)
    bucket.take(10)
    assert not bucket.holds(3 * SECOND, 1), "it owes 6, and has had 6 back"
    assert bucket.holds(4 * SECOND - SECOND // 2, 1)
    bucket.take(-1)
    assert bucket.holds(4 * SECOND, 3)


@pytest.mark.parametrize("seed", range(20))
def test_buckets_of_keys_are_one_bucket_each(seed: int) -> None:
    """Against a token bucket that is kept for each key for ever."""
    dice = random.Random(seed)
    rate = dice.choice([1, 3, 0.7, 33.3])
    keys, kept, now = KeyBuckets(rate), dict[str, Fraction](), 0
    full = Fraction(rate).limit_denominator(10**6)
    last: dict[str, int] = {}
    for _ in range(400):
        now += dice.randrange(SECOND // 3)
        key, tokens = dice.choice("abcde"), dice.randrange(1, 6)
        level = kept.get(key, full) + (now - last.get(key, now)) * full / SECOND
        level, last[key] = min(level, full), now
        kept[key] = level
        assert keys.holds(now, tokens, key) == (level >= min(tokens, full))
        if keys.holds(now, tokens, key):
            keys.take(now, tokens, key)
            kept[key] = level - tokens


def test_full_buckets_of_keys_are_forgotten() -> None:
    keys = KeyBuckets(1000)
    for i in range(10_000):
        keys.take(i * SECOND // 1000, 2, str(i))
    assert len(keys._owed) <= 4


def test_how_many_times_its_peak_a_table_takes_can_be_set() -> None:
    peak = Peak(rate=1, after=SECOND, factor=1.5)
    assert peak.holds(0, 2)
    peak.take(2)
    assert peak.holds(2 * SECOND, 3)
    peak.take(3)
    assert not peak.holds(2 * SECOND + 1, 1)


def test_a_peak_counts_when_it_is_old_enough() -> None:
    peak = Peak(rate=5, after=30 * MINUTE, factor=2)  # in halves: 10 a second
    for _ in range(8):
        assert peak.holds(0, 1)
        peak.take(1)
    assert not peak.holds(0, 3)
    assert peak.holds(SECOND - 1, 2)
    peak.take(2)
    assert not peak.holds(SECOND - 1, 1)
    assert peak.holds(SECOND, 10)
    assert peak.holds(30 * MINUTE, 10)
    peak.take(10)
    assert not peak.holds(30 * MINUTE, 1)
    assert peak.holds(30 * MINUTE + SECOND, 20), "the second in which 10 were served ended half an hour ago"
    peak.take(20)
    assert not peak.holds(30 * MINUTE + SECOND, 1)
    assert peak.holds(60 * MINUTE + 2 * SECOND, 40)


def test_one_large_item_is_served_by_a_small_on_demand_table() -> None:
    peak = Peak(rate=1, after=SECOND, factor=2)
    assert peak.holds(0, 800)
    peak.take(800)
    assert not peak.holds(0, 1)


# provisioned


def test_a_table_of_one_unit_under_fifty_a_second_gives_what_its_bucket_gives() -> None:
    sandbox = Sandbox(burst=0)
    sandbox.create(**provisioned(1, 1))
    found = Counter[str]()
    for i in range(500):
        found[put(sandbox, i)] += 1
        sandbox.wait(20 * MILLISECOND)
    assert found == {"": 10, "TableWriteProvisionedThroughputExceeded": 490}
    stats = sandbox.stats()
    assert (stats["granted"], stats["write_units"], stats["items"]) == (10, 10, 10)
    assert stats["throttled"] == {"TableWriteProvisionedThroughputExceeded": 490}
    assert sandbox.core.counters.throttled == 490


def test_the_body_of_a_throttled_answer() -> None:
    sandbox = Sandbox(burst=0)
    sandbox.create(**provisioned(1, 1))
    put(sandbox, 1)
    reply = sandbox.call("PutItem", TableName=TABLE, Item=item(2))
    assert reply.status == 400
    assert reply.body == {
        "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
        "message": "The level of configured provisioned throughput for the table was exceeded. "
        "Consider increasing your provisioning level with the UpdateTable API.",
        "ThrottlingReasons": [{"reason": "TableWriteProvisionedThroughputExceeded", "resource": ARN}],
    }


def test_unused_capacity_is_saved_up() -> None:
    sandbox = Sandbox()
    sandbox.create(**provisioned(1, 2))
    assert [put(sandbox, i) for i in range(601)].count("") == 600, "five minutes of it"
    sandbox.wait(10 * SECOND)
    assert [put(sandbox, i) for i in range(21)].count("") == 20


def test_reads_and_writes_are_apart() -> None:
    sandbox = Sandbox(burst=0)
    sandbox.create(**provisioned(1, 1))
    key = {"TableName": TABLE, "Key": {"pk": s("a")}}
    assert [sandbox.call("GetItem", **key).error for _ in range(3)] == [
        "",
        "",
        "ProvisionedThroughputExceededException",
    ]
    assert put(sandbox, 1) == ""
    assert sandbox.stats()["throttled"] == {"TableReadProvisionedThroughputExceeded": 1}
    assert sandbox.call("Scan", TableName=TABLE).error == "ProvisionedThroughputExceededException"


def test_large_items_leave_a_debt() -> None:
    sandbox = Sandbox(burst=0)
    sandbox.create(**provisioned(1, 1))
    found = []
    for i in range(20):
        found.append(put(sandbox, i, 5 * 1024))
        sandbox.wait(SECOND)
    assert [i for i, reason in enumerate(found) if not reason] == [0, 5, 10, 15]


# on demand


def test_a_table_on_demand_throttles_above_double_its_peak() -> None:
    sandbox = Sandbox(on_demand_writes=10.0, peak_after=5 * SECOND)
    sandbox.create()

    def second(requests: int) -> int:
        """How many of so many in one second are let through."""
        found = [put(sandbox, i) for i in range(requests)]
        sandbox.wait(SECOND)
        assert set(found) <= {"", "TableWriteKeyRangeThroughputExceeded"}
        return found.count("")

    assert [second(15) for _ in range(6)] == [10] * 6, "what it was made for"
    assert second(25) == 20, "twice what it served 5 s ago"
    assert [second(50) for _ in range(5)] == [20] * 5
    assert second(50) == 40


def test_the_body_of_one_that_scales() -> None:
    sandbox = Sandbox(on_demand_writes=1.0)
    sandbox.create()
    put(sandbox, 1)
    body = sandbox.call("PutItem", TableName=TABLE, Item=item(2)).body
    assert body.pop("message").startswith("Throughput exceeds the current capacity of your table or index.")
    assert body == {
        "__type": "com.amazon.coral.availability#ThrottlingException",
        "throttlingReasons": [{"reason": "TableWriteKeyRangeThroughputExceeded", "resource": ARN}],
    }


def test_a_maximum_of_its_own() -> None:
    sandbox = Sandbox()
    sandbox.create(BillingMode="PAY_PER_REQUEST", OnDemandThroughput={"MaxWriteRequestUnits": 3})
    assert [put(sandbox, i) for i in range(5)] == ["", "", "", *["TableWriteMaxOnDemandThroughputExceeded"] * 2]
    reply = sandbox.call("PutItem", TableName=TABLE, Item=item(2))
    assert (reply.error, reply.message) == (
        "ThrottlingException",
        "Throughput exceeds the maximum OnDemandThroughput configured on table or index",
    )
    described = sandbox.ok("DescribeTable", TableName=TABLE)["Table"]["OnDemandThroughput"]
    assert described == {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": 3}


# partitions


@pytest.mark.parametrize(
    ("how", "error"),
    [(provisioned(10_000, 10_000), "ProvisionedThroughputExceededException"), ({}, "ThrottlingException")],
)
def test_a_hot_partition(how: dict[str, Any], error: str) -> None:
    sandbox = Sandbox()
    sandbox.create(sort="N", **how)
    for i in range(1000):
        sandbox.ok("PutItem", TableName=TABLE, Item={"pk": s("hot"), "sk": {"N": str(i)}})
    assert sandbox.call("PutItem", TableName=TABLE, Item={"pk": s("hot"), "sk": {"N": "7"}}).error == error
    sandbox.ok("PutItem", TableName=TABLE, Item={"pk": s("cold"), "sk": {"N": "7"}})
    assert sandbox.stats()["throttled"] == {"TableWriteKeyRangeThroughputExceeded": 1}
    sandbox.wait(SECOND // 1000)
    sandbox.ok("PutItem", TableName=TABLE, Item={"pk": s("hot"), "sk": {"N": "7"}})


def test_reads_of_a_hot_partition() -> None:
    sandbox = Sandbox(partition_reads=2.0)
    sandbox.create()
    key = {"TableName": TABLE, "Key": {"pk": s("a")}, "ConsistentRead": True}
    assert [sandbox.call("GetItem", **key).error for _ in range(3)] == ["", "", "ThrottlingException"]
    assert sandbox.stats()["throttled"] == {"TableReadKeyRangeThroughputExceeded": 1}


# batches


def test_what_a_batch_was_throttled_of_comes_back() -> None:
    sandbox = Sandbox(burst=0)
    sandbox.create(**provisioned(2, 3))
    puts = [{"PutRequest": {"Item": item(i)}} for i in range(5)]
    reply = sandbox.ok("BatchWriteItem", RequestItems={TABLE: puts}, ReturnConsumedCapacity="TOTAL")
    assert reply == {
        "UnprocessedItems": {TABLE: puts[3:]},
        "ConsumedCapacity": [{"TableName": TABLE, "CapacityUnits": 3.0}],
    }
    refused = sandbox.refused("BatchWriteItem", RequestItems={TABLE: puts[3:]})
    assert refused[0] == "ProvisionedThroughputExceededException"
    keys = [{"pk": item(i)["pk"]} for i in range(6)]
    reply = sandbox.ok("BatchGetItem", RequestItems={TABLE: {"Keys": keys}})
    assert len(reply["Responses"][TABLE]) == 3
    assert reply["UnprocessedKeys"] == {TABLE: {"Keys": keys[4:], "ConsistentRead": False}}
    assert sandbox.refused("BatchGetItem", RequestItems={TABLE: {"Keys": keys}})[0] == refused[0]
    assert sandbox.stats()["throttled"] == {
        "TableWriteProvisionedThroughputExceeded": 4,
        "TableReadProvisionedThroughputExceeded": 8,
    }
    assert sandbox.stats()["granted"] == 7


def test_items_left_over_as_the_settings_say() -> None:
    sandbox = Sandbox(unprocessed=0.2)
    sandbox.create()
    left = 0
    for i in range(40):
        puts = [{"PutRequest": {"Item": item(25 * i + j)}} for j in range(25)]
        left += len(sandbox.ok("BatchWriteItem", RequestItems={TABLE: puts})["UnprocessedItems"].get(TABLE, []))
    stats = sandbox.stats()
    assert 140 < left < 260
    assert (stats["unprocessed"], stats["items"], stats["write_units"]) == (left, 1000 - left, 1000 - left)
    again = Sandbox(unprocessed=0.2)
    again.create()
    for i in range(40):
        puts = [{"PutRequest": {"Item": item(25 * i + j)}} for j in range(25)]
        again.ok("BatchWriteItem", RequestItems={TABLE: puts})
    assert again.stats() == stats, "the same seed, the same items"


def test_all_of_a_batch_may_be_left_over() -> None:
    sandbox = Sandbox(unprocessed=1.0)
    sandbox.create()
    puts = [{"PutRequest": {"Item": item(1)}}]
    assert sandbox.ok("BatchWriteItem", RequestItems={TABLE: puts})["UnprocessedItems"] == {TABLE: puts}


# time, faults, books


def test_an_answer_takes_its_time_and_a_refusal_only_the_networks() -> None:
    sandbox = Sandbox({"rtt": 20 * MILLISECOND, "service": Distribution.fixed(8 * MILLISECOND)}, burst=0)
    sandbox.create(**provisioned(1, 1))

    def took(operation: str, **parameters: Any) -> int:
        begin = sandbox.clock.now()
        sandbox.call(operation, TableName=TABLE, **parameters)
        return sandbox.link.sent[0][0] - begin

    assert took("PutItem", Item=item(1)) == 28 * MILLISECOND
    assert took("PutItem", Item=item(2)) == 20 * MILLISECOND, "throttled"
    assert took("PutItem") == 20 * MILLISECOND, "wrong"
    sandbox.wait(SECOND)
    failing = {"Item": item(1), "ConditionExpression": "attribute_not_exists(pk)"}
    assert took("PutItem", **failing) == 28 * MILLISECOND, "the item was looked at"


def test_it_takes_effect_as_it_comes() -> None:
    """A write is there for what comes after it, even if its own answer has not left, or never does."""
    sandbox = Sandbox({"service": Distribution.fixed(SECOND)})
    sandbox.create()
    write, read = (
        b'{"TableName": "orders", "Item": {"pk": {"S": "a"}}}',
        b'{"TableName": "orders", "Key": {"pk": {"S": "a"}}}',
    )
    feed(sandbox.connect(), request("/", "POST", write, *sandbox.headers("PutItem", write)))
    link = sandbox.connect()
    feed(link, request("/", "POST", read, *sandbox.headers("GetItem", read)))
    sandbox.wait(SECOND)
    assert answers(link.data)[0][2] == b'{"Item":{"pk":{"S":"a"}}}'


def test_neither_the_fronts_throttle_nor_the_pool_is_dynamodbs() -> None:
    sandbox = Sandbox({"throttle": Throttle(rate=1.0, burst=1)})
    sandbox.create()
    assert [put(sandbox, i) for i in range(5)] == [""] * 5


def test_errors_of_the_service() -> None:
    sandbox = Sandbox({"faults": Faults(errors=1.0)})
    codes = [(reply.status, reply.error) for reply in (sandbox.call("ListTables") for _ in range(3))]
    first, second = (500, "InternalServerError"), (503, "ServiceUnavailableException")
    assert codes == [first, second, first]
    assert sandbox.core.counters.faults == {"errors": 3}
    assert sandbox.core.dynamodb.operations == {"ListTables": 3}


def test_an_error_of_the_service_changes_nothing_and_takes_its_time() -> None:
    sandbox = Sandbox({"faults": Faults(errors=0.5), "service": Distribution.fixed(8 * MILLISECOND)})
    while TABLE not in sandbox.core.dynamodb.database.ledgers:
        how = {"KeySchema": PK, "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}]}
        sandbox.call("CreateTable", TableName=TABLE, BillingMode="PAY_PER_REQUEST", **how)
    written = 0
    for i in range(40):
        begin = sandbox.clock.now()
        written += sandbox.call("PutItem", TableName=TABLE, Item=item(i)).status == 200
        assert sandbox.link.sent[0][0] - begin == 8 * MILLISECOND
    assert 0 < written < 40
    assert sandbox.stats()["items"] == sandbox.stats()["granted"] == written


@pytest.mark.parametrize("fault", ["reset", "truncate", "drip", "endless"])
def test_faults_of_the_network(fault: str) -> None:
    sandbox = Sandbox({"faults": Faults.model_validate({fault: 1.0})})
    body = b"{}"
    feed(sandbox.link, request("/", "POST", body, *sandbox.headers("ListTables", body)))
    sandbox.wait(3 * SECOND if fault == "drip" else SECOND)
    link, expected = sandbox.link, b'{"TableNames":[]}'
    match fault:
        case "reset":
            assert (link.data, link.ending and link.ending[0]) == (b"", "reset")
        case "truncate":
            assert link.data.endswith(expected[: len(expected) // 2])
            assert link.ending and link.ending[0] == "cut"
        case "drip":
            assert link.data.endswith(expected)
            assert len(link.sent) == 1 + len(expected)
        case _:
            assert b"Transfer-Encoding: chunked\r\n" in link.data
            assert len(link.sent) > 50
    assert sandbox.core.counters.faults == {fault: 1}


def test_a_stall_holds_answers_back() -> None:
    stall = Stall.model_validate({"at": 0, "for": SECOND})
    sandbox = Sandbox({"stalls": (stall,)})
    begin = sandbox.clock.now()
    sandbox.call("ListTables")
    assert sandbox.link.sent[0][0] - begin == SECOND


def test_the_truth_log_names_the_operation(tmp_path: Path) -> None:
    log = tmp_path / "truth.csv"
    sandbox = Sandbox(burst=0)
    sandbox.core.truth = truth = Truth(log)
    sandbox.create(**provisioned(1, 1))
    put(sandbox, 1)
    put(sandbox, 2)
    feed(sandbox.link, request("/orders"))
    truth.close()
    with log.open(newline="") as lines:
        rows = [[row[key] for key in ("path", "operation", "status", "fault")] for row in csv.DictReader(lines)]
    assert rows == [
        ["/", "CreateTable", "200", ""],
        ["/", "PutItem", "200", ""],
        ["/", "PutItem", "400", "throttle"],
        ["/orders", "", "200", ""],
    ]


def test_the_books() -> None:
    sandbox = Sandbox(burst=0)
    sandbox.create(**provisioned(1, 1))
    put(sandbox, 1)
    put(sandbox, 2)
    sandbox.ok("DeleteTable", TableName=TABLE)
    assert sandbox.core.dynamodb.stats() == {
        "operations": {"CreateTable": 1, "PutItem": 2, "DeleteTable": 1},
        "errors": {"ProvisionedThroughputExceededException": 1},
        "tables": {
            TABLE: {
                "granted": 1,
                "throttled": {"TableWriteProvisionedThroughputExceeded": 1},
                "unprocessed": 0,
                "read_units": 0.0,
                "write_units": 1.0,
                "items": 0,
                "bytes": 0,
            }
        },
    }


def test_books_of_tables_that_are_gone_are_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadgen.sandbox.dynamodb.database.LEDGER_LIMIT", 3)
    sandbox = Sandbox()
    sandbox.create("kept")
    for i in range(5):
        sandbox.create(f"gone-{i}")
        sandbox.ok("DeleteTable", TableName=f"gone-{i}")
    assert list(sandbox.core.dynamodb.database.ledgers) == ["kept", "gone-3", "gone-4"]


def test_answers_that_wait_are_bounded() -> None:
    sandbox = Sandbox({"service": Distribution.fixed(SECOND)})
    sandbox.create()
    sandbox.ok("PutItem", TableName=TABLE, Item=item(1, 400_000))
    body = b'{"TableName": "orders", "Key": {"pk": {"S": "00000001"}}}'
    link = sandbox.connect()
    for _ in range(26):
        feed(link, request("/", "POST", body, *sandbox.headers("GetItem", body)))
    assert not link.paused
    feed(link, request("/", "POST", body, *sandbox.headers("GetItem", body)))
    assert link.paused
    sandbox.wait(SECOND)
    assert (link.paused, len(answers(link.data))) == (False, 27)
