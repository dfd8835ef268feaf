"""A variable in each key of a profile: what is text is hidden wherever the profile is shown, and nothing else is."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loadgen.cli.run import folder_for
from loadgen.errors import ProfileError
from loadgen.experiment.check import check
from loadgen.experiment.folder import slug
from loadgen.profile.document import Document
from loadgen.profile.load import Loaded, _checked
from loadgen.profile.model import Profile
from loadgen.profile.part import Part
from loadgen.profile.schema import _parts
from loadgen.profile.texts import is_plain
from loadgen.report.formats import json_text
from loadgen.report.terminal.check import render_check
from loadgen.result.codec import map_text
from loadgen.store import RunFolder

Way = tuple[str | int, ...]
CANARY = "Zqcanary0xwvk"
STEPS = [
    {"name": "one", "post": "/a/{{uuid}}", "headers": {"x-a": "b"}, "query": {"q": "r"}, "json": {"n": [1, "text"]},
     "expect": {"status": 200, "headers": {"x-b": "c"}, "json": {"a.b": "d"}, "body": "e"},
     "capture": {"seen": "header.x-c"}, "record": {"db": "header.server-timing.db"},
     "timeout": "3s", "think": "1s..2s"},
    {"name": "two", "put": "/t", "text": "text"}, {"name": "three", "patch": "/f", "file": "data.csv"},
    {"name": "four", "get": "/g"}, {"name": "five", "delete": "/d"}, {"name": "six", "head": "/h"},
    {"name": "seven", "options": "/o"},
]  # fmt: skip
HTTP: dict[str, Any] = {
    "name": "http", "target": {"url": "http://127.0.0.1:9/base", "door": "http-api"}, "client": "wire",
    "auth": {"api_key": {"env": "KEY"}, "bearer": {
        "token_url": "http://127.0.0.1:8/token", "client_id": {"env": "ID"}, "client_secret": {"file": "data.csv"},
        "scope": "orders/write"}},
    "session": {"reuse": "shared", "renew": "connection", "connections": 3, "order": "fifo", "bind": ["127.0.0.2"],
                "dns": "once", "tls_resumption": True},
    "tls": {"ca": "data.csv", "verify": True, "version": "1.3", "client_cert": "data.csv", "client_key": "data.csv"},
    "load": [{"name": "a", "rate": "50/s", "for": "2s", "arrivals": "poisson", "measure": True},
             {"name": "b", "users": 3, "iterations": 50, "think": "1s"}, {"name": "c", "at-once": 5}],
    "beside": [{"name": "ping", "every": "1s", "at-once": 2, "after": "100ms", "get": "/ping"}],
    "cycles": 2, "keys": {"k": "uniform(100)"}, "retries": {"mode": "standard", "attempts": 3},
    "thresholds": {"a": ["errors < 5%"]}, "stop_if": "errors > 50% for 5s", "in_flight_limit": 2000,
    "max_rate": "1000/s", "timeout": "30s", "seed": 7, "workers": 2,
    "capacity": {"keep": "p99 < 100ms", "for": "4m", "max_rate": "500/s", "from": "9/s",
                 "thresholds": ["capacity > 120/s"]},
    "scenarios": [{"name": "s", "weight": 2, "steps": STEPS, "split_by": ["seen"], "environment": "seen",
                   "data": {"file": "data.csv", "order": "shuffle"}}],
}  # fmt: skip
TABLE: dict[str, Any] = {
    "name": "table", "client": "wire",
    "target": {"dynamodb": {"table": "orders", "region": "eu-west-1", "endpoint": "http://127.0.0.1:9",
                            "account_id_endpoint": False, "profile": "mine", "consumed_capacity": 10}},
    "load": [{"name": "a", "rate": "5/s", "for": "2s"}],
    "setup": {"key": {"pk": "S"}, "capacity": {"read": 5, "write": 6}, "items": 7, "item": {"pk": "x"}},
    "teardown": True, "max_cost": "$1.50",
    "scenarios": [{"name": "s", "steps": [
        {"name": "put", "PutItem": {"Item": {"pk": "y"}}, "expect": {"item": {"pk": "z"}}},
        {"name": "batch", "BatchGetItem": {"Keys": {"pk": "w"}}, "batch": 3, "unprocessed": "resend"}]}],
}  # fmt: skip
FUNCTION: dict[str, Any] = {
    "name": "function", "client": "wire",
    "target": {"lambda": {"function": "orders", "qualifier": "live", "region": "eu-west-1",
                          "endpoint": "http://127.0.0.1:9", "profile": "mine", "log_tail": True, "provisioned": 5,
                          "prices": {"gb_second": "$0.00002", "million_requests": "$0.2",
                                     "provisioned_gb_second": "$0.000005",
                                     "provisioned_call_gb_second": "$0.00001"}}},
    "load": [{"name": "a", "rate": "5/s", "for": "2s"}],
    "scenarios": [{"name": "s", "steps": [{"name": "call", "Invoke": {"payload": {"id": "x"}, "type": "request"}}]}],
}  # fmt: skip
FORCED: dict[str, Any] = {
    "name": "forced", "target": {"lambda": {"function": "orders", "region": "eu-west-1", "force_cold": 2}},
    "load": [{"name": "a", "users": 1, "iterations": 2}],
    "scenarios": [{"name": "s", "steps": [{"name": "call", "Invoke": {}}]}],
}  # fmt: skip
EXPERIMENT: dict[str, Any] = {
    "name": "experiment", "target": "sandbox",
    "auth": {"sigv4": {"service": "s", "region": "eu-west-1", "profile": "p"}},
    "load": [{"name": "a", "rate": "5/s", "for": "2s"}], "client": "wire",
    "scenarios": [{"name": "s", "steps": [{"name": "get", "get": "/${matrix.path}"}]}],
    "experiment": {"variants": {"x": {}, "y": {"scenarios": {"s": {"steps": {"get": {"headers": {"x-y": "z"}}}}}}},
                   "matrix": {"path": ["p", "q"]}, "rounds": 3, "baseline": "x path=p", "margin": "5%", "duet": False,
                   "primary": "a response p50", "pause": "2s"},
}  # fmt: skip
SANDBOX: dict[str, Any] = {
    "name": "simulated", "target": "sandbox", "load": [{"name": "a", "users": 1, "for": "2s"}],
    "sandbox": {"rtt": "1ms", "service": [{"match": "GET /", "time": "5ms"}], "seed": 3, "body": "2KiB",
                "log": "log.csv", "idle_close": "5s",
                "requests_per_connection": 9, "environments": {
                    "max": 3, "init": "1s", "idle": "5m", "overflow": "429", "scaling": "9 per 5s", "rate": "10/s",
                    "reserved": 2, "provisioned": 1},
                "gateway": {"kind": "http", "latency": "1ms", "timeout": "9s"},
                "fetched": [{"time": "5ms", "lifetime": "3s"}],
                "downstream": {"time": "1ms", "connect": "2ms", "calls": 2, "keep_alive": True, "idle": "3s"},
                "throttle": {"rate": "10/s", "burst": 5},
                "stalls": [{"at": "1s", "for": "1ms"}, {"every": "9s", "for": "2ms"}],
                "faults": {"errors": "1%", "reset": "1%", "truncate": "1%", "drip": "1%", "endless": "1%"},
                "dynamodb": {"signatures": "ignore", "burst": "9s", "partition_reads": "9/s", "partition_writes": "9/s",
                             "on_demand_reads": "9/s", "on_demand_writes": "9/s", "peak_after": "1m", "peak_factor": 3,
                             "unprocessed": "1%", "creating": "1s", "memory": "1GiB"}},
}  # fmt: skip
LAMBDA: dict[str, Any] = {
    "name": "called", "target": "sandbox", "load": [{"name": "a", "users": 1, "for": "2s"}],
    "sandbox": {"lambda": {
        "functions": [{"name": "orders", "init": "1s", "memory": 256}], "signatures": "ignore", "memory": 512,
        "memory_used": 70, "cpu_bound": "50%", "threads": 2,
        "timeout": "9s", "overhead": "1ms", "errors": "1%", "log_format": "json", "log_level": "warn", "prints": "9B",
        "updating": "1s", "log_delay": "2s",
        "snap_start": {"restore": "1ms", "billed": "5%"}}},
}  # fmt: skip
DOCUMENTS = {"http": HTTP, "table": TABLE, "function": FUNCTION, "experiment": EXPERIMENT, "sandbox": SANDBOX,
             "lambda": LAMBDA, "forced": FORCED}  # fmt: skip
OPERATIONS = {"GetItem", "UpdateItem", "DeleteItem", "Query", "Scan", "BatchWriteItem", "TransactGetItems",
              "TransactWriteItems", "ExecuteStatement", "ListTables", "DescribeTable"}  # as PutItem  # fmt: skip


def leaves(value: Any, way: Way = ()) -> Iterator[tuple[Way, Any]]:
    if isinstance(value, dict | list):
        for step, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*way, step))
    else:
        yield way, value


def with_variable(document: dict[str, Any], way: Way) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    at: Any = changed
    for step in way[:-1]:
        at = at[step]
    at[way[-1]] = "${VALUE}"
    return changed


NAMES = (
    ("scenarios", 0, "split_by", 0),
    ("scenarios", 0, "environment"),
    ("scenarios", 0, "data", "file"),
)  # texts, of which only some are allowed
CASES = [
    pytest.param(document, way, value, id=f"{name}.{'.'.join(map(str, way))}")
    for name, document in DOCUMENTS.items()
    for way, value in leaves(document)
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("data.csv", CANARY, f"data.csv{CANARY}"):
        (tmp_path / name).write_text("column\nvalue\n")
    return tmp_path


def read(document: dict[str, Any], way: Way, value: str, monkeypatch: pytest.MonkeyPatch) -> Loaded | None:
    """The profile with a variable there that has this value; None if it is refused, with an error that hides it."""
    monkeypatch.setenv("VALUE", value)
    try:
        return _checked(Document([with_variable(document, way)]), "p.yaml", Path(), (), None)
    except ProfileError as error:
        assert CANARY not in str(error)
        return None


def test_every_key_is_in_one_of_the_profiles() -> None:
    known = {key for part in (Profile, *_parts(Part)) for key in part.keys()}  # noqa: SIM118
    written = {step for document in DOCUMENTS.values() for way, _ in leaves(document) for step in way}
    assert known - written - OPERATIONS == set()


@pytest.mark.parametrize(("document", "way", "value"), CASES)
def test_a_text_of_a_variable_is_hidden_and_nothing_else_is(
    document: dict[str, Any], way: Way, value: Any, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    written = str(value).lower() if isinstance(value, bool) else str(value)
    hidden = read(document, way, f"{value}{CANARY}", monkeypatch) or read(document, way, CANARY, monkeypatch)
    if hidden:
        shown_nowhere(hidden, folder / "run")
    if not hidden:  # no text: a number, a rate, a word of loadgen's own
        loaded = read(document, way, written, monkeypatch)
        assert loaded is None or way in NAMES or loaded.secrets.hide(f"it is {written}") == f"it is {written}"
    elif is_plain(written):
        loaded = read(document, way, written, monkeypatch)
        assert loaded and loaded.secrets.hide(f"it is {written}") == f"it is {written}"


def shown_nowhere(loaded: Loaded, folder: Path) -> None:
    hide = loaded.secrets.hide
    kept = RunFolder(folder, lambda told: None, hide=hide)
    kept.begin(loaded.resolved, {})
    kept.close()
    assert CANARY.encode() not in (folder / "profile.json").read_bytes()
    assert CANARY not in str(folder_for(loaded))
    names = [variant.name for variant in loaded.variants]
    assert not any(CANARY in slug(name) for name in names)
    assert len({hide(name) for name in names}) == len(names)
    plan = map_text(check(loaded.profile, [variant.profile for variant in loaded.variants]), hide)
    assert CANARY not in render_check(plan) + json_text(plan)


@pytest.mark.parametrize(
    ("key", "way"), [("ph-${VALUE}", ("thresholds",)), ("${VALUE:-x}", ("scenarios", 0, "steps", 0, "headers"))]
)
def test_a_key_takes_no_variables(key: str, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    document = copy.deepcopy(HTTP)
    at: Any = document
    for step in way:
        at = at[step]
    at[key] = next(iter(at.values()))
    monkeypatch.setenv("VALUE", CANARY)
    with pytest.raises(ProfileError, match=r"a key takes no variables\. Write its text out") as caught:
        _checked(Document([document]), "p.yaml", Path(), (), None)
    assert key in str(caught.value)


def test_the_name_of_a_secrets_variable_is_shown_as_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = read(HTTP, ("auth", "api_key", "env"), CANARY, monkeypatch)
    assert loaded and loaded.secrets.hide(f"the variable {CANARY} is not set") == "the variable ${VALUE} is not set"
