"""A run's own table is filled: every item is written, whatever the service leaves."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from table_service import Service, failure

from loadgen.aws.capacity import write_units
from loadgen.clock import SECOND
from loadgen.errors import TargetError
from loadgen.result.reason import Reason
from loadgen.runner.control import AT_ONCE, CallFailed
from loadgen.runner.table.items import BATCH, PATIENCE, Items


def filling(
    service: Service, count: int, render: Callable[[int], str] | None = None, now: Callable[[], int] | None = None
) -> Items:
    def item(index: int) -> str:
        return f'{{"pk":{{"S":"{index}"}}}}'

    ticks = iter(range(0, 10**18, SECOND // 1000))
    clock = now or (lambda: next(ticks))
    return Items(service, "orders", ("pk",), render or item, count, service.said.append, service.pause, clock)


@given(st.integers(0, 300), st.randoms(use_true_random=False))
@settings(max_examples=examples(40), deadline=None)
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
    assert service.said == [Reason.of("items_so_far", written=seconds * 25, items=500) for seconds in (5, 10, 15, 20)]


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
