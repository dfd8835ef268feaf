"""The work of the keep-alive articles in a function: puts, an HTTPS GET, ListTables, over a connection that is kept or
over new ones. It answers a plain Invoke as well as an HTTP API, a REST API and a function URL, and tells of itself what
loadgen reads: cold start, environment, connections opened, inner times. `node/app.mjs` does the same.

It needs nothing beside what Lambda's Python brings: boto3, and urllib3, which boto3 stands on.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import sys
import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import boto3
import urllib3

KIND = os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", "")
INTERNET = (socket.AF_INET, socket.AF_INET6)
VALUE = "x" * 100

# one client whose connection stays open, and one that closes it after each call
KEPT, FRESH = (boto3.client("dynamodb") for _ in range(2))
KEPT_POOL, FRESH_POOL = (urllib3.PoolManager(timeout=10) for _ in range(2))
# the host may close a kept connection just when it is used again, or while this environment is frozen
ONCE_MORE = urllib3.Retry(total=1, connect=0, redirect=0, status=0)


class State:
    """Of this environment. Its number comes with the first call: a SnapStart snapshot would give all the same one."""

    environment = ""
    opened = 0


def count(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.connect" and args[0].family in INTERNET:
        State.opened += 1


sys.addaudithook(count)  # Python's own report of each connect: nothing of boto3's inside is looked into


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    began, opened, first = time.perf_counter(), State.opened, not State.environment
    State.environment = State.environment or str(uuid.uuid4())
    http = "requestContext" in event
    try:
        run, told = prepared(*(asked_by_http if http else asked_by_invoke)(event))
    except ValueError as error:
        if not http:
            raise
        return {"statusCode": 400, "headers": HEADERS, "body": json.dumps({"error": str(error)})}
    start = time.perf_counter()
    told |= run()
    db = milliseconds(start)
    told |= {
        "cold": first and KIND != "provisioned-concurrency",  # nobody waits for the start of a provisioned one
        "environment": State.environment,
        "initialization_type": KIND,
        "request": context.aws_request_id,
        "opened": State.opened - opened,
        "ms": {"db": db, "fn": milliseconds(began)},
    }
    return as_http(told) if http else told


HEADERS = {"content-type": "application/json"}


def as_http(told: dict[str, Any]) -> dict[str, Any]:
    headers = {
        **HEADERS,
        "x-cold": str(told["cold"]).lower(),
        "x-env": told["environment"],
        "x-opened": str(told["opened"]),
        "server-timing": f"fn;dur={told['ms']['fn']}, db;dur={told['ms']['db']}",
    }
    return {"statusCode": 200, "headers": headers, "body": json.dumps(told)}


def asked_by_invoke(event: dict[str, Any]) -> tuple[str, Any]:
    return event.get("work", "orders"), event


def asked_by_http(event: dict[str, Any]) -> tuple[str, Any]:
    """The last part of the path, and the JSON of the body. `rawPath` is of payload 2.0 and of function URLs, `path` of
    payload 1.0."""
    path, body = event.get("rawPath") or event.get("path") or "", event.get("body") or "{}"
    text = base64.b64decode(body) if event.get("isBase64Encoded") else body
    return path.rstrip("/").rpartition("/")[2], json.loads(text)


def prepared(work: str, order: Any) -> tuple[Callable[[], dict[str, Any]], dict[str, Any]]:
    """What is to be done, and what of the answer is known before. Raises ValueError for what is not allowed."""
    if not isinstance(order, dict):
        raise ValueError("the body is not a JSON object")
    keep = order.get("keepAlive", True)
    if not isinstance(keep, bool):
        raise ValueError("keepAlive is neither true nor false")
    identity = order.get("id", str(uuid.uuid4()))
    if not isinstance(identity, str) or not 0 < len(identity) <= 100:
        raise ValueError("id is not a text of 1 to 100 characters")
    told = {"id": identity, "keepAlive": keep}
    if work == "orders":
        return partial(put, keep, identity, times(order, "puts", 10)), told
    if work == "tables":
        return partial(tables, keep, times(order, "lists", 100)), told
    if work == "get":
        return partial(get, keep), told
    raise ValueError("the work is none of orders, get, tables")


def times(order: dict[str, Any], name: str, most: int) -> int:
    value = order.get(name, 1)
    if type(value) is not int or not 1 <= value <= most:
        raise ValueError(f"{name} is not a whole number from 1 to {most}")
    return value


def put(keep: bool, identity: str, puts: int) -> dict[str, Any]:
    for number in range(puts):
        key = identity if puts == 1 else f"{identity}#{number}"
        item = {"pk": {"S": key}, "v": {"S": VALUE}}
        if keep:
            KEPT.put_item(TableName=os.environ["TABLE"], Item=item)
        else:
            FRESH.put_item(TableName=os.environ["TABLE"], Item=item)
            FRESH.close()  # its connections alone: the next call opens one
    return {"puts": puts}


def tables(keep: bool, lists: int) -> dict[str, Any]:
    for _ in range(lists):
        if keep:
            KEPT.list_tables()
        else:
            FRESH.list_tables()
            FRESH.close()
    return {"lists": lists}


def get(keep: bool) -> dict[str, Any]:
    url = os.environ["GET_URL"]
    if keep:
        return {"status": KEPT_POOL.request("GET", url, retries=ONCE_MORE, redirect=False).status}
    answer = FRESH_POOL.request("GET", url, retries=False)
    FRESH_POOL.clear()
    return {"status": answer.status}


def milliseconds(since: float) -> float:
    return round((time.perf_counter() - since) * 1000, 3)
