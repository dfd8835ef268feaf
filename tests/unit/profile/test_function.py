"""A Lambda function as a target, and its calls: what may be written, and what is certainly wrong."""

from __future__ import annotations

import pytest

from loadgen.errors import ProfileError
from loadgen.profile.load import load
from loadgen.profile.model import Profile

TEXT = """name: t
target: {lambda: {function: orders, region: eu-west-1}}
load: [{name: a, users: 1, for: 1s}]
scenarios:
  - name: s
    steps:
      - {name: call, Invoke: {payload: {id: "{{uuid}}"}}}
"""
CALL, INVOKE = "7: scenarios.s.steps.call", 'Invoke: {payload: {id: "{{uuid}}"}}'


def profile(old: str = "", new: str = "") -> Profile:
    assert old in TEXT
    return load("p.yaml", text=TEXT.replace(old, new)).profile


@pytest.mark.parametrize(
    ("old", "new", "url", "region"),
    [
        ("", "", "https://lambda.eu-west-1.amazonaws.com/", "eu-west-1"),
        ("eu-west-1", "cn-north-1", "https://lambda.cn-north-1.amazonaws.com.cn/", "cn-north-1"),
        (
            "orders, region: eu-west-1",
            "'arn:aws:lambda:ap-south-1:123456789012:function:orders'",
            "https://lambda.ap-south-1.amazonaws.com/",
            "ap-south-1",
        ),
        ("region: eu-west-1", "endpoint: 'http://127.0.0.1:9'", "http://127.0.0.1:9", "us-east-1"),
        ("region: eu-west-1", "endpoint: sandbox", "sandbox", "us-east-1"),
    ],
)
def test_where_the_calls_go(old: str, new: str, url: str, region: str) -> None:
    target = profile(old, new).target
    assert target.url == url
    assert target.service
    assert (target.service.signing_region, target.service.signs_as) == (region, "lambda")


@pytest.mark.parametrize(("written", "read"), [("7", "7"), ("live", "live"), ("$LATEST", "$LATEST"), ("'12'", "12")])
def test_a_version_or_an_alias(written: str, read: str) -> None:
    function = profile("eu-west-1", f"eu-west-1, qualifier: {written}").target.function
    assert function
    assert function.qualifier == read


def test_an_invocation_tells_by_itself() -> None:
    scenario = profile("}}}", "}}, capture: {used: report.memory_used}, record: {db: body.db}}").scenarios[0]
    step = scenario.steps[0]
    assert list(step.captures) == ["start", "version", "used"]
    assert list(step.records) == ["handler", "init", "restore", "overhead", "billed", "db"]
    assert scenario.strata == ("start",)


@pytest.mark.parametrize("kind", ["event", "dry-run"])
def test_one_that_does_not_wait_tells_nothing(kind: str) -> None:
    scenario = profile("}}}", f"}}, type: {kind}}}}}").scenarios[0]
    assert (scenario.steps[0].captures, scenario.steps[0].records, scenario.strata) == ({}, {}, ())


def test_what_it_tells_is_for_later_steps_and_may_split() -> None:
    more = "}}}\n      - {name: more, Invoke: {payload: {of: '{{version}}'}}}\n    split_by: [version]"
    assert profile("}}}", more).scenarios[0].strata == ("start", "version")


def test_target_may_be_another_endpoint() -> None:
    for target, url in (("sandbox", "sandbox"), ("aws", "https://lambda.eu-west-1.amazonaws.com/")):
        assert load("p.yaml", text=TEXT, target=target).profile.target.url == url


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (", region: eu-west-1", "", "2: target.lambda.region: is missing. Add it, for example eu-west-1"),
        (
            "orders",
            "'arn:aws:lambda:ap-south-1:123456789012:function:orders'",
            "2: target.lambda.region: the function's ARN is of ap-south-1. Leave the region out",
        ),
        ("orders", "or:ders", "2: target.lambda.function: 'or:ders' is not a function: expected its name of up to 64"),
        ("eu-west-1", "eu-west-1, qualifier: 'a b'", "2: target.lambda.qualifier: 'a b' is not a version or an alias"),
        ("eu-west-1", "eu-west-1, qualifier: true", "2: target.lambda.qualifier: true is not a version or an alias"),
        ("payload", "payloads", f"{CALL}.Invoke.payloads: unknown key. Did you mean payload?"),
        ("}}}", "}, type: later}}", f"{CALL}.Invoke.type: "),
        (
            'Invoke: {payload: {id: "{{uuid}}"}}',
            "get: /",
            f"{CALL}: is an HTTP request, which the target",
        ),
        (
            'Invoke: {payload: {id: "{{uuid}}"}}',
            "Scan: {}",
            f"{CALL}: calls Scan, which the target does",
        ),
        ("}}}", "}}, batch: 3}", f"{CALL}.batch: does not go with Invoke"),
        (
            "}}}",
            "}}, headers: {a: b}}",
            f"{CALL}.headers: a call of Invoke has no headers of its own",
        ),
        (
            "}}}",
            "}}, capture: {x: report.start_}}",
            f"{CALL}.capture.x: an invocation tells no start_",
        ),
        (
            "}}}",
            "}}, capture: {start: body.a}}",
            f"{CALL}.capture.start: is a name that Invoke itself",
        ),
        (
            "}}}",
            "}}, record: {billed: body.a}}",
            f"{CALL}.record.billed: is a name that Invoke itself",
        ),
        (
            "}}}",
            "}, type: event}, capture: {x: report.memory}}",
            f"{CALL}.capture.x: report.memory is told",
        ),
        (
            "\nload:",
            "\nauth: {sigv4: {}}\nload:",
            "3: auth: is for a URL: calls of AWS's services are signed in any case",
        ),
        ("\nload:", "\nsetup: {key: {pk: S}}\nload:", "3: setup: is for a DynamoDB table"),
        ("region:", "prices: {gb_second: 0.00002}, region:", "prices.gb_second: '2e-05' is not a price: expected"),
        ("{{uuid}}", "{{nobody}}", f"{CALL}.Invoke.payload.id: {{{{nobody}}}} is neither a value that"),
        (TEXT[TEXT.index("scenarios") :], "", "scenarios: is missing. Add it: what to call, for example Invoke:"),
    ],
)
def test_a_mistake_gives_one_clear_line(old: str, new: str, line: str) -> None:
    with pytest.raises(ProfileError) as caught:
        profile(old, new)
    told = str(caught.value)
    assert line in told
    assert "\n" not in told


def test_a_url_takes_no_invoke() -> None:
    with pytest.raises(ProfileError, match=r"calls Invoke, which the target does not take\. Use target: {lambda:"):
        profile("{lambda: {function: orders, region: eu-west-1}}", "http://127.0.0.1:9")
