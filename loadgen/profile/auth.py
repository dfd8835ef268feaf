"""How requests to a URL are authenticated. A profile says where a secret is; it never holds the secret itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, model_validator

from loadgen.profile import addresses, files
from loadgen.profile.dynamodb import RegionName
from loadgen.profile.part import Part, Text, complaint, located
from loadgen.profile.units import quoted

SIGNED = ("authorization", "x-amz-date", "x-amz-security-token")


def _token_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        wrong = parts.port == 0
    except ValueError as error:
        raise ValueError(f"{quoted(text)} is not a URL: {error}") from None
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    schemes = ("https", "http") if local else ("https",)
    if wrong or not parts.hostname or "@" in parts.netloc or parts.scheme not in schemes:
        raise ValueError(f"{quoted(text)} is not a token URL: expected https://HOST/PATH, without a user name")
    if addresses.keeps_credentials(parts.hostname):
        raise ValueError(f"{parts.hostname} is an address {addresses.WHY}")
    return text


class Secret(Part):
    """The place of a secret: an environment variable or a file."""

    env: Text | None = None
    """The name of an environment variable."""

    file: Path | None = None
    """A file that holds the secret and nothing else. Relative to the profile's folder."""

    @classmethod
    def read(cls, value: dict[str, Any], folder: Path) -> dict[str, Any]:
        if isinstance(value.get("file"), str):
            with located("file"):
                return {**value, "file": files.readable(value["file"], folder)}
        return value

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.env is None) == (self.file is None) and not getattr(self, "token_url", None):
            raise complaint("must give one place of a secret", "Write {env: NAME} or {file: PATH}")
        return self


class Bearer(Secret):
    """A token in the Authorization header, from a variable, a file, or an OAuth token URL (client credentials)."""

    token_url: Annotated[Text, AfterValidator(_token_url)] | None = None
    """The URL that issues tokens. loadgen fetches one before the load, and a new one shortly before it expires."""

    client_id: Secret | None = None
    """The client's id for the token URL."""

    client_secret: Secret | None = None
    """The client's secret for the token URL."""

    scope: Text | None = None
    """The scope to ask for."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.token_url and (self.env or self.file):
            raise complaint("gives two places of a token", "Leave out token_url, or env and file")
        if bool(self.token_url) != bool(self.client_id) or bool(self.token_url) != bool(self.client_secret):
            raise complaint("token_url, client_id and client_secret need each other", "Give all three")
        if self.scope and not self.token_url:
            raise complaint("needs a token URL", "Leave it out, or give token_url", ("scope",))
        return self


class Sigv4(Part):
    """A signature with AWS credentials (IAM authorization). loadgen looks for them where botocore does."""

    service: Text | None = None
    """The service to sign for, for example execute-api. Default: the one in the URL's host name."""

    region: RegionName | None = None
    """The service's region. Default: the one in the URL's host name."""

    profile: Text | None = None
    """The profile of the AWS configuration to take credentials from."""

    @classmethod
    def short(cls, value: object) -> object:
        return {"service": value} if isinstance(value, str) else value


class Auth(Part):
    """How requests are authenticated: by sigv4 or bearer, by api_key, or by api_key and one of them."""

    sigv4: Sigv4 | None = None
    """A signature with AWS credentials: {}, or the service, for example execute-api."""

    api_key: Secret | None = None
    """A key in the x-api-key header, which usage plans require: {env: NAME} or {file: PATH}."""

    bearer: Bearer | None = None
    """A token in the Authorization header: {env: NAME}, {file: PATH}, or {token_url: URL, client_id: ...}."""

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers that it sets, in lower case. A step cannot set them."""
        headers: tuple[str, ...] = SIGNED if self.sigv4 else ()
        headers += ("authorization",) if self.bearer else ()
        return (*headers, "x-api-key") if self.api_key else headers

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.sigv4 and self.bearer:
            raise complaint("sigv4 and bearer both set the Authorization header", "Leave out one of them")
        if not (self.sigv4 or self.bearer or self.api_key):
            raise complaint("is empty", "Give sigv4, api_key or bearer")
        return self
