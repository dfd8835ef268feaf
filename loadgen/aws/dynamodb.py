"""DynamoDB's operations: what each does, and where its items are. API version 2012-08-10, JSON 1.0.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

TARGET_PREFIX = "DynamoDB_20120810."
CONTENT_TYPE = "application/x-amz-json-1.0"

Path = tuple[str | tuple[str, ...], ...]
"""Where something is in a JSON object: names of members; "*" is all of them, a tuple those of its names there are."""


@dataclass(frozen=True, slots=True)
class Operation:
    """`asked` is where a request has its items or keys, `answered` where an answer has items; () is nowhere.

    A batch may leave some undone: they come back in the answer under the key `unprocessed`, in the request's form.
    """

    kind: Literal["read", "write", "statement", "control"]
    """A statement reads if it is a SELECT, else it writes."""
    asked: Path = ()
    answered: Path = ()
    unprocessed: str = ""
    transactional: bool = False

    def items(self, parameters: Any) -> list[Any]:
        """The items or keys that a request names. Empty for one that names none, such as a query."""
        return list(_at(self.asked, parameters)) if self.asked else []

    def answers(self, answer: Any) -> list[Any]:
        """The items in an answer, in its order. Whatever is not where it belongs is none."""
        return list(_at(self.answered, answer)) if self.answered else []

    def undone(self, answer: Any) -> int:
        """How many of a batch's items or keys the answer says were not processed."""
        return sum(1 for _ in _at((self.unprocessed, *self.asked[1:]), answer)) if self.unprocessed else 0


def _at(path: Path, tree: Any) -> Iterator[Any]:
    if not path:
        yield tree
        return
    step, rest = path[0], path[1:]
    if step == "*":
        members = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
        for member in members:
            yield from _at(rest, member)
    elif isinstance(tree, dict):
        for name in (step,) if isinstance(step, str) else step:
            if name in tree:
                yield from _at(rest, tree[name])


_ITEM_OR_KEY = ("Item", "Key")

OPERATIONS: dict[str, Operation] = {
    "GetItem": Operation("read", ("Key",), ("Item",)),
    "PutItem": Operation("write", ("Item",), ("Attributes",)),
    "UpdateItem": Operation("write", ("Key",), ("Attributes",)),
    "DeleteItem": Operation("write", ("Key",), ("Attributes",)),
    "Query": Operation("read", (), ("Items", "*")),
    "Scan": Operation("read", (), ("Items", "*")),
    "BatchGetItem": Operation("read", ("RequestItems", "*", "Keys", "*"), ("Responses", "*", "*"), "UnprocessedKeys"),
    "BatchWriteItem": Operation("write", ("RequestItems", "*", "*", "*", _ITEM_OR_KEY), (), "UnprocessedItems"),
    "TransactGetItems": Operation(
        "read", ("TransactItems", "*", "Get", "Key"), ("Responses", "*", "Item"), transactional=True
    ),
    "TransactWriteItems": Operation("write", ("TransactItems", "*", "*", _ITEM_OR_KEY), (), transactional=True),
    "ExecuteStatement": Operation("statement", (), ("Items", "*")),
    "ListTables": Operation("control"),
    "DescribeTable": Operation("control"),
    "CreateTable": Operation("control"),
    "DeleteTable": Operation("control"),
}
