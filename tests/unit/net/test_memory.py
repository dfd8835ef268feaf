"""`net.memory`: what is free goes back to the system or is kept, and what is in use stays."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import pytest

from bench.processes import resident
from loadgen.net.memory import give_back

PIECE, PIECES, KEPT_EACH = 16 << 10, 2000, 50


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="GNU's allocator alone keeps what is free")
def test_what_is_free_between_what_is_kept_is_given_back() -> None:
    pieces = [bytes([n % 251]) * PIECE for n in range(PIECES)]
    kept = pieces[::KEPT_EACH]
    del pieces
    before = resident(os.getpid())
    give_back()
    assert before - resident(os.getpid()) > PIECES * PIECE / 1024 / 2
    assert all(piece == bytes([n * KEPT_EACH % 251]) * PIECE for n, piece in enumerate(kept))


FAULTS = """
import resource
from loadgen.net.memory import keep
{keep}
for _ in range(3):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    several = [b"1" * (4 << 20) for _ in range(4)]
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    del several
print(faults)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="GNU's allocator alone can be asked")
def test_what_is_freed_is_kept_for_the_next_time() -> None:
    """Without that, each of 4,096 pages comes from the system anew."""
    without, kept = (
        int(subprocess.run([sys.executable, "-c", FAULTS.format(keep=line)], capture_output=True, check=True).stdout)
        for line in ("", "keep()")
    )
    assert kept < 100 < without
