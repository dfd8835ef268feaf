"""Where a copy is: a bucket of S3 and the beginning of its objects' keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from loadgen.errors import ProfileError

SCHEME = "s3://"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_MOST = 1024  # bytes of a key, of which a run's folder and its files need some
_ROOM = 256


@dataclass(frozen=True, slots=True)
class Place:
    """`prefix` has no slash at its ends; empty: the bucket itself."""

    bucket: str
    prefix: str = ""

    @classmethod
    def parse(cls, text: str, option: str = "") -> Self:
        """What `s3://BUCKET/PREFIX` names. Raises ProfileError; `option` is what was given so."""
        bucket, _, prefix = text.removeprefix(SCHEME).partition("/")
        prefix = prefix.strip("/")
        if not text.startswith(SCHEME) or not _BUCKET.fullmatch(bucket):
            raise ProfileError(f"{text!r} is no place in S3", key=option, remedy="Write s3://BUCKET/PREFIX")
        if not prefix.isprintable() or any(part in ("", ".", "..") for part in prefix.split("/") if prefix):
            raise ProfileError(f"{text!r} has a part that no folder can have", key=option)
        if len(prefix.encode()) > _MOST - _ROOM:
            raise ProfileError(f"the prefix is longer than {_MOST - _ROOM} bytes", key=option)
        return cls(bucket, prefix)

    def below(self, name: str) -> Place:
        """The place `name` in this one."""
        return Place(self.bucket, f"{self.prefix}/{name}" if self.prefix else name)

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket}/{self.prefix}"
