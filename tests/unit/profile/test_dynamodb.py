"""Profiles of a DynamoDB table: what is read, and what one clear line says of a mistake."""

# ruff: noqa: E501

from __future__ import annotations

from pathlib import Path

import pytest

from loadgen.errors import ProfileError
from loadgen.profile.keys import EXAMPLES, Keys
from loadgen.profile.load import load
from loadgen.profile.model import Profile

TABLE = """name: t
target: {dynamodb: {table: orders, endpoint: sandbox}}
load: [{name: a, users: 2, for: 1s}]
keys: {id: "zipfian(1000, theta=0.9)"}
setup: {key: {pk: S}, items: 100, item: {pk: "u#{{seq}}", v: "{{bytes 100}}"}}
scenarios:
  - name: s
    steps:
      - {name: put, PutItem: {Item: {pk: "{{uuid}}", n: "{{int 1 5}}"}}}
      - {name: get, GetItem: {Key: {pk: "u#{{id}}"}}, capture: {v: item.v}}
      - {name: all, BatchWriteItem: {RequestItems: [{PutRequest: {Item: {pk: "{{uuid}}"}}}]}, batch: 25}
"""


def read(text: str = TABLE, target: str | None = None) -> Profile:
    return load("p.yaml", text=text, target=target).profile


def test_steps_are_calls_with_their_parameters() -> None:
    put, get, batch = read().scenarios[0].steps
    assert (put.method, put.path, put.operation) == ("POST", "/", "PutItem")
    assert put.parameters == {"Item": {"pk": "{{uuid}}", "n": "{{int 1 5}}"}}
    assert (get.operation, str(get.capture["v"])) == ("GetItem", "item.v")
    assert (batch.batch, batch.unprocessed) == (25, "count")


def test_what_needs_no_parameters_may_have_none() -> None:
    steps = read(TABLE + "      - {name: list, ListTables: }\n      - {name: scan, Scan: {}}\n").scenarios[0].steps
    assert [(step.operation, step.parameters) for step in steps[3:]] == [("ListTables", {}), ("Scan", {})]


@pytest.mark.parametrize(
    ("target", "url"),
    [
        (None, "sandbox"),
        ("sandbox", "sandbox"),
        ("aws", "https://dynamodb.eu-west-1.amazonaws.com/"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_the_target_can_be_said_on_the_command_line(target: str | None, url: str) -> None:
    profile = read(TABLE.replace("orders,", "orders, region: eu-west-1,"), target)
    assert profile.target.url == url
    assert profile.target.dynamodb
    assert profile.target.dynamodb.table == "orders"


@pytest.mark.parametrize("text", EXAMPLES.values())
def test_each_example_of_keys_is_read(text: str) -> None:
    assert Keys.parse(text).count == 10_000


def test_retries_may_be_the_attempts_alone() -> None:
    profile = read(TABLE + "retries: 4\n")
    assert profile.retries
    assert (profile.retries.mode, profile.retries.attempts) == ("standard", 4)


BROKEN = [
    ("table: orders", "table: o", "2: target.dynamodb.table: 'o' is not a table's name: expected 3 to 255 letters, digits, '_', '-' and '.'"),
    (", endpoint: sandbox", "", "2: target.dynamodb.region: is missing. Add it, for example eu-west-1"),
    ("endpoint: sandbox", "endpoint: 'http://h/x'", "2: target.dynamodb.endpoint: 'http://h/x' has a path: the endpoint of an API is only a host"),
    ("endpoint: sandbox", "region: europe", "2: target.dynamodb.region: 'europe' is not a region: expected for example eu-west-1"),
    ("{dynamodb: {table: orders, endpoint: sandbox}}", "{dynamodb: {table: orders}, url: sandbox}", "2: target: must have one of url, dynamodb and lambda. Give a url, dynamodb: {table, region} or lambda: {function, region}"),
    ("zipfian(1000, theta=0.9)", "zipfian(0)", "4: keys.id: 'zipfian(0)': expected from 1 to 4,000,000 keys"),
    ("zipfian(1000, theta=0.9)", "hotset(10, keys=1%)", "4: keys.id: 'hotset(10, keys=1%)' has no traffic: expected hotset(10000, keys=1%, traffic=90%)"),
    ("{pk: S}", "{pk: Q}", "5: setup.key.pk: 'Q' is not accepted here. Known: S, N, B"),
    ("{pk: S}", "{id: S}", "5: setup.item: has no id, which is a key of the table. Add id"),
    (", item: {pk: \"u#{{seq}}\", v: \"{{bytes 100}}\"}", "", "5: setup.items: needs an item to write. Add item: {pk: '{{seq}}'}"),
    ("PutItem: {Item", "PutItem: {Itm", "9: scenarios.s.steps.put.PutItem: has no Item. Expected for example {Item: {pk: x}}"),
    ("{Item: {pk: \"{{uuid}}\", n: \"{{int 1 5}}\"}}", "x", "9: scenarios.s.steps.put.PutItem: 'x' is not a mapping. Expected parameters such as {Item: {pk: x}}"),
    ("{{id}}", "{{idd}}", "10: scenarios.s.steps.get.GetItem.Key.pk: {{idd}} is neither a value that an earlier step captures nor a column of data. Did you mean id? Known: uuid, seq, int, choice, bytes, now, id"),
    ("capture: {v: item.v}", "batch: 3", "10: scenarios.s.steps.get.batch: does not go with GetItem. It is only for BatchGetItem, BatchWriteItem, TransactGetItems, TransactWriteItems"),
    ("capture: {v: item.v}", "json: {}", "10: scenarios.s.steps.get.json: a call of GetItem has no json of its own. Leave it out: the API sets it"),
    ("GetItem: {Key: {pk: \"u#{{id}}\"}}", "get: /", "10: scenarios.s.steps.get: is an HTTP request, which the target does not take. Use an operation such as GetItem"),
    ("batch: 25", "batch: 26", "11: scenarios.s.steps.all.batch: 26 is more than the 25 that DynamoDB takes at once"),
    ("RequestItems: [{PutRequest: {Item: {pk: \"{{uuid}}\"}}}]", "RequestItems: {orders: [{PutRequest: {Item: {pk: x}}}]}", "11: scenarios.s.steps.all.BatchWriteItem.RequestItems: names its table, and so is sent as it is written: batch cannot repeat it. Write {RequestItems: [{PutRequest: {Item: {pk: x}}}]}, or leave batch out"),
    ("u#{{seq}}", "{{seq}}", "5: setup.item.pk: has type N, but the table's key has type S. Write {S: '{{seq}}'}, or for example 'id-{{seq}}'"),
    ("u#{{id}}", "{{id}}", "10: scenarios.s.steps.get.GetItem.Key.pk: has type N, but the table's key has type S. Write {S: '{{id}}'}, or for example 'id-{{seq}}'"),
    ("{pk: S}", "{pk: N}", "5: setup.item.pk: has type S, but the table's key has type N. Write a value of type N"),
    ("load:", "auth: {sigv4: {}}\nload:", "3: auth: is for a URL: calls of AWS's services are signed in any case. Leave it out"),
    ("load:", "retries: {mode: legacy}\nload:", "3: retries.mode: the wire client retries only by the standard rules. Use mode: standard, or client: sdk"),
    ("load:", "max_cost: 5\nload:", "3: max_cost: '5' is not an amount: expected US dollars such as $1.50"),
    ("load:", "max_cost: $0\nload:", "3: max_cost: '$0' is not an amount: expected US dollars such as $1.50"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), BROKEN, ids=[message[:50] for _, _, message in BROKEN])
def test_a_mistake_gives_one_clear_line(old: str, new: str, message: str) -> None:
    assert old in TABLE
    with pytest.raises(ProfileError) as caught:
        read(TABLE.replace(old, new, 1))
    assert str(caught.value) == f"p.yaml:{message}"


URL = "name: t\ntarget: https://h.example/\nload: [{name: a, users: 2, for: 1s}]\n"


def test_a_secret_is_named_by_its_place(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("x")
    auth = load(tmp_path / "p.yaml", text=URL + "auth: {api_key: {env: KEY}, bearer: {file: token}}\n").profile.auth
    assert auth
    assert auth.api_key
    assert auth.bearer
    assert (auth.api_key.env, auth.bearer.file) == ("KEY", tmp_path / "token")


@pytest.mark.parametrize(
    ("auth", "message"),
    [
        ("{}", "4: auth: is empty. Give sigv4, api_key or bearer"),
        ("{sigv4: {}, bearer: {env: T}}", "4: auth: sigv4 and bearer both set the Authorization header. Leave out one of them"),
        ("{bearer: {}}", "4: auth.bearer: must give one place of a secret. Write {env: NAME} or {file: PATH}"),
        ("{bearer: {token_url: 'https://h/t'}}", "4: auth.bearer: token_url, client_id and client_secret need each other. Give all three"),
        ("{bearer: {token_url: 'http://h/t', client_id: {env: A}, client_secret: {env: B}}}", "4: auth.bearer.token_url: 'http://h/t' is not a token URL: expected https://HOST/PATH, without a user name"),
        ("{bearer: {token_url: 'https://h:99999/t', client_id: {env: A}, client_secret: {env: B}}}", "4: auth.bearer.token_url: 'https://h:99999/t' is not a URL: Port out of range 0-65535"),
        ("{bearer: {token_url: 'https://h:0/t', client_id: {env: A}, client_secret: {env: B}}}", "4: auth.bearer.token_url: 'https://h:0/t' is not a token URL: expected https://HOST/PATH, without a user name"),
        ("{bearer: {token_url: 'https://[::ffff:169.254.170.2]/t', client_id: {env: A}, client_secret: {env: B}}}", "4: auth.bearer.token_url: ::ffff:169.254.170.2 is an address where cloud machines serve credentials: choose another target"),
        ("{bearer: {token_url: 'https://169.254.169.254/t', client_id: {env: A}, client_secret: {env: B}}}", "4: auth.bearer.token_url: 169.254.169.254 is an address where cloud machines serve credentials: choose another target"),
        ("{bearer: {token_url: 'https://[fd00:ec2::23]/t', client_id: {env: A}, client_secret: {env: B}}}", "4: auth.bearer.token_url: fd00:ec2::23 is an address where cloud machines serve credentials: choose another target"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_auth_is_said_in_one_line(auth: str, message: str) -> None:
    with pytest.raises(ProfileError) as caught:
        load("p.yaml", text=URL + f"auth: {auth}\n")
    assert str(caught.value) == f"p.yaml:{message}"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "client: sdk",
            "4: client: sdk is a client of AWS's services. Use it with target: {dynamodb: ...} or {lambda: ...}",
        ),
        ("setup: {key: {pk: S}}", "4: setup: is for a DynamoDB table. Leave it out"),
        ("teardown: true", "4: teardown: deletes the table that setup created, and there is no setup. Leave it out"),
    ],
)
def test_what_is_for_a_table_does_not_go_with_a_url(line: str, message: str) -> None:
    with pytest.raises(ProfileError) as caught:
        load("p.yaml", text=URL + line + "\n")
    assert str(caught.value) == f"p.yaml:{message}"


@pytest.mark.parametrize(
    ("auth", "header"),
    [("sigv4: {}", "X-Amz-Date"), ("bearer: {env: T}", "authorization"), ("api_key: {env: K}", "x-api-key")],
)
def test_what_auth_sets_no_step_sets(auth: str, header: str) -> None:
    text = f"{URL}auth: {{{auth}}}\nscenarios: [{{name: s, steps: [{{name: a, get: /, headers: {{{header}: x}}}}]}}]\n"
    with pytest.raises(ProfileError) as caught:
        load("p.yaml", text=text)
    said = "is the header that auth sets. Leave it out here, or leave out auth"
    assert str(caught.value) == f"p.yaml:5: scenarios.s.steps.a.headers.{header}: {said}"


def test_aws_is_no_place_for_http_requests() -> None:
    with pytest.raises(ProfileError, match="aws is only for a table or a function"):
        load("p.yaml", text=URL, target="aws")
