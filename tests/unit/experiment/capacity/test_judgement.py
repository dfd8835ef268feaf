"""What steps amount to, and what set the limit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from capacity_steps import ERRORS, LATENCY, plan, step

from loadgen.experiment.capacity.judgement import capacity_of, deciding
from loadgen.result.capacity import CapacityStep
from loadgen.result.reason import Reason


def kept(*rates: float) -> list[CapacityStep]:
    return [step(rate) for rate in rates]


@pytest.mark.parametrize(
    ("beyond", "code"),
    [
        ({"share": 0.4}, "limit_target"),
        ({"share": 0.4, "own": 0.7}, "limit_machine"),
        ({"share": 0.4, "trust": "INVALID"}, "limit_machine"),
        ({"share": 0.4, "wait": 0.7}, "limit_connections"),
        ({"failures": {"throttled: 429 Too Many Requests": 300}}, "limit_throttle"),
        ({"failures": {"http_5xx: 503": 300, "throttled: 429": 20}}, "limit_errors"),
        ({"failures": {"client_resource: no free port: EADDRNOTAVAIL": 300}}, "limit_ports"),
        ({"failures": {"client_resource: no free descriptor: EMFILE": 300}}, "limit_resources"),
    ],
)
def test_what_set_the_limit(beyond: dict[str, object], code: str) -> None:
    steps = [*kept(50, 80, 100), *(step(rate, **beyond) for rate in (110, 130))]  # type: ignore[arg-type]
    capacity = capacity_of(plan(), steps)
    assert capacity.limit.code == code
    assert (capacity.low, capacity.high, capacity.how) == (100, 110, "between")
    assert capacity.condition == (ERRORS if "failures" in beyond else LATENCY)


def test_what_is_as_long_below_the_capacity_set_no_limit() -> None:
    """A machine that others keep busy makes most of the slow requests' time at any rate; the target's is what grows."""
    noise = {"own": 0.6, "trust": "INVALID"}
    steps = [*(step(rate, **noise) for rate in (80, 90, 100)), *(step(rate, 0.4, **noise) for rate in (110, 130))]  # type: ignore[arg-type]
    longer = [replace(of, tail=replace(of.tail, value=150.0, target=90.0)) for of in steps[3:] if of.tail]
    found = capacity_of(plan(), [*steps[:3], *longer]).limit
    assert (found.code, found.values["share"]) == ("limit_target", 0.6)
    slower = [replace(of, tail=replace(of.tail, value=150.0, own=110.0)) for of in steps[3:] if of.tail]
    assert capacity_of(plan(), [*steps[:3], *slower]).limit.code == "limit_machine"


def test_the_numbers_of_a_throttle_are_told() -> None:
    failures = {"throttled: 429": 150, "throttled: Rate exceeded": 50, "timeout: timeout": 50}
    limit = capacity_of(plan(), [*kept(100), step(120, failures=failures)]).limit
    assert limit == Reason.of("limit_throttle", reason="429", share=0.8, failed=250)


def test_nothing_broke_below_the_highest_rate() -> None:
    capacity = capacity_of(plan(max_rate=100.0), kept(50, 100))
    assert (capacity.rate, capacity.low, capacity.high) == (None, 100, None)
    assert capacity.limit == Reason.of("limit_max_rate", rate=100.0)


def test_even_the_lowest_rate_broke() -> None:
    capacity = capacity_of(plan(), [step(10, 0.5), step(20, 0.9)])
    assert (capacity.rate, capacity.low, capacity.high) == (None, None, 10)


def test_no_step() -> None:
    capacity = capacity_of(plan(), [])
    assert (capacity.rate, capacity.low, capacity.high, capacity.how) == (None, None, None, "none")
    assert capacity.limit == Reason.of("limit_not_reached")


def test_the_condition_that_breaks_first_decides() -> None:
    steps = [*kept(50, 80), step(100, failures={"http_5xx: 503": 100}), step(150, 0.5, failures={"http_5xx: 503": 300})]
    assert capacity_of(plan(), steps).condition == ERRORS
    steps = [*kept(50, 80), step(100, 0.4), step(150, 0.5, failures={"http_5xx: 503": 300})]
    assert capacity_of(plan(), steps).condition == LATENCY


def test_a_step_that_did_not_settle_is_above() -> None:
    """Its own share is not: a long latency takes time to come."""
    steps = [*kept(50, 100), step(120, 0.0, above=Reason.of("step_not_settled")), step(140, 0.8)]
    capacity = capacity_of(plan(), steps)
    assert (capacity.low, capacity.high) == (100, 120)


def test_a_line_is_used_where_there_is_a_slope() -> None:
    steps = [step(100 + 5 * n, min(0.95, 0.01 * 2 ** (n - 6)), requests=5000) for n in range(-4, 16)]
    capacity = capacity_of(plan(), steps)
    assert capacity.how == "fit"
    assert capacity.rate == pytest.approx(130, rel=0.02)
    assert capacity.low and capacity.high and capacity.low < 130 < capacity.high


def test_the_steps_just_below_decide_the_trust() -> None:
    steps = [*kept(50, 80, 100), step(110, 0.4)]
    assert [of.rate for of in deciding(capacity_of(plan(), steps), steps)] == [100]


def test_a_throttle_with_a_large_bucket_is_told_by_what_it_lets_through() -> None:
    """120 a second, and 100 at once: a step of 20 s behind 3 s that are not measured sees nothing of 122/s refused."""

    def at(rate: float) -> CapacityStep:
        left = max(0.0, 100 - max(0.0, rate - 120) * 3)
        refused = max(0, round((rate - 120) * 20 - left))
        made = step(rate, requests=round(20 * rate), failures={"throttled: 429": refused} if refused else None)
        return replace(made, seconds=20.0, requests=round(20 * rate))

    about = plan(lead_in_s=3.0, keep=(ERRORS,))
    capacity = capacity_of(about, [at(rate) for rate in (100, 110, 118, 122, 125, 126, 127, 128, 130, 134, 140, 150)])
    assert capacity.how == "bucket" and capacity.limit.code == "limit_throttle"
    assert capacity.limit.values["lets"] == pytest.approx(120, rel=0.01)
    assert capacity.limit.values["burst"] == pytest.approx(100, rel=0.15)
    assert capacity.rate and capacity.low and capacity.high and capacity.low < capacity.rate <= 122 < 125
