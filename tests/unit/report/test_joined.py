"""The hops of a run in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loadgen.report import joined
from loadgen.result.join import Hops, JoinGroup, JoinResult, JoinSource, JoinStep, StartShare

HOPS = Hops(
    requests=12, whole_ms=412.0, machine_ms=0.3, held_ms=0.0, connect_ms=0.0, gateway_ms=6.0, lambda_ms=21.0,
    integration_ms=None, init_ms=280.0, restore_ms=0.0, handler_ms=91.0, rest_ms=13.7, rest_of=("network",),
)  # fmt: skip


def group(hops: Hops | None, name: str = "p99", *starts: StartShare) -> JoinGroup:
    return JoinGroup(name, 12, 12, 12, hops, starts)  # type: ignore[arg-type]


def step(*groups: JoinGroup) -> JoinStep:
    return JoinStep("steady", 1, "order", "put", 5000, 412.0, 0.0, groups)


def test_the_p99_is_divided_and_what_is_small_is_left_out() -> None:
    assert joined.of_p99(step(group(HOPS))) == (
        "of the p99 of 412 ms: this machine 0.300, network 13.7 (the remainder), API Gateway 6.00, Lambda 21.0, "
        "init 280, handler 91.0 (means of 12 requests)"
    )


@pytest.mark.parametrize("of", [step(), step(group(None)), step(group(HOPS, "drawn"))])
def test_what_is_missing_of_the_p99_is_said(of: JoinStep) -> None:
    assert joined.of_p99(of) == ""
    assert joined.missing(of)
    assert joined.missing(step(group(HOPS))) == ""


def test_why_there_is_no_p99() -> None:
    drawn = group(HOPS, "drawn")
    assert joined.missing(replace(step(drawn), p99_ms=None, requests=97)) == "there is no p99 of 97 requests"
    assert joined.missing(step(drawn)) == "the requests around the p99 were not kept"
    assert joined.missing(step(drawn, group(None))) == "too few of the requests around the p99 were found"


def test_a_remainder_says_what_it_holds() -> None:
    invoke = Hops(12, 50.0, 0.5, 0.0, 0.0, None, None, None, 0.0, 0.0, 35.0, 14.5, ("network", "gateway", "lambda"))
    rows = dict(joined.rows(step(group(invoke, "drawn"))))
    assert rows == {
        "whole": "50.0", "this machine": "0.500", "network, API Gateway and Lambda, the remainder": "14.5",
        "handler": "35.0",
    }  # fmt: skip


def test_only_a_draw_stands_for_all() -> None:
    cold = StartShare("cold", 3, 0.25, 0.05, 0.57)
    drawn, slowest = joined.starts(
        step(group(HOPS, "drawn", cold), group(HOPS, "slowest", cold), group(HOPS, "p99", cold))
    )
    assert drawn == "drawn: 25% cold (5% to 57%): REPORTs of 3 requests, a sample of all"
    assert slowest == "slowest 1%: 25% cold: REPORTs of 3 requests, of these alone"


def test_where_and_how_many_were_found() -> None:
    group, file = JoinSource("log group", "x", 0, 0), JoinSource("file", "x", 0, 0)

    def result(found: int, complete: bool, *sources: JoinSource, **other: int) -> JoinResult:
        known = {"run": "runs/x", "looked_for": 198, "steps": (), **other}
        return JoinResult(found=found, complete=complete, sources=sources, **known)  # type: ignore[arg-type]

    assert joined.found(result(196, True)) == "196 of 198 requests found in its logs"
    assert joined.found(result(0, True, file, group)).endswith("not be there yet: join again in a minute")
    assert joined.found(result(0, True, file)).endswith("These files have no line of them")
    assert joined.found(result(0, True, group, impossible=1)).endswith("1 line told impossible times and was left out")
    assert joined.found(result(5, True, contradicted=2)).endswith(
        "Lines of 2 ids contradict each other and were left out"
    )
    assert joined.kept(result(5, True)) == "saved: loadgen report runs/x shows it from now on"
    assert joined.kept(result(0, True, earlier=4)) == (
        "not saved: runs/x keeps the join before, which found 4 requests"
    )
    assert joined.found(result(5, False)).endswith("There was more than was read")
    source = JoinSource("log group", "/aws/lambda/x", 1, 2)
    assert joined.source(source) == "log group /aws/lambda/x: 1 REPORT and 2 lines of an access log"
