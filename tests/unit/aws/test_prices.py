"""Which tables are billed, and dollars as text."""

from __future__ import annotations

import pytest

from loadgen.aws.prices import dollars, exact_dollars
from loadgen.runner.table.cost import billed


@pytest.mark.parametrize(
    ("host", "it_is"),
    [
        ("dynamodb.eu-west-1.amazonaws.com", True),
        ("123456789012.ddb.eu-west-1.amazonaws.com", True),
        ("dynamodb.cn-north-1.amazonaws.com.cn", True),
        ("vpce-1-a.dynamodb.eu-west-1.vpce.amazonaws.com", True),
        ("127.0.0.1", False),
        ("amazonaws.com.example", False),
    ],
)
def test_what_is_billed(host: str, it_is: bool) -> None:
    assert billed(host) is it_is


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0, "$0.00"),
        (1e-5, "under $0.0001"),
        (1e-4, "$0.0001"),
        (0.041, "$0.041"),
        (0.5, "$0.50"),
        (1234.5, "$1,234.50"),
    ],
)
def test_dollars(amount: float, shown: str) -> None:
    assert dollars(amount) == shown


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0, "$0.00"),
        (1e-5, "$0.00001"),
        (7.24e-5, "$0.000072"),
        (0.00021, "$0.00021"),
        (0.0041, "$0.0041"),
        (1.5, "$1.50"),
    ],
)
def test_a_limit_is_never_hidden(amount: float, shown: str) -> None:
    assert exact_dollars(amount) == shown
