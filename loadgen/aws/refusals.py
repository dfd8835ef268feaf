"""Refusals that every further request would meet as well, and clocks that are apart, which is why some are met."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from loadgen.aws.errors import FATAL
from loadgen.clock import SECOND, wall

APART = 60  # seconds: what clocks are apart from which on it is worth saying
_STAMP = "%Y%m%dT%H%M%SZ"
_UNITS = ((86_400, "days"), (3600, "h"), (60, "min"))
_SIGNED = re.compile(r"Signature (?:expired|not yet current): (\d{8}T\d{6}Z)[^(]{0,80}\((\d{8}T\d{6}Z) [+-]")

DENIED = ("AccessDeniedException", "AccessDenied")

# API Gateway's, by how their reasons begin
GATEWAY = {
    "403 session token expired": FATAL["ExpiredTokenException"],
    "403 unknown access key": FATAL["UnrecognizedClientException"],
    "403 signature does not match": FATAL["InvalidSignatureException"],
    "403 signature expired": "set this machine's clock",
    "403 signature not yet current": "set this machine's clock",
    "403 signed for another service or region": "say which: auth: {sigv4: {service: execute-api, region: eu-west-1}}",
    "403 Authorization header is no signature": "the API wants auth: {sigv4: {}}",
}


def remedy(reason: str) -> str:
    """What to do about a refusal with this reason, if every further request would meet it; else empty."""
    return FATAL.get(reason.partition(";")[0]) or next((do for of, do in GATEWAY.items() if reason.startswith(of)), "")


def denied(code: str, permission: str, on: str = "the function") -> str:
    """What to do about a refusal for want of this permission; empty for another refusal."""
    if code not in DENIED:
        return ""
    return f"the credentials do not allow it. Grant them {permission} on {on}, or use others"


def with_clock(reason: str, message: str, date: str) -> str:
    """The reason of a refusal that has just come; where it is the signature's, and this machine's clock is off, with
    that. `message` and `date` as for `clock_off`."""
    off = clock_off(message, date, wall()) if "signature" in reason.lower() else ""
    return f"{reason}; {off}" if off else reason


def clock_off(message: str, date: str, at: int) -> str:
    """In words by how much this machine's clock is off, as far as a refused signature tells; else empty.

    `message` is the error's, which may say when it was signed and what the time is there; `date` the answer's Date
    header, which is looked at if it does not; `at` is when that came, in wall ns.
    """
    if match := _SIGNED.search(message):
        ours, theirs = _second(match[1]), _second(match[2])
    else:
        ours, theirs = at // SECOND, _second_of_date(date)
    if ours is None or theirs is None or abs(ours - theirs) < APART:
        return ""
    return f"this machine's clock is {_span(abs(ours - theirs))} {'ahead' if ours > theirs else 'behind'}"


def _second(stamp: str) -> int | None:
    try:
        return int(datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None


def _second_of_date(date: str) -> int | None:
    try:
        return int(parsedate_to_datetime(date[:64]).timestamp())
    except (ValueError, OverflowError):
        return None


def _span(seconds: int) -> str:
    """Rounded, so that it is the same all along."""
    size, name = next((unit for unit in _UNITS if seconds >= 2 * unit[0]), _UNITS[-1])
    return f"about {round(seconds / size)} {name}"
