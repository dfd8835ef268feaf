"""The errors that a request is refused with, in Lambda's words."""

from __future__ import annotations

from typing import Any

CAPITAL = {"ResourceNotFoundException", "ServiceException"}
"""Those whose body says `Message`, as botocore's model of the service has it."""
BARE = {
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "UnrecognizedClientException",
    "ValidationException",
}
"""Those whose body says no more than the message: they are not Lambda's own."""


class Refused(Exception):
    """A request that is answered with an error. `more` is added to the body; `head` is a line of the head."""

    def __init__(
        self, status: int, code: str, message: str, more: dict[str, Any] | None = None, head: bytes = b""
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self._more, self._head = more or {}, head

    @property
    def body(self) -> dict[str, Any]:
        said = {"Message" if self.code in CAPITAL else "message": self.message}
        if self.code in BARE:
            return said
        return {**self._more, "Type": "User" if self.status < 500 else "Service", **said}

    @property
    def head(self) -> bytes:
        return b"x-amzn-errortype: %s\r\n%s" % (self.code.encode(), self._head)


def invalid(where: str, value: str, must: str) -> Refused:
    """A parameter that does not have the form that the API wants."""
    message = f"Value '{value[:200]}' at '{where}' failed to satisfy constraint: Member must {must}"
    return Refused(400, "ValidationException", f"1 validation error detected: {message}")


def not_found(arn: str) -> Refused:
    return Refused(404, "ResourceNotFoundException", f"Function not found: {arn}")


def throttled(reason: str) -> Refused:
    return Refused(429, "TooManyRequestsException", "Rate Exceeded.", {"Reason": reason}, b"Retry-After: 1\r\n")


def wrong(message: str) -> Refused:
    """A parameter whose value cannot be."""
    return Refused(400, "InvalidParameterValueException", message)


def conflict(message: str) -> Refused:
    return Refused(409, "ResourceConflictException", message)


def updating(arn: str) -> Refused:
    at = "The operation cannot be performed at this time."
    return conflict(f"{at} An update is in progress for resource: {arn}")


def another_revision() -> Refused:
    asked = "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
    message = f"The Revision Id provided does not match the latest Revision Id. {asked}"
    return Refused(412, "PreconditionFailedException", message)
