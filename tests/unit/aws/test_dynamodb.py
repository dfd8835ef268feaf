"""DynamoDB's operations: where items are, in requests and answers that anybody may have written."""

from __future__ import annotations

from typing import Any

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.aws.dynamodb import OPERATIONS, TARGET_PREFIX

ITEM = {"pk": {"S": "a"}}
KEY = {"pk": {"S": "b"}}
BATCH_GET = {"t": {"Keys": [ITEM, KEY], "ConsistentRead": True}, "u": {"Keys": [KEY]}}
BATCH_WRITE = {"t": [{"PutRequest": {"Item": ITEM}}, {"DeleteRequest": {"Key": KEY}}], "Item": []}
TRANSACTION = [
    {"Put": {"TableName": "t", "Item": ITEM}},
    {"Update": {"TableName": "t", "Key": KEY}},
    {"ConditionCheck": {"TableName": "t", "Key": KEY}},
]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["Item", "Items", "Responses", "UnprocessedKeys", "UnprocessedItems", "RequestItems", "t", "Key"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("name", "parameters", "expected"),
    [
        ("GetItem", {"TableName": "t", "Key": KEY}, [KEY]),
        ("PutItem", {"TableName": "t", "Item": ITEM}, [ITEM]),
        ("UpdateItem", {"Key": KEY, "UpdateExpression": "SET v = :v"}, [KEY]),
        ("DeleteItem", {"Key": KEY}, [KEY]),
        ("Query", {"KeyConditionExpression": "pk = :p"}, []),
        ("Scan", {}, []),
        ("BatchGetItem", {"RequestItems": BATCH_GET}, [ITEM, KEY, KEY]),
        ("BatchWriteItem", {"RequestItems": BATCH_WRITE}, [ITEM, KEY]),
        ("TransactGetItems", {"TransactItems": [{"Get": {"Key": KEY}}, {"Get": {"Key": ITEM}}]}, [KEY, ITEM]),
        ("TransactWriteItems", {"TransactItems": TRANSACTION}, [ITEM, KEY, KEY]),
        ("ExecuteStatement", {"Statement": "SELECT * FROM t"}, []),
        ("DescribeTable", {"TableName": "t"}, []),
    ],
)
def test_the_items_of_a_request(name: str, parameters: dict[str, Any], expected: list[Any]) -> None:
    assert OPERATIONS[name].items(parameters) == expected


@pytest.mark.parametrize(
    ("name", "answer", "expected"),
    [
        ("GetItem", {"Item": ITEM}, [ITEM]),
        ("GetItem", {}, []),
        ("PutItem", {"Attributes": ITEM}, [ITEM]),
        ("Query", {"Items": [ITEM, KEY], "Count": 2}, [ITEM, KEY]),
        ("Scan", {"Items": []}, []),
        ("BatchGetItem", {"Responses": {"t": [ITEM], "u": [KEY]}}, [ITEM, KEY]),
        ("TransactGetItems", {"Responses": [{"Item": ITEM}, {}]}, [ITEM]),
        ("ExecuteStatement", {"Items": [ITEM]}, [ITEM]),
        ("ListTables", {"TableNames": ["t"]}, []),
    ],
)
def test_the_items_of_an_answer(name: str, answer: dict[str, Any], expected: list[Any]) -> None:
    assert OPERATIONS[name].answers(answer) == expected


def test_what_a_batch_left_undone() -> None:
    get, write = OPERATIONS["BatchGetItem"], OPERATIONS["BatchWriteItem"]
    assert get.undone({"UnprocessedKeys": BATCH_GET}) == 3
    assert write.undone({"UnprocessedItems": BATCH_WRITE}) == 2
    assert get.undone({"UnprocessedKeys": {}}) == write.undone({}) == 0
    assert OPERATIONS["PutItem"].undone({"UnprocessedItems": BATCH_WRITE}) == 0


@settings(max_examples=examples(400), deadline=None, derandomize=True, database=None)
@given(JSON, st.sampled_from(sorted(OPERATIONS)))
def test_whatever_an_answer_holds_nothing_is_raised(answer: Any, name: str) -> None:
    operation = OPERATIONS[name]
    assert isinstance(operation.items(answer) + operation.answers(answer), list)
    assert operation.undone(answer) >= 0


def test_the_operations_are_those_of_the_service() -> None:
    import botocore.session

    model = botocore.session.get_session().get_service_model("dynamodb")
    assert f"{model.metadata['targetPrefix']}." == TARGET_PREFIX
    for name, operation in OPERATIONS.items():
        shapes = model.operation_model(name)
        assert not operation.asked or operation.asked[0] in shapes.input_shape.members
        assert not operation.answered or operation.answered[0] in shapes.output_shape.members
        assert not operation.unprocessed or operation.unprocessed in shapes.output_shape.members
