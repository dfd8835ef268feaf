"""`workload.retrying`: what the wire client tries again, as an SDK would."""

from __future__ import annotations

import pytest
from engine_harness import profile

from loadgen.exchange import Exchange, Outcome, Request
from loadgen.workload.retrying import retrying

OF = profile("load: [{name: a, rate: 1/s, for: 1s}]\nretries: 3\n")


def ended(outcome: Outcome, status: int) -> Exchange:
    x = Exchange(Request("GET", "/"), 0, object(), 1, 1, 2, 0)
    x.outcome, x.status = outcome, status
    return x


@pytest.mark.parametrize("status", [0, 200, 503])
@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.RESET, Outcome.BAD_RESPONSE])
def test_an_answer_that_broke_off_is_tried_again_however_it_began(outcome: Outcome, status: int) -> None:
    retry = retrying(OF)
    assert retry
    assert retry(ended(outcome, status), 1) is not None
    assert retry(ended(outcome, status), 3) is None


@pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.UNEXPECTED, Outcome.PARTIAL])
def test_an_answer_that_is_whole_is_not(outcome: Outcome) -> None:
    retry = retrying(OF)
    assert retry
    assert retry(ended(outcome, 200), 1) is None
