"""Which operations there are."""

from __future__ import annotations

from loadgen.sandbox.dynamodb import control, items
from loadgen.sandbox.dynamodb.call import Operation

OPERATIONS: dict[str, Operation] = {
    "CreateTable": control.create_table,
    "DeleteItem": items.delete_item,
    "DeleteTable": control.delete_table,
    "DescribeTable": control.describe_table,
    "GetItem": items.get_item,
    "ListTables": control.list_tables,
    "PutItem": items.put_item,
    "UpdateItem": items.update_item,
}
