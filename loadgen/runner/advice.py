"""What to do about a failed exchange, if the library's own words do not say it."""

from __future__ import annotations

from loadgen.aws import refusals
from loadgen.exchange import Exchange, Outcome
from loadgen.profile.function import INVOKE, TO_INVOKE
from loadgen.record.excerpt import location_of

UNKNOWN_AUTHORITY = ("local issuer", "self-signed", "self signed")
NO_TLS = ("wrong version number", "packet length too long", "record layer failure", "http request")


def remedy(url: str, outcome: Outcome, reason: str) -> str:
    """Advice, in a sentence, for an exchange with the target `url` that failed; empty if there is none."""
    if outcome is Outcome.TLS and any(words in reason for words in UNKNOWN_AUTHORITY):
        return "If you trust its certificate authority, name the file: --set tls.ca=FILE"
    if outcome is Outcome.TLS and any(words in reason for words in NO_TLS):
        return "If this port does not speak TLS, write http://"
    if outcome is Outcome.RESET and url.startswith("http://"):
        return "If this port speaks TLS, write https://"
    return refusals.remedy(reason)


def remedy_for(url: str, x: Exchange) -> str:
    """The same for an exchange that is at hand, and so tells where a redirect leads."""
    location = location_of(x) if x.outcome is Outcome.UNEXPECTED else ""
    if location:
        return redirected(x.status, location)
    to_invoke = refusals.denied(x.reason, TO_INVOKE) if x.request.operation == INVOKE else ""
    return to_invoke or remedy(url, x.outcome, x.reason)


def redirected(status: int, location: str) -> str:
    """What to do about a redirect that was not expected."""
    return f"It redirects to {location}: send the requests there, or if this is right, say expect: {{status: {status}}}"


def explained(url: str, outcome: Outcome, reason: str) -> str:
    """The reason (or the outcome's word if there is none) and what to do about it."""
    advice = remedy(url, outcome, reason)
    return f"{reason or outcome.word}{f'. {advice}' if advice else ''}"
