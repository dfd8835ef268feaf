"""`net.memory`: what is free goes back to the system, and what is in use stays."""

from __future__ import annotations

import ctypes
import os

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
