"""What errors of sockets and of TLS mean: the target's fault, the network's, or ours."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from loadgen.exchange import Outcome
from loadgen.transport.errors import of_errno, of_error

OURS = ["EADDRNOTAVAIL", "EADDRINUSE", "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EAGAIN"]
UNREACHABLE = ["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ENETDOWN"]
BROKEN = ["ECONNRESET", "EPIPE", "ECONNABORTED"]


@pytest.mark.parametrize("name", OURS)
def test_what_this_machine_has_no_more_of_is_not_charged_to_the_target(name: str) -> None:
    outcome, reason = of_errno(getattr(errno, name))
    assert outcome is Outcome.CLIENT_RESOURCE
    assert name in reason


@pytest.mark.parametrize(("names", "expected"), [(UNREACHABLE, Outcome.REFUSED), (BROKEN, Outcome.RESET)])
def test_what_the_network_says(names: list[str], expected: Outcome) -> None:
    for name in names:
        outcome, reason = of_errno(getattr(errno, name))
        assert (outcome, reason) == (expected, reason.lower())
        assert of_error(OSError(getattr(errno, name), "")) == (outcome, reason)


def test_a_connection_that_the_kernel_gives_up_is_a_timeout() -> None:
    assert of_errno(errno.ETIMEDOUT)[0] is Outcome.TIMEOUT


def test_names_and_tls() -> None:
    assert of_error(socket.gaierror(socket.EAI_NONAME, "unknown"))[0] is Outcome.DNS
    assert of_error(UnicodeError("label too long"))[0] is Outcome.DNS
    refused = ssl.SSLCertVerificationError(1, "")
    refused.verify_message = "certificate has expired"
    assert of_error(refused) == (Outcome.TLS, "certificate refused: certificate has expired")
    assert of_error(ssl.SSLError(1, "")) == (Outcome.TLS, "TLS: failed")


def test_an_error_without_a_number_is_a_reset() -> None:
    assert of_error(ConnectionResetError()) == (Outcome.RESET, "ConnectionResetError")
