"""How many examples a test tries that has many of them: some in the default suite, all of them in the long form."""

from __future__ import annotations

import os

FULL = bool(os.environ.get("LOADGEN_FULL_TESTS"))


def examples(number: int, share: int = 4) -> int:
    """`number` in the long form, a quarter of it in the default suite, or as small a share as is given."""
    return number if FULL else number // share
