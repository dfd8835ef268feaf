"""The capacity that calls of a table consume, estimated from the sizes of the requests that will be sent."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any, NamedTuple

from loadgen.aws.attributes import size
from loadgen.aws.capacity import read_units, write_units
from loadgen.aws.dynamodb import OPERATIONS
from loadgen.profile.model import Profile, Step
from loadgen.result.reason import Reason
from loadgen.workload.draws import Unknown, Unsendable
from loadgen.workload.dynamodb import setup_item
from loadgen.workload.scenarios import ScenarioWork, StepWork, Workload

SAMPLES = 200  # requests of each step, and items of `setup`, whose sizes are taken
SUPPOSED = 1024  # bytes: the assumed size of an item if nothing shows it
PAGE = 2**20  # bytes that a query or scan reads at most
ON_STORED = ("GetItem", "UpdateItem", "DeleteItem", "Query", "Scan", "BatchGetItem", "BatchWriteItem",
             "TransactGetItems", "TransactWriteItems", "ExecuteStatement")  # fmt: skip


class Units(NamedTuple):
    """Capacity units. A mean or a sum may be fractional."""

    read: float = 0.0
    write: float = 0.0

    def plus(self, other: Units) -> Units:
        return Units(self.read + other.read, self.write + other.write)

    def times(self, number: float) -> Units:
        return Units(self.read * number, self.write * number)


def consumption(operation: str, parameters: dict[str, Any], stored: int, table: int = PAGE) -> Units:
    """The capacity that a call consumes, if each stored item has `stored` bytes, and all of them together have `table`
    bytes.

    Raises ValueError for values that are not attribute values.
    """
    known = OPERATIONS[operation]
    if known.kind == "control":
        return Units()
    consistent = parameters.get("ConsistentRead") is True
    if operation in ("Query", "Scan"):
        limit = parameters.get("Limit")
        every = table if operation == "Scan" else stored
        read = limit * stored if isinstance(limit, int) else every
        return Units(read=read_units(min(read, PAGE), consistent))
    if operation == "ExecuteStatement":
        if str(parameters.get("Statement")).lstrip()[:6].upper() == "SELECT":
            return Units(read=read_units(stored, consistent))
        return Units(write=write_units(stored))
    if known.kind == "read":
        by_table = parameters.get("RequestItems")
        if isinstance(by_table, dict):
            consistent = any(isinstance(of, dict) and of.get("ConsistentRead") is True for of in by_table.values())
        return Units(read=len(known.items(parameters)) * read_units(stored, consistent, known.transactional))
    keys = replace(known, asked=(*known.asked[:-1], "Key")).items(parameters)
    items = replace(known, asked=(*known.asked[:-1], "Item")).items(parameters)
    brought = size(parameters.get("ExpressionAttributeValues") or {})
    sizes = [*map(size, items), *(max(stored, size(key) + brought) for key in keys)]
    return Units(write=sum(write_units(of, known.transactional) for of in sizes))


@dataclass(frozen=True, slots=True)
class Estimate:
    """The mean consumption of a request of each step of the plan, the consumption of all of setup's items, and what was
    assumed for them."""

    steps: tuple[Units, ...]
    setup: Units
    assumed: tuple[Reason, ...]

    @classmethod
    def of(cls, profile: Profile) -> Estimate:
        setup = profile.setup
        sizes = _item_sizes(profile)
        stored = round(fmean(sizes)) if sizes else SUPPOSED
        table = setup.items * stored if setup and setup.items else PAGE
        workload = Workload(profile)
        steps = [_of_step(scenario, step, stored, table) for scenario in workload.scenarios for step in scenario.steps]
        items = setup.items * fmean(map(write_units, sizes)) if setup and sizes else 0.0
        return cls(tuple(steps), Units(write=items), tuple(_assumptions(profile, stored, bool(sizes))))


def _item_sizes(profile: Profile) -> list[int]:
    setup = profile.setup
    if not setup or not setup.items:
        return []
    render, sizes = setup_item(profile), []
    for index in range(min(setup.items, SAMPLES)):
        with suppress(ValueError):  # the service will refuse such values
            sizes.append(size(json.loads(render(index))))
    return sizes


def _of_step(scenario: ScenarioWork, step: StepWork, stored: int, table: int) -> Units:
    consumed: list[Units] = []
    for index in range(SAMPLES):
        try:
            assert step.render
            request = step.render(Unknown(scenario.values(index)), index)
            consumed.append(consumption(request.operation, json.loads(request.body), stored, table))
        except (Unsendable, ValueError):  # values that only an answer gives, or that the service will refuse
            continue
    if not consumed:
        return Units()
    return Units(fmean(units.read for units in consumed), fmean(units.write for units in consumed))


def _assumptions(profile: Profile, stored: int, sized: bool) -> list[Reason]:
    steps = [step for scenario in profile.scenarios for step in scenario.steps]
    assumed = []
    if any(step.operation in ON_STORED for step in steps):
        assumed.append(Reason.of("item_size_of_setup" if sized else "item_size_unknown", bytes=stored))
    if any(_unlimited(step, "Query") for step in steps):
        assumed.append(Reason.of("query_reads_one"))
    if any(_unlimited(step, "Scan") for step in steps):
        assumed.append(Reason.of("scan_reads_table"))
    if any(step.capture for step in steps):
        assumed.append(Reason.of("captures_short"))
    if profile.retries or any(step.unprocessed == "resend" for step in steps):
        assumed.append(Reason.of("nothing_sent_twice"))
    if not profile.setup:
        assumed.append(Reason.of("no_indexes"))
    return assumed


def _unlimited(step: Step, operation: str) -> bool:
    return step.operation == operation and "Limit" not in step.parameters
