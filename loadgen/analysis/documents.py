"""Reads the JSON documents of a run's folder, which anybody may have written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from loadgen.errors import ProfileError
from loadgen.files import read_regular, why
from loadgen.result import SCHEMA
from loadgen.result.codec import Malformed, from_json

T = TypeVar("T")

SIZE_LIMIT = 256 << 20  # bytes of a file that is read
WHY = 300  # characters of what is said of a foreign one
FOREIGN = (ArithmeticError, AttributeError, LookupError, RecursionError, StopIteration, TypeError, ValueError)


def document(path: Path) -> dict[str, Any]:
    """The object in that file. Raises ProfileError if there is none."""
    try:
        content = read_regular(path, SIZE_LIMIT)
        if not content.strip():
            raise ProfileError("is empty: perhaps the disk was full, or the run died at once", file=str(path))
        value = json.loads(content)
    except OSError as error:
        raise ProfileError(f"cannot be read: {why(error)}", file=str(path)) from None
    except (ValueError, RecursionError) as error:
        raise ProfileError(f"is not JSON: {error}", file=str(path)) from None
    if not isinstance(value, dict):
        raise ProfileError("is not a result", file=str(path))
    return value


def decoded(of: type[T], content: dict[str, Any], file: Path) -> T:
    """The value in a file's content. Raises ProfileError if it has another version, or is not as loadgen writes it."""
    if (written := content.get("schema")) != SCHEMA:
        problem = f"has the schema {written!r}, not {SCHEMA}: another version of loadgen wrote it"
        raise ProfileError(problem[:WHY] if written else "is not a result: it has no schema", file=str(file))
    try:
        return from_json(of, content)
    except Malformed as error:
        raise ProfileError(f"is not as loadgen wrote it: {error}"[:WHY], file=str(file)) from None


@contextmanager
def as_written(place: object) -> Iterator[None]:
    """Turns errors over the files of `place` into a ProfileError, because somebody else may have written them."""
    try:
        yield
    except OSError as error:
        raise ProfileError(f"cannot be read: {why(error)}", file=str(error.filename or place)) from None
    except FOREIGN as error:
        raise ProfileError(foreign(error), file=str(place)) from error


def foreign(error: Exception) -> str:
    """What is wrong with what somebody else has written, without Python's name for it."""
    what = f"it has no {error.args[0]!r}" if isinstance(error, KeyError) and error.args else str(error)
    return f"is not as loadgen wrote it{f': {what}' if what else ''}"[:WHY]
