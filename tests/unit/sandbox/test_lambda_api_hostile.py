"""Whatever is asked of the sandbox's Lambda and its logs, there is an answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from examples import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lambda_sandbox import FUNCTIONS, Sandbox

PARTS = ["", "invocations", "configuration", "versions", "aliases", "aliases/live", "aliases/x%2F", "a/b/c", "%00"]
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]
NAMES = [
    "MemorySize",
    "Timeout",
    "Description",
    "Environment",
    "Variables",
    "SnapStart",
    "ApplyOn",
    "LoggingConfig",
    "LogFormat",
    "RevisionId",
    "CodeSha256",
    "Name",
    "FunctionVersion",
    "ProvisionedConcurrentExecutions",
    "logGroupName",
    "filterPattern",
    "startTime",
    "nextToken",
    "limit",
    "logStreamNames",
]
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
anything = st.recursive(
    scalars | st.sampled_from(["live", "1", "$LATEST", "JSON", "/aws/lambda/orders", "PublishedVersions"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=10,
)
bodies = st.dictionaries(st.sampled_from(NAMES), anything, max_size=4) | anything
values = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    target = Sandbox({"environments": {"max": 9, "init": "1ms"}}, snap_start="1ms")
    target.invoke()
    target.call("POST", f"{FUNCTIONS}/orders/versions")
    target.call("POST", f"{FUNCTIONS}/orders/aliases", b'{"Name": "live", "FunctionVersion": "1"}')
    yield target
    assert target.invoke().status == 200


def check(sandbox: Sandbox, method: str, path: str, body: bytes, *headers: tuple[str, str]) -> None:
    """There is one answer, and it is one of Lambda's."""
    reply = sandbox.call(method, path, body, *headers, signed=False)
    assert reply.status in (200, 201, 202, 204, 400, 404, 409, 412, 413, 429, 431)
    if reply.status >= 400:
        assert isinstance(reply.body, dict)
    sandbox.clock.advance(10**6)


@settings(max_examples=examples(400), deadline=None)
@given(
    method=st.sampled_from(METHODS),
    name=st.sampled_from(["orders", "orders:live", "orders:1"]) | values,
    part=st.sampled_from(PARTS),
    query=st.sampled_from(["", "?Qualifier=live", "?Qualifier=1", "?Qualifier=", "?List=ALL", "?MaxItems=0&&=&%"]),
    body=bodies,
)
@example(method="POST", name="orders", part="invocations", query="?" + "&" * 200, body=None)
def test_no_request_breaks_it(sandbox: Sandbox, method: str, name: str, part: str, query: str, body: Any) -> None:
    for prefix, rest in ((FUNCTIONS, part), ("/2019-09-30/functions", "provisioned-concurrency")):
        path = f"{prefix}/{quote(name, safe='')}/{rest}".rstrip("/") + query
        check(sandbox, method, path, json.dumps(body).encode())


@settings(max_examples=examples(100), deadline=None)
@given(body=st.binary(max_size=40), kind=values, log=values)
def test_no_bytes_and_headers_break_it(sandbox: Sandbox, body: bytes, kind: str, log: str) -> None:
    headers = ("X-Amz-Invocation-Type", kind), ("X-Amz-Log-Type", log), ("Authorization", kind)
    check(sandbox, "POST", f"{FUNCTIONS}/orders/invocations", body, *headers)
    check(sandbox, "PUT", f"{FUNCTIONS}/orders/configuration", body)


@settings(max_examples=examples(200), deadline=None)
@given(operation=st.sampled_from(["FilterLogEvents"]) | values, body=bodies)
def test_no_question_breaks_the_logs(sandbox: Sandbox, operation: str, body: Any) -> None:
    if isinstance(body, dict):
        body.setdefault("logGroupName", "/aws/lambda/orders")
    check(sandbox, "POST", "/", json.dumps(body).encode(), ("X-Amz-Target", f"Logs_20140328.{operation}"))
