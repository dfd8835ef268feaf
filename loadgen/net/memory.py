"""Whether memory that is free goes back to the system. The functions are GNU's; other systems go their own ways."""

from __future__ import annotations

import ctypes

_library = ctypes.CDLL(None)
_trim = getattr(_library, "malloc_trim", None)
_set = getattr(_library, "mallopt", None)
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # as in malloc.h
_AMPLE = 32 << 20  # bytes: as much as the allocator takes


def give_back() -> None:
    """Let the system have the free memory. This takes 0.2 to 0.5 ms for a heap of 40 MB.

    The memory that each second takes and frees lies between what is kept, in more and more places: in ten minutes a
    recording whose own memory had grown by 0.5 MB had taken 4 MB.
    """
    if _trim:
        _trim(0)


def keep() -> None:
    """Let the allocator keep what is freed, in a process that takes as much again and again. To get arrays from the
    system anew took a fifth of the time of folding."""
    if _set:
        _set(_MMAP_THRESHOLD, _AMPLE)
        _set(_TRIM_THRESHOLD, _AMPLE)
