"""The objects of S3 below a place: put, got and deleted by botocore, which finds credentials and region as every AWS
tool does, checks certificates and the names in them, and tries again what may be tried again."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any, Protocol, TypeVar

from loadgen.aws.credentials import Chain, NoCredentials
from loadgen.bucket.place import Place
from loadgen.errors import TargetError

T = TypeVar("T")

CONNECT, READ, ATTEMPTS = 5, 30, 4
"""Seconds to connect in, and between two pieces of an answer; and how often a call is made."""
LACKING = {"GetObject": "s3:GetObject", "PutObject": "s3:PutObject"}
"""The permission that a call needs."""

FAILURES = {
    "EndpointConnectionError": "S3 cannot be connected to",
    "ConnectTimeoutError": "S3 does not answer",
    "ReadTimeoutError": "S3 does not answer",
    "SSLError": "the certificate of S3 is not to be trusted",
    "ProxyConnectionError": "the proxy cannot be connected to",
}
"""What botocore's own errors mean."""


class Taken(TargetError):
    """An object that was to be new is there already."""


class Missing(TargetError):
    """There is no such object."""


class Objects(Protocol):
    """Objects by their keys below one place. All raise TargetError, with one line for the user."""

    def put(self, key: str, body: bytes | IO[bytes], new: bool = False) -> None:
        """Raises Taken if it is to be `new` and is not."""

    def get(self, key: str, limit: int) -> bytes:
        """Raises Missing if it is not there, TargetError if it has more than `limit` bytes."""

    def delete(self, key: str) -> None: ...


class Bucket:
    """The objects below a place in S3."""

    def __init__(self, place: Place) -> None:
        """Raises TargetError without credentials, or with settings that cannot be."""
        from botocore.config import Config

        retries = {"mode": "standard", "total_max_attempts": ATTEMPTS}
        config = Config(connect_timeout=CONNECT, read_timeout=READ, retries=retries)
        self._place = place
        chain = Chain(None)
        chain.current()  # the line that says where credentials were looked for
        self._client = chain.client("s3", config)

    def put(self, key: str, body: bytes | IO[bytes], new: bool = False) -> None:
        only = {"IfNoneMatch": "*"} if new else {}
        self._call("PutObject", key, lambda at: self._client.put_object(**at, Body=body, **only))

    def get(self, key: str, limit: int) -> bytes:
        content: bytes = self._call("GetObject", key, lambda at: _body(self._client.get_object(**at), limit))
        if len(content) > limit:
            raise TargetError(f"{self._place.below(key)}: it has more than {limit:,} bytes, and is not loadgen's")
        return content

    def delete(self, key: str) -> None:
        self._call("DeleteObject", key, lambda at: self._client.delete_object(**at))

    def _call(self, operation: str, key: str, work: Callable[[dict[str, str]], T]) -> T:
        at = self._place.below(key)
        try:
            return work({"Bucket": at.bucket, "Key": at.prefix})
        except NoCredentials:
            raise
        except Exception as error:  # botocore's, urllib3's and the system's have no common base
            raise _failed(at, operation, error) from None


def _body(answer: dict[str, Any], limit: int) -> bytes:
    with answer["Body"] as body:
        content: bytes = body.read(limit + 1)
    return content


def _failed(at: Place, operation: str, error: Exception) -> TargetError:
    code, status = _code(error)
    if code in ("PreconditionFailed", "ConditionalRequestConflict") or status == 412:
        return Taken(f"{at}: there is one already. Name another folder with --out")
    if code == "NoSuchKey":
        return Missing(f"{at}: there is no such object")
    if code == "NoSuchBucket":
        return TargetError(f"{at}: there is no bucket {at.bucket}")
    if code in ("AccessDenied", "AllAccessDisabled") or status == 403:
        return TargetError(f"{at}: {operation} is refused ({code}). It needs the permission {LACKING.get(operation)}")
    return TargetError(f"{at}: {operation} failed: {FAILURES.get(code, code)}")


def _code(error: Exception) -> tuple[str, int]:
    """What S3 calls an error, else the error's own name: its text may hold what is not to be shown."""
    answer: dict[str, Any] = getattr(error, "response", None) or {}
    said = answer.get("Error", {}).get("Code")
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    name = str(said) if said else type(error).__name__
    return "".join(filter(str.isprintable, name))[:80], status
