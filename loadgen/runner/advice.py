"""What to do where a target was reached the wrong way: what a reason in a library's words does not say."""

from __future__ import annotations

from loadgen.aws import refusals
from loadgen.exchange import Outcome

UNKNOWN_AUTHORITY = ("local issuer", "self-signed", "self signed")
NO_TLS = ("wrong version number", "packet length too long", "record layer failure", "http request")


def remedy(url: str, outcome: Outcome, reason: str) -> str:
    """A sentence for someone whose exchange with the target `url` came to nothing; empty if there is no advice."""
    if outcome is Outcome.TLS and any(words in reason for words in UNKNOWN_AUTHORITY):
        return "If you trust its certificate authority, name the file: --set tls.ca=FILE"
    if outcome is Outcome.TLS and any(words in reason for words in NO_TLS):
        return "If this port does not speak TLS, write http://"
    if outcome is Outcome.RESET and url.startswith("http://"):
        return "If this port speaks TLS, write https://"
    return refusals.remedy(reason)


def explained(url: str, outcome: Outcome, reason: str) -> str:
    """The reason, or else the outcome's word, and what to do."""
    advice = remedy(url, outcome, reason)
    return f"{reason or outcome.word}{f'. {advice}' if advice else ''}"
