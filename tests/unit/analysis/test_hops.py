"""A request's time is divided into what each place measured of it; what no figure tells apart stays together."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from joinable import access, exemplar, report, step, uuid

from loadgen.analysis.hops import Logs, ids, join
from loadgen.aws.logs import in_json, reports
from loadgen.result.exemplars import Exemplar, Exemplars
from loadgen.result.join import JoinGroup, JoinStep
from loadgen.result.run import RunResult


def logs(*lines: str) -> Logs:
    read = Logs()
    for line in lines:
        for found in reports(line):
            read.add_report(*found)
        if told := in_json(line):
            read.add(told)
    return read


def result(p99: float | None = None) -> RunResult:
    """As far as a join looks at it."""
    whose = {"p99": SimpleNamespace(value=p99)} if p99 is not None else {}
    steps = [SimpleNamespace(scenario="default", step="default", whose_ms=whose)]
    phases = [SimpleNamespace(name="a", cycle=1, steps=steps)]
    return cast(RunResult, SimpleNamespace(variant=SimpleNamespace(phases=phases)))


def joined(slowest: list[Exemplar], drawn: list[Exemplar], read: Logs, **other: Any) -> JoinStep:
    p99, requests = other.pop("p99", None), other.pop("requests", 100)
    kept = Exemplars(steps=(step(slowest, drawn, requests, **other),))
    [of] = join(kept, read, result(p99), "runs/x", (), True).steps
    return of


def group(of: JoinStep, name: str) -> JoinGroup:
    return next(group for group in of.groups if group.name == name)


def drawn_of(some: list[Exemplar], *lines: str) -> Any:
    """The hops of requests that were drawn."""
    hops = group(joined([], some, logs(*lines)), "drawn").hops
    assert hops
    known = (hops.gateway_ms, hops.lambda_ms, hops.init_ms, hops.restore_ms, hops.handler_ms)
    assert sum(of or 0.0 for of in (*known, hops.integration_ms)) + hops.machine_ms + hops.held_ms + (
        hops.connect_ms + hops.rest_ms
    ) == pytest.approx(hops.whole_ms)
    return hops


def test_behind_an_api_every_hop_is_known() -> None:
    some = [exemplar(n, 412.3 + n, own=0.3, connect=4.0) for n in (1, 2)]
    lines = [line for n in (1, 2) for line in (access(n, 398 + n, 392 + n), report(n, 91.0 + n, 280.0))]
    hops = drawn_of(some, *lines)
    assert (hops.requests, hops.whole_ms, hops.machine_ms, hops.connect_ms) == (2, 413.8, 0.3, 4.0)
    assert (hops.gateway_ms, hops.lambda_ms, hops.init_ms, hops.handler_ms) == (6.0, 21.0, 280.0, 92.5)
    assert (hops.rest_of, hops.rest_ms) == (("network",), 10.0)


def test_of_an_invoke_network_and_lambda_stay_together() -> None:
    some = [exemplar(n, 50.0, x_amzn_requestid=uuid(n)) for n in (1, 2)]
    hops = drawn_of(some, report(1, 30.0), report(2, 40.0))
    assert (hops.handler_ms, hops.init_ms, hops.gateway_ms, hops.lambda_ms) == (35.0, 0.0, None, None)
    assert (hops.rest_of, hops.rest_ms) == (("network", "lambda"), 14.5)


def test_of_an_echoed_id_the_gateway_stays_there_too() -> None:
    some = [exemplar(n, 50.0, apigw_requestid=f"gateway-{n}", echoed=uuid(n)) for n in (1, 2)]
    assert drawn_of(some, report(1, 30.0), report(2, 40.0)).rest_of == ("network", "gateway", "lambda")


def test_without_reports_lambdas_part_is_not_divided() -> None:
    hops = drawn_of([exemplar(n, 50.0) for n in (1, 2)], access(1, 40, 30), access(2, 42, 30))
    assert (hops.gateway_ms, hops.integration_ms, hops.lambda_ms, hops.handler_ms) == (11.0, 30.0, None, None)
    assert hops.rest_of == ("network",)


def test_an_init_that_nobody_waited_for_is_none() -> None:
    some = [exemplar(n, 60.0) for n in (1, 2)]
    hops = drawn_of(some, *(access(n, 50, 45) for n in (1, 2)), *(report(n, 40.0, 300.0) for n in (1, 2)))
    assert (hops.init_ms, hops.handler_ms, hops.lambda_ms) == (0.0, 40.0, 5.0)


def test_a_mean_is_of_requests_of_which_the_same_is_known() -> None:
    some = [exemplar(n, 50.0 * n) for n in (1, 2, 3, 4)]
    lines = [*(access(n, 40, 30) for n in (1, 2, 3)), report(1, 20.0), report(2, 20.0)]
    of = group(joined([], some, logs(*lines)), "drawn")
    assert (of.requests, of.accesses, of.reports) == (4, 3, 2)
    assert of.hops
    assert (of.hops.requests, of.hops.whole_ms) == (2, 75.0)


def test_too_few_have_no_mean() -> None:
    of = group(joined([], [exemplar(n, 50.0) for n in range(9)], logs(report(1, 5.0), access(1, 40, 30))), "drawn")
    assert (of.reports, of.hops) == (1, None)


def test_the_requests_around_the_p99_are_those_on_both_sides_of_it() -> None:
    """Of 5,000 requests the p99 is the 51st from above; a tenth of what lies beyond it is 5."""
    slowest = [exemplar(n, 1000.0 - n) for n in range(100)]
    lines = [line for n in range(100) for line in (access(n, 500, 490), report(n, 100.0))]
    of = joined(slowest, [], logs(*lines), p99=951.0, requests=5000)
    around, beyond = group(of, "p99"), group(of, "slowest")
    assert around.hops
    assert (around.requests, around.hops.whole_ms) == (11, 951.0)
    assert beyond.hops
    assert (beyond.requests, beyond.hops.whole_ms) == (50, 975.5)


@pytest.mark.parametrize("p99", [None, 700.0], ids=["not known", "of other requests"])
def test_without_requests_around_it_there_is_nothing_of_the_p99(p99: float | None) -> None:
    slowest = [exemplar(n, 1000.0 - n) for n in range(100)]
    of = joined(slowest, [], logs(report(1, 1.0)), p99=p99, requests=5000)
    assert [group.name for group in of.groups] == ["slowest"]
    few = joined(slowest[:20], [], logs(), p99=951.0, requests=5000)
    assert [group.name for group in few.groups] == ["slowest"]


def test_of_a_drawn_part_the_slowest_hundredth_is_as_much_smaller() -> None:
    of = joined([exemplar(n, 1000.0 - n) for n in range(100)], [], logs(), requests=20_000, one_in=4)
    assert group(of, "slowest").requests == 50


def test_how_requests_started_is_a_share_with_its_interval() -> None:
    some = [exemplar(n, 400.0 if n < 10 else 100.0, x_amzn_requestid=uuid(n)) for n in range(100)]
    lines = [report(n, 50.0, 300.0 if n < 10 or n == 50 else None) for n in range(100)]
    cold, warm = group(joined([], some, logs(*lines)), "drawn").starts
    assert (cold.start, cold.requests, cold.share) == ("cold", 10, 0.1)
    assert (warm.start, warm.requests) == ("warm", 90)  # one of them has an Init that nobody waited for
    assert (cold.share_low, cold.share_high) == pytest.approx((0.049, 0.1762), abs=1e-4)  # Clopper and Pearson


def test_each_request_is_looked_for_once() -> None:
    one, other = exemplar(1, 5.0), exemplar(2, 4.0)
    without = Exemplar(0, 1, "new", {}, {}, one.whose_ms)
    kept = Exemplars(steps=(step([one, other], [other, without], 4),))
    assert list(ids(kept)) == [one, other]
    told = join(kept, logs(access(1, 4, 3)), result(), "runs/x", (), True)
    assert (told.looked_for, told.found) == (2, 1)


def joined_of(some: list[Exemplar], read: Logs) -> Any:
    return join(Exemplars(steps=(step([], some, 100),)), read, result(), "runs/x", (), True)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        pytest.param((access(1, 1, 99999), report(1, 30.0)), 2, id="integration beyond the whole"),
        pytest.param((access(1, 60, 40), report(1, 30.0)), 2, id="the whole beyond the client's time"),
        pytest.param((access(1, 45, 40), report(1, 41.5)), 3, id="the handler beyond the integration"),
    ],
)
def test_lines_that_tell_impossible_times_are_left_out_and_counted(lines: tuple[str, ...], found: int) -> None:
    some = [exemplar(n, 50.0) for n in (1, 2, 3)]
    good = [line for n in (2, 3) for line in (access(n, 45, 40), report(n, 30.0))]
    read = logs(*lines, *good)
    joined = joined_of(some, read)
    assert (joined.impossible, joined.found) == (1, found)
    hops = joined.steps[0].groups[0].hops
    assert hops
    assert (hops.requests, hops.gateway_ms, hops.lambda_ms, hops.handler_ms) == (2, 5.0, 10.0, 30.0)


def test_what_is_rounded_is_not_impossible() -> None:
    some = [exemplar(n, 50.0) for n in (1, 2)]
    lines = [line for n in (1, 2) for line in (access(n, 50, 51), report(n, 51.9))]
    joined = joined_of(some, logs(*lines))
    assert (joined.impossible, joined.found) == (0, 2)


def test_a_handler_longer_than_the_client_waited_is_left_out() -> None:
    some = [exemplar(n, 50.0, x_amzn_requestid=uuid(n)) for n in (1, 2)]
    joined = joined_of(some, logs(report(1, 30.0), report(2, 51.0)))
    assert (joined.impossible, joined.found) == (1, 1)


@pytest.mark.parametrize("order", [1, -1])
def test_of_lines_that_contradict_each_other_none_is_taken(order: int) -> None:
    some = [exemplar(n, 50.0) for n in (1, 2)]
    lines = [access(1, 45, 40), report(1, 30.0), report(1, 5.0), access(2, 45, 40), access(2, 44, 40)][::order]
    joined = joined_of(some, logs(*lines))
    assert (joined.contradicted, joined.found) == (2, 1)
    assert (joined.steps[0].groups[0].reports, joined.steps[0].groups[0].accesses) == (0, 1)


def test_lines_that_tell_different_things_of_a_request_are_put_together() -> None:
    some = [exemplar(n, 50.0) for n in (1, 2)]
    lines = [f'{{"requestId": "gateway-{n}", "level": "INFO"}}' for n in (1, 2)]
    every = [*(access(n, 45, 40) for n in (1, 2)), *lines, *(access(n, 45, 40) for n in (1, 2))]
    joined = joined_of(some, logs(*every))
    assert (joined.contradicted, joined.found) == (0, 2)
    hops = joined.steps[0].groups[0].hops
    assert hops
    assert hops.gateway_ms == 5.0
