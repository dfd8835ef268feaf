"""Credentials, and where they come from: botocore's own chain, so that loadgen finds what every AWS tool finds."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from loadgen.clock import SECOND
from loadgen.errors import TargetError

T = TypeVar("T")

# the chain's links by botocore's names for them, as a person knows them
PLACES = {
    "env": "the environment (AWS_ACCESS_KEY_ID)",
    "assume-role": "roles to assume",
    "assume-role-with-web-identity": "web identity",
    "sso": "SSO",
    "shared-credentials-file": "~/.aws/credentials",
    "custom-process": "credential_process",
    "config-file": "~/.aws/config",
    "container-role": "the container's role",
    "iam-role": "the instance's role",
}


class NoCredentials(TargetError):
    """There are no credentials, or they cannot be had: one line that says where they were looked for."""


class NoneFound(NoCredentials):
    """The chain has come to its end: nobody has set any."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key and what belongs to it. `expires` is wall ns, or 0: never, as far as anybody knows.

    Its repr shows none of it: results, logs and exceptions hold reprs.
    """

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)
    expires: int = 0
    account_id: str = field(default="", repr=False)


SANDBOX = Credentials("LOADGENSANDBOX", "known-to-everybody-and-worth-nothing")
"""The only keys that the sandbox knows; they open nothing else."""


class Chain:
    """botocore's chain: environment, profile, roles, SSO, process, container, instance; refreshed when it is due.

    `profile_name` is a profile of the AWS config files; None is AWS_PROFILE, else the default one.
    """

    def __init__(self, profile_name: str | None) -> None:
        import botocore.session

        # botocore logs what it signs (DEBUG), and what a credential_process printed as it failed (WARNING)
        logging.getLogger("botocore").setLevel(logging.ERROR)
        self._session = botocore.session.Session(profile=profile_name)

    @property
    def region(self) -> str | None:
        """The region that environment or profile name, if any. Raises NoCredentials if the profile does not exist."""
        return self._guarded(self._find_region)

    def current(self) -> Credentials:
        """The credentials to sign with now. Blocks, and may ask a service; raises NoCredentials."""
        return self._guarded(self._resolve)

    def client(self, service: str, config: Any) -> Any:
        """botocore's client of a service, with these credentials. Blocks; raises NoCredentials."""
        return self._guarded(lambda: self._session.create_client(service, config=config))

    def _find_region(self) -> str | None:
        region: str | None = self._session.get_config_variable("region")
        return region

    def _resolve(self) -> Credentials:
        credentials = self._session.get_credentials()
        if credentials is None:
            raise NoneFound(f"no AWS credentials: looked in {self._places()}. Set AWS_PROFILE, or log in")
        frozen = credentials.get_frozen_credentials()
        expiry = getattr(credentials, "_expiry_time", None)  # a datetime; botocore has no public name for it
        expires = int(expiry.timestamp()) * SECOND if expiry is not None else 0
        account = getattr(frozen, "account_id", None) or ""
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token or "", expires, account)

    def _places(self) -> str:
        providers: Iterable[Any] = self._session.get_component("credential_provider").providers
        return ", ".join(PLACES[provider.METHOD] for provider in providers if provider.METHOD in PLACES)

    def _guarded(self, ask: Callable[[], T]) -> T:
        """What `ask` gives. The text of a failure is ours: botocore's may quote a line of the credentials file."""
        try:
            return ask()
        except NoCredentials:
            raise
        except Exception as error:  # the chain runs programs and reads answers that anybody wrote
            problem = _cause(error)
        raise NoCredentials(f"no AWS credentials: {problem}")


def _cause(error: Exception) -> str:
    """What went wrong, in what is safe to show of it."""
    name = type(error).__name__
    details: dict[str, Any] = getattr(error, "kwargs", {})
    if name == "ProfileNotFound":
        return f"the AWS config files have no profile {details.get('profile')}"
    if name in ("SSOTokenLoadError", "UnauthorizedSSOTokenError", "TokenRetrievalError"):
        return "the SSO login has expired or was never made. Run `aws sso login`"
    if name == "PartialCredentialsError":
        return f"{details.get('provider')} has no {details.get('cred_var')}"
    if name in ("ConfigParseError", "ConfigNotFound"):
        return f"{details.get('path')} cannot be read as an AWS config file"
    if name == "CredentialRetrievalError":
        return f"{details.get('provider')} failed"
    if name == "RuntimeError":
        return "those that the chain found had expired already. Log in again"
    if name == "ClientError":
        answer: dict[str, Any] = getattr(error, "response", {})
        return f"{getattr(error, 'operation_name', '?')} was refused: {answer.get('Error', {}).get('Code', '?')}"
    return f"botocore's chain failed with {name}"
