"""What `configs/operations.yaml` leaves in its table, told without asking the table: the sums are made here, and what
is random is taken from the requests, which follow from the numbers in a result."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from engines import Engine, Keys
from program import VALID, Ran, run

from loadgen.exchange import Request
from loadgen.profile.load import load
from loadgen.workload.dynamodb import setup_item
from loadgen.workload.scenarios import Workload

PROFILE = Path(__file__).parent / "configs" / "operations.yaml"
TABLE = "operations"
SETS = {"SS", "NS", "BS"}
UNORDERED = ("batch", "scanned")  # attributes of a kept item: items as they were read, in any order

Item = dict[str, Any]


def carry_out(engine: Engine, keys: Keys, folder: Path, iterations: int, *sets: str) -> Ran:
    """A run of the profile, whose answers were all well."""
    options = [word for each in (*sets, f"load.all.iterations={iterations}") for word in ("--set", each)]
    arguments = ["run", str(PROFILE), "--target", engine.url, "--out", "run", "--workers", "2", "--json"]
    arguments.append("--no-preflight")  # each operation is to be carried out so many times and not once more
    ran = run(folder, *arguments, *options, env=keys.environment)
    assert ran.status in VALID, ran.err
    return ran


def check(engine: Engine, ran: Ran, iterations: int) -> None:
    """Nothing failed, nothing is missing, and the items that boto3 reads are those that were sent."""
    assert ran.iterations["planned"] == ran.iterations["completed"] == iterations
    for step in steps(ran).values():
        assert step["requests"] == {"sent": iterations, "on_wire": iterations, "outcomes": {"ok": iterations}}
    for name in ("write-batch", "read-batch"):
        assert steps(ran)[name]["items"] == {"sent": 25 * iterations, "unprocessed": 0}
    assert _in_order(engine.items(TABLE)) == _in_order([*expected(Sent(ran), iterations)])


def steps(ran: Ran) -> dict[str, Any]:
    return {step["step"]: step for step in ran.phases["all"]["steps"]}


class Sent:
    """What a run has sent: the requests of its steps, by the number of the iteration, and the items of its setup."""

    def __init__(self, ran: Ran, profile: Path = PROFILE) -> None:
        self._profile = load(profile).profile
        work = Workload(self._profile, payloads=(ran.result["payloads"],))
        self._steps = {step.name: step for scenario in work.scenarios for step in scenario.steps}

    def request(self, step: str, index: int, **captured: Any) -> Request:
        render = self._steps[step].render
        assert render
        return render(captured, index)

    def body(self, step: str, index: int, **captured: Any) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.request(step, index, **captured).body)
        return found

    @cached_property
    def loaded(self) -> list[Item]:
        assert self._profile.setup
        item = setup_item(self._profile)
        return [json.loads(item(number)) for number in range(self._profile.setup.items)]


def expected(sent: Sent, iterations: int) -> Iterator[Item]:
    for number, item in enumerate(sent.loaded):
        assert item == {"pk": s(f"loaded{number}"), "sk": n(number), "id": item["id"], "v": item["v"]}
        yield item
    for i in range(iterations):
        put = sent.body("put", i)["Item"]
        twice = 2 * int(put["n"]["N"])
        batch, transaction = _batch(sent, i), _transaction(sent, i, twice)
        statement = {"pk": s(f"statement{i}"), "sk": n(0), "v": sent.body("insert", i)["Parameters"][2]}
        yield from (_put(put, i, twice), *batch, *transaction, statement)
        yield {
            "pk": s(f"kept{i}"),
            "sk": n(0),
            "map": put["map"],
            "deleted": sent.body("short-lived", i)["Item"]["v"],
            "batch": _listed(batch),
            "transaction": _listed([transaction[2], transaction[1]]),
            "queried": _listed([transaction[2], transaction[1]]),
            "scanned": _listed(sent.loaded),
            "selected": _listed([statement]),
            "tables": {"L": [s(TABLE)]},
            "key": _listed([_part("pk", "HASH"), _part("sk", "RANGE")]),
        }


def _in_order(items: list[Item]) -> list[Item]:
    return sorted(map(_comparable, items), key=lambda item: (item["pk"]["S"], item["sk"]["N"]))


def _comparable(item: Item) -> Item:
    """The same for items that are equal in DynamoDB's eyes: its sets have no order."""
    found = {}
    for name, attribute in item.items():
        ((kind, value),) = attribute.items()
        unordered = kind in SETS or name in UNORDERED
        found[name] = {kind: sorted(value, key=partial(json.dumps, sort_keys=True)) if unordered else value}
    return found


def s(text: str) -> Item:
    return {"S": text}


def n(number: object) -> Item:
    return {"N": str(number)}


def _put(put: Item, i: int, twice: int) -> Item:
    """What `put` wrote and `update` changed."""
    inner = {"x": put["map"]["M"]["größe"]["M"]["x"], "text": s(f'of {i}, "quoted"')}
    return {
        "pk": s(f"put{i}"),
        "sk": n(0),
        "id": put["id"],
        "seen": put["id"],
        "n": n(twice),
        "v": put["v"],
        "price": n(12.5),
        "flag": {"BOOL": True},
        "nothing": {"NULL": True},
        "map": {"M": {"größe": {"M": inner}}},
        "raw": {"B": b"hello"},
        "tags": {"SS": ["a", "b"]},
        "sizes": {"NS": ["1", "2.5"]},
    }


def _batch(sent: Sent, i: int) -> list[Item]:
    requests = sent.body("write-batch", i)["RequestItems"][TABLE]
    values = [request["PutRequest"]["Item"]["v"] for request in requests]
    return [{"pk": s(f"batch{number}"), "sk": n(0), "v": v} for number, v in enumerate(values, 25 * i)]


def _transaction(sent: Sent, i: int, twice: int) -> list[Item]:
    first, second, third, _ = sent.body("write-transaction", i, twice=twice)["TransactItems"]
    values = first["Put"]["Item"]["v"], second["Put"]["Item"]["v"], third["Update"]["ExpressionAttributeValues"][":v"]
    return [{"pk": s(f"transaction{i}"), "sk": n(sk), "v": v} for sk, v in enumerate(values)]


def _listed(items: list[Item]) -> Item:
    return {"L": [{"M": item} for item in items]}


def _part(name: str, kind: str) -> Item:
    return {"AttributeName": s(name), "KeyType": s(kind)}
