"""A table as a target: what it is, what loadgen did to it, and what the load on it costs."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from rich.console import RenderableType

from loadgen.aws.prices import dollars, exact_dollars
from loadgen.report.sentences import sentence
from loadgen.report.terminal.page import DIM, STRONG, labelled, line
from loadgen.report.words import count, seconds, several
from loadgen.result.check import PhaseCost, PlannedCost, UnitsCost
from loadgen.result.run import Cost, Prices, RunResult, Setup, Table

UNITS = 13  # columns of a number of units
USD = 17  # and of an amount
WIDTH = 96


def table(result: RunResult) -> Iterator[RenderableType]:
    """A few lines for the summary of a run; none if its target is not a table."""
    target = result.target.table
    if not target:
        return
    said = [f"{target.table} in {target.region}", _billing(target), target.tls or ""]
    said += ["made-up keys"] if target.credentials else []
    yield labelled(("table: ", STRONG), " · ".join(part for part in said if part))
    if result.setup:
        yield labelled(("setup: ", STRONG), _setup(result.setup))
    if result.cost:
        yield from _spent(result.cost)


def _billing(table: Table) -> str:
    if units := table.provisioned:
        return f"provisioned, {count(units.read)} read and {count(units.write)} write units a second"
    return "on demand" if table.billing == "on-demand" else ""


def _setup(setup: Setup) -> str:
    if not setup.created:
        return "the table was there already; it was used as it is"
    items = f" with {several(setup.items, 'item')}" if setup.items else ""
    return f"made in {seconds(setup.seconds)}{items}, {'deleted afterwards' if setup.deleted else 'and left there'}"


def _spent(cost: Cost) -> Iterator[RenderableType]:
    yield labelled(("cost: ", STRONG), spent(cost))
    if cost.usd is not None:
        for text in (prices_text(cost.prices, cost.region), *map(sentence, cost.assumed)):
            yield line((text, DIM), indent=2)


def spent(cost: Cost) -> str:
    """What the load cost, in units and in dollars if it is billed by request."""
    units = f"{_units(cost.read_units)} read and {_units(cost.write_units)} write units"
    before = f", {_units(cost.setup_write_units)} of them for setup's items" if cost.setup_write_units else ""
    calls = cost.sampled.calls
    how = f"by what {several(calls, 'call')} reported" if calls else "by the size of the items"
    if cost.usd is None:
        return f"{units}{before}; {how}. Provisioned: not billed by request"
    usd = f"{dollars(cost.usd)}" if cost.billed else f"would be {dollars(cost.usd)} on AWS"
    return f"{usd}: {units}{before}; {how}"


def prices_text(prices: Prices | None, region: str) -> str:
    """By which prices a cost in `region` was reckoned; empty if it is not billed by request."""
    if not prices:
        return ""
    rates = f"${prices.write_usd:g} a million writes, ${prices.read_usd:g} a million reads"
    other = "" if prices.region == region else f", as none is known for {region}"
    return f"{rates} on demand in {prices.region} ({prices.source}, {prices.date}){other}"


def _units(value: float | None) -> str:
    """Rounded to a half, as units are counted; large numbers to a whole."""
    return f"{value:,.1f}".removesuffix(".0") if value is not None and value < 1000 else count(value)


def planned(cost: PlannedCost) -> list[str]:
    """What a plan would cost, as lines for `loadgen check`."""
    title = "cost" if cost.billed else "would cost, on AWS"
    usd = f"{'USD':>{USD}}" if cost.prices else ""
    lines = [f"  {title:<20} {'requests':>11} {'read units':>{UNITS}} {'write units':>{UNITS}}{usd}"]
    if cost.setup.write_units:
        lines.append(_row("setup's items", "", cost.setup))
    for phase in cost.phases:
        lines.append(_row(f"{phase.name} {phase.cycle}" if phase.cycle else phase.name, count(phase.requests), phase))
    lines.append(_row("in all", count(cost.total.requests), cost.total))
    if cost.drain and cost.drain.usd is not None:
        more, time = dollars(cost.drain.usd), seconds(cost.drain.seconds)
        lines.append(f"  and at most {more} more, should the last answers take the {time} they may")
    if cost.max_cost is not None:
        lines.append(f"  max_cost: {exact_dollars(cost.max_cost)}{': refused' if cost.refused else ''}")
    notes = [
        prices_text(cost.prices, cost.region) or "provisioned: not billed by request",
        *(f"assumed: {text}" for text in _assumed(cost)),
    ]
    return [*lines, *(f"  {part}" for text in notes for part in wrap(text, WIDTH, subsequent_indent="  ")), ""]


def _assumed(cost: PlannedCost) -> list[str]:
    unknown = dict.fromkeys(phase.name for phase in cost.phases if phase.requests is None)
    users = [f"{', '.join(unknown)}: how much its users send is not known before"] if unknown else []
    return [*map(sentence, cost.assumed), *users]


def _row(name: str, requests: str, cost: UnitsCost | PhaseCost) -> str:
    cells = f"{_units(cost.read_units):>{UNITS}} {_units(cost.write_units):>{UNITS}}"
    money = f"{dollars(cost.usd):>{USD}}" if cost.usd is not None else ""
    return f"  {name[:20]:<20} {requests:>11} {cells}{money}"
