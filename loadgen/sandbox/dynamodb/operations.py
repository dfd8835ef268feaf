"""The operations that the sandbox does."""

from __future__ import annotations

from loadgen.sandbox.dynamodb import batches, control, items, pages, statements, transactions
from loadgen.sandbox.dynamodb.call import Operation

OPERATIONS: dict[str, Operation] = {
    "BatchGetItem": batches.batch_get_item,
    "BatchWriteItem": batches.batch_write_item,
    "CreateTable": control.create_table,
    "DeleteItem": items.delete_item,
    "DeleteTable": control.delete_table,
    "DescribeTable": control.describe_table,
    "ExecuteStatement": statements.execute_statement,
    "GetItem": items.get_item,
    "ListTables": control.list_tables,
    "PutItem": items.put_item,
    "Query": pages.query,
    "Scan": pages.scan,
    "TransactGetItems": transactions.transact_get_items,
    "TransactWriteItems": transactions.transact_write_items,
    "UpdateItem": items.update_item,
}
