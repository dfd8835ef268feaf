"""Throttled calls: what a run reports is what the sandbox's buckets gave, exactly, by reason; and what they gave is
what their rules say of the instants in the truth log."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from program import VALID, Ran, prepare, run

from loadgen.aws.credentials import SANDBOX
from loadgen.clock import SECOND
from loadgen.profile.sandbox import SandboxSettings
from loadgen.sandbox.process import start

pytestmark = pytest.mark.real

KEYS = {"AWS_ACCESS_KEY_ID": SANDBOX.access_key, "AWS_SECRET_ACCESS_KEY": SANDBOX.secret_key}
ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"
TABLE, KEY = "TableWriteProvisionedThroughputExceeded", "TableWriteKeyRangeThroughputExceeded"
SAID = {TABLE: f"provisioned throughput ({TABLE}) of {ARN}", KEY: f"hot partition ({KEY}) of {ARN}"}


def loaded(
    folder: Path, settings: dict[str, Any], write: int, keys: list[str], phase: str, more: str = "", workers: str = "1"
) -> tuple[Ran, dict[str, Any], list[dict[str, str]]]:
    """A run of puts, a scenario for each key; what the sandbox's table has counted; the puts in its truth log."""
    scenarios = [
        f"{{name: s{n}, steps: [{{name: put, PutItem: {{Item: {{pk: '{k}'}}}}}}]}}" for n, k in enumerate(keys)
    ]
    log = folder / "truth.csv"
    with start(SandboxSettings.model_validate({"dynamodb": {"burst": "0s", **settings}}), log=log) as sandbox:
        text = f"""
name: t
target: {{dynamodb: {{table: orders, region: eu-west-1, endpoint: "{sandbox.http}"}}}}
setup: {{key: {{pk: S}}, capacity: {{read: 1, write: {write}}}}}
teardown: true
load: [{{name: a, {phase}}}]
scenarios: [{", ".join(scenarios)}]
{more}
"""
        ran = run(folder, *prepare(folder, text), "--json", "--workers", workers, env=KEYS)
        counted = sandbox.stats()["dynamodb"]["tables"]["orders"]
    with log.open(newline="") as lines:
        rows = [line for line in csv.DictReader(lines) if line["operation"] == "PutItem"]
    return ran, counted, rows


def agree(ran: Ran, counted: dict[str, Any], rows: list[dict[str, str]]) -> None:
    """Run, table and truth log say the same of every request."""
    assert ran.status in VALID
    throttled = sum(counted["throttled"].values())
    assert ran.requests["outcomes"] == {"ok": counted["granted"], "throttled": throttled}
    failures = [failure for step in ran.phases["a"]["steps"] for failure in step["failures"]]
    assert {failure["outcome"] for failure in failures} == {"throttled"}
    reasons = sum((Counter(failure["reasons"]) for failure in failures), Counter[str]())
    assert reasons == {SAID[reason]: count for reason, count in counted["throttled"].items()}
    assert counted["write_units"] == counted["granted"]
    assert Counter(row["fault"] for row in rows) == {"": counted["granted"], "throttle": throttled}
    assert ran.result["cost"]["write_units"] == counted["granted"], "what is throttled consumes nothing"


def given(instants: Iterable[int], units: int) -> int:
    """How many of the calls at these instants, of one unit each, a bucket of one second's `units` lets through."""
    least, level, before, granted = SECOND, units * SECOND, 0, 0
    for instant in sorted(instants):
        level = min(units * SECOND, level + units * (instant - before)) if before else level
        before = instant
        if level >= least:
            level, granted = level - least, granted + 1
    return granted


@pytest.mark.parametrize(("client", "workers"), [("wire", "2"), ("aiohttp", "1"), ("sdk", "1")])
def test_a_table_of_one_unit_under_fifty_a_second(tmp_path: Path, client: str, workers: str) -> None:
    phase = "rate: 50/s, arrivals: constant, iterations: 150"
    ran, counted, rows = loaded(tmp_path, {}, 1, ["{{uuid}}"], phase, f"client: {client}", workers)
    agree(ran, counted, rows)
    assert ran.requests["sent"] == len(rows) == 150
    assert counted["granted"] == given((int(row["received_ns"]) for row in rows), 1) >= 3
    assert set(counted["throttled"]) == {TABLE}


@pytest.mark.parametrize("client", ["wire", "sdk"])
def test_attempts_are_throttled_each_for_itself(tmp_path: Path, client: str) -> None:
    phase = "rate: 10/s, arrivals: constant, iterations: 20"
    ran, counted, rows = loaded(tmp_path, {}, 1, ["{{uuid}}"], phase, f"client: {client}\nretries: 3")
    agree(ran, counted, rows)
    assert ran.requests["sent"] == len(rows) > 20
    (step,) = ran.phases["a"]["steps"]
    assert step["attempts"]["outcomes"]["ok"] == counted["granted"]
    assert sum(step["attempts"]["outcomes"].values()) == step["attempts"]["operations"] == 20
    assert counted["granted"] == given((int(row["received_ns"]) for row in rows), 1)


def test_two_limits_have_two_reasons(tmp_path: Path) -> None:
    """Half of a hundred calls a second are about one key, which takes five; the table takes twenty."""
    phase = "rate: 100/s, arrivals: constant, iterations: 200"
    ran, counted, rows = loaded(tmp_path, {"partition_writes": "5/s"}, 20, ["hot", "{{uuid}}"], phase)
    agree(ran, counted, rows)
    assert set(counted["throttled"]) == {TABLE, KEY}


def test_the_sandboxs_own_count_is_that_of_the_load(tmp_path: Path) -> None:
    """What setup sends is not in it."""
    text = """
name: t
target: {dynamodb: {table: orders, region: eu-west-1, endpoint: sandbox}}
sandbox: {dynamodb: {burst: 0s}}
setup: {key: {pk: S}, capacity: {read: 1, write: 20}, items: 30, item: {pk: "item#{{seq}}"}}
session: {connections: 5}
load: [{name: a, rate: 60/s, iterations: 60}]
scenarios: [{name: s, steps: [{name: put, PutItem: {Item: {pk: "{{uuid}}"}}}]}]
"""
    ran = run(tmp_path, *prepare(tmp_path, text), "--json")
    assert ran.status in VALID
    own = ran.result["target"]["sandbox"]
    assert own["requests"] == ran.requests["on_wire"] == 60
    assert own["throttled"] == ran.requests["outcomes"]["throttled"] > 0
    opened = ran.result["variants"][0]["connections"]["opened"]
    assert own["connections"]["https"] == own["tls"]["handshakes"] == opened == 5
