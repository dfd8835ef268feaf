"""CreateTable, DescribeTable, ListTables, DeleteTable."""

from __future__ import annotations

import re
from typing import Any

from loadgen.sandbox.dynamodb.call import Call, Reply
from loadgen.sandbox.dynamodb.database import seconds
from loadgen.sandbox.dynamodb.keys import read_schema
from loadgen.sandbox.dynamodb.parameters import Parameters
from loadgen.sandbox.dynamodb.refusals import invalid
from loadgen.sandbox.dynamodb.table import Table
from loadgen.sandbox.dynamodb.throughput import Capacity

CREATE = frozenset(
    {
        "TableName",
        "AttributeDefinitions",
        "KeySchema",
        "BillingMode",
        "ProvisionedThroughput",
        "OnDemandThroughput",
        "Tags",
        "TableClass",
    }
)
"""The last two change nothing here."""
REGION = re.compile(r"Credential=[^/,]*/[0-9]*/([a-z0-9-]{1,32})/")
UNITS_LIMIT = 10**6
LIST_LIMIT = 100


def create_table(call: Call) -> Reply:
    parameters = Parameters(call.body, CREATE)
    name = parameters.text("TableName")
    schema = read_schema(parameters.listing("KeySchema"), parameters.listing("AttributeDefinitions"))
    signed = REGION.search(call.authorization[:512])
    region = signed[1] if signed else "us-east-1"
    table = call.database.create(name, region, schema, _capacity(parameters), call.now)
    return {"TableDescription": _described(table, "CREATING")}


def describe_table(call: Call) -> Reply:
    table = call.database.find(Parameters(call.body, frozenset({"TableName"})).text("TableName"), call.now)
    status = "DELETING" if table.gone else "CREATING" if call.now < table.ready else "ACTIVE"
    return {"Table": _described(table, status)}


def delete_table(call: Call) -> Reply:
    table = call.database.delete(Parameters(call.body, frozenset({"TableName"})).text("TableName"), call.now)
    return {"TableDescription": _described(table, "DELETING")}


def list_tables(call: Call) -> Reply:
    parameters = Parameters(call.body, frozenset({"ExclusiveStartTableName", "Limit"}))
    behind = parameters.optional_text("ExclusiveStartTableName") or ""
    limit = parameters.whole("Limit", LIST_LIMIT) or LIST_LIMIT
    names = [name for name in call.database.names(call.now) if name > behind]
    more = {"LastEvaluatedTableName": names[limit - 1]} if len(names) > limit else {}
    return {"TableNames": names[:limit], **more}


def _capacity(parameters: Parameters) -> Capacity:
    if parameters.choice("BillingMode", ("PROVISIONED", "PAY_PER_REQUEST"), "PROVISIONED") == "PROVISIONED":
        if parameters.has("OnDemandThroughput"):
            raise invalid("One or more parameter values were invalid: OnDemandThroughput is for PAY_PER_REQUEST alone")
        if not parameters.has("ProvisionedThroughput"):
            raise invalid(
                "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be "
                "specified when BillingMode is PROVISIONED"
            )
        units = Parameters(
            parameters.mapping("ProvisionedThroughput"), frozenset({"ReadCapacityUnits", "WriteCapacityUnits"})
        )
        reads, writes = (units.whole(f"{word}CapacityUnits", UNITS_LIMIT) for word in ("Read", "Write"))
        if reads is None or writes is None:
            raise invalid("1 validation error detected: both capacity units of provisionedThroughput must not be null")
        return Capacity(True, reads, writes)
    if parameters.has("ProvisionedThroughput"):
        raise invalid(
            "One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be "
            "specified when BillingMode is PAY_PER_REQUEST"
        )
    most = Parameters(
        parameters.optional_mapping("OnDemandThroughput") or {},
        frozenset({"MaxReadRequestUnits", "MaxWriteRequestUnits"}),
    )
    return Capacity(False, *(most.whole(f"Max{word}RequestUnits", UNITS_LIMIT) or 0 for word in ("Read", "Write")))


def _described(table: Table, status: str) -> Reply:
    schema, capacity = table.schema, table.capacity
    described: dict[str, Any] = {
        "AttributeDefinitions": [{"AttributeName": part.name, "AttributeType": part.kind} for part in schema.parts],
        "TableName": table.name,
        "KeySchema": [
            {"AttributeName": part.name, "KeyType": role}
            for part, role in zip(schema.parts, ("HASH", "RANGE"), strict=False)
        ],
        "TableStatus": status,
        "CreationDateTime": seconds(table.created),
        "ProvisionedThroughput": {
            "NumberOfDecreasesToday": 0,
            "ReadCapacityUnits": capacity.reads if capacity.provisioned else 0,
            "WriteCapacityUnits": capacity.writes if capacity.provisioned else 0,
        },
        "TableSizeBytes": table.bytes,
        "ItemCount": len(table),
        "TableArn": table.arn,
        "TableId": table.identity,
        "DeletionProtectionEnabled": False,
    }
    if not capacity.provisioned:
        described["BillingModeSummary"] = {"BillingMode": "PAY_PER_REQUEST"}
        if capacity.reads or capacity.writes:
            described["OnDemandThroughput"] = {
                "MaxReadRequestUnits": capacity.reads or -1,
                "MaxWriteRequestUnits": capacity.writes or -1,
            }
    return described
