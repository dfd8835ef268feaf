"""What a load on a table costs, on a terminal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine_harness import always, go
from run_results import concluded
from table_costs import TWO, cost, ledger, one, profile

from loadgen.report.terminal.cost import planned, prices_text, table
from loadgen.report.terminal.page import drawn
from loadgen.result.run import ComputedUnits, Cost, Prices, Provisioned, SampledUnits, Setup, Table
from loadgen.runner.table.consumption import Units


def reported(of: Table | None, **more: Any) -> str:
    run = concluded(go("load: [{name: a, rate: 10/s, iterations: 2}]", always(after=1)))
    return drawn(table(replace(run, target=replace(run.target, table=of), **more)), 100, False)


ORDERS = Table("orders", "eu-west-1", False, "TLSv1.3", "on-demand", None, None, None)


def test_the_report_of_a_table() -> None:
    of = profile(TWO)
    totals = ledger(of, {"wired": 10, "sampled": 1, "read": 500}, {"wired": 8})
    setup = Setup(created=True, items=1000, seconds=3.21, write_units=1000.0, deleted=True)
    spent = cost(of).result(totals, Units(write=1000), on_aws=False)
    text = reported(ORDERS, setup=setup, cost=spent)
    assert "table: orders in eu-west-1 · on demand · TLSv1.3\n" in text
    assert "setup: made in 3.2 s with 1,000 items, deleted afterwards\n" in text
    assert "cost: would be $0.0007 on AWS: 5 read and 1,008 write units, 1,000 of them for setup's items" in text
    assert "; by what 1 call reported\n" in " ".join(text.split("\n      ")), text
    assert "AWS Price List" in text
    billed_there = reported(ORDERS, cost=replace(spent, billed=True))
    assert "cost: $0.0007: 5 read" in billed_there


def test_the_report_of_other_tables() -> None:
    orders = replace(ORDERS, billing="provisioned", provisioned=Provisioned(5, 2), credentials="made up")
    spent = Cost(
        read_units=0.5, write_units=12.0, usd=None, billed=False, billing="provisioned", region="eu-west-1",
        prices=None, setup_write_units=0.0, sampled=SampledUnits(0, 0.0, 0.0), computed=ComputedUnits(0.5, 12.0),
        assumed=(), max_cost=None,
    )  # fmt: skip
    text = reported(orders, setup=Setup(False, 0, 0.0, 0.0, False), cost=spent)
    assert "provisioned, 5 read and 2 write units a second · TLSv1.3 · made-up keys" in text
    assert "setup: the table was there already; it was used as it is\n" in text
    assert "cost: 0.5 read and 12 write units; by the size of the items. Provisioned: not billed by request\n" in text
    assert reported(None) == ""
    unknown = replace(ORDERS, billing=None, tls=None)
    assert reported(unknown) == "table: orders in eu-west-1\n", "what is not known is left out"


def test_a_plan_in_words_keeps_its_columns() -> None:
    more = "setup: {key: {pk: S}, items: 1000, item: {pk: x}}\nmax_cost: $0.001\ncycles: 2"
    reckoned = cost(profile(one("PutItem: {Item: {pk: x}}"), more))
    lines = planned(reckoned.plan())
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
    lines = planned(replace(cost(of).plan(), billed=False))
    assert lines[0].startswith("  would cost, on AWS ")
    provisioned = cost(of)
    provisioned.provisioned = True
    lines = planned(provisioned.plan())
    assert "USD" not in lines[0]
    assert "  provisioned: not billed by request" in lines


def test_a_phase_that_is_not_known_has_no_figures() -> None:
    of = profile(one("PutItem: {Item: {pk: x}}"), phases="{name: users, users: 5, for: 10s}")
    lines = planned(cost(of).plan())
    assert next(line for line in lines if "users" in line).split() == ["users", "-", "-", "-"]
    assert "assumed: users: how much its users send is not known before" in " ".join(" ".join(lines).split())


def test_the_prices_are_those_of_a_region() -> None:
    prices = Prices("eu-west-1", 0.1415, 0.705, "AWS Price List, AmazonDynamoDB", "2026-08-15")
    rates = "$0.705 a million writes, $0.1415 a million reads on demand in eu-west-1"
    text = f"{rates} (AWS Price List, AmazonDynamoDB, 2026-08-15)"
    assert prices_text(prices, "eu-west-1") == text
    assert prices_text(prices, "mars-north-1") == f"{text}, as none is known for mars-north-1"
    assert prices_text(None, "eu-west-1") == ""
