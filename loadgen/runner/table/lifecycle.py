"""The table that a load goes to: it is looked at before the load, created if the profile says so, and deleted if the
run created it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from loadgen import clock
from loadgen.clock import SECOND
from loadgen.errors import LoadgenError, TargetError
from loadgen.profile.dynamodb import Throughput
from loadgen.profile.model import Profile, Setup, Step
from loadgen.result import run as result
from loadgen.result.reason import Reason
from loadgen.runner.control import CallFailed
from loadgen.runner.table.calls import Calls
from loadgen.runner.table.items import Items, Pause, Say
from loadgen.workload.dynamodb import setup_item

PATIENCE = 300.0  # seconds in which a table must reach a state
FAREWELL = 60.0  # seconds in which a table that is to be deleted must be deletable
FIRST, LONGEST = 0.1, 5.0  # seconds between two looks at the state
GONE = "ResourceNotFoundException"
BUSY = "ResourceInUseException"  # the table exists, or is being created or deleted
ON_DEMAND, PROVISIONED = "on-demand", "provisioned"

Connect = Callable[[], AbstractAsyncContextManager[Calls]]


@dataclass(frozen=True, slots=True)
class Description:
    """A table as the service describes it. Units are provisioned units per second; `items` is counted every six
    hours."""

    status: str
    billing: str
    reads: int
    writes: int
    items: int
    key: dict[str, str]

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Description:
        """The description in an answer to DescribeTable or CreateTable. A value of the wrong type counts as missing."""
        table = _map(answer.get("Table", answer.get("TableDescription")))
        throughput, mode = _map(table.get("ProvisionedThroughput")), _map(table.get("BillingModeSummary"))
        attributes = _maps(table.get("AttributeDefinitions"))
        types = {str(attribute.get("AttributeName")): str(attribute.get("AttributeType")) for attribute in attributes}
        names = [str(part.get("AttributeName")) for part in _maps(table.get("KeySchema"))]
        return cls(
            str(table.get("TableStatus", "")),
            ON_DEMAND if mode.get("BillingMode") == "PAY_PER_REQUEST" else PROVISIONED,
            _count(throughput.get("ReadCapacityUnits")),
            _count(throughput.get("WriteCapacityUnits")),
            _count(table.get("ItemCount")),
            {name: types.get(name, "") for name in names},
        )

    @property
    def provisioned(self) -> result.Provisioned | None:
        """The table's provisioned capacity; None if it is on demand."""
        return result.Provisioned(self.reads, self.writes) if self.billing == PROVISIONED else None


@dataclass
class Table:
    """What one run does with its table. Call `look`, then `make`, and in any case `tear_down` at the end.

    `connect` opens calls of the table for a while. `warn` gets a message about what could not be undone.
    """

    profile: Profile
    connect: Connect
    say: Say
    warn: Say
    pause: Pause = asyncio.sleep
    description: Description | None = None  # None: not looked at, or it does not exist
    peer: dict[str, Any] = field(default_factory=dict)
    loaded: int = 0  # items that were written
    units: float = 0.0  # write units that the items consumed, as far as the service reported them
    _seconds: float = 0.0
    _ours: bool = False
    _complete: bool = False
    _deleted: bool = False

    @property
    def name(self) -> str:
        assert self.profile.target.dynamodb
        return self.profile.target.dynamodb.table

    async def look(self) -> None:
        """Describe the table, if the load or `setup` needs it. This one call proves that keys, region and name are
        right.

        Raises TargetError if the table cannot be used.
        """
        if not (self.profile.setup or any(_names(step, self.name) for s in self.profile.scenarios for step in s.steps)):
            return
        async with self.connect() as api:
            try:
                self.description = await self._settled(api, made=False)
            except CallFailed as error:
                if error.code == "AccessDeniedException" and not self.profile.setup:
                    self.warn(Reason.of("billing_not_known", table=self.name))
                elif error.code != GONE or not self.profile.setup:
                    raise
            self.peer = api.peer
        if self.description and self.profile.setup and self.description.key != self.profile.setup.key:
            raise TargetError(
                f"table {self.name} is there, with the key {_shown(self.description.key)}, and setup.key says "
                f"{_shown(self.profile.setup.key)}. Name another table, or write its key"
            )

    async def make(self, most: int | None = None) -> None:
        """Carry out `setup`, if there is one; write no more than `most` items. If it fails, `tear_down` undoes it.
        Raises TargetError."""
        setup = self.profile.setup
        if setup is None:
            return
        if self.description:
            unfilled, left = 1 if setup.items else None, 1 if self.profile.teardown else None
            self.say(Reason.of("table_there_already", table=self.name, unfilled=unfilled, left=left))
            return
        begun = clock.now()
        async with self.connect() as api:
            await self._create(api, setup)
            items = setup.items if most is None else min(setup.items, most)
            if items:
                await self._fill(api, setup, items)
        self._seconds = (clock.now() - begun) / SECOND
        self._complete = True

    async def wait(self) -> None:
        """Wait for the table of `setup`, if there is one, which another machine makes. Raises TargetError."""
        if self.profile.setup and not self.description:
            async with self.connect() as api:
                self.description = await self._settled(api, made=True)
                self.peer = api.peer

    async def tear_down(self, keep: bool | None = None) -> None:
        """Delete the table if this run created it, and if `teardown` says so or the table was not finished. `keep`
        replaces what the profile says. A failure is only a warning."""
        unwanted = self.profile.teardown if keep is None else not keep
        if not self._ours or self._deleted or (self._complete and not unwanted):
            return
        try:
            async with self.connect() as api:
                await self._delete(api)
        except LoadgenError as error:
            self._ours = False  # once is enough
            self.warn(Reason.of("table_not_deleted", table=self.name, error=str(error)))
        else:
            self._deleted = True
            self.say(Reason.of("table_deleted", table=self.name))

    def describe(self, credentials: str | None) -> result.Table:
        """Where the calls went, and the table's description, as a result has them."""
        table, found = self.profile.target.dynamodb, self.description
        assert table
        return result.Table(
            table=table.table,
            region=table.signing_region,
            account_id_endpoint=bool(table.account_id_endpoint),
            tls=self.peer.get("tls"),
            billing=found.billing if found else None,
            provisioned=found.provisioned if found else None,
            items=found.items if found else None,
            credentials=credentials,
        )

    def setup(self) -> result.Setup | None:
        """What `setup` and `teardown` did, as a result has it."""
        if self.profile.setup is None:
            return None
        return result.Setup(
            created=self._complete,
            items=self.loaded,
            seconds=round(self._seconds, 3),
            write_units=self.units,
            deleted=self._deleted,
        )

    async def _settled(self, api: Calls, made: bool) -> Description:
        """Wait until the table is neither being created nor being deleted. `made`: the table was just created, so it
        may not be visible yet.

        Raises CallFailed, with the code GONE if there is no table.
        """
        spent, pause = 0.0, FIRST
        body = json.dumps({"TableName": self.name})
        while True:
            status = "CREATING"
            try:
                description = Description.of(await api.call("DescribeTable", body))
                status = description.status
                if status not in ("CREATING", "DELETING"):
                    return description
            except CallFailed as error:
                if not (error.transient and spent) and not (made and error.code == GONE):
                    raise
            if spent >= PATIENCE:
                raise TargetError(f"table {self.name} is {status} for {PATIENCE / 60:g} minutes")
            if not spent and not made:
                self.say(Reason.of("table_waited_for", table=self.name, status=status))
            await self.pause(pause)
            spent, pause = spent + pause, min(2 * pause, LONGEST)

    async def _create(self, api: Calls, setup: Setup) -> None:
        self.say(Reason.of("table_created", table=self.name))
        creating = asyncio.ensure_future(api.call("CreateTable", json.dumps(creation(self.name, setup))))
        try:
            await asyncio.shield(creating)
        except asyncio.CancelledError:
            await creating
            self._ours = True
            raise
        self._ours = True
        self.description = await self._settled(api, made=True)

    async def _fill(self, api: Calls, setup: Setup, count: int) -> None:
        items = Items(api, self.name, tuple(setup.key), setup_item(self.profile), count, self.say, self.pause)
        begun = clock.now()
        try:
            await items.load()
        finally:
            self.loaded, self.units = items.written, items.units
        took = round((clock.now() - begun) / SECOND, 1)
        self.say(Reason.of("items_loaded", items=items.written, seconds=took))

    async def _delete(self, api: Calls) -> None:
        """Raises CallFailed. A table that is still being created cannot be deleted before it is there."""
        spent, pause = 0.0, FIRST
        while True:
            try:
                await api.call("DeleteTable", json.dumps({"TableName": self.name}))
                return
            except CallFailed as error:
                if error.code == GONE:
                    return
                if not (error.transient or error.code == BUSY) or spent >= FAREWELL:
                    raise
            await self.pause(pause)
            spent, pause = spent + pause, min(2 * pause, LONGEST)


def creation(table: str, setup: Setup) -> dict[str, Any]:
    """The parameters of CreateTable."""
    made: dict[str, Any] = {
        "TableName": table,
        "KeySchema": [
            {"AttributeName": name, "KeyType": kind} for name, kind in zip(setup.key, ("HASH", "RANGE"), strict=False)
        ],
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": of} for name, of in setup.key.items()],
    }
    if isinstance(setup.capacity, Throughput):
        units = {"ReadCapacityUnits": setup.capacity.reads, "WriteCapacityUnits": setup.capacity.writes}
        return {**made, "BillingMode": "PROVISIONED", "ProvisionedThroughput": units}
    return {**made, "BillingMode": "PAY_PER_REQUEST"}


def _names(step: Step, table: str) -> bool:
    """Whether a step calls the table. A call may also name a table in its own parameters."""
    if step.operation == "ListTables":
        return False
    if step.operation == "ExecuteStatement":
        return table in str(step.parameters.get("Statement"))
    by_table = step.parameters.get("RequestItems")
    if isinstance(by_table, dict):
        return table in by_table
    return bool(step.parameters.get("TableName", table) == table)


def _shown(key: Mapping[str, str]) -> str:
    return ", ".join(f"{name} ({kind})" for name, kind in key.items()) or "nothing"


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _maps(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
