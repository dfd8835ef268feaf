"""The JSON documents of a run's folder, which may be anybody's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from loadgen.errors import ProfileError

SIZE_LIMIT = 256 << 20  # bytes of a file that is read


def document(path: Path) -> dict[str, Any]:
    """The object in that file. Raises ProfileError where there is none."""
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise ProfileError("is too large to be a result", file=str(path))
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ProfileError(f"cannot be read: {error}", file=str(path)) from None
    if not isinstance(value, dict):
        raise ProfileError("is not a result", file=str(path))
    return value
