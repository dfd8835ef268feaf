"""AWS Signature Version 4 for every service but S3: signed as botocore signs it, verified as AWS verifies it.

Texts are those of the wire, decoded as UTF-8 (a verifier that gets what is not UTF-8: with surrogateescape).
Rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import quote

from loadgen.aws.credentials import Credentials, NoCredentials
from loadgen.clock import SECOND

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = frozenset({"expect", "transfer-encoding", "user-agent", "x-amzn-trace-id"})
"""Headers that change on the way, which botocore leaves out."""
HEADS = 64  # that are kept: a load has as many as it has signed steps that are always the same but for the body
SKEW = 300  # seconds that the clocks of signer and verifier may be apart
AUTHORIZATION_LIMIT = 8192
_STAMP = "%Y%m%dT%H%M%SZ"
_DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_INNER = bytes(byte ^ 0x36 for byte in range(256))  # HMAC's two paddings, as tables for bytes.translate
_OUTER = bytes(byte ^ 0x5C for byte in range(256))
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


class Signer:
    """Signs requests to one service in one region. `credentials` may be set anew at any time, on the same thread.

    What requests have in common is computed once: by day, by second and headers, by their path.
    """

    def __init__(self, service: str, region: str, credentials: Credentials | None = None) -> None:
        self._service, self._region = service, region
        self.credentials = credentials

    @property
    def credentials(self) -> Credentials | None:
        return self._credentials

    @credentials.setter
    def credentials(self, credentials: Credentials | None) -> None:
        self._credentials = credentials
        self._second = -1

    def sign(
        self, method: str, path: str, headers: tuple[tuple[str, str], ...], body: bytes, host: str, at: int
    ) -> tuple[tuple[str, str], ...]:
        """The headers to add to the request: X-Amz-Date, X-Amz-Security-Token if there is one, Authorization.

        Arguments and errors as of `lines`.
        """
        return pairs(self.lines(method, path, headers, body, host, at))

    def lines(
        self, method: str, path: str, headers: tuple[tuple[str, str], ...], body: bytes, host: str, at: int
    ) -> str:
        """The same as they go on the wire, each behind its line break.

        `path` is origin-form with its query, percent-encoded as it is sent; `host` is the Host header as it is sent,
        unless `headers` has one; `at` is wall ns. A request must not bring the headers that are added here.
        Raises NoCredentials if none have been set.
        """
        if at // SECOND != self._second:
            self._turn(at // SECOND)
        head = self._heads.get((id(headers), method, path, host))
        if head is None or head.headers is not headers:
            head = self._keep(method, path, headers, host)
        if (digest := head.digest) is None:
            digest = sha256(body).hexdigest().encode()
        canonical, inner, outer = head.canonical.copy(), self._inner.copy(), self._outer.copy()
        canonical.update(digest)
        inner.update(canonical.hexdigest().encode())
        outer.update(inner.digest())
        return head.opening + outer.hexdigest()

    def _keep(self, method: str, path: str, headers: tuple[tuple[str, str], ...], host: str) -> _Head:
        """What is the same for all such requests in this second. Headers are known by their identity: a step's are
        mostly one tuple, which has to be hashed anew each time."""
        before, after, signed, digest = _around_date(headers, host, self._token)
        canonical = sha256(_bytes(f"{_target(method, path)}{before}{self._stamp}{after}"))
        if len(self._heads) >= HEADS:
            self._heads.clear()
        head = _Head(headers, canonical, digest, f"{self._opening}{signed}")
        self._heads[id(headers), method, path, host] = head
        return head

    def _turn(self, second: int) -> None:
        credentials = self._credentials
        if credentials is None:
            raise NoCredentials("no AWS credentials: none have been set")
        self._second, self._token = second, credentials.token
        self._heads: dict[tuple[int, str, str, str], _Head] = {}
        self._stamp = stamp = _stamp_of(second)
        scope = _scope(stamp, self._region, self._service)
        key = _signing_key(credentials.secret_key, stamp[:8], self._region, self._service).ljust(64, b"\0")
        # HMAC by hand: its two hashes are begun once a second and then copied, less than half the time of hmac.digest
        self._inner = sha256(key.translate(_INNER) + f"{ALGORITHM}\n{stamp}\n{scope}\n".encode())
        self._outer = sha256(key.translate(_OUTER))
        token = f"\r\nX-Amz-Security-Token: {self._token}" if self._token else ""
        claim = f"{ALGORITHM} Credential={credentials.access_key}/{scope}, "
        self._opening = f"\r\nX-Amz-Date: {stamp}{token}\r\nAuthorization: {claim}"


def pairs(lines: str) -> tuple[tuple[str, str], ...]:
    """Header lines, each behind its line break, as names and values."""
    return tuple(line.partition(": ")[::2] for line in lines.split("\r\n")[1:])


@dataclass(slots=True)
class _Head:
    """Of a request but for its body: the hash of its canonical form up to the body's digest, the digest where a header
    gives it, and the header lines to add up to the signature."""

    headers: tuple[tuple[str, str], ...]
    canonical: Any
    digest: bytes | None
    opening: str


class Refusal(NamedTuple):
    """Why a request is not let in: the HTTP status, the error's code and its message, as AWS words them."""

    status: int
    code: str
    message: str


def verify(
    method: str,
    path: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    secret_of: Callable[[str], str | None],
    at: int,
    service: str = "dynamodb",
    region: str | None = None,
) -> Refusal | None:
    """None if the request was signed with the secret of the access key it names, else why it is refused.

    `headers` are all that came; `secret_of` gives the secret of an access key, or None; `at` is wall ns. The signature
    must be for `service`, and for `region` unless that is None. DynamoDB refuses with 400, other services with 403.
    """
    values = _grouped(headers)
    try:
        claim = _claim(values, service)
        secret = secret_of(claim.access_key)
        if secret is None:
            raise _Refused("UnrecognizedClientException", "The security token included in the request is invalid.")
        _check(claim, values, at // SECOND, service, region)
        lines = "".join(_line(name, values.get(name, [])) for name in claim.signed)
        canonical = f"{_target(method, path)}{lines}\n{';'.join(claim.signed)}\n{sha256(body).hexdigest()}"
        digest = sha256(_bytes(canonical)).hexdigest()
        text = f"{ALGORITHM}\n{claim.stamp}\n{_scope(claim.stamp, claim.region, service)}\n{digest}"
        key = _signing_key(secret, claim.stamp[:8], claim.region, service)
        if not hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex(), claim.signature):
            raise _Refused("InvalidSignatureException", _MISMATCH)
    except _Refused as refused:
        return Refusal(400 if service == "dynamodb" else 403, refused.code, refused.message)
    return None


class _Refused(Exception):
    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message


class _Claim(NamedTuple):
    """What a request says of its signature: by whom, for when and where, over which headers."""

    access_key: str
    day: str
    region: str
    service: str
    stamp: str
    signed: list[str]
    signature: str


def _claim(values: dict[str, list[str]], service: str) -> _Claim:
    """The claim of a request, as far as its form goes. Raises _Refused."""
    authorization = values.get("authorization", [""])[0]
    if not authorization:
        dynamodb, others = "Request is missing Authentication Token", "Missing Authentication Token"
        message = dynamodb if service == "dynamodb" else others
        raise _Refused("MissingAuthenticationTokenException", message)
    algorithm, _, rest = authorization[:AUTHORIZATION_LIMIT].strip().partition(" ")
    parts: dict[str, str] = {}
    for part in rest.split(","):
        name, _, value = part.strip().partition("=")
        parts[name] = value
    wanting = [name for name in ("Credential", "Signature", "SignedHeaders") if not parts.get(name)]
    complaints = [f"Authorization header requires '{name}' parameter." for name in wanting]
    stamp = values.get("x-amz-date", [""])[0].strip()
    if not stamp:
        complaints.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if algorithm != ALGORITHM or complaints:
        raise _Refused("IncompleteSignatureException", " ".join(complaints) or "Unsupported AWS 'algorithm'.")
    credential = parts["Credential"].rsplit("/", 4)
    if len(credential) != 5:
        message = "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term."
        raise _Refused("IncompleteSignatureException", message)
    access_key, day, region, named, end = credential
    if end != "aws4_request":
        message = "Credential should be scoped with a valid terminator: 'aws4_request'."
        raise _Refused("InvalidSignatureException", message)
    return _Claim(access_key, day, region, named, stamp, parts["SignedHeaders"].split(";"), parts["Signature"])


def _check(claim: _Claim, values: dict[str, list[str]], now: int, service: str, region: str | None) -> None:
    """Whether the claim holds for this request, here and now (`now`: wall seconds). Raises _Refused."""
    if claim.service != service:
        raise _Refused("InvalidSignatureException", f"Credential should be scoped to correct service: '{service}'. ")
    if region is not None and claim.region != region:
        raise _Refused("InvalidSignatureException", "Credential should be scoped to a valid region. ")
    _check_date(claim, now)
    for name in ("host", *(name for name in values if name.startswith("x-amz-"))):
        if name not in claim.signed:
            shown = "'Host' or ':authority'" if name == "host" else "Each 'X-Amz-*' header"
            raise _Refused("InvalidSignatureException", f"{shown} must be a 'SignedHeader' in the AWS Authorization.")
    if not _SIGNATURE.fullmatch(claim.signature):
        raise _Refused("InvalidSignatureException", _MISMATCH)


def _check_date(claim: _Claim, now: int) -> None:
    signed_at = _second_of(claim.stamp)
    if signed_at is None:
        raise _Refused("IncompleteSignatureException", "Date must be in ISO-8601 'basic format'.")
    if claim.day != claim.stamp[:8]:
        message = "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP"
        raise _Refused("InvalidSignatureException", f"{message}: '{claim.stamp[:8]}', from '{claim.stamp}'.")
    if now - signed_at > SKEW:
        bounds = f"{_stamp_of(now - SKEW)} ({_stamp_of(now)} - 5 min.)"
        message = f"Signature expired: {claim.stamp} is now earlier than {bounds}"
        raise _Refused("InvalidSignatureException", message)
    if signed_at - now > SKEW:
        bounds = f"{_stamp_of(now + SKEW)} ({_stamp_of(now)} + 5 min.)"
        message = f"Signature not yet current: {claim.stamp} is still later than {bounds}"
        raise _Refused("InvalidSignatureException", message)


@lru_cache(64)
def _second_of(stamp: str) -> int | None:
    try:
        return int(datetime.strptime(f"{stamp}+0000", f"{_STAMP}%z").timestamp()) if _DATE.fullmatch(stamp) else None
    except ValueError:
        return None


def _stamp_of(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime(_STAMP)


def _scope(stamp: str, region: str, service: str) -> str:
    return f"{stamp[:8]}/{region}/{service}/aws4_request"


@lru_cache(64)
def _signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, _bytes(part), "sha256")
    return key


@lru_cache(512)
def _target(method: str, path: str) -> str:
    """The canonical request's first three lines: method; path, normalised and quoted once more; query, sorted."""
    path, _, query = path.partition("?")
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment and segment != ".":
            segments.append(segment)
    closing = "/" if path.endswith("/") and segments else ""
    quoted = quote(f"/{'/'.join(segments)}{closing}", safe="/~", errors="surrogateescape")
    pairs = sorted(pair.partition("=")[::2] for pair in query.split("&")) if query else []
    return f"{method.upper()}\n{quoted}\n{'&'.join(f'{name}={value}' for name, value in pairs)}\n"


class _AroundDate(NamedTuple):
    """The canonical request around the value of x-amz-date, without its first three lines and the body's digest."""

    before: str
    after: str
    signed: str  # as Authorization has it, up to the signature
    digest: bytes | None  # of the body, where a header of the request gives it


@lru_cache(512)
def _around_date(headers: tuple[tuple[str, str], ...], host: str, token: str) -> _AroundDate:
    values = _grouped(headers)
    for name in (*UNSIGNED, "authorization"):
        values.pop(name, None)
    values.setdefault("host", [host])
    values["x-amz-date"] = [""]
    if token:
        values["x-amz-security-token"] = [token]
    names = sorted(values)
    lines = [_line(name, values[name]) for name in names]
    cut = names.index("x-amz-date") + 1
    before = "".join(lines[:cut])[:-1]
    after = "\n" + "".join(lines[cut:]) + "\n" + ";".join(names) + "\n"
    digest = _bytes(values["x-amz-content-sha256"][0]) if "x-amz-content-sha256" in values else None
    return _AroundDate(before, after, f"SignedHeaders={';'.join(names)}, Signature=", digest)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _grouped(headers: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.lower(), []).append(value)
    return values


def _line(name: str, values: list[str]) -> str:
    return f"{name}:{','.join(' '.join(value.split()) for value in values)}\n"
