"""Calls of a DynamoDB table: the bodies that are sent, and what is made of the answers."""

# ruff: noqa: E501

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from dynamodb_steps import drawn, profile, step
from hypothesis import given
from hypothesis import strategies as st

from loadgen.aws.attributes import typed
from loadgen.exchange import BODY, MOST_KEYS, Exchange, Outcome, Request, Tally
from loadgen.profile.model import Profile
from loadgen.profile.part import Written
from loadgen.workload.draws import Unsendable
from loadgen.workload.dynamodb import setup_item
from loadgen.workload.scenarios import StepWork, Workload


def request(call: str, index: int = 0, values: dict[str, Any] | None = None, **rest: str) -> Request:
    render = step(call, **rest).render
    assert render
    return render(values or {}, index)


def body(call: str, index: int = 0, **rest: Any) -> Any:
    return json.loads(request(call, index, **rest).body)


def test_a_call_is_a_signed_post_of_json_whatever_the_client() -> None:
    found = request("PutItem: {Item: {pk: a}}")
    assert (found.method, found.path, found.operation) == ("POST", "/", "PutItem")
    assert ("X-Amz-Target", "DynamoDB_20120810.PutItem") in found.headers
    assert ("Content-Type", "application/x-amz-json-1.0") in found.headers
    of_sdk = step("PutItem: {Item: {pk: a}}", "client: sdk").render
    assert of_sdk
    assert of_sdk({}, 0).body == found.body
    assert "User-Agent" not in dict(of_sdk({}, 0).headers), "the SDK says its own"
    assert dict(found.headers)["User-Agent"].startswith("loadgen/")


@pytest.mark.parametrize(
    ("call", "sent"),
    [
        (
            "PutItem: {Item: {pk: a, n: 5, f: 1.5, t: true, z: null, l: [1, x], m: {k: v}, s: {SS: [a, b]}, d: {N: '7'}}}",
            {
                "TableName": "orders",
                "Item": {
                    "pk": {"S": "a"}, "n": {"N": "5"}, "f": {"N": "1.5"}, "t": {"BOOL": True}, "z": {"NULL": True},
                    "l": {"L": [{"N": "1"}, {"S": "x"}]}, "m": {"M": {"k": {"S": "v"}}}, "s": {"SS": ["a", "b"]},
                    "d": {"N": "7"},
                },
            },
        ),
        (
            "UpdateItem: {Key: {pk: a}, UpdateExpression: 'ADD n :n', ExpressionAttributeValues: {':n': 1}, ReturnValues: ALL_NEW}",
            {
                "TableName": "orders", "Key": {"pk": {"S": "a"}}, "UpdateExpression": "ADD n :n",
                "ExpressionAttributeValues": {":n": {"N": "1"}}, "ReturnValues": "ALL_NEW",
            },
        ),
        (
            "BatchGetItem: {Keys: [{pk: a}, {pk: b}], ConsistentRead: true}",
            {"RequestItems": {"orders": {"Keys": [{"pk": {"S": "a"}}, {"pk": {"S": "b"}}], "ConsistentRead": True}}},
        ),
        (
            "BatchWriteItem: {RequestItems: [{PutRequest: {Item: {pk: 1}}}, {DeleteRequest: {Key: {pk: 2}}}]}",
            {"RequestItems": {"orders": [{"PutRequest": {"Item": {"pk": {"N": "1"}}}}, {"DeleteRequest": {"Key": {"pk": {"N": "2"}}}}]}},
        ),
        (
            "BatchWriteItem: {RequestItems: {other: [{PutRequest: {Item: {pk: 1}}}]}}",
            {"RequestItems": {"other": [{"PutRequest": {"Item": {"pk": {"N": "1"}}}}]}},
        ),
        (
            "TransactWriteItems: {TransactItems: [{Put: {Item: {pk: a}}}, {Delete: {Key: {pk: b}, TableName: other}}]}",
            {"TransactItems": [
                {"Put": {"TableName": "orders", "Item": {"pk": {"S": "a"}}}},
                {"Delete": {"TableName": "other", "Key": {"pk": {"S": "b"}}}},
            ]},
        ),
        (
            "ExecuteStatement: {Statement: 'SELECT * FROM \"orders\" WHERE pk = ?', Parameters: [a]}",
            {"Statement": 'SELECT * FROM "orders" WHERE pk = ?', "Parameters": [{"S": "a"}]},
        ),
        ("ListTables: {Limit: 5}", {"Limit": 5}),
        ("ListTables: {}", {}),
        ("DescribeTable: {}", {"TableName": "orders"}),
        ("Scan: {TableName: other}", {"TableName": "other"}),
    ],
)  # fmt: skip
def test_plain_values_become_attribute_values_and_the_table_is_the_targets(call: str, sent: Any) -> None:
    assert body(call) == sent


def test_placeholders_keep_their_type_in_an_attribute() -> None:
    item = body(
        'PutItem: {Item: {pk: "{{uuid}}", n: "{{int 7 7}}", s: "{{seq}}", t: "id-{{seq}}", x: {N: "{{seq}}"}}}', 3
    )["Item"]
    assert list(item["pk"]) == ["S"]
    assert item["n"] == {"N": "7"}
    assert (item["s"], item["t"], item["x"]) == ({"N": "3"}, {"S": "id-3"}, {"N": "3"})


def test_a_captured_value_has_the_type_it_came_with() -> None:
    steps = (
        "{name: one, GetItem: {Key: {pk: a}}, capture: {v: item.v}}, "
        '{name: two, PutItem: {Item: {pk: b, v: "{{v}}", t: "<{{v}}>"}}}'
    )
    render = Workload(profile(steps)).scenarios[0].steps[1].render
    assert render
    for value, attribute, text in (
        ('a"b', {"S": 'a"b'}, '<a"b>'),
        (5, {"N": "5"}, "<5>"),
        ([1], {"L": [{"N": "1"}]}, "<[1]>"),
    ):
        item = json.loads(render({"v": value}, 0).body)["Item"]
        assert (item["v"], item["t"]["S"]) == (attribute, text)
    with pytest.raises(Unsendable):
        render({"v": float("nan")}, 0)


def test_the_one_entry_of_a_batch_is_repeated_with_values_of_its_own() -> None:
    call = 'BatchWriteItem: {RequestItems: [{PutRequest: {Item: {pk: "{{uuid}}", n: "{{seq}}"}}}]}, batch: 25'
    first, second = (body(call, index)["RequestItems"]["orders"] for index in (0, 1))
    assert [entry["PutRequest"]["Item"]["n"]["N"] for entry in [*first, *second]] == [str(n) for n in range(50)]
    assert len({entry["PutRequest"]["Item"]["pk"]["S"] for entry in [*first, *second]}) == 50


def test_no_key_is_in_a_batch_twice() -> None:
    call = 'BatchGetItem: {Keys: [{pk: "{{id}}"}]}, batch: 100'
    keys = body(call, more='keys: {id: "uniform(10)"}')["RequestItems"]["orders"]["Keys"]
    assert sorted(int(key["pk"]["N"]) for key in keys) == list(range(10))


def test_consumed_capacity_is_asked_of_one_call_in_so_many() -> None:
    call, target = "GetItem: {Key: {pk: a}}", "consumed_capacity: 10"
    asked = [index for index in range(30) if "ReturnConsumedCapacity" in body(call, index, target=target)]
    assert asked == [0, 10, 20]
    assert "ReturnConsumedCapacity" not in body("DescribeTable: {}", target=target)
    assert body("Scan: {ReturnConsumedCapacity: INDEXES}", target=target)["ReturnConsumedCapacity"] == "INDEXES"


def test_the_seed_alone_decides_the_keys_and_the_payloads() -> None:
    assert drawn("zipfian(1000)") == drawn("zipfian(1000)") != drawn("zipfian(1000)", seed=2)


def test_another_run_writes_other_items_with_the_same_keys_and_sizes() -> None:
    """So that two clients, each in a run of its own, ask for the same."""
    one = '{name: one, PutItem: {Item: {pk: "k{{id}}", v: "{{bytes 1 999}}", n: "{{uuid}}"}}}'
    written = profile(one, 'keys: {id: "uniform(1000000)"}')
    runs = []
    for payloads in ((), (1,), (2,)):
        render = Workload(written, payloads=payloads).scenarios[0].steps[0].render
        assert render
        runs.append([json.loads(render({}, index).body)["Item"] for index in range(300)])
    asked = [[(item["pk"]["S"], len(item["v"]["S"])) for item in items] for items in runs]
    assert asked[0] == asked[1] == asked[2]
    assert len({size for _, size in asked[0]}) > 200
    written_items = {json.dumps([item["v"], item["n"]]) for items in runs for item in items}
    assert len(written_items) == 900


def test_a_key_is_the_same_in_every_step_of_an_iteration() -> None:
    steps = '{name: one, GetItem: {Key: {pk: "{{id}}"}}}, {name: two, DeleteItem: {Key: {pk: "u#{{id}}"}}}'
    compiled = Workload(profile(steps, 'keys: {id: "uniform(1000000)"}')).scenarios[0].steps
    for index in (5, 300, 5):  # back to an earlier block as well
        one, two = (json.loads(work.render({}, index).body)["Key"]["pk"] for work in compiled if work.render)
        assert two["S"] == f"u#{one['N']}"


def test_item_sizes_are_drawn_between_two_bounds() -> None:
    render = step('PutItem: {Item: {pk: a, v: "{{bytes 10 20}}"}}').render
    assert render
    sizes = {len(json.loads(render({}, index).body)["Item"]["v"]["S"]) for index in range(500)}
    assert sizes == set(range(10, 21))


def test_the_items_that_setup_loads_are_numbered() -> None:
    found = profile("{name: x, Scan: }", 'setup: {key: {pk: N}, items: 9, item: {pk: "{{seq}}", v: "{{bytes 5}}"}}')
    make = setup_item(found)
    items = [json.loads(make(number)) for number in range(9)]
    assert [item["pk"]["N"] for item in items] == [str(number) for number in range(9)]
    assert len({item["v"]["S"] for item in items}) == 9


# answers


def answered(call: str, status: int, answer: Any, headers: dict[str, str] | None = None, more: str = "") -> Exchange:
    work = step(call + more)
    assert work.render
    x = Exchange(work.render({}, 0), 0, object(), 0, 0, 0, BODY)
    x.status, x.headers = status, headers or {}
    x.body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    work.assess(x)
    return x


GET = "GetItem: {Key: {pk: a}}"


LEFT = {"UnprocessedItems": {"orders": [{"PutRequest": {"Item": {"pk": {"S": "a"}}}}]}}


WRITE = 'BatchWriteItem: {RequestItems: [{PutRequest: {Item: {pk: "{{uuid}}"}}}]}, batch: 4'


def test_every_answer_is_held_for_its_checksum() -> None:
    assert step(GET).wants == BODY
    data = b'{"Item":{}}'
    sound = answered(GET, 200, data, {"x-amz-crc32": str(zlib.crc32(data))})
    broken = answered(GET, 200, data, {"x-amz-crc32": str(zlib.crc32(data) ^ 1)})
    assert sound.outcome == Outcome.OK
    assert (broken.outcome, broken.reason) == (Outcome.BAD_RESPONSE, "x-amz-crc32 does not fit the body")


def error(code: str, **more: Any) -> dict[str, Any]:
    return {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "m", **more}


@pytest.mark.parametrize(
    ("status", "answer", "outcome", "reason"),
    [
        (400, error("ConditionalCheckFailedException"), Outcome.CONDITION_FAILED, "ConditionalCheckFailed"),
        (400, error("ValidationException"), Outcome.HTTP_4XX, "ValidationException"),
        (500, error("InternalServerError"), Outcome.HTTP_5XX, "InternalServerError"),
        (503, b"<html>", Outcome.HTTP_5XX, "status 503"),
        (
            400,
            error("ProvisionedThroughputExceededException", ThrottlingReasons=[{"reason": "TableWriteKeyRangeThroughputExceeded"}]),
            Outcome.THROTTLED,
            "hot partition (TableWriteKeyRangeThroughputExceeded)",
        ),
    ],
)  # fmt: skip
def test_errors_have_their_class_and_reason(status: int, answer: Any, outcome: Outcome, reason: str) -> None:
    x = answered(GET, status, answer)
    assert (x.outcome, x.reason) == (outcome, reason)


def test_an_expected_failure_is_ok() -> None:
    call = "PutItem: {Item: {pk: a}, ConditionExpression: 'attribute_not_exists(pk)'}, expect: {status: [200, 400]}"
    assert answered(call, 400, error("ConditionalCheckFailedException")).outcome == Outcome.OK


def test_expect_and_capture_see_items_as_plain_values() -> None:
    answer = {"Item": {"pk": {"S": "a"}, "n": {"N": "5"}, "m": {"M": {"k": {"L": [{"BOOL": True}]}}}}}
    assert answered(GET, 200, answer, more=", expect: {item: {pk: a, n: 5, m.k.0: true}}").outcome == Outcome.OK
    x = answered(GET, 200, answer, more=", expect: {item: {n: 6}}")
    assert (x.outcome, x.reason) == (Outcome.UNEXPECTED, "item n is another")
    x = answered(GET, 200, {}, more=", expect: {item: {n: 6}}")
    assert (x.outcome, x.reason) == (Outcome.UNEXPECTED, "item n is missing")


def test_captures_reach_into_items() -> None:
    work = step(GET + ", capture: {n: item.n, all: item, last: items.0.n, none: item.x}")
    x = Exchange(Request("POST", "/", operation="GetItem"), 0, object(), 0, 0, 0, BODY)
    x.status, x.body = 200, b'{"Item":{"n":{"N":"5"}}}'
    values: dict[str, Any] = {"none": "of before"}
    work.read(x, values)
    assert values == {"n": 5, "all": {"n": 5}, "last": 5}


def test_what_a_batch_leaves_makes_it_partial_and_is_counted() -> None:
    left = {"orders": [{"PutRequest": {"Item": {"pk": {"S": "a"}}}}]}
    x = answered(WRITE, 200, {"UnprocessedItems": left})
    assert (x.outcome, x.tally) == (Outcome.PARTIAL, Tally(4, 1))
    whole = answered(WRITE, 200, {"UnprocessedItems": {}})
    assert (whole.outcome, whole.tally) == (Outcome.OK, Tally(4, 0))


def test_consumed_capacity_is_counted_in_thousandths_by_read_and_write() -> None:
    units = {"ConsumedCapacity": {"TableName": "orders", "CapacityUnits": 0.5}}
    assert answered(GET, 200, units).tally == Tally(0, 0, 1, 500, 0)
    several = {"UnprocessedItems": {}, "ConsumedCapacity": [{"CapacityUnits": 2.0}, {"CapacityUnits": 1.0}]}
    assert answered(WRITE, 200, several).tally == Tally(4, 0, 1, 0, 3000)
    assert answered(GET, 200, {"ConsumedCapacity": {"CapacityUnits": -1}}).tally == Tally(0, 0, 1, 0, 0)
    assert answered("ExecuteStatement: {Statement: 'select 1'}", 200, units).tally == Tally(0, 0, 1, 500, 0)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


KNOWN = st.sampled_from(
    ["UnprocessedItems", "UnprocessedKeys", "ConsumedCapacity", "Item", "Items", "orders", "__type"]
)


@given(st.dictionaries(KNOWN, JSON), st.sampled_from([200, 400, 500]), st.sampled_from([GET, WRITE, "Scan: {}"]))
def test_no_answer_breaks_the_judge(answer: Any, status: int, call: str) -> None:
    x = answered(call, status, answer, more=", expect: {item: {a: 1}}, capture: {b: items.0.a}")
    assert x.outcome or status == 200


# other attempts


def test_nothing_is_tried_again_unless_the_profile_says_so() -> None:
    assert step(GET).again is None


def again(work: StepWork, x: Exchange, attempt: int = 1) -> Any:
    assert work.again
    return work.again(x, attempt)


def failing(work: StepWork, outcome: Outcome, status: int = 0, answer: Any = None, owner: object = None) -> Exchange:
    assert work.render
    x = Exchange(work.render({}, 0), 0, owner or object(), 0, 0, 0, BODY)
    x.outcome, x.status, x.body = outcome, status, json.dumps(answer).encode()
    return x


def test_retries_follow_the_standard_rules() -> None:
    work = step(GET, "retries: 3")
    throttled = failing(work, Outcome.THROTTLED, 400, error("ProvisionedThroughputExceededException"))
    delay, same = again(work, throttled)
    assert 0 <= delay <= 1_000_000_000
    assert same is None
    assert again(work, throttled, 3) is None
    assert again(work, failing(work, Outcome.HTTP_4XX, 400, error("ValidationException"))) is None
    assert again(work, failing(work, Outcome.RESET)) is not None


def test_a_batch_that_is_answered_in_part_is_no_failure_to_try_again() -> None:
    work = step(WRITE, "retries: 3")
    assert again(work, failing(work, Outcome.PARTIAL, 200, {"UnprocessedItems": {"orders": []}})) is None


def test_the_sdk_tries_again_by_itself() -> None:
    assert step(GET, "retries: 3\nclient: sdk").again is None


def test_the_rest_of_a_batch_is_sent_again_until_nothing_is_left() -> None:
    work = step(WRITE + ", unprocessed: resend")
    owner, pauses = object(), []
    for attempt in (1, 2, 3):
        pause, rest = again(work, failing(work, Outcome.PARTIAL, 200, LEFT, owner), attempt)
        pauses.append(pause)
        assert json.loads(rest.body) == {"RequestItems": LEFT["UnprocessedItems"]}
        assert (rest.operation, dict(rest.headers)["X-Amz-Target"]) == (
            "BatchWriteItem",
            "DynamoDB_20120810.BatchWriteItem",
        )
    assert pauses == [50_000_000, 100_000_000, 200_000_000]
    assert again(work, failing(work, Outcome.OK, 200, {"UnprocessedItems": {}}, owner), 4) is None


def test_the_rest_of_a_batch_has_attempts_of_its_own() -> None:
    """In an SDK it is another call: two attempts each, whatever was sent before, and pauses that count the calls."""
    work = step(WRITE + ", unprocessed: resend", "retries: 2")
    assert work.again
    part, busy = (Outcome.PARTIAL, 200, LEFT), (Outcome.HTTP_5XX, 503, None)
    owner, found = object(), []
    for attempt, answer in enumerate([part, busy, part, part, busy, busy], 1):
        more = work.again(failing(work, *answer, owner), attempt)
        found.append(None if more is None else more[0] if more[1] else "retried")
    assert found == [50_000_000, "retried", 100_000_000, 200_000_000, "retried", None]
    assert again(work, failing(work, *part, owner))[0] == 50_000_000, "another operation of the same iteration"


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), JSON, max_size=5))
def test_an_items_attributes_are_those_of_typed(item: dict[str, Any]) -> None:
    if any("{{" in text for text in [*item, json.dumps(item)]):
        return
    written = {
        "name": "t",
        "target": {"dynamodb": {"table": "orders", "endpoint": "sandbox"}},
        "load": [{"name": "a", "users": 1, "for": "1s"}],
        "scenarios": [{"name": "s", "steps": [{"name": "x", "PutItem": {"Item": item}}]}],
    }
    found = Profile.model_validate(written, context=Written(Path()), by_alias=True, by_name=False)
    render = Workload(found).scenarios[0].steps[0].render
    assert render
    sent = json.loads(render({}, 0).body)["Item"]
    assert sent == {name: typed(value) for name, value in item.items()}


@pytest.mark.parametrize(
    ("call", "numbered"),
    [
        ('GetItem: {Key: {pk: "{{id}}"}}', True),
        ('PutItem: {Item: {pk: "user#{{id}}", sk: "{{uuid}}", again: "{{id}}"}}', True),
        ('GetItem: {Key: {pk: "{{other}}", sk: "{{id}}"}}', False),
        ('GetItem: {Key: {pk: "{{uuid}}"}}', False),
        ('BatchGetItem: {Keys: [{pk: "{{id}}"}]}, batch: 3', False),
    ],
)
def test_a_request_about_one_key_tells_its_number(call: str, numbered: bool) -> None:
    """From 1; those that are not told apart are one."""
    render = step(call, more='keys: {id: "sequential(20)", other: "uniform(20)"}').render
    assert render
    keys = [render({}, index).key for index in range(20)]
    assert keys == ([*range(1, MOST_KEYS + 1), *[MOST_KEYS + 1] * (20 - MOST_KEYS)] if numbered else [0] * 20)
