"""One request of each step before the load: which answers stop a run."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tables import profile

from loadgen.aws.auth import Access
from loadgen.errors import TargetError
from loadgen.exchange import Exchange, Outcome, Request
from loadgen.net.names import Origin
from loadgen.runner import preflight as before
from loadgen.runner.advice import remedy
from loadgen.runner.probe import ProbedExchange


def probed(outcome: Outcome, reason: str, step: str = "put") -> ProbedExchange:
    exchange = Exchange(Request("POST", "/", operation="PutItem"), 0, None, 0, 0, 0, 0)
    exchange.outcome, exchange.reason = outcome, reason
    return ProbedExchange("s", step, exchange, {}, (), {})


def go(monkeypatch: pytest.MonkeyPatch, *exchanges: ProbedExchange) -> None:
    async def probe(*arguments: Any) -> list[ProbedExchange]:
        return list(exchanges)

    monkeypatch.setattr(before, "probe", probe)
    origin = Origin("https", "dynamodb.eu-west-1.amazonaws.com", 443)
    asyncio.run(before.preflight(profile(), origin, (), None, Access()))


@pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.CONDITION_FAILED, Outcome.PARTIAL, Outcome.THROTTLED])
def test_what_a_sound_table_may_answer_does_not_stop_a_run(monkeypatch: pytest.MonkeyPatch, outcome: Outcome) -> None:
    go(monkeypatch, probed(outcome, "so it is"))


def test_of_several_attempts_the_last_one_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    failing, well = probed(Outcome.HTTP_5XX, "InternalServerError"), probed(Outcome.OK, "")
    go(monkeypatch, failing, well)
    with pytest.raises(TargetError, match="InternalServerError"):
        go(monkeypatch, well, failing)


def test_a_call_that_is_not_allowed_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TargetError, match="AccessDeniedException") as refused:
        go(monkeypatch, probed(Outcome.HTTP_4XX, "AccessDeniedException"))
    assert remedy("", Outcome.HTTP_4XX, "AccessDeniedException") in str(refused.value)


def test_a_redirect_stops_it_and_says_where_it_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    redirect = probed(Outcome.UNEXPECTED, "status 301")
    redirect.exchange.status, redirect.exchange.headers = 301, {"location": "https://api.test/prod?key=canary"}
    with pytest.raises(TargetError, match=r"unexpected: status 301") as refused:
        go(monkeypatch, redirect)
    told = "It redirects to https://api.test/prod: send the requests there, or if this is right, say expect: "
    assert told + "{status: 301}" in str(refused.value)
    assert "canary" not in str(refused.value)
