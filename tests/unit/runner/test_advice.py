"""What is said to someone who names a target the wrong way."""

from __future__ import annotations

import pytest

from loadgen.exchange import BODY, Exchange, Outcome, Request
from loadgen.runner.advice import explained, remedy, remedy_for


@pytest.mark.parametrize(
    ("url", "outcome", "reason", "says"),
    [
        ("https://h", Outcome.TLS, "certificate refused: unable to get local issuer certificate", "tls.ca"),
        ("https://h", Outcome.TLS, "certificate refused: self-signed certificate in certificate chain", "tls.ca"),
        ("https://h", Outcome.TLS, "TLS: wrong version number", "http://"),
        ("http://h", Outcome.RESET, "closed by the target without an answer", "https://"),
    ],
)
def test_a_wrong_way_has_a_remedy(url: str, outcome: Outcome, reason: str, says: str) -> None:
    assert says in remedy(url, outcome, reason)
    assert explained(url, outcome, reason) == f"{reason}. {remedy(url, outcome, reason)}"


@pytest.mark.parametrize(
    ("url", "outcome", "reason"),
    [
        ("https://h", Outcome.TLS, "certificate refused: certificate has expired"),
        ("https://h", Outcome.RESET, "connection reset by peer"),
        ("http://h", Outcome.REFUSED, "connection refused"),
        ("http://h", Outcome.TIMEOUT, ""),
    ],
)
def test_what_speaks_for_itself_is_left_alone(url: str, outcome: Outcome, reason: str) -> None:
    assert remedy(url, outcome, reason) == ""
    assert explained(url, outcome, reason) == (reason or outcome.word)


@pytest.mark.parametrize(
    ("operation", "reason", "says"),
    [
        ("Invoke", "AccessDeniedException", "Grant them lambda:InvokeFunction on the function"),
        ("PutItem", "AccessDeniedException", "Grant the call"),
        ("Invoke", "ResourceNotFoundException", "no such table or function"),
    ],
)
def test_a_permission_that_is_missing_is_named(operation: str, reason: str, says: str) -> None:
    x = Exchange(Request("POST", "/", operation=operation), 0, None, 0, 0, 0, BODY)
    x.outcome, x.reason, x.status = Outcome.HTTP_4XX, reason, 403
    assert says in remedy_for("https://lambda.eu-west-1.amazonaws.com", x)
