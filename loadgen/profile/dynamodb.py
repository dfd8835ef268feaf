"""A DynamoDB table as a target, the calls that a step makes to it, and the table that a run creates for itself."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from loadgen.profile.part import Count, Flag, Part, Text, complaint, located, whole
from loadgen.profile.placeholders import Template, parse
from loadgen.profile.units import quoted

Place = tuple[str | int, ...]

# the operations that a step may call, by the API's own names, each with the parameter that it requires, if any
OPERATIONS = {
    "GetItem": "Key",
    "PutItem": "Item",
    "UpdateItem": "Key",
    "DeleteItem": "Key",
    "Query": "KeyConditionExpression",
    "Scan": "",
    "BatchGetItem": "Keys",
    "BatchWriteItem": "RequestItems",
    "TransactGetItems": "TransactItems",
    "TransactWriteItems": "TransactItems",
    "ExecuteStatement": "Statement",
    "ListTables": "",
    "DescribeTable": "",
}
BATCHES = {"BatchGetItem": ("Keys", 100), "BatchWriteItem": ("RequestItems", 25),
           "TransactGetItems": ("TransactItems", 100), "TransactWriteItems": ("TransactItems", 100)}  # fmt: skip
RESENDABLE = ("BatchGetItem", "BatchWriteItem")

# parameters that hold attribute values: as a map by name, as a list of maps, or as a list of values
MAPS = ("Item", "Key", "ExclusiveStartKey", "ExpressionAttributeValues")
LISTS_OF_MAPS = ("Keys",)
LISTS = ("Parameters",)

TYPES = ("S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS")

_TABLE = re.compile(r"^[A-Za-z0-9_.-]{3,255}$")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]+")


def is_typed(value: object) -> bool:
    """Whether it is already written as a typed attribute value: {S: text}."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in TYPES


def region_name(text: str) -> str:
    if not _REGION.fullmatch(text):
        raise ValueError(f"{quoted(text)} is not a region: expected for example eu-west-1")
    return text


def dns_suffix(region: str) -> str:
    """What the names of AWS's hosts end with in a region."""
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"


def _table(text: str) -> str:
    if not _TABLE.fullmatch(text):
        raise ValueError(f"{quoted(text)} is not a table's name: expected 3 to 255 letters, digits, '_', '-' and '.'")
    return text


RegionName = Annotated[Text, AfterValidator(region_name)]
Share = Annotated[int, Field(ge=0, le=10**6), BeforeValidator(whole)]


class DynamoDb(Part):
    """A DynamoDB table. Steps call it by the operations of its API."""

    operations: ClassVar[tuple[str, ...]] = tuple(OPERATIONS)
    signs_as: ClassVar[str] = "dynamodb"

    table: Annotated[Text, AfterValidator(_table), WithJsonSchema({"type": "string", "pattern": _TABLE.pattern})]
    """The table's name. Steps need not give it."""

    region: RegionName | None = None
    """The table's region, for example eu-west-1. AWS needs it; other endpoints do not."""

    endpoint: Text | None = None
    """sandbox, or a URL, for example that of a local DynamoDB. Default: AWS's endpoint in the region."""

    account_id_endpoint: Flag = False
    """true: call ACCOUNT.ddb.REGION.amazonaws.com, as the newer SDKs do; false: dynamodb.REGION.amazonaws.com."""

    profile: Text | None = None
    """The profile of the AWS configuration to take credentials from. Default: the credentials that botocore finds."""

    consumed_capacity: Share = 100
    """loadgen asks for the consumed capacity in one of so many calls; 0: in none."""

    @property
    def url(self) -> str:
        """Where the calls go. With account_id_endpoint the account, which the credentials tell, is still a
        placeholder."""
        if self.endpoint:
            return self.endpoint
        host = f"{{account}}.ddb.{self.region}" if self.account_id_endpoint else f"dynamodb.{self.region}"
        return f"https://{host}.{dns_suffix(self.signing_region)}/"

    @property
    def known_region(self) -> str | None:
        """The region, as the profile says it; None if it does not."""
        return self.region

    @property
    def signing_region(self) -> str:
        return self.known_region or "us-east-1"


class Throughput(Part):
    """Provisioned capacity, in units a second."""

    reads: Count = Field(validation_alias="read")
    """Read capacity units."""

    writes: Count = Field(validation_alias="write")
    """Write capacity units."""


class Setup(Part):
    """The table that a run creates before the load. If the table exists already, the run uses it as it is."""

    key: dict[Text, Literal["S", "N", "B"]] = Field(min_length=1, max_length=2)
    """The partition key and its type, then the sort key if there is one: {pk: S, sk: N}."""

    capacity: Literal["on-demand"] | Throughput = "on-demand"
    """on-demand, or provisioned: {read: 5, write: 5}."""

    items: Share = 0
    """How many items the run writes to the table before the load. It does so only if it created the table."""

    item: dict[str, Any] | None = None
    """The item to write. It may hold placeholders; {{seq}} is the item's number, from 0."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.items and self.item is None:
            raise complaint("needs an item to write", "Add item: {pk: '{{seq}}'}", ("items",))
        for name in self.key:
            if self.item is not None and name not in self.item:
                raise complaint(f"has no {name}, which is a key of the table", f"Add {name}", ("item",))
        for _ in self.templates():
            pass
        return self

    def templates(self) -> Iterator[tuple[Place, Template]]:
        yield from templates(self.item, ("item",))


def parameters(operation: str, value: object, batch: object) -> dict[str, Any]:
    """The parameters of a step's call, as written. Raises a complaint for what is certainly wrong."""
    needs = OPERATIONS[operation]
    if value is None and not needs:
        return {}
    if not isinstance(value, dict):
        raise complaint(f"{quoted(value)} is not a mapping", f"Expected parameters such as {_example(operation)}")
    if needs and needs not in value and not (operation == "BatchGetItem" and "RequestItems" in value):
        raise complaint(f"has no {needs}", f"Expected for example {_example(operation)}")
    if operation in BATCHES:
        _check_batch(operation, value, batch)
    return value


def _check_batch(operation: str, value: dict[str, Any], batch: object) -> None:
    key, most = BATCHES[operation]
    entries = value.get(key)
    if entries is None or (operation == "BatchWriteItem" and isinstance(entries, dict)):  # by table, as in the API
        if batch is not None:
            words = "names its table, and so is sent as it is written: batch cannot repeat it"
            raise complaint(words, f"Write {_example(operation)}, or leave batch out", ("RequestItems",))
        return
    if not isinstance(entries, list) or not entries:
        raise complaint("is not a list", f"Expected for example {_example(operation)}", (key,))
    if batch is not None and len(entries) != 1:
        raise complaint("has several entries, but batch repeats a single one", "Write one entry", (key,))
    if len(entries) > most:
        raise complaint(f"{len(entries)} is more than the {most} that DynamoDB takes at once", "Write fewer", (key,))


def _example(operation: str) -> str:
    return {
        "Item": "{Item: {pk: x}}",
        "Key": "{Key: {pk: x}}",
        "Keys": "{Keys: [{pk: x}]}",
        "RequestItems": "{RequestItems: [{PutRequest: {Item: {pk: x}}}]}",
        "TransactItems": "{TransactItems: [{Put: {Item: {pk: x}}}]}"
        if operation == "TransactWriteItems"
        else "{TransactItems: [{Get: {Key: {pk: x}}}]}",
        "KeyConditionExpression": "{KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: {':pk': x}}",
        "Statement": "{Statement: 'SELECT * FROM \"table\" WHERE pk = ?', Parameters: [x]}",
        "": "{}",
    }[OPERATIONS[operation]]


def check_keys(value: Any, types: Mapping[str, str], numbers: Collection[str], at: Place) -> None:
    """Raise a complaint if an item or key below `value` certainly gives a key of the table the wrong type. `numbers`
    are the names of the placeholders that are numbers."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            check_keys(item, types, numbers, (*at, index))
    if not isinstance(value, dict):
        return
    for name, item in value.items():
        if at[-1:] not in (("Item",), ("Key",), ("item",)) and at[-2:-1] != ("Keys",):
            check_keys(item, types, numbers, (*at, name))
        elif name in types and (kind := _type_of(item, numbers)) and kind != types[name]:
            number = f"Write {{{types[name]}: {quoted(item)}}}, or for example 'id-{{{{seq}}}}'"
            remedy = number if kind == "N" else f"Write a value of type {types[name]}"
            raise complaint(f"has type {kind}, but the table's key has type {types[name]}", remedy, (*at, name))


def _type_of(value: Any, numbers: Collection[str]) -> str:
    """The type that a value will be sent with; empty if only the run shows it."""
    if is_typed(value):
        return str(next(iter(value)))
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    if not isinstance(value, str):
        return "N"
    single = parse(value).single
    if single is None or single.kind in ("uuid", "bytes", "now"):
        return "S"
    if single.kind in ("seq", "int") or (single.kind == "name" and single.args[0] in numbers):
        return "N"
    return ""


def templates(value: Any, at: Place) -> Iterator[tuple[Place, Template]]:
    """Each text below `value` that may hold placeholders, and its place. Raises a complaint for a wrong one."""
    match value:
        case str():
            with located(*at):
                template = parse(value)
            yield at, template
        case dict():
            for key, item in value.items():
                if "{{" in key:
                    raise complaint("a key of a JSON body cannot hold a placeholder", "Values can", (*at, key))
                yield from templates(item, (*at, key))
        case list():
            for index, item in enumerate(value):
                yield from templates(item, (*at, index))
