"""An API as it is on AWS, made in ministack: a function that puts orders into a table, an HTTP API that lets those
through who have signed or have a token of a user pool, and a REST API with a key and a usage plan."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from engines import REGION, Engine, Keys

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
TIMER = """
import json, time

CALLS = []

def handler(event, context):
    began = time.perf_counter()
    time.sleep(event["sleep_ms"] / 1000)
    if event.get("fail"):
        raise ValueError("it was told to fail")
    ms = round((time.perf_counter() - began) * 1000, 3)
    told = {"id": event["id"], "request": context.aws_request_id, "ms": ms, "cold": not CALLS}
    CALLS.append(event)
    print("TOLD " + json.dumps(told))
    return told
"""
ECHO = """
import json, time

def handler(event, context):
    began = time.perf_counter()
    time.sleep(0.01)
    told = {"request": context.aws_request_id, "ms": round((time.perf_counter() - began) * 1000, 3)}
    print("TOLD " + json.dumps(told))
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(told)}
"""
BURST = 10  # calls that the usage plan lets through, for hours


@dataclass(frozen=True, slots=True)
class Account:
    """Keys of a user who may call APIs and tables, of a role with the same rights for an hour, and of a user who may
    do nothing."""

    user: Keys
    role: Keys
    nobody: Keys


@dataclass(frozen=True, slots=True)
class Api:
    """`POST /orders/NAME` wants a signature, `POST /tokens/NAME` a token for the scope orders/write, which
    `token_url` gives to `client_id`. Either puts an order into `table`."""

    url: str
    table: str
    token_url: str
    client_id: str
    client_secret: str


def account(engine: Engine) -> Account:
    called = ("execute-api:Invoke", "lambda:InvokeFunction", "lambda:InvokeFunctionUrl")
    rights = policy("dynamodb:*", *called, Resource="*")
    with engine.client("iam") as iam:
        user, nobody = (_user(iam, name) for name in ("loadgen", "nobody"))
        iam.put_user_policy(UserName="loadgen", PolicyName="load", PolicyDocument=rights)
        role = _role(iam, "load", {"AWS": "*"}, rights)
    with engine.client("sts") as sts:
        found = sts.assume_role(RoleArn=role, RoleSessionName="load")["Credentials"]
    return Account(user, Keys(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]), nobody)


@contextmanager
def orders(engine: Engine) -> Iterator[Api]:
    name = f"orders-{uuid.uuid4().hex}"
    with ExitStack() as stack:
        stack.enter_context(engine.table(name, pk="S"))
        iam, functions, apis, pools = (
            stack.enter_context(engine.client(service)) for service in ("iam", "lambda", "apigatewayv2", "cognito-idp")
        )
        function = _function(functions, name, _role(iam, name, {"Service": "lambda.amazonaws.com"}, PUT), FUNCTION)
        pool, client = _pool(pools, name)
        api = apis.create_api(Name=name, ProtocolType="HTTP")["ApiId"]
        target = apis.create_integration(
            ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0"
        )
        authorizer = apis.create_authorizer(
            ApiId=api,
            Name="tokens",
            AuthorizerType="JWT",
            IdentitySource=["$request.header.Authorization"],
            JwtConfiguration={
                "Issuer": f"https://cognito-idp.{REGION}.amazonaws.com/{pool}",
                "Audience": [client["ClientId"]],
            },
        )
        jwt = {"AuthorizationScopes": ["orders/write"], "AuthorizerId": authorizer["AuthorizerId"]}
        for path, kind, more in (("orders", "AWS_IAM", {}), ("tokens", "JWT", jwt)):
            apis.create_route(
                ApiId=api,
                RouteKey=f"POST /{path}/{{name}}",
                Target=f"integrations/{target['IntegrationId']}",
                AuthorizationType=kind,
                **more,
            )
        apis.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
        url = f"{engine.url}/_aws/execute-api/{api}/$default"
        yield Api(url, name, f"{engine.url}/oauth2/token", client["ClientId"], client["ClientSecret"])
        functions.delete_function(FunctionName=name)


@contextmanager
def deployed(engine: Engine, code: str) -> Iterator[tuple[str, str]]:
    """The URL of an HTTP API that wants signatures, all of whose POSTs go to a function with this code; and the name of
    the function and of its table."""
    name = f"deployed-{uuid.uuid4().hex}"
    with ExitStack() as stack:
        stack.enter_context(engine.table(name, pk="S"))
        iam, functions, apis = (stack.enter_context(engine.client(of)) for of in ("iam", "lambda", "apigatewayv2"))
        function = _function(functions, name, _role(iam, name, {"Service": "lambda.amazonaws.com"}, PUT), code)
        api = apis.create_api(Name=name, ProtocolType="HTTP")["ApiId"]
        target = apis.create_integration(
            ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0"
        )
        apis.create_route(
            ApiId=api,
            RouteKey="POST /python/{work}",
            Target=f"integrations/{target['IntegrationId']}",
            AuthorizationType="AWS_IAM",
        )
        apis.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
        yield f"{engine.url}/_aws/execute-api/{api}/$default", name
        functions.delete_function(FunctionName=name)


@contextmanager
def timer(engine: Engine) -> Iterator[str]:
    """The name of a function that sleeps for `sleep_ms` of its event, and prints and returns how long it took."""
    name = f"timer-{uuid.uuid4().hex}"
    with engine.client("iam") as iam, engine.client("lambda") as functions:
        _function(functions, name, _role(iam, name, {"Service": "lambda.amazonaws.com"}, PUT), TIMER)
        yield name
        functions.delete_function(FunctionName=name)


@contextmanager
def rest_before(engine: Engine, name: str) -> Iterator[str]:
    """The URL of a REST API that anybody may use, whose `POST /orders` goes to the function of that name."""
    with engine.client("apigateway") as apis:
        api = apis.create_rest_api(name=name)["id"]
        root = apis.get_resources(restApiId=api)["items"][0]["id"]
        resource = apis.create_resource(restApiId=api, parentId=root, pathPart="orders")["id"]
        method = {"restApiId": api, "resourceId": resource, "httpMethod": "POST"}
        apis.put_method(**method, authorizationType="NONE")
        function = f"arn:aws:lambda:{REGION}:000000000000:function:{name}"
        uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}/invocations"
        apis.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
        apis.create_deployment(restApiId=api, stageName="prod")
        yield f"{engine.url}/restapis/{api}/prod/_user_request_"
        apis.delete_rest_api(restApiId=api)


def limited(engine: Engine) -> tuple[str, str]:
    """The URL of a REST API, whose `GET /limited` wants a key and lets `BURST` calls through; and the key."""
    with engine.client("apigateway") as apis:
        api = apis.create_rest_api(name="limited")["id"]
        root = apis.get_resources(restApiId=api)["items"][0]["id"]
        resource = apis.create_resource(restApiId=api, parentId=root, pathPart="limited")["id"]
        method = {"restApiId": api, "resourceId": resource, "httpMethod": "GET"}
        apis.put_method(**method, authorizationType="NONE", apiKeyRequired=True)
        apis.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
        apis.put_method_response(**method, statusCode="200")
        apis.put_integration_response(**method, statusCode="200", responseTemplates={"application/json": "{}"})
        apis.create_deployment(restApiId=api, stageName="prod")
        plan = apis.create_usage_plan(
            name="limited",
            throttle={"rateLimit": 0.001, "burstLimit": BURST},
            apiStages=[{"apiId": api, "stage": "prod"}],
        )
        key = apis.create_api_key(name="limited", enabled=True)
        apis.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
        return f"{engine.url}/restapis/{api}/prod/_user_request_", key["value"]


def policy(*actions: str, **about: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, **about}]})


PUT = policy("dynamodb:PutItem", Resource="*")


def _user(iam: Any, name: str) -> Keys:
    iam.create_user(UserName=name)
    found = iam.create_access_key(UserName=name)["AccessKey"]
    return Keys(found["AccessKeyId"], found["SecretAccessKey"])


def _role(iam: Any, name: str, who: dict[str, str], rights: str) -> str:
    """Its ARN."""
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy("sts:AssumeRole", Principal=who))
    iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=rights)
    return str(role["Role"]["Arn"])


def _function(functions: Any, name: str, role: str, code: str) -> str:
    """Its ARN."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("app.py", code)
    made = functions.create_function(
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
    return str(made["FunctionArn"])


def _pool(pools: Any, name: str) -> tuple[str, dict[str, str]]:
    """A user pool's number, and a client of it that gets tokens for itself."""
    pool = pools.create_user_pool(PoolName=name)["UserPool"]["Id"]
    scopes = [{"ScopeName": "write", "ScopeDescription": "put orders"}]
    pools.create_resource_server(UserPoolId=pool, Identifier="orders", Name="orders", Scopes=scopes)
    made = pools.create_user_pool_client(
        UserPoolId=pool,
        ClientName="loadgen",
        GenerateSecret=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthScopes=["orders/write"],
    )
    return str(pool), made["UserPoolClient"]
