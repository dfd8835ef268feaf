"""An answer that is not as expected says what was expected."""

from __future__ import annotations

import pytest

from loadgen.exchange import Exchange, Outcome, Request
from loadgen.profile.model import Expect
from loadgen.workload.answers import judge


@pytest.mark.parametrize(
    ("expected", "status", "outcome", "reason"),
    [
        (201, 201, Outcome.OK, ""),
        (201, 200, Outcome.UNEXPECTED, "status 200, not 201"),
        ("2xx", 302, Outcome.UNEXPECTED, "status 302, not 200..299"),
        ([200, "404..410"], 429, Outcome.THROTTLED, "status 429, not 200 or 404..410"),
    ],
)
def test_another_status_than_expected(expected: object, status: int, outcome: Outcome, reason: str) -> None:
    check = judge(Expect.model_validate({"status": expected}))
    assert check
    x = Exchange(Request("GET", "/"), 0, None, 1, 1, 1, 0)
    x.status = status
    check(x)
    assert (x.outcome, x.reason) == (outcome, reason)
