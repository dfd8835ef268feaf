"""The filter patterns of CloudWatch Logs."""

from __future__ import annotations

import pytest

from loadgen.sandbox.lambda_api.filters import matcher

JSON = '{"type":"platform.report","record":{"requestId":"a-b","metrics":{"durationMs":3}}}'


@pytest.mark.parametrize(
    ("pattern", "message", "expected"),
    [
        ("", "anything", True),
        ("REPORT", "REPORT RequestId: a", True),
        ("report", "REPORT RequestId: a", False),
        ("REPORT a-b", "REPORT RequestId: a-b", True),
        ("REPORT other", "REPORT RequestId: a-b", False),
        ('"RequestId: a-b"', "REPORT RequestId: a-b", True),
        (r'"say \"a\""', 'say "a"', True),
        ("?a-b ?c-d", "REPORT c-d", True),
        ("?a-b ?c-d", "REPORT e-f", False),
        ("REPORT -timeout", "REPORT Status: timeout", False),
        ("REPORT -timeout", "REPORT", True),
        ('{ $.record.requestId = "a-b" }', JSON, True),
        ('{$.type="platform.report"}', JSON, True),
        ('{ $.record.requestId = "a" }', JSON, False),
        ('{ $.type.requestId = "a-b" }', JSON, False),
        ('{ $.type = "a" }', "no JSON", False),
    ],
)
def test_what_matches(pattern: str, message: str, expected: bool) -> None:
    assert matcher(pattern)(message) is expected


@pytest.mark.parametrize("pattern", ['"open', "{ $.a > 3 }", '{ $.a = "x" && $.b = "y" }', 'a"b', "{}"])
def test_what_is_no_pattern(pattern: str) -> None:
    with pytest.raises(ValueError, match="Invalid filter pattern"):
        matcher(pattern)
