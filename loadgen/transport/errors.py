"""What an error of a socket or of TLS means for an exchange: an outcome class and a reason."""

from __future__ import annotations

import errno
import os
import socket
import ssl

from loadgen.exchange import Outcome

# ours, never charged to the target
CLIENT_RESOURCES = {
    errno.EADDRNOTAVAIL: "no free port: EADDRNOTAVAIL",
    errno.EADDRINUSE: "no free port: EADDRINUSE",
    errno.EMFILE: "no free descriptor: EMFILE",
    errno.ENFILE: "no free descriptor on this host: ENFILE",
    errno.ENOBUFS: "no buffer space: ENOBUFS",
    errno.ENOMEM: "no memory: ENOMEM",
    errno.EAGAIN: "no free port: EAGAIN",
}
UNREACHABLE = {errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES, errno.EPERM, errno.ENETDOWN}


def of_error(error: Exception) -> tuple[Outcome, str]:
    """The outcome class and reason of an exception met while connecting, sending or receiving."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Outcome.TLS, f"certificate refused: {getattr(error, 'verify_message', error)}"
    if isinstance(error, ssl.SSLError):
        reason = getattr(error, "reason", None) or "failed"  # one that Python made itself has none
        return Outcome.TLS, f"TLS: {reason}".replace("_", " ").lower().replace("tls", "TLS")
    if isinstance(error, socket.gaierror | UnicodeError):
        return Outcome.DNS, f"name does not resolve: {error}"
    if isinstance(error, OSError) and error.errno is not None:
        return of_errno(error.errno)
    return Outcome.RESET, f"{type(error).__name__}"


def of_errno(code: int) -> tuple[Outcome, str]:
    """The outcome class and reason of a socket's error number."""
    if code in CLIENT_RESOURCES:
        return Outcome.CLIENT_RESOURCE, CLIENT_RESOURCES[code]
    word = os.strerror(code).lower()
    if code in UNREACHABLE:
        return Outcome.REFUSED, word
    if code == errno.ETIMEDOUT:
        return Outcome.TIMEOUT, "the kernel gave up the connection"
    return Outcome.RESET, word
