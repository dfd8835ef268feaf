"""Where secrets come from: a variable, a file, botocore's chain. Used in the parent alone, and never on its loop."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from loadgen.aws.auth import Secret, Token, texts
from loadgen.aws.credentials import Chain, Credentials
from loadgen.clock import SECOND, wall
from loadgen.errors import TargetError
from loadgen.files import read_regular, why

FILE_LIMIT = 64 * 1024  # bytes
FILE_LOOKS = 30 * SECOND  # between two looks at a file, which whoever renews it may have written anew
REFRESHED = 600 * SECOND  # before they expire botocore insists on new credentials


class Source(Protocol):
    """Where one secret comes from."""

    def current(self) -> Secret:
        """The secret to use now. Blocks. Raises TargetError, in one line that shows nothing of it."""

    def renew_at(self, secret: Secret) -> int | None:
        """When to ask for the next, in wall ns, of a secret that has just come; None: never."""

    def hidden(self, secret: Secret) -> tuple[str, ...]:
        """What of it, and of how it was got, nobody may see."""


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable. `key` is where the profile names it."""

    key: str
    name: str

    def current(self) -> Token:
        value = os.environ.get(self.name)
        if value is None:
            raise TargetError(f"{self.key}: the environment variable {self.name} is not set. Set it to the secret")
        return Token(sendable(value, f"{self.key}: the environment variable {self.name}"))

    def renew_at(self, secret: Secret) -> None:
        return None

    def hidden(self, secret: Secret) -> tuple[str, ...]:
        return texts(secret)


@dataclass(frozen=True, slots=True)
class File:
    """A file that holds the secret alone. It is read again all along: others may renew it."""

    key: str
    path: Path

    def current(self) -> Token:
        try:
            value = read_regular(self.path, FILE_LIMIT)
        except OSError as error:
            problem = f"{self.key}: {self.path} cannot be read: {why(error)}"
            raise TargetError(f"{problem}. It must hold the secret alone") from None
        return Token(sendable(value.decode("utf-8", "replace"), f"{self.key}: {self.path}"))

    def renew_at(self, secret: Secret) -> int:
        return wall() + FILE_LOOKS

    def hidden(self, secret: Secret) -> tuple[str, ...]:
        return texts(secret)


class Keys:
    """AWS credentials, by botocore's chain. `profile_name` is a profile of the AWS configuration, None for its own."""

    def __init__(self, profile_name: str | None) -> None:
        self._profile_name = profile_name
        self._chain: Chain | None = None

    @property
    def region(self) -> str | None:
        """The region of the AWS configuration, if it has one. Blocks; raises NoCredentials."""
        return self._its().region

    def current(self) -> Credentials:
        return self._its().current()

    def renew_at(self, secret: Secret) -> int | None:
        """When botocore insists on new ones; of those that do not live that long, soon."""
        if not secret.expires:
            return None
        now = wall()
        return max(secret.expires - REFRESHED, now + min(30 * SECOND, (secret.expires - now) // 5))

    def hidden(self, secret: Secret) -> tuple[str, ...]:
        return texts(secret)

    def _its(self) -> Chain:
        if self._chain is None:
            self._chain = Chain(self._profile_name)
        return self._chain


@dataclass(frozen=True, slots=True)
class Fixed:
    """A secret that is no secret: the sandbox's keys."""

    secret: Secret

    def current(self) -> Secret:
        return self.secret

    def renew_at(self, secret: Secret) -> None:
        return None

    def hidden(self, secret: Secret) -> tuple[str, ...]:
        return ()


def sendable(text: str, place: str) -> str:
    """The secret without what surrounds it. Raises TargetError if it cannot stand in a header."""
    secret = text.strip()
    if not secret:
        raise TargetError(f"{place} is empty. It must hold the secret")
    if not (secret.isascii() and secret.isprintable()):
        raise TargetError(f"{place} holds a line break or a character beyond ASCII. It must hold the secret alone")
    return secret
