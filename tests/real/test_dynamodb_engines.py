"""What a load does to a DynamoDB that nobody here wrote, boto3 sees beside it: each operation, client and session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import operations
import pytest
from engines import ROOT, Engine
from operations import Item, Sent, comparable, expected
from program import VALID, Ran, run

pytestmark = pytest.mark.real

SESSIONS = [
    ("wire", "shared", "connection"),
    ("wire", "per-iteration", "connection"),
    ("wire", "per-request", "connection"),
    ("aiohttp", "shared", "connection"),
    ("aiohttp", "per-request", "connection"),
    ("aiohttp", "per-request", "client"),
]
FEW = 5  # iterations, where each request makes much anew


@pytest.fixture
def engine(dynoxide: Engine) -> Iterator[Engine]:
    """A DynamoDB without tables."""
    yield dynoxide
    dynoxide.clear()


def in_order(items: list[Item]) -> list[Item]:
    return sorted(map(comparable, items), key=lambda item: (item["pk"]["S"], item["sk"]["N"]))


@pytest.mark.parametrize(("client", "reuse", "renew"), SESSIONS)
def test_every_operation(engine: Engine, tmp_path: Path, client: str, reuse: str, renew: str) -> None:
    """The items that boto3 reads are those that were sent; what loadgen read is among them."""
    iterations = FEW if renew != "connection" else 20
    sets = f"client={client}", f"session={{reuse: {reuse}, renew: {renew}}}", f"load.all.iterations={iterations}"
    options = [word for each in sets for word in ("--set", each)]
    arguments = ["run", str(operations.PROFILE), "--target", engine.url, "--out", "run", "--workers", "2", "--json"]
    ran = run(tmp_path, *arguments, *options, env=ROOT.environment)
    assert ran.status in VALID, ran.err
    items = engine.items(operations.TABLE)
    assert in_order(items) == in_order([*expected(Sent(ran), iterations)])
    conserved(ran, iterations, reuse)


def conserved(ran: Ran, iterations: int, reuse: str) -> None:
    assert ran.iterations["planned"] == ran.iterations["completed"] == iterations
    steps = {step["step"]: step for step in ran.phases["all"]["steps"]}
    for step in steps.values():
        assert step["requests"] == {"sent": iterations, "on_wire": iterations, "outcomes": {"ok": iterations}}
    for name in ("write-batch", "read-batch"):
        assert steps[name]["items"] == {"sent": 25 * iterations, "unprocessed": 0}
    connections = ran.result["variants"][0]["connections"]
    opened = {"per-request": len(steps) * iterations, "per-iteration": iterations}
    assert connections["opened"] == opened.get(reuse, connections["peak"])
    assert connections["closed_idle"] == connections["failed"] == 0
