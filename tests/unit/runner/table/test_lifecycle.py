"""A run's own table: looked at, made, filled and deleted, against a service that answers on a script."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.aws.capacity import write_units
from loadgen.clock import SECOND
from loadgen.errors import Exit, TargetError
from loadgen.profile.load import load
from loadgen.profile.model import Profile
from loadgen.runner.table.calls import AT_ONCE, CallFailed
from loadgen.runner.table.items import BATCH, PATIENCE, Items
from loadgen.runner.table.lifecycle import Description, Table, creation

SETUP = "setup: {key: {pk: S}, items: 60, item: {pk: 'item#{{seq}}', v: x}}"
PUT = "{name: put, PutItem: {Item: {pk: x}}}"


def profile(more: str = "", step: str = PUT) -> Profile:
    text = f"""
name: t
target: {{dynamodb: {{table: orders, region: eu-west-1}}}}
load: [{{name: a, rate: 10/s, for: 1s}}]
scenarios: [{{name: s, steps: [{step}]}}]
{more}
"""
    return load("t.yaml", text=text).profile


def failure(code: str, transient: bool = False) -> CallFailed:
    return CallFailed(f"table orders: {code}", code, transient)


@dataclass
class Service:
    """A table that comes and goes: `status` is what it is, None if there is none. `script` holds, by operation, what
    the next calls come to: an error, or a function of the parameters; when it is used up they are as they should be."""

    status: str | None = None
    script: dict[str, list[Any]] = field(default_factory=dict)
    described: dict[str, Any] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    items: dict[str, int] = field(default_factory=dict)
    pauses: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)
    peer: dict[str, Any] = field(default_factory=dict)
    at_once: int = 0
    most_at_once: int = 0

    async def call(self, operation: str, parameters: str) -> dict[str, Any]:
        told = json.loads(parameters)
        self.calls.append((operation, told))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)  # whoever else wants to call does so now
        self.at_once -= 1
        self.peer = {"tls": "TLSv1.3"}
        step = next(iter(self.script.get(operation, [])), None)
        if step is not None:
            self.script[operation].pop(0)
            if isinstance(step, CallFailed):
                raise step
            if isinstance(step, str):
                self.status = step
            else:
                found: dict[str, Any] = step(told)
                return found
        answer: dict[str, Any] = getattr(self, operation)(told)
        return answer

    def DescribeTable(self, told: dict[str, Any]) -> dict[str, Any]:
        if self.status is None:
            raise failure("ResourceNotFoundException")
        key = {
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        }
        return {"Table": {"TableStatus": self.status, "TableName": told["TableName"], **key, **self.described}}

    def CreateTable(self, told: dict[str, Any]) -> dict[str, Any]:
        self.status = "ACTIVE"
        return {"TableDescription": {"TableStatus": "CREATING"}}

    def DeleteTable(self, told: dict[str, Any]) -> dict[str, Any]:
        self.status = None
        return {}

    def BatchWriteItem(self, told: dict[str, Any]) -> dict[str, Any]:
        return self.write(told, 0)

    def write(self, told: dict[str, Any], left: int) -> dict[str, Any]:
        """Take all items of a batch but the last `left`, which are left unprocessed."""
        ((table, requests),) = told["RequestItems"].items()
        taken = requests[: len(requests) - left]
        for request in taken:
            key = request["PutRequest"]["Item"]["pk"]["S"]
            self.items[key] = self.items.get(key, 0) + 1
        rest = {table: requests[len(taken) :]} if left else {}
        return {"UnprocessedItems": rest, "ConsumedCapacity": [{"TableName": table, "CapacityUnits": 1.0 * len(taken)}]}

    def table(self, of: Profile) -> Table:
        @asynccontextmanager
        async def connect() -> AsyncIterator[Service]:
            yield self

        return Table(of, connect, self.said.append, self.warned.append, self.pause)

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    @property
    def operations(self) -> list[str]:
        return [operation for operation, _ in self.calls]


async def prepared(table: Table) -> None:
    await table.look()
    await table.make()


# looking


def test_a_table_is_described_before_the_load() -> None:
    service = Service("ACTIVE", described={"BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}, "ItemCount": 7})
    table = service.table(profile())
    asyncio.run(prepared(table))
    assert service.calls == [("DescribeTable", {"TableName": "orders"})]
    assert table.about() == {
        "table": "orders", "region": "eu-west-1", "account_id_endpoint": False, "tls": "TLSv1.3",
        "billing": "on-demand", "provisioned": None, "items": 7,
    }  # fmt: skip
    assert table.setup() is None
    assert service.said == service.warned == []


def test_a_provisioned_table_has_units() -> None:
    found = Description.of({"Table": {"ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 2}}})
    assert found.about() == {"billing": "provisioned", "provisioned": {"read": 5, "write": 2}, "items": 0}


@pytest.mark.parametrize("answer", [{}, {"Table": 1}, {"Table": {"KeySchema": 3, "ItemCount": "x"}},
                                    {"Table": {"KeySchema": [1, {}], "AttributeDefinitions": [None]}}])  # fmt: skip
def test_a_description_that_is_none_is_nothing(answer: dict[str, Any]) -> None:
    assert Description.of(answer).items == 0


@pytest.mark.parametrize(
    ("step", "looked"),
    [
        (PUT, True),
        ("{name: l, ListTables: {}}", False),
        ("{name: d, DescribeTable: {}}", True),
        ("{name: p, PutItem: {TableName: others, Item: {pk: x}}}", False),
        ("{name: e, ExecuteStatement: {Statement: 'SELECT * FROM \"orders\"'}}", True),
        ("{name: e, ExecuteStatement: {Statement: 'SELECT * FROM \"others\"'}}", False),
        ("{name: b, BatchWriteItem: {RequestItems: {others: [{PutRequest: {Item: {pk: x}}}]}}}", False),
        ("{name: b, BatchWriteItem: {RequestItems: {orders: [{PutRequest: {Item: {pk: x}}}]}}}", True),
    ],
)
def test_a_table_is_looked_at_if_the_load_is_about_it(step: str, looked: bool) -> None:
    service = Service("ACTIVE")
    asyncio.run(prepared(service.table(profile(step=step))))
    assert service.operations == ["DescribeTable"] * looked


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "UnrecognizedClientException", "ExpiredTokenException"])
def test_what_every_call_would_meet_ends_the_run(code: str) -> None:
    service = Service("ACTIVE", {"DescribeTable": [failure(code)]})
    with pytest.raises(TargetError, match=code) as refused:
        asyncio.run(service.table(profile()).look())
    assert refused.value.status is Exit.UNUSABLE


def test_one_who_may_write_but_not_describe_may_run() -> None:
    service = Service("ACTIVE", {"DescribeTable": [failure("AccessDeniedException")] * 2})
    table = service.table(profile())
    asyncio.run(prepared(table))
    (warning,) = service.warned
    assert "orders" in warning
    assert "DescribeTable" in warning
    assert table.about()["billing"] is None
    with pytest.raises(TargetError, match="AccessDenied"):
        asyncio.run(service.table(profile(SETUP)).look())


def test_a_table_of_another_key_is_refused() -> None:
    service = Service("ACTIVE")
    with pytest.raises(TargetError, match=r"key pk \(S\), and setup.key says id \(S\), at \(N\)"):
        asyncio.run(service.table(profile("setup: {key: {id: S, at: N}}")).look())
    assert service.operations == ["DescribeTable"]


# making


def test_setup_creates_waits_and_fills() -> None:
    service = Service(
        script={"DescribeTable": [failure("ResourceNotFoundException")] * 2 + ["CREATING"] * 2 + ["ACTIVE"]}
    )
    table = service.table(profile(SETUP))
    asyncio.run(prepared(table))
    assert service.operations[:2] == ["DescribeTable", "CreateTable"]
    assert service.pauses == [0.1, 0.2, 0.4]
    assert service.items == {f"item#{number}": 1 for number in range(60)}
    told = table.setup()
    assert told
    assert (told["created"], told["items"], told["write_units"], told["deleted"]) == (True, 60, 60.0, False)
    assert service.said[0] == "setup: creating the table orders"
    assert service.said[-1].startswith("setup: loaded 60 items in ")


def test_what_a_table_is_created_with() -> None:
    setup = profile("setup: {key: {pk: S, sk: N}, capacity: {read: 5, write: 2}}").setup
    assert setup
    assert creation("orders", setup) == {
        "TableName": "orders",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"},
        ],
        "BillingMode": "PROVISIONED",
        "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 2},
    }  # fmt: skip
    on_demand = profile("setup: {key: {pk: S}}").setup
    assert on_demand
    made = creation("orders", on_demand)
    assert made["BillingMode"] == "PAY_PER_REQUEST"
    assert "ProvisionedThroughput" not in made


def test_a_table_that_is_there_is_used_as_it_is_and_never_deleted() -> None:
    service = Service("ACTIVE")
    table = service.table(profile(f"{SETUP}\nteardown: true"))
    asyncio.run(prepared(table))
    asyncio.run(table.tear_down())
    assert service.operations == ["DescribeTable"]
    assert service.said == [
        "setup: the table orders is there already: it is used as it is and gets no items; teardown leaves it"
    ]
    assert table.setup() == {"created": False, "items": 0, "seconds": 0, "write_units": 0, "deleted": False}


def test_one_that_is_just_being_deleted_is_made_anew() -> None:
    gone = failure("ResourceNotFoundException")
    service = Service("DELETING", {"DescribeTable": ["DELETING", "DELETING", gone]})
    table = service.table(profile("setup: {key: {pk: S}}"))
    asyncio.run(prepared(table))
    assert service.operations == ["DescribeTable"] * 3 + ["CreateTable", "DescribeTable"]
    assert service.said[0] == "the table orders is DELETING: waiting"
    assert service.status == "ACTIVE"


def test_a_table_that_never_comes_is_given_up_and_deleted() -> None:
    service = Service(script={"DescribeTable": [failure("ResourceNotFoundException")] + ["CREATING"] * 100})
    table = service.table(profile("setup: {key: {pk: S}}"))
    with pytest.raises(TargetError, match="orders is CREATING for 5 minutes"):
        asyncio.run(prepared(table))
    assert 300 <= sum(service.pauses) < 306
    assert max(service.pauses) == 5
    asyncio.run(table.tear_down())
    assert service.status is None, "it was made by this run, and not to its end"


def test_one_that_somebody_else_makes_meanwhile_is_theirs() -> None:
    service = Service(script={"CreateTable": [failure("ResourceInUseException")]})
    table = service.table(profile("setup: {key: {pk: S}}\nteardown: true"))
    with pytest.raises(TargetError, match="ResourceInUse"):
        asyncio.run(prepared(table))
    asyncio.run(table.tear_down())
    assert "DeleteTable" not in service.operations


async def interrupted(table: Table, service: Service, at: str) -> None:
    """Prepare the table, and give up as soon as `at` was called; then tear down, as a run does."""
    preparing = asyncio.ensure_future(prepared(table))
    while at not in service.operations:
        await asyncio.sleep(0)
    preparing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await preparing
    await table.tear_down()


@pytest.mark.parametrize("at", ["CreateTable", "BatchWriteItem"])
def test_what_is_interrupted_while_it_is_made_leaves_nothing(at: str) -> None:
    service = Service()
    asyncio.run(interrupted(service.table(profile(SETUP)), service, at))
    assert service.operations[-1] == "DeleteTable"
    assert service.status is None


def test_an_interrupted_look_deletes_nothing() -> None:
    service = Service("ACTIVE")
    asyncio.run(interrupted(service.table(profile(f"{SETUP}\nteardown: true")), service, "DescribeTable"))
    assert service.operations == ["DescribeTable"]


# deleting


@pytest.mark.parametrize("teardown", [True, False])
def test_teardown_deletes_once_what_setup_made(teardown: bool) -> None:
    service = Service()
    table = service.table(profile(f"setup: {{key: {{pk: S}}}}\nteardown: {str(teardown).lower()}"))
    asyncio.run(prepared(table))
    asyncio.run(table.tear_down())
    asyncio.run(table.tear_down())
    assert service.operations.count("DeleteTable") == teardown
    told = table.setup()
    assert told
    assert told["deleted"] is teardown


def test_one_exchange_of_each_step_leaves_no_table_behind() -> None:
    """`loadgen once`: a few items, and the table it made is deleted whatever `teardown` says."""
    service = Service()
    table = service.table(profile(SETUP))

    async def once() -> None:
        await table.look()
        await table.make(10)
        await table.tear_down(keep=False)

    asyncio.run(once())
    assert len(service.items) == 10
    assert service.status is None


def test_a_table_that_is_busy_is_deleted_when_it_no_longer_is() -> None:
    busy = [failure("ResourceInUseException"), failure("", transient=True)]
    service = Service(script={"DeleteTable": list(busy)})
    table = service.table(profile("setup: {key: {pk: S}}\nteardown: true"))
    asyncio.run(prepared(table))
    asyncio.run(table.tear_down())
    assert service.operations.count("DeleteTable") == 3
    assert service.status is None
    assert service.warned == []


@pytest.mark.parametrize("error", ["AccessDeniedException", "ResourceInUseException"])
def test_a_teardown_that_fails_is_a_warning_that_names_the_table(error: str) -> None:
    service = Service(script={"DeleteTable": [failure(error)] * 100})
    table = service.table(profile("setup: {key: {pk: S}}\nteardown: true"))
    asyncio.run(prepared(table))
    asyncio.run(table.tear_down())
    asyncio.run(table.tear_down())
    (warning,) = service.warned
    assert "the table orders was not deleted" in warning
    assert error in warning
    assert sum(service.pauses) < 70


def test_one_that_is_gone_already_is_deleted() -> None:
    service = Service(script={"DeleteTable": [failure("ResourceNotFoundException")]})
    table = service.table(profile("setup: {key: {pk: S}}\nteardown: true"))
    asyncio.run(prepared(table))
    asyncio.run(table.tear_down())
    assert service.warned == []


# filling


def filling(
    service: Service, count: int, render: Callable[[int], str] | None = None, now: Callable[[], int] | None = None
) -> Items:
    def item(index: int) -> str:
        return f'{{"pk":{{"S":"{index}"}}}}'

    ticks = iter(range(0, 10**18, SECOND // 1000))
    clock = now or (lambda: next(ticks))
    return Items(service, "orders", ("pk",), render or item, count, service.said.append, service.pause, clock)


@given(st.integers(0, 900), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_every_item_is_written_whatever_is_left_unprocessed(count: int, random: Any) -> None:
    def sometimes(told: dict[str, Any]) -> dict[str, Any]:
        if random.random() < 0.2:
            raise failure("ProvisionedThroughputExceededException", transient=True)
        (requests,) = told["RequestItems"].values()
        assert len(requests) <= BATCH
        return service.write(told, random.choice([0, 0, 1, len(requests)]))

    service = Service("ACTIVE", {"BatchWriteItem": [sometimes] * 10_000})
    items = filling(service, count)
    asyncio.run(items.load())
    assert Counter(service.items) == Counter({str(index): 1 for index in range(count)})
    assert (items.written, items.units) == (count, count)
    assert service.most_at_once <= AT_ONCE


def test_batches_go_out_several_at_once() -> None:
    service = Service("ACTIVE")
    asyncio.run(filling(service, 1000).load())
    assert service.most_at_once == AT_ONCE
    assert len(service.calls) == 40
    assert service.pauses == []


def test_items_of_one_key_in_a_batch_are_one() -> None:
    service = Service("ACTIVE")
    items = filling(service, 50, lambda index: f'{{"pk":{{"S":"{index // 5}"}},"v":{{"N":"{index}"}}}}')
    asyncio.run(items.load())
    assert service.items == {str(key): 1 for key in range(10)}
    assert items.written == 10
    values = [r["PutRequest"]["Item"]["v"]["N"] for _, told in service.calls for r in told["RequestItems"]["orders"]]
    assert values == [str(5 * key + 4) for key in range(10)], "the last of them is the one that stays"


def test_an_item_that_is_refused_ends_the_setup_at_once() -> None:
    service = Service("ACTIVE", {"BatchWriteItem": [failure("ValidationException")]})
    with pytest.raises(CallFailed, match="ValidationException"):
        asyncio.run(filling(service, 10_000).load())
    assert len(service.calls) <= 2 * AT_ONCE


def test_a_table_that_takes_nothing_is_given_up_after_a_while() -> None:
    now = 0

    async def pause(seconds: float) -> None:
        nonlocal now
        now += round(seconds * SECOND)
        await asyncio.sleep(0)

    throttled = failure("ThrottlingException", transient=True)
    service = Service("ACTIVE", {"BatchWriteItem": [throttled] * 100_000})
    service.pause = pause  # type: ignore[method-assign]
    items = filling(service, 30, now=lambda: now)
    with pytest.raises(TargetError, match=r"no item was written for 5 minutes.*ThrottlingException"):
        asyncio.run(items.load())
    assert PATIENCE < now < PATIENCE + 20 * SECOND
    assert len(service.calls) < 1000, "it is not hammered"


def test_how_far_it_is_is_told_now_and_then() -> None:
    now = 0

    def slowly(told: dict[str, Any]) -> dict[str, Any]:
        nonlocal now
        now += SECOND
        return service.write(told, 0)

    service = Service("ACTIVE", {"BatchWriteItem": [slowly] * 100})
    asyncio.run(filling(service, 25 * 20, now=lambda: now).load())
    assert service.said == [f"setup: {seconds * 25:,} of 500 items" for seconds in (5, 10, 15, 20)]


@pytest.mark.parametrize("left", [None, 3, [1], {"orders": 7}, {"orders": [1, "x", None]}])
def test_an_answer_without_unprocessed_items_leaves_none(left: Any) -> None:
    service = Service("ACTIVE", {"BatchWriteItem": [lambda told: {"UnprocessedItems": left, "ConsumedCapacity": left}]})
    items = filling(service, 5)
    asyncio.run(items.load())
    assert (items.written, items.units) == (5, 0)


def test_one_that_leaves_more_than_it_got_is_no_dynamodb() -> None:
    more: dict[str, Any] = {"orders": [{"PutRequest": {}}] * 30}
    service = Service("ACTIVE", {"BatchWriteItem": [lambda told: {"UnprocessedItems": more}]})
    with pytest.raises(TargetError, match="left more items than it was sent"):
        asyncio.run(filling(service, 5).load())


def test_units_are_those_the_service_tells() -> None:
    def told(parameters: dict[str, Any]) -> dict[str, Any]:
        assert parameters["ReturnConsumedCapacity"] == "TOTAL"
        return {"ConsumedCapacity": [{"CapacityUnits": 2.0}, {"CapacityUnits": -1}, {"CapacityUnits": "3"}, 4]}

    service = Service("ACTIVE", {"BatchWriteItem": [told]})
    items = filling(service, 2)
    asyncio.run(items.load())
    assert items.units == 2 == write_units(1025)
