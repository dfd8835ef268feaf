"""docs/security.md: each item has a row, and each row a test that exists, or says plainly why it has none."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest
from paths import TESTS

PAGE = (TESTS.parent / "docs" / "security.md").read_text()
ROWS = [[cell.strip() for cell in line.split("|")[1:-1]] for line in PAGE.splitlines() if re.match(r"\| \d+ \|", line)]
ITEMS = 29


@cache
def functions(file: str) -> set[str]:
    tree = ast.parse((TESTS / file).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_item_has_its_row() -> None:
    assert [int(number) for number, *_ in ROWS] == list(range(1, ITEMS + 1))
    assert all(len(row) == 4 and row[1] and row[2] for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[row[1] for row in ROWS])
def test_the_tests_of_an_item_are_there(row: list[str]) -> None:
    named = re.findall(r"`([^`]+)`", row[3])
    assert named or "**missing**" in row[2] or row[2].startswith("does not apply")
    for name in named:
        file, _, test = name.partition("::")
        assert test.startswith("test_"), name
        assert test in functions(file), name
