"""The sandbox's DynamoDB in its own process, asked by boto3; and beside it an engine that nobody here wrote."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from engines import Engine, Keys

from loadgen.aws.credentials import SANDBOX
from loadgen.clock import MILLISECOND, SECOND, now
from loadgen.profile.sandbox import SandboxSettings, Tables
from loadgen.sandbox.process import SandboxProcess, start

pytestmark = pytest.mark.real

TABLE = "orders"
KEYS = Keys(SANDBOX.access_key, SANDBOX.secret_key)
ONE_UNIT = {"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with start(SandboxSettings()) as process:
        yield process


@contextmanager
def boto3_client(process: SandboxProcess, scheme: str = "http", keys: Keys = KEYS) -> Iterator[Any]:
    import boto3  # type: ignore[import-untyped]
    from botocore.config import Config

    client = boto3.client(
        "dynamodb",
        endpoint_url=process.http if scheme == "http" else process.https,
        verify=str(process.ca),
        region_name="eu-west-1",
        aws_access_key_id=keys.access,
        aws_secret_access_key=keys.secret,
        aws_session_token=keys.token or None,
        config=Config(retries={"mode": "standard", "total_max_attempts": 1}, proxies={}, max_pool_connections=20),
    )
    try:
        yield client
    finally:
        client.close()


def create(client: Any, name: str, sort: bool = False, **how: Any) -> None:
    names = [("pk", "HASH", "S"), ("sk", "RANGE", "N")][: 1 + sort]
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": role} for key, role, _ in names],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, _, kind in names],
        **(how or {"BillingMode": "PAY_PER_REQUEST"}),
    )
    client.get_waiter("table_exists").wait(TableName=name)


@pytest.fixture(params=["http", "https"])
def client(request: pytest.FixtureRequest, sandbox: SandboxProcess) -> Iterator[Any]:
    with boto3_client(sandbox, request.param) as client:
        create(client, TABLE, sort=True)
        yield client
        client.delete_table(TableName=TABLE)
        client.get_waiter("table_not_exists").wait(TableName=TABLE)


def row(number: int, **more: Any) -> dict[str, Any]:
    return {"pk": {"S": "a"}, "sk": {"N": str(number)}, **more}


def test_items_come_back_as_they_went(client: Any) -> None:
    item = row(1, b={"B": bytes(range(256))}, s={"NS": ["1.5", "3"]}, m={"M": {"é": {"L": [{"NULL": True}]}}})
    client.put_item(TableName=TABLE, Item=item)
    assert client.get_item(TableName=TABLE, Key=row(1))["Item"] == item


def test_pages(client: Any) -> None:
    for first in range(0, 100, 25):
        puts = [{"PutRequest": {"Item": row(number)}} for number in range(first, first + 25)]
        assert client.batch_write_item(RequestItems={TABLE: puts})["UnprocessedItems"] == {}
    for operation, more in (
        ("scan", {}),
        ("query", {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "a"}}}),
    ):
        pages = client.get_paginator(operation).paginate(TableName=TABLE, PaginationConfig={"PageSize": 7}, **more)
        assert [item for page in pages for item in page["Items"]] == [row(number) for number in range(100)]


def test_errors_are_botos(client: Any) -> None:
    errors = client.exceptions
    with pytest.raises(errors.ResourceNotFoundException):
        client.get_item(TableName="missing", Key=row(1))
    with pytest.raises(errors.ResourceInUseException):
        create(client, TABLE)
    client.put_item(TableName=TABLE, Item=row(1))
    failing = {"TableName": TABLE, "Item": row(1), "ConditionExpression": "attribute_not_exists(pk)"}
    with pytest.raises(errors.ConditionalCheckFailedException) as failed:
        client.put_item(**failing, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert failed.value.response["Item"] == row(1)
    with pytest.raises(errors.TransactionCanceledException) as cancelled:
        client.transact_write_items(TransactItems=[{"Put": {"TableName": TABLE, "Item": row(2)}}, {"Put": failing}])
    codes = [reason["Code"] for reason in cancelled.value.response["CancellationReasons"]]
    assert codes == ["None", "ConditionalCheckFailed"]


def test_the_resource_of_boto3(sandbox: SandboxProcess, client: Any) -> None:
    import boto3

    resource = boto3.resource(
        "dynamodb",
        endpoint_url=sandbox.http,
        region_name="us-east-1",
        aws_access_key_id=KEYS.access,
        aws_secret_access_key=KEYS.secret,
    )
    table = resource.Table(TABLE)
    with table.batch_writer() as batch:
        for number in range(30):
            batch.put_item(Item={"pk": "a", "sk": number, "v": Decimal("0.1")})
    assert table.scan(Select="COUNT")["Count"] == 30
    assert table.get_item(Key={"pk": "a", "sk": 7})["Item"]["v"] == Decimal("0.1")
    resource.meta.client.close()


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        (Keys("AKIDEXAMPLE", "x"), "UnrecognizedClientException"),
        (Keys(SANDBOX.access_key, "x"), "InvalidSignatureException"),
        (Keys(KEYS.access, KEYS.secret, "a-token"), ""),
    ],
)
def test_keys(sandbox: SandboxProcess, keys: Keys, code: str) -> None:
    from botocore.exceptions import ClientError

    with boto3_client(sandbox, keys=keys) as client:
        if not code:
            client.list_tables()
            return
        with pytest.raises(ClientError) as refused:
            client.list_tables()
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_throttled_by_what_the_bucket_has(tmp_path: Path) -> None:
    """Many at once on a table of one unit a second: each side's count of what got through is the other's."""
    settings = SandboxSettings(dynamodb=Tables(burst=0), log=tmp_path / "truth.csv")
    with start(settings) as process, boto3_client(process) as client:
        create(client, TABLE, **ONE_UNIT)
        throttled = client.exceptions.ProvisionedThroughputExceededException

        def put(number: int) -> str:
            try:
                client.put_item(TableName=TABLE, Item={"pk": {"S": str(number)}})
            except throttled as error:
                [reason] = error.response["ThrottlingReasons"]
                assert reason["resource"] == f"arn:aws:dynamodb:eu-west-1:123456789012:table/{TABLE}"
                return str(reason["reason"])
            return ""

        begin = now()
        with ThreadPoolExecutor(10) as pool:
            found = Counter(pool.map(put, range(300)))
        elapsed = now() - begin
        stats = process.stats()["dynamodb"]["tables"][TABLE]
    reason = "TableWriteProvisionedThroughputExceeded"
    assert found == {"": stats["granted"], reason: stats["throttled"][reason]}
    assert stats["items"] == stats["write_units"] == stats["granted"]
    assert 1 <= stats["granted"] <= 1 + elapsed / SECOND
    with (tmp_path / "truth.csv").open(newline="") as lines:
        rows = [line for line in csv.DictReader(lines) if line["operation"] == "PutItem"]
    assert Counter(line["fault"] for line in rows) == {"": found[""], "throttle": found[reason]}


def test_service_time_is_taken() -> None:
    settings = SandboxSettings.model_validate({"service": "30ms", "rtt": "10ms"})
    with start(settings) as process, boto3_client(process) as client:
        client.list_tables()
        begin = now()
        client.list_tables()
        assert now() - begin >= 40 * MILLISECOND


# the same as another engine

SET = {"UpdateExpression": "SET n = if_not_exists(n, :n) + :n, l = :l REMOVE v ADD c :n"}
VALUES = {"ExpressionAttributeValues": {":n": {"N": "1.50"}, ":l": {"L": [{"S": "x"}]}}}
SIZES = (1, 1015, 1016, 4000, 4090, 9000)
TOTAL = {"ReturnConsumedCapacity": "TOTAL"}
OF_A = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "a"}}}
PUT = {"TableName": TABLE, "Item": row(1)}

OF_ONE_TABLE = {"put_item", "get_item", "update_item", "delete_item", "query", "scan"}
CALLS: list[tuple[str, dict[str, Any]]] = [
    *(("put_item", {"Item": row(i, v={"S": "x" * size}), **TOTAL}) for i, size in enumerate(SIZES)),
    *(("put_item", {"Item": row(i, v={"S": "x" * size}), **TOTAL}) for i, size in enumerate(SIZES[::-1])),
    *(("get_item", {"Key": row(i), **TOTAL}) for i in range(7)),
    *(("get_item", {"Key": row(i), "ConsistentRead": True, **TOTAL}) for i in range(7)),
    ("put_item", {"Item": row(1), "ReturnValues": "ALL_OLD"}),
    ("put_item", {"Item": row(1), "ConditionExpression": "attribute_not_exists(pk)"}),
    ("put_item", {"Item": row(1), "ConditionExpression": "pk = :v"}),
    ("put_item", {"Item": {"pk": {"S": "a"}}}),
    ("put_item", {"Item": {"pk": {"S": ""}, "sk": {"N": "1"}}}),
    ("put_item", {"Item": row(1, v={"S": "x" * 410_000})}),
    ("put_item", {"Item": row(1, v={"N": "1e126"})}),
    *(
        ("update_item", {"Key": row(2), "ReturnValues": told, **SET, **VALUES, **TOTAL})
        for told in ("ALL_OLD", "ALL_NEW")
    ),
    *(("update_item", {"Key": row(2), "ReturnValues": f"UPDATED_{told}", **SET, **VALUES}) for told in ("OLD", "NEW")),
    ("update_item", {"Key": row(99), "ReturnValues": "ALL_NEW", **TOTAL}),
    (
        "update_item",
        {"Key": row(2), "UpdateExpression": "SET pk = :n", "ExpressionAttributeValues": {":n": {"N": "1"}}},
    ),
    ("delete_item", {"Key": row(3), "ReturnValues": "ALL_OLD", **TOTAL}),
    ("delete_item", {"Key": row(3), "ReturnValues": "ALL_OLD", **TOTAL}),
    ("query", {**OF_A, **TOTAL}),
    ("query", {**OF_A, "Limit": 2, "ScanIndexForward": False, **TOTAL}),
    ("query", {**OF_A, "ExclusiveStartKey": row(2), "ConsistentRead": True, **TOTAL}),
    ("query", {**OF_A, "Select": "COUNT"}),
    ("scan", {"Select": "COUNT", **TOTAL}),
    ("scan", {"Limit": 1}),
    ("batch_get_item", {"RequestItems": {TABLE: {"Keys": [row(i) for i in range(4)]}}, **TOTAL}),
    ("batch_get_item", {"RequestItems": {TABLE: {"Keys": [row(1), row(1)]}}}),
    ("batch_write_item", {"RequestItems": {TABLE: [{"PutRequest": {"Item": row(i)}} for i in range(25)]}, **TOTAL}),
    (
        "transact_write_items",
        {"TransactItems": [{"Put": PUT}, {"Delete": {"TableName": TABLE, "Key": row(5)}}], **TOTAL},
    ),
    ("transact_write_items", {"TransactItems": [{"Put": PUT}, {"Put": PUT}]}),
    (
        "transact_write_items",
        {"TransactItems": [{"Put": {**PUT, "ConditionExpression": "attribute_not_exists(pk)"}}]},
    ),
    ("transact_get_items", {"TransactItems": [{"Get": {"TableName": TABLE, "Key": row(i)}} for i in (1, 5)], **TOTAL}),
    ("execute_statement", {"Statement": 'SELECT * FROM "orders" WHERE pk = ?', "Parameters": [{"S": "a"}]}),
]


def test_answers_are_those_of_another_engine(sandbox: SandboxProcess, client: Any, dynoxide: Engine) -> None:
    """Items, returned values, capacity, error codes and cancellation reasons, call by call."""
    from botocore.exceptions import ClientError

    def told(call: Callable[..., dict[str, Any]], parameters: dict[str, Any]) -> Any:
        try:
            answer = call(**parameters)
        except ClientError as error:
            reasons = error.response.get("CancellationReasons", [])
            return error.response["Error"]["Code"], [reason["Code"] for reason in reasons]
        del answer["ResponseMetadata"]
        return answer

    with dynoxide.client() as other:
        create(other, TABLE, sort=True)
        try:
            for name, parameters in CALLS:
                whole = {"TableName": TABLE, **parameters} if name in OF_ONE_TABLE else parameters
                ours, theirs = (told(getattr(asked, name), whole) for asked in (client, other))
                assert ours == theirs, (name, parameters)
        finally:
            dynoxide.clear()
