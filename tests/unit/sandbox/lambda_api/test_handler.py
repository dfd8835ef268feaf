"""Lambda's API over the sandbox's HTTP: signatures, names, faults of the bytes."""

from __future__ import annotations

import pytest
from lambda_sandbox import FUNCTIONS, Reply, Sandbox

from loadgen.aws.credentials import SANDBOX, Credentials
from loadgen.clock import SECOND

INVOKE = f"{FUNCTIONS}/orders/invocations"
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:orders"


def refused(reply: Reply) -> tuple[int, str, str]:
    assert reply.body.keys() == {"message"}
    return reply.status, reply.error, reply.message


@pytest.mark.parametrize(
    "path",
    [
        INVOKE,
        f"{INVOKE}?Qualifier=%24LATEST",
        f"{FUNCTIONS}/orders%3A%24LATEST/invocations",
        f"{FUNCTIONS}/{ARN.replace(':', '%3A')}/invocations",
        f"{FUNCTIONS}/{ARN}/invocations",
        f"{FUNCTIONS}/{ARN}:$LATEST/invocations?Qualifier=$LATEST",
        f"{FUNCTIONS}/123456789012:function:orders/invocations",
    ],
)
def test_a_signed_request_is_let_in_and_the_function_found(path: str) -> None:
    target = Sandbox(signatures="verify", functions="orders")
    assert target.call("POST", path, b"{}").status == 200
    assert target.core.lambda_api.stats() == {"operations": {"Invoke": 1}, "errors": {}}


def test_one_that_is_not_signed_is_refused() -> None:
    target = Sandbox(signatures="verify")
    reply = target.call("POST", INVOKE, b"{}", signed=False)
    assert refused(reply) == (403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    assert target.core.lambda_api.errors == {"MissingAuthenticationTokenException": 1}
    assert Sandbox().call("POST", INVOKE, b"{}", signed=False).status == 200


def test_other_keys_another_path_and_an_old_signature_are_refused() -> None:
    target = Sandbox(signatures="verify")
    reply = target.call("POST", INVOKE, b"{}", sent=f"{FUNCTIONS}/carts/invocations")
    assert refused(reply)[:2] == (403, "InvalidSignatureException")
    reply = target.call("POST", f"{INVOKE}?Qualifier=1", b"{}", sent=f"{INVOKE}?Qualifier=2")
    assert refused(reply)[:2] == (403, "InvalidSignatureException")
    target.sign_with(Credentials(SANDBOX.access_key, "another"))
    assert refused(target.call("POST", INVOKE))[:2] == (403, "InvalidSignatureException")
    target.sign_with(Credentials("AKIDEXAMPLE", "another"))
    assert refused(target.call("POST", INVOKE))[1:] == (
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    )


def test_a_signature_for_another_service_is_refused() -> None:
    target = Sandbox(signatures="verify")
    target.signer = type(target.signer)("dynamodb", "eu-west-1", SANDBOX)
    assert "correct service: 'lambda'" in target.call("POST", INVOKE).message


def test_a_clock_that_is_wrong_is_refused() -> None:
    target = Sandbox(signatures="verify")
    headers = target.signer.sign("POST", INVOKE, (), b"", "sandbox", target.wall())
    target.wait(400 * SECOND)
    reply = target.call("POST", INVOKE, b"", *headers, signed=False)
    assert reply.message.startswith("Signature expired")


def test_two_qualifiers() -> None:
    reply = Sandbox().call("POST", f"{FUNCTIONS}/orders:1/invocations?Qualifier=2")
    assert (reply.status, reply.error) == (400, "InvalidParameterValueException")


@pytest.mark.parametrize("path", [f"{FUNCTIONS}/", f"{FUNCTIONS}/orders/nothing", f"{FUNCTIONS}/a/b/invocations"])
def test_what_is_not_done(path: str) -> None:
    reply = Sandbox().call("POST", path)
    assert (reply.status, reply.error) == (404, "UnknownOperationException")


@pytest.mark.parametrize(("fault", "ending"), [("reset", "reset"), ("truncate", "cut")])
def test_faults_of_the_bytes(fault: str, ending: str) -> None:
    target = Sandbox({"faults": {fault: "100%"}})
    link = target.connect()
    link.connection.feed(memoryview(b"POST %s HTTP/1.1\r\nHost: sandbox\r\n\r\n" % INVOKE.encode()))
    assert link.ending
    assert link.ending[0] == ending
