"""A run that says nothing of its target: nothing was answered, or all that was sent failed."""

from __future__ import annotations

import pytest
from engine_harness import Run
from run_results import concluded

from loadgen.errors import Exit
from loadgen.exchange import Exchange, Outcome
from loadgen.result.reason import Reason
from loadgen.transport.scripted import NEVER, Reply

LOAD = """name: t
target: http://127.0.0.1:9
timeout: 1s
load: [{name: a, users: 1, iterations: 10}]
"""
GONE = Reply(outcome=Outcome.REFUSED, reason="connection refused")
UNAUTHORIZED = Reply(status=401)


def turns(*replies: Reply) -> Run:
    """Ten requests that meet these replies by turns."""
    given = iter(range(10))

    def script(x: Exchange) -> Reply:
        return replies[next(given) % len(replies)]

    return Run(LOAD, script).go()


def failed(outcome: str, reason: str, count: int, code: str = "everything_failed") -> Reason:
    return Reason(code, {"outcome": outcome, "reason": reason, "count": count, "sent": 10})


@pytest.mark.parametrize(
    ("replies", "why"),
    [
        ((GONE,), failed("refused", "connection refused", 10, "nothing_answered")),
        ((GONE, GONE, Reply(NEVER)), failed("refused", "connection refused", 7, "nothing_answered")),
        ((Reply(NEVER),), failed("timeout", "", 10, "nothing_answered")),
        ((UNAUTHORIZED,), failed("http_4xx", "status 401", 10)),
        ((UNAUTHORIZED, GONE, UNAUTHORIZED), failed("http_4xx", "status 401", 7)),
        ((Reply(status=429),), failed("throttled", "status 429", 10)),
        ((Reply(status=301),), failed("unexpected", "status 301", 10)),
        ((Reply(outcome=Outcome.CLIENT_RESOURCE, reason="no ports"), GONE), failed("refused", "connection refused", 5,
          "nothing_answered")),
    ],
)  # fmt: skip
def test_a_run_that_says_nothing_of_its_target_says_so(replies: tuple[Reply, ...], why: Reason) -> None:
    result = concluded(turns(*replies))
    assert result.unusable == why
    assert result.exit_status == Exit.UNUSABLE


@pytest.mark.parametrize(
    "replies",
    [
        (Reply(), *[UNAUTHORIZED] * 9),
        (Reply(outcome=Outcome.CONDITION_FAILED, reason="ConditionalCheckFailed"),),
        (Reply(outcome=Outcome.PARTIAL, reason="left"), UNAUTHORIZED),
        (Reply(outcome=Outcome.CLIENT_RESOURCE, reason="no ports"),),
    ],
    ids=["one was ok", "a condition", "a part", "this machine's"],
)
def test_a_run_that_does_is_none_of_those(replies: tuple[Reply, ...]) -> None:
    result = concluded(turns(*replies))
    assert result.unusable is None
    assert result.exit_status != Exit.UNUSABLE
