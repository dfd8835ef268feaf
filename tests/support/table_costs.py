"""Loads on a table, what they would cost, and a ledger of what they did."""

from __future__ import annotations

from loadgen.engine.plan import Plan
from loadgen.exchange import Outcome
from loadgen.profile.load import load
from loadgen.profile.model import Profile
from loadgen.record.ledger import OUTCOMES, TALLY, Ledger
from loadgen.runner.table.cost import Cost


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
