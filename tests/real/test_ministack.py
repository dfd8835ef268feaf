"""DynamoDB, and an HTTP API with a Lambda function behind it, that check signatures and rights: ministack, whose IAM
nobody here wrote. loadgen has the keys of a user who may do what the load does, and nothing else."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import operations
import pytest
from engines import Engine, Keys
from operations import Item, Sent
from program import VALID, Ran, prepare, run

pytestmark = pytest.mark.real

NAMES = ("plain", "a b", "ü+x~y")
FUNCTION = """
import json, os, time, uuid
import boto3

ENVIRONMENT, CALLS = str(uuid.uuid4()), []
TABLE = boto3.client("dynamodb")

def handler(event, context):
    began = time.perf_counter()
    order, cold = json.loads(event["body"]), not CALLS
    CALLS.append(event)
    item = {
        "pk": {"S": order["id"]},
        "total": {"N": str(order["total"])},
        "name": {"S": event["pathParameters"]["name"]},
        "of": {"S": event["queryStringParameters"]["of"]},
        "environment": {"S": ENVIRONMENT},
        "cold": {"BOOL": cold},
    }
    TABLE.put_item(TableName=os.environ["TABLE"], Item=item)
    headers = {
        "content-type": "application/json",
        "x-cold": str(cold).lower(),
        "server-timing": f"put;dur={(time.perf_counter() - began) * 1000:.3f}",
    }
    return {"statusCode": 201, "headers": headers, "body": json.dumps({"id": order["id"], "cold": cold})}
"""
ORDERS = """
name: orders
target: URL
auth: {sigv4: {service: execute-api, region: us-east-1}}
load: [{name: a, users: 2, iterations: 30}]
scenarios:
  - name: order
    steps:
      - name: put
        post: '/orders/{{choice plain "a b" "ü+x~y"}}'
        query: {of: "{{seq}} ä/&=", nothing: ""}
        json: {id: "{{uuid}}", total: "{{int 1 500}}"}
        expect: {status: 201}
        capture: {cold: header.x-cold}
        record: {put: header.server-timing.put}
    split_by: [cold]
"""


@dataclass(frozen=True, slots=True)
class Account:
    """Keys of a user who may call APIs and tables, of a role with the same rights for an hour, and of a user who may
    do nothing."""

    user: Keys
    role: Keys
    nobody: Keys


@dataclass(frozen=True, slots=True)
class Api:
    """An HTTP API whose orders a function puts into a table."""

    url: str
    table: str


@pytest.fixture
def engine(ministack: Engine) -> Iterator[Engine]:
    yield ministack
    ministack.clear()


@pytest.fixture(scope="session")
def account(ministack: Engine) -> Account:
    rights = policy("dynamodb:*", "execute-api:Invoke", Resource="*")
    with ministack.client("iam") as iam:
        user, nobody = (new_user(iam, name) for name in ("loadgen", "nobody"))
        iam.put_user_policy(UserName="loadgen", PolicyName="load", PolicyDocument=rights)
        iam.create_role(RoleName="load", AssumeRolePolicyDocument=policy("sts:AssumeRole", Principal={"AWS": "*"}))
        iam.put_role_policy(RoleName="load", PolicyName="load", PolicyDocument=rights)
        role = iam.get_role(RoleName="load")["Role"]["Arn"]
    with ministack.client("sts") as sts:
        found = sts.assume_role(RoleArn=role, RoleSessionName="load")["Credentials"]
    return Account(user, Keys(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]), nobody)


def new_user(iam: Any, name: str) -> Keys:
    iam.create_user(UserName=name)
    found = iam.create_access_key(UserName=name)["AccessKey"]
    return Keys(found["AccessKeyId"], found["SecretAccessKey"])


def policy(*actions: str, **about: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, **about}]})


@pytest.fixture
def api(engine: Engine) -> Iterator[Api]:
    name = f"orders-{uuid.uuid4().hex}"
    engine.create(name, pk="S")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("app.py", FUNCTION)
    with engine.client("iam") as iam, engine.client("lambda") as functions, engine.client("apigatewayv2") as apis:
        trust = policy("sts:AssumeRole", Principal={"Service": "lambda.amazonaws.com"})
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy("dynamodb:PutItem", Resource="*"))
        function = functions.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role=role,
            Handler="app.handler",
            Code={"ZipFile": archive.getvalue()},
            Environment={"Variables": {"TABLE": name}},
            Timeout=30,
        )
        functions.get_waiter("function_active_v2").wait(FunctionName=name)
        functions.add_permission(
            FunctionName=name, StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
        )
        there = {
            "IntegrationType": "AWS_PROXY",
            "PayloadFormatVersion": "2.0",
            "IntegrationUri": function["FunctionArn"],
        }
        number = apis.create_api(Name=name, ProtocolType="HTTP")["ApiId"]
        target = f"integrations/{apis.create_integration(ApiId=number, **there)['IntegrationId']}"
        apis.create_route(ApiId=number, RouteKey="POST /orders/{name}", Target=target, AuthorizationType="AWS_IAM")
        apis.create_stage(ApiId=number, StageName="$default", AutoDeploy=True)
        yield Api(f"{engine.url}/_aws/execute-api/{number}/$default", name)
        functions.delete_function(FunctionName=name)
        apis.delete_api(ApiId=number)


@pytest.mark.parametrize(("client", "who"), [("wire", "user"), ("aiohttp", "role")])
def test_every_operation_is_signed_and_carried_out(
    engine: Engine, account: Account, tmp_path: Path, client: str, who: str
) -> None:
    ran = operations.carry_out(engine, getattr(account, who), tmp_path, 5, f"client={client}")
    operations.check(engine, ran, 5)


@pytest.mark.parametrize(("client", "reuse"), [("wire", "shared"), ("aiohttp", "per-request")])
def test_an_api_and_its_function(
    engine: Engine, account: Account, api: Api, tmp_path: Path, client: str, reuse: str
) -> None:
    """What the function put, and told of itself, is what boto3 finds and what the result says."""
    text = f"{ORDERS.replace('URL', api.url)}client: {client}\nsession: {reuse}\n"
    ran = run(tmp_path, *prepare(tmp_path, text), "--json", env=account.user.environment)
    assert ran.status in VALID, ran.err
    assert ran.requests == {"sent": 30, "on_wire": 30, "outcomes": {"ok": 30}}
    items = {item["pk"]["S"]: item for item in engine.items(api.table)}
    sent = Sent(ran, tmp_path / "profile.yaml")
    for i in range(30):
        item = items[json.loads(sent.request("put", i).body)["id"]]
        assert {**item, **ordered(sent, i)} == item
    assert len(items) == 30
    assert {item["name"]["S"] for item in items.values()} == {*NAMES}
    cold = sum(item["cold"]["BOOL"] for item in items.values())
    [step] = ran.phases["a"]["steps"]
    assert cold == len({item["environment"]["S"] for item in items.values()}) > 0
    assert {stratum["stratum"]: stratum["count"] for stratum in step["strata"]} == {
        "cold=true": cold,
        "cold=false": 30 - cold,
    }
    assert step["recorded_ms"]["put"]["count"] == 30


def ordered(sent: Sent, i: int) -> Item:
    """What of iteration i is in its item, read from the request as the standard library reads it."""
    request = sent.request("put", i)
    order, url = json.loads(request.body), urlsplit(request.path)
    query = parse_qs(url.query, keep_blank_values=True)
    assert query == {"of": [f"{i} ä/&="], "nothing": [""]}
    return {
        "pk": {"S": order["id"]},
        "total": {"N": str(order["total"])},
        "name": {"S": unquote(url.path.rpartition("/")[2])},
        "of": {"S": query["of"][0]},
    }


REFUSED = {
    "a wrong secret": ("user", {"secret": "x" * 40}),
    "a key that nobody has": ("user", {"access": "AKIA" + "X" * 16}),
    "a wrong token": ("role", {"token": "x" * 100}),
    "no token": ("role", {"token": ""}),
    "no rights": ("nobody", {}),
}


def refused(engine: Engine, account: Account, why: str, folder: Path, text: str) -> Ran:
    who, change = REFUSED[why]
    keys: Keys = replace(getattr(account, who), **change)
    ran = run(folder, *prepare(folder, text), env=keys.environment)
    assert ran.status == 3, ran.out + ran.err
    for secret in filter(None, (keys.secret, keys.token)):
        assert secret not in ran.out + ran.err
    return ran


@pytest.mark.parametrize("why", REFUSED)
def test_a_table_refuses(engine: Engine, account: Account, tmp_path: Path, why: str) -> None:
    """One line, and nothing has been sent."""
    text = operations.PROFILE.read_text().replace("endpoint: sandbox", f'endpoint: "{engine.url}"')
    ran = refused(engine, account, why, tmp_path, text)
    assert ran.err.startswith("loadgen: ")
    assert ran.err.count("\n") == 1
    assert engine.tables() == []


@pytest.mark.parametrize("why", [why for why in REFUSED if why != "no rights"])
def test_an_api_refuses(engine: Engine, account: Account, api: Api, tmp_path: Path, why: str) -> None:
    """The run ends at once, and the function has not been called."""
    ran = refused(engine, account, why, tmp_path, ORDERS.replace("URL", api.url))
    assert "the run was ended" in ran.err
    assert engine.items(api.table) == []


def test_an_api_denies(engine: Engine, account: Account, api: Api, tmp_path: Path) -> None:
    """A policy may be about some of the calls alone: the run goes on, and says what it met."""
    arguments = prepare(tmp_path, ORDERS.replace("URL", api.url))
    ran = run(tmp_path, *arguments, "--json", env=account.nobody.environment)
    assert ran.requests["outcomes"] == {"http_4xx": 30}
    [failure] = ran.phases["a"]["steps"][0]["failures"]
    assert failure["reasons"] == {"403 access denied by a policy, not 201": 30}
    assert engine.items(api.table) == []
