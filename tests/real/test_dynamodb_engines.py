"""What a load does to a DynamoDB that nobody here wrote, boto3 sees beside it: each operation, client and session."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import operations
import pytest
from engines import ROOT, Engine
from operations import Sent, expected
from program import VALID, Program, load, prepare, run, wait_for_end

from loadgen.aws.attributes import size
from loadgen.aws.capacity import write_units

pytestmark = pytest.mark.real

SESSIONS = [
    ("wire", "shared", "connection"),
    ("wire", "per-iteration", "connection"),
    ("wire", "per-request", "connection"),
    ("aiohttp", "shared", "connection"),
    ("aiohttp", "per-request", "client"),
    ("sdk", "shared", "connection"),
    ("sdk", "per-request", "connection"),
    ("sdk", "per-request", "client"),
    ("sdk", "per-iteration", "session"),
]
FEW = 5  # iterations, where each request makes much anew


@pytest.fixture
def engine(dynoxide: Engine) -> Iterator[Engine]:
    """A DynamoDB without tables."""
    yield dynoxide
    dynoxide.clear()


def profile(engine: Engine, phases: str, steps: str, more: str = "") -> str:
    target = f"target: {{dynamodb: {{table: made, region: us-east-1, endpoint: '{engine.url}'}}}}"
    return f"name: n\n{target}\nload: [{phases}]\nscenarios:\n{steps}\n{more}\n"


@pytest.mark.parametrize(("client", "reuse", "renew"), SESSIONS)
def test_every_operation(engine: Engine, tmp_path: Path, client: str, reuse: str, renew: str) -> None:
    """The items that boto3 reads are those that were sent; what loadgen read is among them."""
    iterations = FEW if renew != "connection" else 20
    session = f"session={{reuse: {reuse}, renew: {renew}}}"
    ran = operations.carry_out(engine, ROOT, tmp_path, iterations, f"client={client}", session)
    operations.check(engine, ran, iterations)
    connections = ran.result["variants"][0]["connections"]
    opened = {"per-request": 16 * iterations, "per-iteration": iterations}
    assert connections["opened"] == opened.get(reuse, connections["peak"])
    assert connections["closed_idle"] == connections["failed"] == 0
    assert ("sdk" in ran.result) == (client == "sdk")
    builds = [step["latency_ms"].get("build", {"count": 0}) for step in operations.steps(ran).values()]
    built = opened[reuse] if client == "sdk" and renew != "connection" else 0
    assert sum(build["count"] for build in builds) == built


def test_capacity_is_what_the_items_take(engine: Engine, tmp_path: Path) -> None:
    """The engine's own sums, asked of each call, are those of the documented rules, from a byte to kilobytes."""
    iterations = 30
    ran = operations.carry_out(engine, ROOT, tmp_path, iterations)
    sent, steps = Sent(ran), operations.steps(ran)
    for step in ("put", "short-lived"):
        taken = [write_units(size(sent.body(step, i)["Item"])) for i in range(iterations)]
        assert steps[step]["capacity"] == {"sampled_calls": iterations, "read_units": 0, "write_units": sum(taken)}
    kept = [write_units(size(item)) for item in expected(sent, iterations) if item["pk"]["S"].startswith("kept")]
    assert steps["keep"]["capacity"]["write_units"] == sum(kept)
    assert steps["write-transaction"]["capacity"]["write_units"] == 4 * 2 * iterations


CONDITIONS = """
  - name: put
    steps:
      - name: put
        PutItem: {Item: {pk: "put{{k}}", sk: 0, id: "{{uuid}}"}, ConditionExpression: attribute_not_exists(pk)}
  - name: transaction
    steps:
      - name: transaction
        TransactWriteItems:
          TransactItems:
            - Put: {Item: {pk: "transaction{{k}}", sk: 0}, ConditionExpression: attribute_not_exists(pk)}
            - Put: {Item: {pk: "transaction{{k}}", sk: 1}}
  - name: statement
    steps:
      - name: statement
        ExecuteStatement:
          Statement: >-
            INSERT INTO "made" VALUE {'pk': ?, 'sk': ?, 'id': ?}
          Parameters: ["statement{{k}}", 0, "{{uuid}}"]
"""
REASONS = {
    "put": "ConditionalCheckFailed",
    "transaction": "TransactionCanceled: ConditionalCheckFailed 1 of 2",
    "statement": "DuplicateItem",
}


@pytest.mark.parametrize("client", ["wire", "sdk"])
def test_conditions_fail_as_often_as_the_items_say(engine: Engine, tmp_path: Path, client: str) -> None:
    """Of those who write the same key one comes through, and the table has what that one wrote."""
    engine.create("made", pk="S", sk="N")
    text = profile(
        engine, "{name: a, rate: 500/s, iterations: 150}", CONDITIONS, f"client: {client}\nkeys: {{k: uniform(12)}}"
    )
    ran = load(tmp_path, text, "--workers", "2")
    steps = {step["step"]: step for step in ran.phases["a"]["steps"]}
    items = engine.items("made")
    written = Counter(item["pk"]["S"].rstrip("0123456789") for item in items)
    for name, step in steps.items():
        ok = written[name] // 2 if name == "transaction" else written[name]
        failed = step["requests"]["sent"] - ok
        assert step["requests"]["outcomes"] == {"ok": ok, "condition_failed": failed}
        assert step["failures"][0]["reasons"] == {REASONS[name]: failed}
    sent = Sent(ran, tmp_path / "profile.yaml")
    puts = [sent.body("put", i)["Item"] for i in range(150)]
    assert all(item in puts for item in items if item["pk"]["S"].startswith("put"))


UNIQUE = """
  - {name: s, steps: [{name: put, PutItem: {Item: {pk: "{{uuid}}", sk: "{{seq}}", v: "{{bytes 1 2000}}"}}}]}
"""


def test_the_items_of_a_killed_worker_are_counted(engine: Engine, tmp_path: Path) -> None:
    """Whatever is in the table was on the wire, and whatever was answered is in the table."""
    engine.create("made", pk="S", sk="N")
    text = profile(engine, "{name: a, rate: 400/s, for: 3s}", UNIQUE)
    with Program(tmp_path, *prepare(tmp_path, text), "--json", "--workers", "2") as program:
        program.says("in flight")
        victim = program.workers()[0]
        os.kill(victim, signal.SIGKILL)
        wait_for_end(victim)
        ran = program.wait()
        program.leaves_nothing()
    assert ran.status == 6
    items, sent = engine.items("made"), Sent(ran, tmp_path / "profile.yaml")
    uncounted = 1  # it may have been killed between the sending of one and its counting
    assert ran.requests["outcomes"]["ok"] <= len(items) <= ran.requests["on_wire"] + uncounted
    assert ran.requests["sent"] - ran.requests["outcomes"]["ok"] == ran.requests["outcomes"].get("lost", 0)
    for item in items:
        assert item == sent.body("put", int(item["sk"]["N"]))["Item"]


SETUP = "setup: {key: {pk: S, sk: N}, items: 130, item: {pk: 'x{{seq}}', sk: 0, v: '{{bytes 30}}'}}\nteardown: true"


def test_teardown_deletes_what_setup_made(engine: Engine, tmp_path: Path) -> None:
    engine.create("made-before", pk="S")
    text = profile(engine, "{name: a, users: 2, iterations: 10}", UNIQUE, SETUP)
    ran = load(tmp_path, text)
    assert ran.status in VALID, ran.err
    assert (ran.result["setup"]["created"], ran.result["setup"]["items"]) == (True, 130)
    assert ran.result["setup"]["deleted"]
    assert ran.requests["outcomes"] == {"ok": 10}
    assert engine.tables() == ["made-before"]


def test_teardown_deletes_it_when_the_run_is_interrupted(engine: Engine, tmp_path: Path) -> None:
    text = profile(engine, "{name: a, rate: 50/s, for: 60s}", UNIQUE, SETUP)
    with Program(tmp_path, *prepare(tmp_path, text), "--json") as program:
        program.begins()
        assert engine.tables() == ["made"]
        program.process.send_signal(signal.SIGINT)
        assert program.wait().status == 130
        program.leaves_nothing()
    assert engine.tables() == []


def test_teardown_leaves_a_table_that_was_there(engine: Engine, tmp_path: Path) -> None:
    engine.create("made", pk="S", sk="N")
    ran = load(tmp_path, profile(engine, "{name: a, users: 2, iterations: 10}", UNIQUE, SETUP))
    assert ran.status in VALID, ran.err
    assert "is there already" in ran.err
    assert len(engine.items("made")) == 10, "it got no items but those of the load"


def test_a_table_that_is_not_there_ends_the_run(engine: Engine, tmp_path: Path) -> None:
    text = profile(engine, "{name: a, rate: 50/s, for: 60s}", UNIQUE)
    ran = run(tmp_path, *prepare(tmp_path, text), "--json", env=ROOT.environment)
    assert ran.status == 3
    assert ran.err.startswith("loadgen: table made in us-east-1 at ")
    assert "ResourceNotFoundException" in ran.err
    assert ran.err.count("\n") == 1


def test_nothing_is_left_of_a_single_exchange(engine: Engine, tmp_path: Path) -> None:
    shown = run(tmp_path, "once", str(operations.PROFILE), "--target", engine.url, env=ROOT.environment)
    assert shown.status == 0, shown.out
    assert shown.out.count("200 OK") == 16
    planned = run(tmp_path, "check", str(operations.PROFILE), "--target", engine.url)
    assert planned.status == 0
    assert engine.tables() == []
