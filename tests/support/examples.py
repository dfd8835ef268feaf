"""How many examples a test tries that has many of them: some in the default suite, all of them in the long form."""

from __future__ import annotations

import os

FULL = bool(os.environ.get("LOADGEN_FULL_TESTS"))


FEWEST = 5


def examples(number: int, share: int = 8) -> int:
    """`number` in the long form, an eighth of it in the default suite, or as small a share as is given."""
    return number if FULL else max(number // share, min(number, FEWEST))
