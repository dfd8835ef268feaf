"""What a load on a table costs, on a terminal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from table_costs import TWO, cost, ledger, one, profile

from loadgen.report.terminal.cost import planned, table
from loadgen.report.terminal.page import drawn
from loadgen.runner.table.consumption import Units


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
