"""What a load on a table costs: estimated from its requests, counted from the ledger."""

from __future__ import annotations

import re

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from table_costs import TWO, cost, ledger, one, profile

from loadgen.aws.prices import price
from loadgen.record.ledger import Ledger
from loadgen.result import run as result
from loadgen.result.codec import from_json, to_json
from loadgen.result.run import ComputedUnits, SampledUnits
from loadgen.runner.table.consumption import Estimate, Units

# of a plan


MIXED = """
  - {name: read, weight: 3, steps: [{name: get, GetItem: {Key: {pk: x}}}]}
  - {name: write, weight: 1, steps: [{name: put, PutItem: {Item: {pk: x}}}, {name: again, PutItem: {Item: {pk: x}}}]}
"""


def test_a_plan_by_phase() -> None:
    phases = (
        "{name: w, rate: 10/s, for: 4s, measure: false, arrivals: constant}, {name: a, rate: 100/s, iterations: 800}"
    )
    planned = cost(profile(MIXED, phases=phases)).plan()
    warm, measured = planned.phases
    assert (warm.requests, warm.read_units, warm.write_units) == (50, 15, 20)
    assert (measured.requests, measured.read_units, measured.write_units) == (1000, 300, 400)
    assert measured.usd == pytest.approx(price("eu-west-1").cost(300, 400))
    assert (planned.total.requests, planned.total.read_units, planned.total.write_units) == (1050, 315, 420)
    assert planned.total.usd == pytest.approx(price("eu-west-1").cost(315, 420))
    assert planned.complete
    assert planned.drain is None, "an exact count ends with its last iteration"


def test_cycles_are_counted_each() -> None:
    planned = cost(profile(one("PutItem: {Item: {pk: x}}"), "cycles: 3")).plan()
    assert [(phase.name, phase.cycle, phase.requests) for phase in planned.phases] == [
        ("a", 1, 1000), ("a", 2, 1000), ("a", 3, 1000),
    ]  # fmt: skip
    assert planned.total.write_units == 3000


def test_what_arrives_while_the_last_answers_are_waited_for_is_bounded() -> None:
    planned = cost(profile(one("PutItem: {Item: {pk: x}}"), "timeout: 4s")).plan()
    assert planned.drain and (planned.drain.seconds, planned.drain.write_units) == (5, 500)
    assert planned.total.write_units == 1000, "and is no part of what is planned"


def test_users_who_set_the_pace_cannot_be_reckoned_with() -> None:
    phases = "{name: open, rate: 10/s, for: 1s, arrivals: constant}, {name: users, users: 5, for: 10s}"
    planned = cost(profile(one("PutItem: {Item: {pk: x}}"), phases=phases)).plan()
    assert planned.phases[1].requests is None
    assert not planned.complete
    assert planned.total.write_units == 10


def test_a_provisioned_table_has_units_and_no_price() -> None:
    more = "setup: {key: {pk: S}, capacity: {read: 5, write: 5}}\nmax_cost: $0.0001"
    reckoned = cost(profile(one("PutItem: {Item: {pk: x}}"), more))
    planned = reckoned.plan()
    assert (planned.billing, planned.prices, planned.total.usd) == ("provisioned", None, None)
    assert planned.total.write_units == 1000
    assert reckoned.refusal() == ""
    assert reckoned.beyond(Ledger.in_memory(2, 2), Units(write=1e9)) is None


# max_cost


def test_a_plan_within_max_cost_is_not_refused() -> None:
    exactly = price("eu-west-1").cost(0, 1000)
    steps = one("PutItem: {Item: {pk: x}}")
    assert cost(profile(steps)).refusal() == ""
    assert cost(profile(steps, f"max_cost: ${exactly:.6f}")).refusal() == ""


def test_the_refusal_says_what_would_fit() -> None:
    refusal = cost(profile(one("PutItem: {Item: {pk: x}}"), "max_cost: $0.0002")).refusal()
    assert refusal == (
        "max_cost: this would cost about $0.00071, and $0.0002 are allowed: 28% of the load would fit. "
        "Lower the load, or raise max_cost"
    )
    assert "less than 1% of it would fit" in cost(profile(one("Scan: {}"), "max_cost: $0.0001")).refusal()


def test_what_setup_costs_counts() -> None:
    more = "setup: {key: {pk: S}, items: 1000, item: {pk: x}}\nmax_cost: $0.001"
    reckoned = cost(profile(one("PutItem: {Item: {pk: x}}"), more))
    assert "$0.00071 of it to load setup's items" in reckoned.refusal()
    assert reckoned.refusal(made=False) == "", "the table is there already, and gets no items"
    alone = cost(profile(one("PutItem: {Item: {pk: x}}"), more.replace("$0.001", "$0.0003"))).refusal()
    assert alone == "max_cost: setup's items alone cost $0.00071, and $0.0003 are allowed"


@given(st.integers(1, 5000), st.integers(1, 10_000))
@settings(max_examples=examples(100), deadline=None)
def test_the_share_that_would_fit_does(iterations: int, cents_of_cents: int) -> None:
    limit = cents_of_cents / 1e6
    phases = f"{{name: a, rate: 100/s, iterations: {iterations}}}"
    more = f"max_cost: ${limit:.6f}"
    refusal = cost(profile(one("PutItem: {Item: {pk: x}}"), more, phases)).refusal()
    whole = price("eu-west-1").cost(0, iterations)
    if not refusal:
        assert whole <= limit
        return
    share = re.search(r"(\d+)% of the rates", refusal)
    assert whole * (int(share[1]) if share else 0) / 100 <= limit < whole


# while it goes on


def test_what_no_call_told_goes_by_the_estimate() -> None:
    of = profile(TWO)
    totals = ledger(of, {"wired": 10}, {"wired": 8})
    assert cost(of).so_far(totals, Units()) == Units(5, 8)
    told = cost(of).result(totals, Units(), on_aws=True)
    assert (told.sampled, told.computed) == (SampledUnits(0, 0, 0), ComputedUnits(5, 8))
    assert told.assumed
    assert (told.billed, told.billing, told.region, told.max_cost) == (True, "on-demand", "eu-west-1", None)


def test_what_some_calls_told_holds_for_all_of_the_step() -> None:
    """In every phase: here the put's samples came in the first, and hold for the drain."""
    of = profile(TWO)
    first = [{"wired": 10, "sampled": 2, "read": 3000}, {"wired": 8, "sampled": 4, "written": 10_000}]
    totals = ledger(of, *first, {"wired": 0}, {"wired": 2})
    assert cost(of).so_far(totals, Units(write=7)) == Units(15, 32)
    told = cost(of).result(totals, Units(write=7), on_aws=False)
    assert (told.read_units, told.write_units, told.setup_write_units) == (15, 32, 7)
    assert told.sampled == SampledUnits(calls=6, read=3, write=10)
    assert told.computed == ComputedUnits(read=5, write=10)
    assert told.usd == pytest.approx(price("eu-west-1").cost(15, 32))
    assert told.assumed == ()
    assert told.billed is False
    assert from_json(result.Cost, to_json(told)) == told


def test_throttled_requests_cost_nothing() -> None:
    of = profile(TWO)
    totals = ledger(of, {"wired": 10, "throttled": 4}, {"wired": 8, "throttled": 8})
    assert cost(of).so_far(totals, Units()) == Units(3, 0)


def test_a_run_that_has_come_to_max_cost_is_found() -> None:
    of = profile(TWO, "max_cost: $0.01")
    reckoned = cost(of)
    per_put = price("eu-west-1").write / 1e6
    enough = int(0.01 / per_put) + 1
    assert reckoned.beyond(ledger(of, {"wired": 0}, {"wired": enough - 1}), Units()) is None
    spent = reckoned.beyond(ledger(of, {"wired": 0}, {"wired": enough}), Units())
    assert spent == pytest.approx(enough * per_put)
    assert reckoned.beyond(ledger(of), Units(write=enough)), "what setup loaded counts"
    assert cost(profile(TWO)).beyond(ledger(of, {"wired": 10**9}, {"wired": 10**9}), Units()) is None


def test_an_estimate_is_a_value() -> None:
    """Nothing of it is drawn anew."""
    of = profile(one("PutItem: {Item: {pk: '{{uuid}}', v: '{{bytes 100 3000}}'}}"))
    assert Estimate.of(of) == Estimate.of(of)
