"""A run's own table: looked at, made and deleted, against a service that answers on a script."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from table_service import Service, failure

from loadgen.errors import Exit, TargetError
from loadgen.profile.load import load
from loadgen.profile.model import Profile
from loadgen.result import run as result
from loadgen.result.reason import Reason
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


async def prepared(table: Table) -> None:
    await table.look()
    await table.make()


# looking


def test_a_table_is_described_before_the_load() -> None:
    service = Service("ACTIVE", described={"BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}, "ItemCount": 7})
    table = service.table(profile())
    asyncio.run(prepared(table))
    assert service.calls == [("DescribeTable", {"TableName": "orders"})]
    assert table.describe(None) == result.Table(
        table="orders", region="eu-west-1", account_id_endpoint=False, tls="TLSv1.3", billing="on-demand",
        provisioned=None, items=7, credentials=None,
    )  # fmt: skip
    assert table.describe("made up").credentials == "made up"
    assert table.setup() is None
    assert service.said == service.warned == []


def test_a_provisioned_table_has_units() -> None:
    table = Description.of({"Table": {"ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 2}}})
    assert (table.billing, table.provisioned, table.items) == ("provisioned", result.Provisioned(5, 2), 0)


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
    assert service.warned == [Reason.of("billing_not_known", table="orders")]
    assert table.describe(None).billing is None
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
    setup = table.setup()
    assert setup
    assert (setup.created, setup.items, setup.write_units, setup.deleted) == (True, 60, 60.0, False)
    assert service.said[0] == Reason.of("table_created", table="orders")
    assert (service.said[-1].code, service.said[-1].values["items"]) == ("items_loaded", 60)


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
    assert service.said == [Reason.of("table_there_already", table="orders", unfilled=1, left=1)]
    assert table.setup() == result.Setup(created=False, items=0, seconds=0, write_units=0, deleted=False)


def test_one_that_is_just_being_deleted_is_made_anew() -> None:
    gone = failure("ResourceNotFoundException")
    service = Service("DELETING", {"DescribeTable": ["DELETING", "DELETING", gone]})
    table = service.table(profile("setup: {key: {pk: S}}"))
    asyncio.run(prepared(table))
    assert service.operations == ["DescribeTable"] * 3 + ["CreateTable", "DescribeTable"]
    assert service.said[0] == Reason.of("table_waited_for", table="orders", status="DELETING")
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


def test_a_machine_waits_for_the_table_that_another_one_makes() -> None:
    gone = failure("ResourceNotFoundException")
    service = Service("ACTIVE", {"DescribeTable": [gone, gone, "CREATING", "ACTIVE"]})
    table = service.table(profile(f"{SETUP}\nteardown: true"))

    async def waited() -> None:
        await table.look()
        await table.wait()

    asyncio.run(waited())
    asyncio.run(table.tear_down())
    assert set(service.operations) == {"DescribeTable"}
    assert table.description and table.description.status == "ACTIVE"


def test_a_table_that_others_still_use_is_left() -> None:
    service = Service()
    table = service.table(profile(f"{SETUP}\nteardown: true"))
    asyncio.run(prepared(table))
    asyncio.run(table.tear_down(keep=True))
    assert service.status == "ACTIVE"


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
    setup = table.setup()
    assert setup and setup.deleted is teardown


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
    assert (warning.code, warning.values["table"]) == ("table_not_deleted", "orders")
    assert error in str(warning.values["error"])
    assert sum(service.pauses) < 70


def test_one_that_is_gone_already_is_deleted() -> None:
    service = Service(script={"DeleteTable": [failure("ResourceNotFoundException")]})
    table = service.table(profile("setup: {key: {pk: S}}\nteardown: true"))
    asyncio.run(prepared(table))
    asyncio.run(table.tear_down())
    assert service.warned == []
