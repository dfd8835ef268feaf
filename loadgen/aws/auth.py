"""Who sends a request, shown in headers that are added when it is sent: a signature, a token, a key."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from loadgen.aws.credentials import Credentials
from loadgen.aws.sigv4 import Signer
from loadgen.clock import wall
from loadgen.exchange import Request

Added = str
"""Header lines as they go on the wire, each behind its line break. Pairs would cost the wire client 0.5 us more."""

SIGV4, API_KEY, BEARER = "sigv4", "api_key", "bearer"  # the kinds of secrets, as a profile's `auth` calls them
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]+")
_OF_AWS = re.compile(r"(.+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws|api\.aws)")
_SIGNED_AS = {"lambda-url": "lambda", "ddb": "dynamodb"}  # services whose hosts go by another name


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token or a key; `expires` is wall ns, or 0: never, as far as anybody knows."""

    value: str = field(repr=False)
    expires: int = 0


Secret = Credentials | Token


def texts(secret: Secret) -> tuple[str, ...]:
    """What of it nobody may see."""
    if isinstance(secret, Token):
        return (secret.value,)
    return tuple(filter(None, (secret.access_key, secret.secret_key, secret.token)))


class Scope(NamedTuple):
    """What a signature is for."""

    service: str
    region: str


def named_by(host: str) -> tuple[str, str]:
    """The service and the region that the name of an AWS host says, each empty where it does not: ("execute-api",
    "eu-west-1") of abc.execute-api.eu-west-1.amazonaws.com."""
    of_aws = _OF_AWS.fullmatch(host.lower().rstrip("."))
    labels = of_aws[1].split(".") if of_aws else []
    at = next((i for i in reversed(range(len(labels))) if _REGION.fullmatch(labels[i])), None)
    if not at:
        return "", ""
    return _SIGNED_AS.get(labels[at - 1], labels[at - 1]), labels[at]


class Auth(Protocol):
    """One of the ways to show who sends a request."""

    def renew(self, secret: Secret) -> None:
        """Use this secret from now on."""

    def __call__(self, request: Request) -> Added:
        """The headers to add to the request, which is sent now."""


class Sigv4:
    """Signs for `scope`; `host` is the Host header as it is sent."""

    def __init__(self, scope: Scope, host: str) -> None:
        self._signer, self._host = Signer(*scope), host

    def renew(self, secret: Secret) -> None:
        assert isinstance(secret, Credentials)
        self._signer.credentials = secret

    def __call__(self, request: Request) -> Added:
        return self._signer.lines(request.method, request.path, request.headers, request.body, self._host, wall())


class Header:
    """A token or key in a header of its own, behind `prefix`."""

    def __init__(self, name: str, prefix: str = "") -> None:
        self._name, self._prefix = name, prefix
        self._added: Added = ""

    def renew(self, secret: Secret) -> None:
        assert isinstance(secret, Token)
        self._added = f"\r\n{self._name}: {self._prefix}{secret.value}"

    def __call__(self, request: Request) -> Added:
        return self._added


class Together:
    """Several ways at once: a usage plan wants its key beside the signature or the token."""

    def __init__(self, parts: Mapping[str, Auth]) -> None:
        self._parts = parts
        self._calls = tuple(parts.values())

    def renew(self, kind: str, secret: Secret) -> None:
        self._parts[kind].renew(secret)

    def __call__(self, request: Request) -> Added:
        return "".join([call(request) for call in self._calls])


@dataclass(slots=True)
class Access:
    """What requests are authorized with: the secrets, by kind, and what signatures are for. It can be pickled."""

    scope: Scope | None = None
    secrets: dict[str, Secret] = field(default_factory=dict, repr=False)
    _made: list[Together] = field(default_factory=list, init=False, repr=False, compare=False)

    def authorizer(self, host: str) -> Callable[[Request], Added] | None:
        """What adds the headers to requests to `host`, as its Host header is written; None if nothing is to be added.
        It follows `renew`."""
        parts: dict[str, Auth] = {}
        for kind, secret in self.secrets.items():
            parts[kind] = part = self._part(kind, host)
            part.renew(secret)
        if not parts:
            return None
        self._made.append(Together(parts))
        whole: Auth | Together = self._made[-1] if len(parts) > 1 else part
        return whole.__call__  # Python calls a bound method in half the time that an object takes

    @property
    def credentials(self) -> Credentials | None:
        """The AWS credentials among the secrets."""
        source = self.secrets.get(SIGV4)
        return source if isinstance(source, Credentials) else None

    @property
    def names(self) -> tuple[str, ...]:
        """The headers that are added because of the secrets, by name."""
        return tuple(dict.fromkeys("x-api-key" if kind == API_KEY else "Authorization" for kind in self.secrets))

    def renew(self, kind: str, secret: Secret) -> None:
        self.secrets[kind] = secret
        for auth in self._made:
            auth.renew(kind, secret)

    def __reduce__(self) -> tuple[type[Access], tuple[Scope | None, dict[str, Secret]]]:
        return Access, (self.scope, self.secrets)

    def _part(self, kind: str, host: str) -> Auth:
        if kind == SIGV4:
            assert self.scope
            return Sigv4(self.scope, host)
        return Header("x-api-key") if kind == API_KEY else Header("Authorization", "Bearer ")
