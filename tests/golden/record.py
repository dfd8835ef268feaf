"""Write what the golden test expects, as the program computes it now: `python -m tests.golden.record [NAME]...`."""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parent.parent
EXPECTED = Path(__file__).parent / "expected"


def path_of(name: str) -> Path:
    return EXPECTED / f"{name}.json.gz"


def expected(name: str) -> dict[str, Any]:
    """The document of a case as it was recorded."""
    found: dict[str, Any] = json.loads(gzip.decompress(path_of(name).read_bytes()))
    return found


def record(name: str, document: dict[str, Any]) -> None:
    """The same bytes for the same document."""
    text = json.dumps(document, separators=(",", ":"), allow_nan=False)
    path_of(name).write_bytes(gzip.compress(text.encode(), mtime=0))


def main(names: list[str]) -> None:
    sys.path[:0] = [str(TESTS), str(TESTS / "support")]  # where the tests' own modules are
    from golden import inputs
    from golden.before import before

    EXPECTED.mkdir(exist_ok=True)
    if not names:
        for path in EXPECTED.glob("*.json.gz"):
            path.unlink()
    for name in names or inputs.BUILDERS:
        with tempfile.TemporaryDirectory() as folder:
            record(name, before(inputs.document(name, Path(folder))))


if __name__ == "__main__":
    main(sys.argv[1:])
