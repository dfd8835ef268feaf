"""How the calls of a URL target show who sends them. A profile names where a secret is, never the secret itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, model_validator

from loadgen.profile import files
from loadgen.profile.dynamodb import RegionName
from loadgen.profile.part import Part, Text, complaint, located
from loadgen.profile.units import quoted

SIGNED = ("authorization", "x-amz-date", "x-amz-security-token")


def _token_url(text: str) -> str:
    parts = urlsplit(text)
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not parts.hostname or "@" in parts.netloc or parts.scheme not in (("https", "http") if local else ("https",)):
        raise ValueError(f"{quoted(text)} is not a token URL: expected https://HOST/PATH, without a user name")
    return text


class Secret(Part):
    """Where a secret is: an environment variable, or a file."""

    env: Text | None = None
    """The name of an environment variable."""

    file: Path | None = None
    """A file that holds it, and nothing else; relative to the profile's folder."""

    @classmethod
    def read(cls, value: dict[str, Any], folder: Path) -> dict[str, Any]:
        if isinstance(value.get("file"), str):
            with located("file"):
                return {**value, "file": files.readable(value["file"], folder)}
        return value

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.env is None) == (self.file is None) and not getattr(self, "token_url", None):
            raise complaint("says not one place of a secret", "Write {env: NAME} or {file: PATH}")
        return self


class Bearer(Secret):
    """A token in the Authorization header: from a variable, a file, or an OAuth token URL (client credentials)."""

    token_url: Annotated[Text, AfterValidator(_token_url)] | None = None
    """The URL that gives tokens. They are fetched before the load, and anew shortly before they expire."""

    client_id: Secret | None = None
    """Who asks the token URL."""

    client_secret: Secret | None = None
    """Its secret."""

    scope: Text | None = None
    """The scope that is asked for."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.token_url and (self.env or self.file):
            raise complaint("says two places of a token", "Leave out token_url, or env and file")
        if bool(self.token_url) != bool(self.client_id) or bool(self.token_url) != bool(self.client_secret):
            raise complaint("token_url, client_id and client_secret go together", "Give all three")
        if self.scope and not self.token_url:
            raise complaint("is for a token URL", "Leave it out, or give token_url", ("scope",))
        return self


class Sigv4(Part):
    """A signature by AWS credentials (IAM authorization). They are found as botocore finds them."""

    service: Text | None = None
    """What is signed for. Unless said: what the URL's host says, for example execute-api."""

    region: RegionName | None = None
    """Its region. Unless said: what the URL's host says."""

    profile: Text | None = None
    """The profile of the AWS configuration to take credentials from."""

    @classmethod
    def short(cls, value: object) -> object:
        return {"service": value} if isinstance(value, str) else value


class Auth(Part):
    """How requests show who sends them: sigv4 or bearer, and api_key beside it."""

    sigv4: Sigv4 | None = None
    """A signature by AWS credentials: {} or the service, execute-api for example."""

    api_key: Secret | None = None
    """A key in the x-api-key header, as usage plans want it: {env: NAME} or {file: PATH}."""

    bearer: Bearer | None = None
    """A token in the Authorization header: {env: NAME}, {file: PATH}, or {token_url: URL, client_id: ...}."""

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers, in lower case, that are its own: a step cannot give them."""
        headers: tuple[str, ...] = SIGNED if self.sigv4 else ()
        headers += ("authorization",) if self.bearer else ()
        return (*headers, "x-api-key") if self.api_key else headers

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.sigv4 and self.bearer:
            raise complaint("sigv4 and bearer are both the Authorization header", "Leave out one of them")
        if not (self.sigv4 or self.bearer or self.api_key):
            raise complaint("says nothing", "Give sigv4, api_key or bearer")
        return self
