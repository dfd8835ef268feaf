"""What a load on a table consumes and costs: reckoned from its requests, counted from the ledger."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.aws.attributes import size, typed
from loadgen.aws.capacity import read_units, write_units
from loadgen.aws.prices import dollars, price
from loadgen.engine.plan import Plan
from loadgen.exchange import Outcome
from loadgen.profile.load import load
from loadgen.profile.model import Profile
from loadgen.record.ledger import OUTCOMES, TALLY, Ledger
from loadgen.report.terminal.cost import planned, table
from loadgen.report.terminal.page import drawn
from loadgen.runner.table.consumption import PAGE, SUPPOSED, Estimate, Units, consumption
from loadgen.runner.table.cost import Cost, billed

KB = "a" * 1022  # with its name and a key of one character, an item of 1,024 + 2 bytes
ITEM = {"pk": {"S": "k"}, "v": {"S": KB}}
KEY = {"pk": {"S": "k"}}


def profile(
    steps: str, more: str = "", phases: str = "{name: a, rate: 100/s, for: 10s, arrivals: constant}"
) -> Profile:
    text = f"""
name: t
target: {{dynamodb: {{table: orders, region: eu-west-1}}}}
load: [{phases}]
scenarios:
{steps}
{more}
"""
    return load("t.yaml", text=text).profile


def one(step: str) -> str:
    return f"  - {{name: s, steps: [{{name: one, {step}}}]}}"


def cost(of: Profile) -> Cost:
    return Cost(of, Plan.of(of))


# of one call


@pytest.mark.parametrize(
    ("operation", "parameters", "units"),
    [
        ("PutItem", {"Item": ITEM}, (0, 2)),
        ("PutItem", {"Item": KEY}, (0, 1)),
        ("UpdateItem", {"Key": KEY}, (0, 3)),
        ("UpdateItem", {"Key": KEY, "ExpressionAttributeValues": {":v": {"S": "a" * 5000}}}, (0, 5)),
        ("DeleteItem", {"Key": KEY}, (0, 3)),
        ("GetItem", {"Key": KEY}, (0.5, 0)),
        ("GetItem", {"Key": KEY, "ConsistentRead": True}, (1, 0)),
        ("Query", {"KeyConditionExpression": "pk = :p"}, (0.5, 0)),
        ("Query", {"KeyConditionExpression": "pk = :p", "Limit": 10, "ConsistentRead": True}, (8, 0)),
        ("Scan", {}, (128, 0)),
        ("Scan", {"Limit": 4}, (1.5, 0)),
        ("Scan", {"Limit": 10**9}, (128, 0)),
        ("BatchGetItem", {"RequestItems": {"t": {"Keys": [KEY] * 5}}}, (2.5, 0)),
        ("BatchGetItem", {"RequestItems": {"t": {"Keys": [KEY] * 5, "ConsistentRead": True}}}, (5, 0)),
        (
            "BatchWriteItem",
            {"RequestItems": {"t": [{"PutRequest": {"Item": ITEM}}, {"DeleteRequest": {"Key": KEY}}]}},
            (0, 5),
        ),
        ("TransactGetItems", {"TransactItems": [{"Get": {"Key": KEY}}] * 3}, (6, 0)),
        (
            "TransactWriteItems",
            {"TransactItems": [{"Put": {"Item": ITEM}}, {"Delete": {"Key": KEY}}, {"ConditionCheck": {"Key": KEY}}]},
            (0, 16),
        ),
        ("ExecuteStatement", {"Statement": " select * from t"}, (0.5, 0)),
        ("ExecuteStatement", {"Statement": "UPDATE t SET v = 1"}, (0, 3)),
        ("ListTables", {}, (0, 0)),
        ("DescribeTable", {}, (0, 0)),
    ],
)
def test_what_a_call_consumes(operation: str, parameters: dict[str, Any], units: tuple[float, float]) -> None:
    """Items that are there have 3,000 bytes: 3 write units, 1 read unit if consistent."""
    assert consumption(operation, parameters, 3000) == Units(*units)


def test_a_scan_of_a_small_table_reads_what_there_is() -> None:
    assert consumption("Scan", {}, 100, table=20_000) == Units(read=2.5)
    assert consumption("Scan", {}, 100, table=PAGE * 5) == Units(read=128)


# of a profile's requests


def test_puts_are_reckoned_by_the_size_of_the_items_that_will_be_sent() -> None:
    """A half of the items is one unit, the other two."""
    put = "PutItem: {Item: {pk: '{{choice a b}}', v: '{{bytes 900 1100}}'}}"
    estimate = Estimate.of(profile(one(put)))
    (units,) = estimate.steps
    assert units.read == 0
    assert 1.3 < units.write < 1.7
    assert estimate.setup == Units()


def test_reads_are_reckoned_by_the_item_that_setup_loads() -> None:
    item = {"pk": "item#7", "v": "x" * 9000}
    setup = f"setup: {{key: {{pk: S}}, items: 1000, item: {json.dumps(item)}}}"
    estimate = Estimate.of(profile(one("GetItem: {Key: {pk: x}}"), setup))
    of = size({name: typed(value) for name, value in item.items()})
    assert estimate.steps == (Units(read=read_units(of)),)
    assert estimate.setup == Units(write=1000 * write_units(of))
    assert any(f"{of:,} bytes" in text for text in estimate.assumed)


def test_what_nothing_tells_is_assumed_and_said() -> None:
    steps = """
  - name: s
    steps:
      - {name: get, GetItem: {Key: {pk: x}}, capture: {v: item.v}}
      - {name: query, Query: {KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: {':p': '{{v}}'}}}
      - {name: scan, Scan: {}}
"""
    estimate = Estimate.of(profile(steps, "retries: 3"))
    assert estimate.steps == (Units(0.5), Units(0.5), Units(128))
    assert SUPPOSED == 1024
    for said in ("1,024 bytes", "query without a Limit", "scan without a Limit", "captured", "twice", "secondary"):
        assert any(said in text for text in estimate.assumed), said
    assert Estimate.of(profile(one("PutItem: {Item: {pk: x}}"), "setup: {key: {pk: S}}")).assumed == ()


def test_items_that_the_service_will_refuse_are_left_to_it() -> None:
    setup = "setup: {key: {pk: S}, items: 10, item: {pk: 'x{{seq}}', v: {N: 'no number'}}}"
    of = profile(one("PutItem: {Item: {pk: x, v: {N: 'no number'}}}"), setup)
    assert Estimate.of(of).steps == (Units(),)


# of a plan

MIXED = """
  - {name: read, weight: 3, steps: [{name: get, GetItem: {Key: {pk: x}}}]}
  - {name: write, weight: 1, steps: [{name: put, PutItem: {Item: {pk: x}}}, {name: again, PutItem: {Item: {pk: x}}}]}
"""


def test_a_plan_by_phase() -> None:
    phases = (
        "{name: w, rate: 10/s, for: 4s, measure: false, arrivals: constant}, {name: a, rate: 100/s, iterations: 800}"
    )
    found = cost(profile(MIXED, phases=phases)).plan()
    warm, measured = found["phases"]
    assert (warm["requests"], warm["read_units"], warm["write_units"]) == (50, 15, 20)
    assert (measured["requests"], measured["read_units"], measured["write_units"]) == (1000, 300, 400)
    assert measured["usd"] == pytest.approx(price("eu-west-1").cost(300, 400))
    assert found["total"] == {
        "requests": 1050, "read_units": 315, "write_units": 420,
        "usd": pytest.approx(price("eu-west-1").cost(315, 420)),
    }  # fmt: skip
    assert found["complete"]
    assert found["drain"] is None, "an exact count ends with its last iteration"


def test_cycles_are_counted_each() -> None:
    found = cost(profile(one("PutItem: {Item: {pk: x}}"), "cycles: 3")).plan()
    assert [(phase["name"], phase["cycle"], phase["requests"]) for phase in found["phases"]] == [
        ("a", 1, 1000), ("a", 2, 1000), ("a", 3, 1000),
    ]  # fmt: skip
    assert found["total"]["write_units"] == 3000


def test_what_arrives_while_the_last_answers_are_waited_for_is_bounded() -> None:
    found = cost(profile(one("PutItem: {Item: {pk: x}}"), "timeout: 4s")).plan()
    assert found["drain"]["seconds"] == 5
    assert found["drain"]["write_units"] == 500
    assert found["total"]["write_units"] == 1000, "and is no part of what is planned"


def test_users_who_set_the_pace_cannot_be_reckoned_with() -> None:
    phases = "{name: open, rate: 10/s, for: 1s, arrivals: constant}, {name: users, users: 5, for: 10s}"
    found = cost(profile(one("PutItem: {Item: {pk: x}}"), phases=phases)).plan()
    assert found["phases"][1]["requests"] is None
    assert not found["complete"]
    assert any(text.startswith("users: ") for text in found["assumed"])
    assert found["total"]["write_units"] == 10


def test_a_provisioned_table_has_units_and_no_price() -> None:
    more = "setup: {key: {pk: S}, capacity: {read: 5, write: 5}}\nmax_cost: $0.0001"
    reckoned = cost(profile(one("PutItem: {Item: {pk: x}}"), more))
    found = reckoned.plan()
    assert (found["billing"], found["prices"], found["total"]["usd"]) == ("provisioned", None, None)
    assert found["total"]["write_units"] == 1000
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
        "max_cost: this would cost about $0.0007, and $0.0002 are allowed: 28% of the rates, or of the time, would "
        "fit. Lower the load, or raise max_cost"
    )
    assert "less than 1% of it would fit" in cost(profile(one("Scan: {}"), "max_cost: $0.0001")).refusal()


def test_what_setup_costs_counts() -> None:
    more = "setup: {key: {pk: S}, items: 1000, item: {pk: x}}\nmax_cost: $0.001"
    reckoned = cost(profile(one("PutItem: {Item: {pk: x}}"), more))
    assert "$0.0007 of it to load setup's items" in reckoned.refusal()
    assert reckoned.refusal(made=False) == "", "the table is there already, and gets no items"
    alone = cost(profile(one("PutItem: {Item: {pk: x}}"), more.replace("$0.001", "$0.0003"))).refusal()
    assert alone == "max_cost: setup's items alone cost $0.0007, and $0.0003 are allowed"


@given(st.integers(1, 5000), st.integers(1, 10_000))
@settings(max_examples=50, deadline=None)
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

TWO = """
  - {name: s, steps: [{name: get, GetItem: {Key: {pk: x}}}, {name: put, PutItem: {Item: {pk: x}}}]}
"""


def ledger(of: Profile, *slots: dict[str, int]) -> Ledger:
    """A ledger whose first rows hold so much on the wire, so much of it throttled, and these tallies."""
    plan = Plan.of(of)
    found = Ledger.in_memory(len(plan.all_runs), plan.slots)
    for slot, told in enumerate(slots):
        found.wired[slot] = told["wired"]
        found.outcomes[slot * OUTCOMES + Outcome.THROTTLED] = told.get("throttled", 0)
        for number, name in enumerate(TALLY):
            found.tallies[slot * len(TALLY) + number] = told.get(name, 0)
    return found


def test_what_no_call_told_goes_by_the_estimate() -> None:
    of = profile(TWO)
    totals = ledger(of, {"wired": 10}, {"wired": 8})
    assert cost(of).so_far(totals, Units()) == Units(5, 8)
    told = cost(of).result(totals, Units(), on_aws=True)
    assert (told["sampled"], told["computed"]) == (
        {"calls": 0, "read": 0, "write": 0},
        {"read": 5, "write": 8},
    )
    assert told["assumed"]


def test_what_some_calls_told_holds_for_all_of_the_step() -> None:
    """In every phase: here the put's samples came in the first, and hold for the drain."""
    of = profile(TWO)
    first = [{"wired": 10, "sampled": 2, "read": 3000}, {"wired": 8, "sampled": 4, "written": 10_000}]
    totals = ledger(of, *first, {"wired": 0}, {"wired": 2})
    assert cost(of).so_far(totals, Units(write=7)) == Units(15, 32)
    told = cost(of).result(totals, Units(write=7), on_aws=False)
    assert (told["read_units"], told["write_units"], told["setup_write_units"]) == (15, 32, 7)
    assert told["sampled"] == {"calls": 6, "read": 3, "write": 10}
    assert told["computed"] == {"read": 5, "write": 10}
    assert told["usd"] == pytest.approx(price("eu-west-1").cost(15, 32))
    assert told["assumed"] == []
    assert told["billed"] is False


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


# in words


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


def reported(result: dict[str, Any]) -> str:
    return drawn(table(result), 100, False)


TARGET = {"table": "orders", "region": "eu-west-1", "billing": "on-demand", "tls": "TLSv1.3"}


def test_the_report_of_a_table() -> None:
    of = profile(TWO)
    totals = ledger(of, {"wired": 10, "sampled": 1, "read": 500}, {"wired": 8})
    setup = {"created": True, "items": 1000, "seconds": 3.21, "deleted": True}
    result = {"target": TARGET, "setup": setup, "cost": cost(of).result(totals, Units(write=1000), on_aws=False)}
    text = reported(result)
    assert "table: orders in eu-west-1 · on demand · TLSv1.3\n" in text
    assert "setup: made in 3.2 s with 1,000 items, deleted afterwards\n" in text
    assert "cost: would be $0.0007 on AWS: 5 read and 1,008 write units, 1,000 of them for setup's items" in text
    assert "; by what 1 call told\n" in " ".join(text.split("\n      ")), text
    assert "AWS Price List" in text
    billed_there = reported(result | {"cost": {**result["cost"], "billed": True}})  # type: ignore[dict-item]
    assert "cost: $0.0007: 5 read" in billed_there


def test_the_report_of_other_tables() -> None:
    provisioned = {**TARGET, "billing": "provisioned", "provisioned": {"read": 5, "write": 2}, "credentials": "made up"}
    spent = {"usd": None, "read_units": 0.5, "write_units": 12.0, "sampled": {"calls": 0}}
    text = reported({"target": provisioned, "setup": {"created": False}, "cost": spent})
    assert "provisioned, 5 read and 2 write units a second · TLSv1.3 · made-up keys" in text
    assert "setup: the table was there already; it was used as it is\n" in text
    assert "cost: 0.5 read and 12 write units; by the size of the items. Provisioned: not billed by request\n" in text
    assert reported({"target": {"url": "https://127.0.0.1/"}}) == ""
    assert "table: orders in unknown" in reported({"target": {"table": "orders"}})


def test_a_plan_in_words_keeps_its_columns() -> None:
    more = "setup: {key: {pk: S}, items: 1000, item: {pk: x}}\nmax_cost: $0.001\ncycles: 2"
    reckoned = cost(profile(one("PutItem: {Item: {pk: x}}"), more))
    lines = planned({**reckoned.plan(), "billed": True, "refusal": reckoned.refusal()})
    assert lines[0].split() == ["cost", "requests", "read", "units", "write", "units", "USD"]
    rows = {" ".join(line.split()[:-4]): line for line in lines[2:5]}
    assert {name: line.split()[-4:] for name, line in rows.items()} == {
        "a 1": ["1,000", "0", "1,000", "$0.0007"],
        "a 2": ["1,000", "0", "1,000", "$0.0007"],
        "in all": ["2,000", "0", "3,000", "$0.0021"],
    }
    assert lines[1].split() == ["setup's", "items", "0", "1,000", "$0.0007"]
    assert len({len(line) for line in lines[:5]}) == 1
    assert "  max_cost: $0.001: refused" in lines
    assert max(map(len, lines)) <= 100


def test_a_plan_that_is_not_billed() -> None:
    of = profile(one("PutItem: {Item: {pk: x}}"))
    lines = planned({**cost(of).plan(), "billed": False, "refusal": ""})
    assert lines[0].startswith("  would cost, on AWS ")
    provisioned = cost(of)
    provisioned.provisioned = True
    lines = planned({**provisioned.plan(), "billed": True, "refusal": ""})
    assert "USD" not in lines[0]
    assert "  provisioned: not billed by request" in lines


def test_a_phase_that_is_not_known_has_no_figures() -> None:
    of = profile(one("PutItem: {Item: {pk: x}}"), phases="{name: users, users: 5, for: 10s}")
    plan = cost(of).plan()
    assert next(line for line in planned({**plan, "billed": True}) if "users" in line).split() == [
        "users",
        "-",
        "-",
        "-",
    ]


def test_an_estimate_is_a_value() -> None:
    """Nothing of it is drawn anew."""
    of = profile(one("PutItem: {Item: {pk: '{{uuid}}', v: '{{bytes 100 3000}}'}}"))
    assert Estimate.of(of) == Estimate.of(of)
