"""The errors that a request is refused with, in DynamoDB's words."""

from __future__ import annotations

from typing import Any

SERVICE = "com.amazonaws.dynamodb.v20120810"
NAMESPACES = {
    "ValidationException": "com.amazon.coral.validate",
    "ThrottlingException": "com.amazon.coral.availability",
} | dict.fromkeys(
    (
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "SerializationException",
        "ServiceUnavailableException",
        "UnknownOperationException",
        "UnrecognizedClientException",
    ),
    "com.amazon.coral.service",
)
CAPITAL = {"SerializationException", "TransactionCanceledException"}
"""Those whose body says `Message`."""


class Refused(Exception):
    """A request that is answered with an error. `more` is added to the body, beside the error's type and message."""

    throttled = False
    """For want of capacity."""

    def __init__(self, code: str, message: str = "", status: int = 400, more: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.more = code, message, status, more or {}

    @property
    def body(self) -> dict[str, Any]:
        said = {"Message" if self.code in CAPITAL else "message": self.message} if self.message else {}
        return {"__type": f"{NAMESPACES.get(self.code, SERVICE)}#{self.code}", **said, **self.more}


class Unfit(Refused):
    """An update does not fit the stored item; it could fit another."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


def invalid(message: str) -> Refused:
    return Refused("ValidationException", message)


def wrong_parameter(problem: str) -> Refused:
    return invalid(f"One or more parameter values were invalid: {problem}")


def unreadable(message: str = "") -> Refused:
    """The error for wrong JSON, or for a wrong type in it."""
    return Refused("SerializationException", message)


def not_done(what: str) -> Refused:
    """The error for a feature that DynamoDB has and the sandbox does not."""
    return invalid(f"The sandbox does not do {what}: it is a target for load, not an emulator")


def not_found(detail: str = "") -> Refused:
    return Refused("ResourceNotFoundException", f"Requested resource not found{detail and f': {detail}'}")
