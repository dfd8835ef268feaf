"""Where the load goes and over which connections: target, session, TLS."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from loadgen.profile import addresses, files
from loadgen.profile.clients import Order, Renew, Reuse
from loadgen.profile.dynamodb import DynamoDb
from loadgen.profile.function import Function, region_in
from loadgen.profile.part import Count, Flag, FromText, Part, Text, complaint, located, nearest
from loadgen.profile.units import quoted

SANDBOX = "sandbox"
PORTS = {"http": 80, "https": 443}
TLS_PORTS = ("443", "8443")
_HOST = re.compile(
    r"(?P<host>\[[0-9A-Fa-f:]+\]|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)(?::(?P<port>[0-9]{1,5}))?(?:[/?].*)?"
)
_METHOD = re.compile(r"[A-Za-z]+(?::\s*|\s+)(?=https?://)")
_ALMOST = re.compile(r"(?P<scheme>[A-Za-z]+)(?::/+|//+)(?P<rest>[^/].*)")
AWS = "aws"  # as --target: AWS's own endpoint
SERVICES = ("dynamodb", "lambda")  # the keys of a target that is an AWS service


def _url(text: str) -> str:
    if text == SANDBOX:
        return text
    hint = f". Did you mean {url}?" if (url := meant(text)) else ""
    if not _is_plain(text) and not hint:
        raise ValueError(
            f"{quoted(text)} holds characters that a URL must not: percent-encode the path, punycode the host"
        )
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"{quoted(text)} is not a URL: {error}") from None
    if parts.scheme not in PORTS or not host or port == 0:
        raise ValueError(f"{quoted(text)} is not a URL: expected sandbox, http://HOST/PATH or https://HOST/PATH{hint}")
    if "@" in parts.netloc:
        raise ValueError(
            "a URL's user name and password would be shown in reports: send an authorization header instead"
        )
    if parts.fragment or text.endswith("#"):
        raise ValueError(f"{quoted(text)} has a fragment, which is never sent: leave out '#' and what follows")
    if addresses.keeps_credentials(host):
        raise ValueError(f"{host} is an address {addresses.WHY}")
    return text


def meant(text: str) -> str:
    """The URL that is meant by a text with no scheme, a misspelt one, or a method before it: HOST:PORT/PATH,
    :PORT/PATH, htp://HOST, http:/HOST, GET:http://HOST. Empty for a URL, and for text that does not look like one."""
    rest = _METHOD.sub("", text)
    match = _ALMOST.fullmatch(rest)
    scheme = nearest(match["scheme"], PORTS) if match else ""
    if match and scheme and _HOST.fullmatch(match["rest"]):
        url = f"{scheme}://{match['rest']}"
    else:
        url = _with_scheme(f"127.0.0.1{rest}" if rest.startswith(":") else rest)
    return url if url != text and _is_plain(url) else ""


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text and "{" not in text


def _with_scheme(text: str) -> str:
    match = _HOST.fullmatch(text)
    if not match:
        return ""
    host, port = match["host"], match["port"]
    local = host == "localhost" or _address(host.strip("[]"))
    if not (local or port or "." in host):
        return ""
    plain = port not in TLS_PORTS if port else local
    return f"{'http' if plain else 'https'}://{text}"


def _address(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


class Target(Part):
    """The target of the load. Short: target: URL."""

    written: Annotated[Text, AfterValidator(_url)] | None = Field(default=None, validation_alias="url")
    """sandbox, which is the simulated target that loadgen starts by itself; or an http:// or https:// URL."""

    dynamodb: DynamoDb | None = None
    """A table in DynamoDB: {table, region, endpoint}."""

    function: Function | None = Field(default=None, validation_alias="lambda")
    """A Lambda function: {function, qualifier, region, endpoint}."""

    door: Literal["rest-api", "http-api", "function-url"] | None = None
    """What stands before a Lambda function at the URL. It is only for the cost that an experiment tells."""

    @classmethod
    def short(cls, value: object) -> object:
        return {"url": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [key for key, of in (("dynamodb", self.dynamodb), ("lambda", self.function)) if of]
        if len(given) + (self.written is not None) != 1:
            remedy = "Give a url, dynamodb: {table, region} or lambda: {function, region}"
            raise complaint("must have one of url, dynamodb and lambda", remedy)
        service = self.service
        if self.door and service:
            raise complaint("is what stands before a function at a URL", "Leave it out", ("door",))
        if service and service.endpoint:
            with located(*given, "endpoint"):
                if urlsplit(_url(service.endpoint)).path not in ("", "/", SANDBOX):
                    raise ValueError(f"{quoted(service.endpoint)} has a path: the endpoint of an API is only a host")
        elif service and not service.known_region:
            raise complaint("is missing", "Add it, for example eu-west-1", (*given, "region"))
        elif self.function and (own := region_in(self.function.name)) not in (None, self.function.known_region):
            raise complaint(f"the function's ARN is of {own}", "Leave the region out", (*given, "region"))
        return self

    @property
    def service(self) -> DynamoDb | Function | None:
        """The AWS service whose API the steps call; None if the target is a URL."""
        return self.dynamodb or self.function

    @property
    def url(self) -> str:
        """sandbox, or a URL."""
        return self.service.url if self.service else self.written or ""

    @property
    def sandbox(self) -> bool:
        return self.url == SANDBOX

    @property
    def parts(self) -> SplitResult:
        """The parts of the URL. The sandbox has no URL before it is started."""
        return urlsplit("" if self.sandbox else self.url)

    @property
    def tls(self) -> bool:
        return self.parts.scheme == "https"

    @property
    def host(self) -> str:
        """The name or address, without the brackets of IPv6."""
        return self.parts.hostname or ""

    @property
    def port(self) -> int:
        return self.parts.port or PORTS.get(self.parts.scheme, 0)

    @property
    def origin(self) -> str:
        """Scheme, host and port as written, without a path: https://host:8443."""
        return f"{self.parts.scheme}://{self.parts.netloc}"

    @property
    def prefix(self) -> str:
        """The path that each step's path is added to: /prod of https://host/prod/."""
        return self.parts.path.rstrip("/")

    @property
    def rest(self) -> str:
        """The URL's part after `prefix`: the path of a step that requests the URL itself."""
        parts = self.parts
        path = parts.path[len(self.prefix) :] or ("" if self.prefix else "/")
        return f"{path}?{parts.query}" if parts.query else path

    @property
    def loopback(self) -> bool:
        """Whether it is certainly on this machine: the sandbox, localhost, or a loopback address."""
        host = self.host
        return self.sandbox or host == "localhost" or (_address(host) and ip_address(host).is_loopback)


def _source(text: str) -> IPv4Address | IPv6Address:
    try:
        return ip_address(text)
    except ValueError:
        raise ValueError(f"{quoted(text)} is not an IP address: expected one such as 127.0.0.2") from None


Source = Annotated[IPv4Address | IPv6Address, FromText(_source, r"[0-9A-Fa-f:.]+", "127.0.0.2")]


class Session(Part):
    """How connections are used. Short: session: per-request."""

    reuse: Reuse = "shared"
    """shared: one pool of connections for all requests; per-iteration: new connections for each iteration; per-request:
    a new connection for each request."""

    renew: Renew = "connection"
    """What is made anew when the session is not shared: the connection, the client (aiohttp: its ClientSession), or the
    SDK's whole session."""

    connections: Count | None = None
    """How many connections may be open at once, over all workers, with any reuse. Default: as many as are needed."""

    order: Order = "lifo"
    """Which idle connection of a shared session a request takes. lifo: the one used last, so that few are busy; fifo:
    the one that has been idle longest, so that all are used in turn, as by as many clients."""

    bind: tuple[Source, ...] = ()
    """Addresses of this machine that connections are opened from, in turn. Each has ports of its own. Default: the
    system chooses one."""

    dns: Literal["once", "per-connection"] = "once"
    """once: loadgen resolves the host's name before the load; per-connection: for each new connection, and the time
    counts as part of connecting."""

    tls_resumption: Flag = True
    """Whether a new connection may resume an earlier TLS session, which saves part of the handshake."""

    @classmethod
    def short(cls, value: object) -> object:
        return {"reuse": value} if isinstance(value, str) else value


def _version(value: object) -> object:
    if value is None or value in ("1.2", "1.3", 1.2, 1.3):
        return value and str(value)
    raise ValueError(f"{quoted(value)} is not a supported version of TLS: expected 1.2 or 1.3")


TlsVersion = Annotated[
    Literal["1.2", "1.3"] | None, BeforeValidator(_version), WithJsonSchema({"enum": ["1.2", "1.3", 1.2, 1.3]})
]


class Tls(Part):
    """Which certificates of the target loadgen accepts, and which certificate it shows to the target."""

    ca: Path | None = None
    """A PEM file of certificates to trust in addition to the system's. Relative to the profile's folder."""

    verify: Flag = True
    """false: accept any certificate. Every report then says so."""

    version: TlsVersion = None
    """1.2 or 1.3: the only version that loadgen offers. Default: both; the target takes the newest that it supports."""

    client_cert: Path | None = None
    """A PEM file with the client's certificate, and its key unless client_key names it."""

    client_key: Path | None = None
    """A PEM file with the key of client_cert, without a password."""

    @classmethod
    def read(cls, value: dict[str, Any], folder: Path) -> dict[str, Any]:
        options = dict(value)
        for key in ("ca", "client_cert", "client_key"):
            if isinstance(value.get(key), str):
                with located(key):
                    options[key] = files.readable(value[key], folder)
        if "client_key" in value and "client_cert" not in value:
            raise complaint("needs a certificate", "Add client_cert", ("client_key",))
        return options
